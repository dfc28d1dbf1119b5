"""Drawing batches: by a design and a seed, the same accounts on every machine, with exact inclusion probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import duckdb

from curation import schema
from curation.current import latest, quoted
from curation.designs import Design, Stratum
from curation.errors import UserError, unknown
from curation.identity import short_hash
from curation.store import Store, Transaction

if TYPE_CHECKING:
    import pyarrow as pa

POPULATION = "sample_population"
ALL, MISSING = "all", "(missing)"


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
    unchanged: bool = False

    def document(self) -> dict[str, object]:
        """The contract of `botbench sample --json`."""
        strata = [{"stratum": s.name, "population": s.population, "size": s.size, "probability": s.probability}
                  for s in self.strata]
        names = ("batch_id", "dataset", "design", "seed", "population", "size", "copies")
        return {**{n: getattr(self, n) for n in names}, "strata": strata, "version": self.version}


def sample(store: Store, dataset: str, design: Design, *, seed: int = 0, copies: int = 1, at: str | None = None,
           again: bool = False) -> Batch:
    """Draw a batch from a data set's accounts and record it; the same call again finds the same batch and writes nothing.

    Accounts in an earlier batch of the data set are left out unless `again`: probabilities are conditional on those
    batches. `at` draws from the accounts of another version. Raises UserError where the data set has no accounts,
    too few for the design, or not the column.
    """
    drawn_from = store.resolve(at)
    batch_id = short_hash({"dataset": dataset, "design": str(design), "seed": seed, "copies": copies, "again": again,
                           "at": drawn_from if at else None})

    def work(transaction: Transaction) -> Batch | None:
        if known := _recorded(transaction.connection, batch_id):
            return known
        _populate(store, dataset, design, drawn_from, again)
        drawn, strata = draw(transaction.connection, f"FROM {POPULATION}", design, seed)
        population = sum(s.population for s in strata)
        batch = Batch(batch_id, dataset, str(design), seed, population, drawn.num_rows, copies, drawn_from, tuple(strata), 0)
        _record(transaction, batch, drawn)
        return None

    version, known = store.transact(work, None, f"sample {dataset} by {design}, seed {seed}")
    found = known or _recorded(store.connection, batch_id)
    if found is None:
        raise AssertionError(f"the batch {batch_id} was written and is not there")
    return Batch(**{**found.__dict__, "version": version or store.head(), "unchanged": version is None})


def draw(connection: duckdb.DuckDBPyConnection, population_sql: str, design: Design, seed: int) -> tuple[pa.Table, list[Stratum]]:
    """The accounts drawn (account_id, stratum, inclusion_probability; sorted by id) and the strata.

    `population_sql` yields account_id and stratum. Each stratum's accounts are ranked by
    sha256(seed, design, account_id), so neither the order of rows nor the machine matters. Raises UserError where
    there are too few accounts.
    """
    counts = connection.execute(f"SELECT stratum, count(*) FROM ({population_sql}) GROUP BY ALL ORDER BY stratum").fetchall()
    total = sum(n for _, n in counts)
    if design.n > total:
        raise UserError(f"{design} asks for {design.n:,} accounts and {total:,} can be drawn; ask for fewer, or draw again from "
                        "accounts of earlier batches with --again.")
    strata = design.allocate([(name, int(n)) for name, n in counts])
    connection.register("sample_strata", _sizes(strata))
    try:
        drawn = connection.execute(f"""
            SELECT account_id, stratum, probability AS inclusion_probability FROM (
                SELECT p.account_id, p.stratum, s.size, s.probability, row_number() OVER (
                    PARTITION BY p.stratum ORDER BY sha256(concat_ws(chr(31), ?, ?, p.account_id)), p.account_id) AS place
                FROM ({population_sql}) p JOIN sample_strata s USING (stratum))
            WHERE place <= size ORDER BY account_id""", [str(seed), str(design)]).to_arrow_table()
    finally:
        connection.unregister("sample_strata")
    return drawn, strata


def _sizes(strata: list[Stratum]) -> pa.Table:
    import pyarrow as pa

    return pa.Table.from_pylist([{"stratum": s.name, "size": s.size, "probability": s.probability} for s in strata])


def _populate(store: Store, dataset: str, design: Design, version: int, again: bool) -> None:
    """The accounts that can be drawn, by their latest observation, with their strata, as a temporary table."""
    column = design.column()
    _check_column(column)
    stratum = f"coalesce(\"{column}\"::VARCHAR, '{MISSING}')" if column else f"'{ALL}'"
    accounts = f"(FROM {store.relation('accounts', version)} WHERE dataset = {quoted(dataset)})"
    store.connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {POPULATION} AS SELECT account_id, {stratum} AS stratum FROM {latest(accounts)}")
    everyone = _count(store.connection)
    if not everyone:
        raise _no_accounts(store, dataset, version)
    if not again:
        store.connection.execute(
            f"DELETE FROM {POPULATION} WHERE account_id IN (SELECT account_id FROM lake.main.assignments SEMI JOIN "
            "(FROM lake.main.batches WHERE dataset = ?) USING (batch_id))", [dataset])
        if not _count(store.connection):
            raise UserError(f"All {everyone:,} accounts of {dataset} are in earlier batches; draw from them again with --again.")


def _count(connection: duckdb.DuckDBPyConnection) -> int:
    row = connection.execute(f"SELECT count(*) FROM {POPULATION}").fetchone()
    return int(row[0]) if row else 0


def _check_column(column: str | None) -> None:
    usable = [c.name for c in schema.TABLES["accounts"].columns if c.type in ("VARCHAR", "BOOLEAN", "BIGINT")
              and c.name not in ("dataset", "account_id", "pull_id")]
    if column is not None and column not in usable:
        raise unknown("column of accounts to stratify by", column, usable)


def _no_accounts(store: Store, dataset: str, version: int) -> UserError:
    found = store.connection.execute(f"SELECT DISTINCT dataset FROM {store.relation('accounts', version)}").fetchall()
    hint = unknown("data set in the store", dataset, [name for (name,) in found])
    return UserError(f"{hint} Bring it in: botbench pull {dataset}.")


def _record(transaction: Transaction, batch: Batch, drawn: pa.Table) -> None:
    row = {n: getattr(batch, n) for n in ("batch_id", "dataset", "design", "seed", "population", "size", "copies", "drawn_from")}
    transaction.insert("batches", schema.rows("batches", [{**row, "made_at": datetime.now(UTC)}]))
    transaction.connection.register("sample_drawn", drawn)
    try:
        assignments = transaction.connection.execute(
            "SELECT ?::VARCHAR AS batch_id, account_id, unnest(range(1, ? + 1)) AS copy, stratum, inclusion_probability, "
            "NULL::VARCHAR AS annotator FROM sample_drawn", [batch.batch_id, batch.copies]).to_arrow_table()
    finally:
        transaction.connection.unregister("sample_drawn")
    transaction.insert("assignments", assignments)


def _recorded(connection: duckdb.DuckDBPyConnection, batch_id: str) -> Batch | None:
    """A batch as it was recorded; strata that gave accounts, their populations from size and probability."""
    row = connection.execute(
        "SELECT dataset, design, seed, population, size, copies, drawn_from FROM lake.main.batches WHERE batch_id = ?",
        [batch_id]).fetchone()
    if row is None:
        return None
    strata = connection.execute(
        "SELECT stratum, round(count(*) / any_value(inclusion_probability))::BIGINT, count(*) FROM lake.main.assignments "
        "WHERE batch_id = ? AND copy = 1 GROUP BY stratum ORDER BY stratum", [batch_id]).fetchall()
    dataset, design, seed, population, size, copies, drawn_from = row
    return Batch(batch_id, dataset, design, seed, population, size, copies, drawn_from, tuple(Stratum(*s) for s in strata), 0)
