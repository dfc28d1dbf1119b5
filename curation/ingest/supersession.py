"""A corrected card, or a newer reader, replaces what the old one made of the same files.

Rows are replaced in the version that the new pull makes. Claims are retracted, never deleted; a
claim that both pulls make stands.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botbench.core.hashing import short_hash
from botbench.core.sql import literal, literals
from botbench.text.numbers import counted
from curation.store import identity, retractions
from curation.store.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from curation.ingest.reading.stage import Stage
    from curation.store.store import Store, Transaction

ROWS = ("accounts", "posts", "edges")


@dataclass(frozen=True)
class Supersession:
    """The pulls that a pull replaces, and what changes by it.

    `changes` has for each table the numbers of rows `added`, `removed`, `changed` and `same`; of
    claims, those removed are retracted.
    """

    direct: tuple[str, ...] = ()
    """The pulls in force that are replaced."""
    chain: tuple[str, ...] = ()
    """These, and all that they had replaced."""
    changes: dict[str, dict[str, int]] = field(default_factory=dict)

    def sentence(self) -> str:
        """What is replaced, for people."""
        parts = [
            f"{table}: {c['added']:,} added, {c['changed']:,} changed, {c['removed']:,}"
            f" {'retracted' if table == 'claims' else 'removed'}, {c['same']:,} the same"
            for table, c in self.changes.items()
        ]
        return (
            f"It replaces {counted(len(self.direct), 'pull')} of the same files under an older card"
            f" or reader ({'; '.join(parts)})."
        )


def id_in_force(store: Store, pull_id: str) -> tuple[str, bool]:
    """The id under which a pull is to be stored, and whether it is there and in force.

    A pull that was superseded is not in force: to go back to its card is a new pull.
    """
    rows = store.connection.execute("SELECT pull_id, supersedes FROM lake.main.pulls").fetchall()
    there = {pull for pull, _ in rows}
    successor = {old: pull for pull, olds in rows for old in olds or ()}
    while pull_id in successor:
        pull_id = short_hash({"pull": pull_id, "after": successor[pull_id]}, 64)
    return pull_id, pull_id in there


def superseded(store: Store, row: Mapping[str, object]) -> Supersession:
    """The pulls in force that read the same files under another card or reader."""
    rows = store.connection.execute(
        "SELECT pull_id, card, files, reader_version, supersedes FROM lake.main.pulls"
        f" WHERE dataset = {literal(row['dataset'])} ORDER BY finished_at, pull_id"
    ).fetchall()
    olds = {pull: tuple(replaced or ()) for pull, *_, replaced in rows}
    replaced = {old for group in olds.values() for old in group}
    hashes = _hashes(row["files"])
    direct = tuple(
        pull
        for pull, card, files, reader, _ in rows
        if pull not in replaced
        and pull != row["pull_id"]
        and (card, reader) != (row["card"], row["reader_version"])
        and (_hashes(files) & hashes or _hashes(files) == hashes)
    )
    chain, waiting = list(direct), list(direct)
    while waiting:
        older = [o for o in olds.get(waiting.pop(), ()) if o not in chain]
        chain += older
        waiting += older
    return Supersession(direct, tuple(chain))


def _hashes(files: object) -> set[str]:
    pairs = files.items() if isinstance(files, dict) else files or ()
    return {str(sha) for _, sha in pairs}  # type: ignore[attr-defined]


def compared(store: Store, stage: Stage, made: Supersession) -> Supersession:
    """The same with the changes: rows staged against rows of the superseded pulls."""
    if not made.direct:
        return made
    changes = {table: _compare(store, stage, made, table) for table in ROWS}
    changes["claims"] = _compare_claims(store, stage, made)
    return Supersession(
        made.direct, made.chain, {t: c for t, c in changes.items() if any(c.values())}
    )


def _compare(store: Store, stage: Stage, made: Supersession, name: str) -> dict[str, int]:
    table = TABLES[name]
    before = f"lake.main.{name} WHERE dataset = {literal(stage.dataset)} AND {_of(made)}"
    key = ", ".join(table.key)
    content = ", ".join(
        f"list_sort(map_entries({c.name}))" if c.type.startswith("MAP") else c.name
        for c in table.columns
        if c.content
    )

    def count(columns: str, left: str, right: str) -> int:
        row = store.connection.execute(
            f"SELECT count(*) FROM (SELECT {columns} FROM {left} EXCEPT SELECT {columns}"
            f" FROM {right})"
        ).fetchone()
        return int(row[0]) if row else 0

    removed = count(key, before, f"pull_{name}")
    added = count(key, f"pull_{name}", before)
    gone = count(content, before, f"pull_{name}")
    old = store.connection.execute(f"SELECT count(*) FROM {before}").fetchone()
    return {
        "added": added,
        "removed": removed,
        "changed": gone - removed,
        "same": (int(old[0]) if old else 0) - gone,
    }


def _compare_claims(store: Store, stage: Stage, made: Supersession) -> dict[str, int]:
    row = store.connection.execute(
        f"""SELECT count(*) FILTER (b.claim_id IS NULL), count(*) FILTER (n.claim_id IS NULL),
            count(*) FILTER (b.claim_id IS NOT NULL AND n.claim_id IS NOT NULL)
        FROM ({_standing(stage, made)}) b
        FULL JOIN (SELECT DISTINCT claim_id FROM pull_claims) n USING (claim_id)"""
    ).fetchone()
    added, removed, same = row or (0, 0, 0)
    return {"added": added, "removed": removed, "changed": 0, "same": same}


def replace(transaction: Transaction, stage: Stage, made: Supersession) -> None:
    """Delete the superseded pulls' rows, before the new ones are inserted.

    Where all of a table's rows are the same, they stay, and the new ones are duplicates.
    """
    for table in ROWS:
        changes = made.changes.get(table, {})
        if not changes.get("removed", 0) + changes.get("changed", 0):
            continue
        transaction.connection.execute(
            f"DELETE FROM lake.main.{table} WHERE dataset = {literal(stage.dataset)}"
            f" AND {_of(made)}"
        )


def retract(transaction: Transaction, stage: Stage, made: Supersession) -> None:
    """Retract the claims that the new pull no longer makes; let those stand that it makes again."""
    if not made.direct:
        return
    gone = (
        f"SELECT * FROM ({_standing(stage, made)})"
        " WHERE claim_id NOT IN (SELECT claim_id FROM pull_claims)"
    )
    claims = f"(FROM lake.main.claims WHERE dataset = {literal(stage.dataset)})"
    again = (
        f"SELECT r.* FROM {claims} r WHERE {retractions.in_force_by_pull('r', claims)}"
        " AND r.retracts IN (SELECT claim_id FROM pull_claims)"
    )
    columns = {
        "dataset": "dataset",
        "account_id": "account_id",
        "claimant": "claimant",
        "claimant_kind": "claimant_kind",
        "made_at": "transaction_timestamp()",
        "attributes": (
            f"MAP {{'retracted_by': '{retractions.BY_PULL}', 'pull': {literal(stage.pull_id)}}}"
        ),
        "retracts": "claim_id",
        "pull_id": literal(stage.pull_id),
    }
    filled = ", ".join(
        f"{columns.get(c.name, 'NULL')}::{c.type} AS {c.name}" for c in TABLES["claims"].columns
    )
    transaction.connection.execute(
        f"CREATE OR REPLACE TEMP TABLE pull_retractions AS SELECT * REPLACE ({identity.claim_id()}"
        f" AS claim_id) FROM (SELECT {filled} FROM ({gone} UNION ALL {again}))"
    )
    transaction.insert("claims", "pull_retractions")


def _standing(stage: Stage, made: Supersession) -> str:
    claims = f"(FROM lake.main.claims WHERE dataset = {literal(stage.dataset)})"
    return f"SELECT * FROM {retractions.standing_claims(claims)} WHERE {_of(made)}"


def _of(made: Supersession) -> str:
    return f"pull_id IN ({literals(made.chain)})"
