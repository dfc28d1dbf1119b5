"""Drawing batches: by a design and a seed, the same accounts on every machine, with exact inclusion
probabilities.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from botbench.core.errors import UserError, unknown
from botbench.core.hashing import canonical_json, short_hash
from botbench.core.sql import literal
from curation.ingest import data_sets
from curation.sampling import weighted_designs
from curation.sampling.designs import Design, Stratum
from curation.sampling.unequal_probability import Weighted
from curation.store import schema
from curation.store.snapshot_queries import latest
from curation.store.store import Store, Transaction

if TYPE_CHECKING:
    import pyarrow as pa

ALL, MISSING = "all", "(missing)"
SAMPLE = "coalesce({}, 'sample') = 'sample'"
"""Only what was drawn as a sample counts as drawn: training, gold and adjudication ask again about
accounts of samples.
"""


@dataclass(frozen=True)
class Batch:
    """A drawn batch: what it was drawn from and how; `version` is a store version that holds it."""

    batch_id: str
    dataset: str
    design: str
    seed: int
    population: int
    size: int
    copies: int
    drawn_from: int
    strata: tuple[Stratum, ...]
    version: int
    joint: str | None = None
    scores: str | None = None
    unchanged: bool = False

    def document(self) -> dict[str, object]:
        """The contract of `botbench sample --json`."""
        strata = [
            {
                "stratum": s.name,
                "population": s.population,
                "size": s.size,
                "probability": s.probability,
            }
            for s in self.strata
        ]
        names = ("batch_id", "dataset", "design", "seed", "population", "size", "copies")
        return {
            **{n: getattr(self, n) for n in names},
            "strata": strata,
            "joint": self.joint,
            "version": self.version,
        }


def sample(
    store: Store,
    dataset: str,
    design: Design,
    *,
    seed: int = 0,
    copies: int = 1,
    at: str | None = None,
    again: bool = False,
    scores: Sequence[Path] = (),
) -> Batch:
    """Draw a batch from a data set's accounts and record it; the same call again finds the same
    batch and writes nothing.

    Accounts in an earlier sample of the data set are left out unless `again`: probabilities are
    conditional on those batches. `at` draws from the accounts of another version. `scores` are the
    files that the design looks at. Raises UserError where the data set has no accounts, too few for
    the design, not the column, or the design needs other files.
    """
    drawn_from = store.resolve(at)
    files = weighted_designs.read(store.connection, design, scores)
    identity = {
        "dataset": dataset,
        "design": str(design),
        "seed": seed,
        "copies": copies,
        "again": again,
        "at": drawn_from if at else None,
    }
    batch_id = short_hash({**identity, "scores": files.sha256} if files else identity)

    def work(transaction: Transaction) -> Batch | None:
        if recorded := _recorded(transaction.connection, batch_id):
            return recorded
        accounts = _populate(store, dataset, design, drawn_from, again)
        population_sql = f"FROM {accounts}"
        if isinstance(design, Weighted):
            scored = files.relation if files else None
            population_sql = weighted_designs.weigh(
                store, dataset, design, drawn_from, population=accounts, scores=scored
            )
        # A weight changes from wave to wave: the same chance again would favour whom it passed over
        # before.
        drawn, strata = draw(
            transaction.connection,
            population_sql,
            design,
            batch_id if isinstance(design, Weighted) else seed,
        )
        population = sum(s.population for s in strata)
        batch = Batch(
            batch_id,
            dataset,
            str(design),
            seed,
            population,
            drawn.num_rows,
            copies,
            drawn_from,
            tuple(strata),
            0,
            design.joint,
            files.sha256 if files else None,
        )
        _record(transaction, batch, drawn)
        return None

    version, recorded = store.transact(work, None, f"sample {dataset} by {design}, seed {seed}")
    batch = recorded or _recorded(store.connection, batch_id)
    if batch is None:
        raise AssertionError(f"the batch {batch_id} was written and is not there")
    return replace(batch, version=version or store.head(), unchanged=version is None)


def draw(
    connection: duckdb.DuckDBPyConnection, population_sql: str, design: Design, seed: int | str
) -> tuple[pa.Table, list[Stratum]]:
    """The accounts drawn (account_id, stratum, inclusion_probability; sorted by id) and the strata.

    `population_sql` yields account_id and stratum, or, for designs that draw by a weight,
    account_id and weight. Chance is sha256(seed, design, account_id): neither the order of rows nor
    the machine matters. Raises UserError where there are too few accounts.
    """
    total = _one(connection, f"SELECT count(*) FROM ({population_sql})")
    if design.n > total:
        raise UserError(
            f"{design} asks for {design.n:,} accounts and {total:,} can be drawn; ask for fewer"
            f"{f' (--n {total}, or n={total} in the design)' if total else ''}, or draw again from"
            " accounts of earlier batches with --again."
        )
    if isinstance(design, Weighted):
        return weighted_designs.draw(connection, population_sql, design, seed, _take)
    counts = connection.execute(
        f"SELECT stratum, count(*) FROM ({population_sql}) GROUP BY ALL ORDER BY stratum"
    ).fetchall()
    strata = design.allocate([(name, int(n)) for name, n in counts])
    return _take(connection, population_sql, strata, [str(seed), str(design)]), strata


def _take(
    connection: duckdb.DuckDBPyConnection,
    population_sql: str,
    strata: list[Stratum],
    chance: list[str],
) -> pa.Table:
    """A simple random sample from each stratum: the smallest sha256."""
    connection.register("sample_strata", _sizes(strata))
    try:
        return connection.execute(
            f"""
            SELECT account_id, stratum, probability AS inclusion_probability FROM (
                SELECT p.account_id, p.stratum, s.size, s.probability, row_number() OVER (
                    PARTITION BY p.stratum
                    ORDER BY sha256(concat_ws(chr(31), ?, ?, p.account_id)), p.account_id) AS place
                FROM ({population_sql}) p JOIN sample_strata s USING (stratum))
            WHERE place <= size ORDER BY account_id""",
            list(chance),
        ).to_arrow_table()
    finally:
        connection.unregister("sample_strata")


def _sizes(strata: list[Stratum]) -> pa.Table:
    import pyarrow as pa

    return pa.Table.from_pylist(
        [{"stratum": s.name, "size": s.size, "probability": s.probability} for s in strata]
    )


def _populate(store: Store, dataset: str, design: Design, version: int, again: bool) -> str:
    """Make a temporary table of the accounts that can be drawn, by their latest observation:
    account_id and stratum. Returns its name.
    """
    population = "sample_population"
    column = design.column()
    _check_column(column)
    stratum = f"coalesce(\"{column}\"::VARCHAR, '{MISSING}')" if column else f"'{ALL}'"
    accounts = f"(FROM {store.relation('accounts', version)} WHERE dataset = {literal(dataset)})"
    store.connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {population} AS SELECT account_id, {stratum} AS stratum FROM"
        f" {latest(accounts)}"
    )
    count = f"SELECT count(*) FROM {population}"
    everyone = _one(store.connection, count)
    if not everyone:
        raise data_sets.absent(store, dataset, version)
    if not again:
        store.connection.execute(
            f"DELETE FROM {population} WHERE account_id IN (SELECT account_id FROM"
            f" {store.relation('assignments')} SEMI JOIN (FROM {store.relation('batches')} WHERE"
            f" dataset = ? AND {SAMPLE.format('purpose')}) USING (batch_id) WHERE"
            f" {SAMPLE.format('part')})",
            [dataset],
        )
        if not _one(store.connection, count):
            raise UserError(
                f"All {everyone:,} accounts of {dataset} are in earlier batches; draw from them"
                " again with --again."
            )
    return population


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def _check_column(column: str | None) -> None:
    usable = [
        c.name
        for c in schema.TABLES["accounts"].columns
        if c.type in ("VARCHAR", "BOOLEAN", "BIGINT")
        and c.name not in ("dataset", "account_id", "pull_id")
    ]
    if column is not None and column not in usable:
        raise unknown("column of accounts to stratify by", column, usable)


def _record(transaction: Transaction, batch: Batch, drawn: pa.Table) -> None:
    names = (
        "batch_id",
        "dataset",
        "design",
        "seed",
        "population",
        "size",
        "copies",
        "drawn_from",
        "joint",
        "scores",
    )
    strata = {
        s.name: canonical_json(
            {"population": s.population, "size": s.size, "probability": s.probability}
        )
        for s in batch.strata
    }
    transaction.insert(
        "batches",
        schema.rows(
            "batches",
            [
                {
                    **{n: getattr(batch, n) for n in names},
                    "strata": strata,
                    "purpose": "sample",
                    "made_at": datetime.now(UTC),
                }
            ],
        ),
    )
    transaction.connection.register("sample_drawn", drawn)
    try:
        assignments = transaction.connection.execute(
            "SELECT ?::VARCHAR AS batch_id, account_id, unnest(range(1, ? + 1)) AS copy, stratum,"
            " inclusion_probability, NULL::VARCHAR AS annotator, 'sample' AS part FROM"
            " sample_drawn",
            [batch.batch_id, batch.copies],
        ).to_arrow_table()
    finally:
        transaction.connection.unregister("sample_drawn")
    transaction.insert("assignments", assignments)


def _recorded(connection: duckdb.DuckDBPyConnection, batch_id: str) -> Batch | None:
    """A batch as it was recorded."""
    row = connection.execute(
        "SELECT dataset, design, seed, population, size, copies, drawn_from, joint, scores,"
        " map_entries(strata) FROM lake.main.batches WHERE batch_id = ?",
        [batch_id],
    ).fetchone()
    if row is None:
        return None
    dataset, design, seed, population, size, copies, drawn_from, joint, scores, kept = row
    strata = tuple(_kept(kept) if kept else _derived(connection, batch_id))
    return Batch(
        batch_id,
        dataset,
        design,
        seed,
        population,
        size,
        copies,
        drawn_from,
        strata,
        0,
        joint,
        scores,
    )


def _kept(entries: list[dict[str, str]]) -> list[Stratum]:
    strata = sorted((e["key"], json.loads(e["value"])) for e in entries)
    return [Stratum(name, s["population"], s["size"], _chance(s)) for name, s in strata]


def _chance(stratum: dict[str, float]) -> float | None:
    """The mean probability where it is not size / population."""
    return (
        None
        if stratum["probability"] == stratum["size"] / stratum["population"]
        else stratum["probability"]
    )


def _derived(connection: duckdb.DuckDBPyConnection, batch_id: str) -> list[Stratum]:
    """Strata of a batch from before they were recorded: their populations follow from size and
    probability.
    """
    rows = connection.execute(
        "SELECT stratum, round(count(*) / any_value(inclusion_probability))::BIGINT, count(*) FROM"
        " lake.main.assignments WHERE batch_id = ? AND copy = 1 GROUP BY stratum ORDER BY stratum",
        [batch_id],
    ).fetchall()
    return [Stratum(*row) for row in rows]
