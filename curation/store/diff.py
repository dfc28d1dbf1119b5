"""Differences between versions (rows, labels, claims), and restoring an old version."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botbench.core.errors import unknown
from botbench.core.sql import literal, literals
from curation.store import schema
from curation.store.insert import same_key
from curation.store.snapshot_queries import newest_consensus

if TYPE_CHECKING:
    from curation.store.store import Store, Transaction

KINDS = ("added", "removed", "changed")
MOVED = 0.0005
"""A change of p_bot that is reported even if label, status and claims are the same."""


def content() -> list[str]:
    """The tables that are compared and restored: all but those about versions."""
    return [t.name for t in schema.STORED.values() if not t.of_versions]


def changed_rows(
    store: Store, first: str | int, last: str | int, name: str | None = None
) -> dict[str, dict[str, int]]:
    """Count rows added, removed and changed (same key, other content), for each table that differs.

    Tables about versions (tags, releases) are compared only if `name` names them. Raises UserError
    for an unknown table or version.
    """
    old, new = store.resolve(first), store.resolve(last)
    if name is not None and name not in schema.STORED:
        raise unknown("table", name, schema.STORED)
    counts = {n: _compare(store, n, old, new) for n in ([name] if name else content())}
    return {n: c for n, c in counts.items() if name or any(c.values())}


def _compare(
    store: Store, name: str, first: int, last: int, dataset: str | None = None
) -> dict[str, int]:
    """Count the rows of a table added, removed and changed from version `first` to `last`.

    With `dataset` only its rows count. The differing rows are in the temporary tables `diff_old`
    and `diff_new` until the next call.
    """
    low, high = sorted((first, last))
    if low == high or not store.has(name, high):
        return dict.fromkeys(KINDS, 0)
    table, execute = schema.STORED[name], store.connection.execute
    execute(f"CREATE OR REPLACE TEMP TABLE diff_touched AS {_touched(store, name, low, high)}")
    if not store.scalar("SELECT count(*) FROM diff_touched"):
        return dict.fromkeys(KINDS, 0)
    for side, version in (("old", first), ("new", last)):
        execute(f"""
            CREATE OR REPLACE TEMP TABLE diff_{side} AS
            SELECT r.* FROM {store.relation(name, version)} r
            SEMI JOIN diff_touched t ON {same_key("r", "t", table.key)}
            WHERE {_of_dataset(store, name, dataset, (first, last))}
        """)
    both = same_key("o", "n", table.key)
    counts = {
        "added": f"diff_new n ANTI JOIN diff_old o ON {both}",
        "removed": f"diff_old o ANTI JOIN diff_new n ON {both}",
        "changed": f"diff_old o JOIN diff_new n ON {both} WHERE o IS DISTINCT FROM n",
    }
    return {
        kind: int(store.scalar(f"SELECT count(*) FROM {rows}")) for kind, rows in counts.items()
    }


def _of_dataset(store: Store, name: str, dataset: str | None, versions: tuple[int, int]) -> str:
    """SQL condition on a row `r` of a table: it belongs to the data set, directly or by its pull
    or batch.
    """
    if dataset is None:
        return "true"
    names = schema.STORED[name].names
    if "dataset" in names:
        return f"r.dataset = {literal(dataset)}"
    key, of = ("batch_id", "batches") if "batch_id" in names else ("pull_id", "pulls")
    owners = " UNION ALL ".join(
        f"SELECT {key} FROM {store.relation(of, v)} WHERE dataset = {literal(dataset)}"
        for v in versions
    )
    return f"r.{key} IN ({owners})"


def _touched(store: Store, name: str, low: int, high: int) -> str:
    """SQL for the keys that may differ between two versions."""
    key = ", ".join(f'"{k}"' for k in schema.STORED[name].key)
    if expired(store, low, high):
        return (
            f"SELECT {key} FROM {store.relation(name, low)} UNION SELECT {key} FROM"
            f" {store.relation(name, high)}"
        )
    return (
        f"SELECT DISTINCT {key} FROM ducklake_table_changes('lake', 'main', '{name}',"
        f" {after(store, low)}, {high})"
    )


def expired(store: Store, low: int, high: int) -> bool:
    """Whether a version between the two has expired; DuckLake then lacks its changes."""
    there = store.scalar(
        "SELECT count(*) FROM ducklake_snapshots('lake') WHERE snapshot_id > ? AND snapshot_id"
        " <= ?",
        [low, high],
    )
    return bool(there != high - low)


def after(store: Store, version: int) -> int:
    """The next existing version; DuckLake accepts no other."""
    return int(
        store.scalar(
            "SELECT min(snapshot_id) FROM ducklake_snapshots('lake') WHERE snapshot_id > ?",
            [version],
        )
    )


# -- restoring


@dataclass(frozen=True)
class Restored:
    """The restored version, the version made (None without differences), and rows by table."""

    restored: int
    version: int | None
    tables: dict[str, dict[str, int]]


def restore(
    store: Store, at: str | int, author: str | None = None, *, dataset: str | None = None
) -> Restored:
    """Make a new version whose tables hold the rows of an old one; the versions between stay.

    With `dataset` only its rows are restored. Tags, releases and validations are about versions and
    stay as they are. Raises UserError for an unknown version or data set.
    """
    number = store.resolve(at)
    _known(store, number, dataset)

    def work(transaction: Transaction) -> dict[str, dict[str, int]]:
        head = store.head()
        counts = {name: _bring_back(store, name, head, number, dataset) for name in content()}
        transaction.fresh = sum(sum(c.values()) for c in counts.values())
        return {name: c for name, c in counts.items() if any(c.values())}

    only = f" of {dataset}" if dataset else ""
    version, tables = store.transact(work, author, f"restore version {number}{only}")
    return Restored(number, version, tables)


def would_restore(
    store: Store, at: str | int, *, dataset: str | None = None
) -> dict[str, dict[str, int]]:
    """What `restore` would bring back (added), take out (removed) and change back, by table."""
    number = store.resolve(at)
    _known(store, number, dataset)
    head = store.head()
    counts = {name: _compare(store, name, head, number, dataset) for name in content()}
    return {name: c for name, c in counts.items() if any(c.values())}


def _known(store: Store, version: int, dataset: str | None) -> None:
    """Raise UserError for a data set that neither this version nor the newest has."""
    if dataset is None:
        return
    rows = store.connection.execute(
        " UNION ".join(
            f"SELECT DISTINCT dataset FROM {store.relation(table, v)}"
            for table in ("accounts", "claims")
            for v in (version, store.head())
        )
    ).fetchall()
    known = [str(name) for (name,) in rows]
    if dataset not in known:
        raise unknown("data set", dataset, known)


def _bring_back(
    store: Store, name: str, head: int, number: int, dataset: str | None
) -> dict[str, int]:
    """Restore one table to version `number` by deleting and inserting the differing rows."""
    counts = _compare(store, name, head, number, dataset)
    if not any(counts.values()):
        return counts
    table, execute = schema.STORED[name], store.connection.execute

    def differing(side: str, other: str) -> str:
        return f"""
            SELECT x.* FROM diff_{side} x
            LEFT JOIN diff_{other} y ON {same_key("x", "y", table.key)}
            WHERE x IS DISTINCT FROM y
        """

    execute(f"CREATE OR REPLACE TEMP TABLE restore_gone AS {differing('old', 'new')}")
    execute(f"CREATE OR REPLACE TEMP TABLE restore_back AS {differing('new', 'old')}")
    execute(f"""
        DELETE FROM lake.main."{name}" t USING restore_gone g
        WHERE {same_key("t", "g", table.key)}
    """)
    columns = ", ".join(f'"{c}"' for c in table.names)
    execute(f'INSERT INTO lake.main."{name}" ({columns}) SELECT {columns} FROM restore_back')
    return counts


# -- labels


def current_consensus(store: Store, version: int) -> dict[str, str]:
    """The consensus that counts, by data set, as of a version."""
    runs = store.connection.execute(
        "SELECT dataset, arg_max(consensus_id, run) FROM"
        f" {store.relation('consensus_runs', version)} GROUP BY 1"
    ).fetchall()
    consensus_of = {str(d): str(c) for d, c in runs}
    rest = store.connection.execute(
        f"SELECT DISTINCT dataset FROM {store.relation('labels', version)}"
    ).fetchall()
    for (dataset,) in rest:
        if dataset not in consensus_of and (consensus := newest_consensus(store, dataset, version)):
            consensus_of[dataset] = consensus
    return consensus_of


def label_changes(store: Store, first: int, last: int) -> list[dict[str, Any]]:
    """Accounts whose label, status or p_bot differs between the consensus at `first` and at `last`.

    Each has both states, `p_bot_change` (later minus earlier, None where one has none), the claims
    added or removed between the two, and `why`: `claims`, `first` (claims of before, which no
    consensus had counted for it), `method` (another consensus method) or `other claims` (claims on
    other accounts, where the method learns from them).
    """
    before, after = current_consensus(store, first), current_consensus(store, last)
    moved = [d for d in sorted({*before, *after}) if before.get(d) != after.get(d)]
    if not moved:
        return []
    execute = store.connection.execute
    for side, version, chosen in (("old", first, before), ("new", last, after)):
        pairs = ", ".join(f"({literal(d)}, {literal(chosen.get(d))})" for d in moved)
        execute(
            f"CREATE OR REPLACE TEMP TABLE label_{side} AS SELECT l.dataset, l.account_id, l.label,"
            " l.p_bot, l.status, l.n_claims, l.method, l.consensus_id FROM"
            f" {store.relation('labels', version)} l JOIN (VALUES {pairs}) c(dataset, consensus_id)"
            " USING (dataset, consensus_id)"
        )
        execute(
            f"CREATE OR REPLACE TEMP TABLE claim_{side} AS SELECT claim_id, dataset, account_id,"
            " claimant, claimant_kind, answer, made_at, retracts FROM"
            f" {store.relation('claims', version)} WHERE dataset IN"
            f" ({literals(moved)})"
        )
    return [_label_change(row) for row in store.arrow(_LABELS).to_pylist()]


_STATE = """
    CASE WHEN {0}.account_id IS NOT NULL THEN {{
        'label': {0}.label, 'p_bot': {0}.p_bot, 'status': {0}.status, 'n_claims': {0}.n_claims,
        'method': {0}.method, 'consensus': {0}.consensus_id}} END"""
_LABELS = f"""
    WITH changes AS (
        SELECT *, 'came' AS change FROM claim_new ANTI JOIN claim_old USING (claim_id)
        UNION ALL
        SELECT *, 'went' AS change FROM claim_old ANTI JOIN claim_new USING (claim_id)),
    changes_of AS (
        SELECT c.dataset, c.account_id,
               list({{
                   'claim_id': c.claim_id, 'claimant': c.claimant,
                   'claimant_kind': c.claimant_kind, 'answer': c.answer, 'made_at': c.made_at,
                   'retracts': c.retracts, 'retracted_answer': r.answer, 'change': c.change}}
                   ORDER BY c.made_at NULLS FIRST, c.claim_id) AS claims
        FROM changes c
        LEFT JOIN (FROM claim_old UNION FROM claim_new) r ON r.claim_id = c.retracts
        GROUP BY ALL)
    SELECT dataset, account_id AS account,
           {_STATE.format("o")} AS "from", {_STATE.format("n")} AS "to",
           n.p_bot - o.p_bot AS p_bot_change, coalesce(c.claims, []) AS claims
    FROM label_old o
    FULL JOIN label_new n USING (dataset, account_id)
    LEFT JOIN changes_of c USING (dataset, account_id)
    WHERE o.label IS DISTINCT FROM n.label OR o.status IS DISTINCT FROM n.status
       OR (c.claims IS NOT NULL AND o.p_bot IS DISTINCT FROM n.p_bot)
       OR abs(n.p_bot - o.p_bot) >= {MOVED}
    ORDER BY dataset, account"""


def _label_change(row: dict[str, Any]) -> dict[str, Any]:
    methods = {state["method"] for state in (row["from"], row["to"]) if state}
    if row["claims"]:
        why = "claims"
    elif row["from"] is None:
        why = "first"
    else:
        why = "method" if len(methods) > 1 else "other claims"
    return {**row, "why": why}


def uncounted(store: Store, version: int) -> dict[str, int]:
    """Count the claims, by data set, that are newer than the current consensus."""
    late_claims: dict[str, int] = {}
    for dataset, consensus in current_consensus(store, version).items():
        settled_at = store.scalar(
            "SELECT min(snapshot_id) FROM ducklake_table_changes('lake', 'main', 'labels',"
            f" {after(store, 0)}, {version}) WHERE consensus_id = ? AND dataset = ?",
            [consensus, dataset],
        )
        if settled_at is not None and settled_at < version:
            late = store.scalar(
                "SELECT count(*) FROM ducklake_table_changes('lake', 'main', 'claims',"
                f" {after(store, settled_at)}, {version}) WHERE dataset = ?"
                " AND change_type = 'insert'",
                [dataset],
            )
            late_claims |= {dataset: int(late)} if late else {}
    return late_claims


def last_change(store: Store, version: int, but: Iterable[str] = ()) -> int:
    """The newest version up to this one that changed more than tags, releases and validations.

    `but` names further tables whose changes do not count.
    """
    about = [t.name for t in schema.STORED.values() if t.of_versions] + ["guard", *but]
    newest = store.scalar(
        "WITH about AS (SELECT list(table_id::VARCHAR) AS ids FROM ducklake_table_info('lake')"
        " WHERE list_contains(?, table_name)) SELECT max(snapshot_id) FROM"
        " ducklake_snapshots('lake'), about WHERE snapshot_id <= ? AND"
        " len(list_filter(flatten(map_values(changes)), lambda id: NOT list_contains(ids,"
        " id))) > 0",
        [about, version],
    )
    return int(newest) if newest is not None else version
