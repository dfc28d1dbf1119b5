"""The result of a pull, read from the store: ledger, reasons, and totals of the data set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botbench.text import numbers
from curation.store.store import Store

COUNTS = ("read", "kept", "duplicate", "quarantined")


@dataclass(frozen=True)
class PullResult:
    """The result of a pull.

    `tables` is the ledger by table, `reasons` why rows were quarantined, `totals` the counts of the
    data set at the pull's version. `unchanged` is True where the store had the same pull already.
    """

    dataset: str
    version: int
    unchanged: bool
    tables: dict[str, dict[str, int]]
    totals: dict[str, Any]
    reasons: list[dict[str, Any]]
    pull_id: str
    erasures_since: int = 0

    def document(self) -> dict[str, Any]:
        """The result as one JSON document."""
        return {
            "dataset": self.dataset,
            "version": self.version,
            "unchanged": self.unchanged,
            "tables": self.tables,
            **self.totals,
            "quarantine": self.reasons,
            "pull_id": self.pull_id,
            "erasures_since": self.erasures_since,
        }


def stored(store: Store, pull_id: str) -> PullResult | None:
    """The result of a pull as the store holds it; None where it does not."""
    found = store.connection.execute(
        "SELECT dataset FROM lake.main.pulls WHERE pull_id = ?", [pull_id]
    ).fetchone()
    if found is None:
        return None
    version = _version_of(store, pull_id)
    counts = totals(store, found[0], version)
    return PullResult(
        found[0],
        version,
        True,
        _tables(store, pull_id),
        counts,
        _reasons(store, pull_id),
        pull_id,
        _erasures_since(store, pull_id),
    )


def _erasures_since(store: Store, pull_id: str) -> int:
    """The erasures after a pull; its ledger still counts the rows of those accounts as read."""
    found = store.connection.execute(
        "SELECT count(DISTINCT erased_at) FROM lake.main.tombstones WHERE erased_at >"
        " (SELECT max(finished_at) FROM lake.main.pulls WHERE pull_id = ?)",
        [pull_id],
    ).fetchone()
    return int(found[0]) if found else 0


def over_limit(result: PullResult, limit: float) -> list[str]:
    """A sentence for each table of which more than this share of the rows was quarantined.

    Rows of erased accounts do not count.
    """
    erased = {r["table"]: r["rows"] for r in result.reasons if r["reason"] == "erased"}
    faulty = {name: c["quarantined"] - erased.get(name, 0) for name, c in result.tables.items()}
    return [
        f"{faulty[name]:,} of {c['read']:,} rows for {name} were set aside, more"
        f" than {numbers.share(limit, 2)}"
        for name, c in result.tables.items()
        if faulty[name] > limit * c["read"]
    ]


def totals(store: Store, dataset: str, version: int) -> dict[str, Any]:
    """Count what a data set holds at a version.

    Accounts observed, posts, claims (rows), answers (accounts with one answer), conflicts (accounts
    with several answers) and claimed ids that were not observed. Only claims of pulls count.
    """
    accounts, posts, claims = (
        f"(FROM {store.relation(t, version)} WHERE dataset = $dataset)"
        for t in ("accounts", "posts", "claims")
    )
    pulled = f"(FROM {claims} WHERE pull_id IS NOT NULL AND answer IS NOT NULL)"
    observed = f"(SELECT DISTINCT account_id FROM {accounts})"

    def rows(query: str) -> list[tuple[Any, ...]]:
        return store.connection.execute(query, {"dataset": dataset}).fetchall()

    by_answer: dict[str, dict[str, int]] = {}
    for kind, answer, n in rows(
        f"SELECT claimant_kind, answer, count(*) FROM {pulled} GROUP BY ALL ORDER BY ALL"
    ):
        by_answer.setdefault(kind, {})[answer] = n
    alone: dict[str, dict[str, int]] = {kind: {} for kind in by_answer}
    conflicts: dict[str, int] = dict.fromkeys(by_answer, 0)
    per_account = (
        "SELECT claimant_kind, account_id, count(DISTINCT answer) AS n, min(answer) AS one FROM"
        f" {pulled} GROUP BY ALL"
    )
    only = "CASE WHEN n = 1 THEN one END"
    for kind, answer, n in rows(
        f"SELECT claimant_kind, {only}, count(*) FROM ({per_account}) GROUP BY ALL ORDER BY ALL"
    ):
        if answer is None:
            conflicts[kind] = n
        else:
            alone[kind][answer] = n
    missing = (
        f"SELECT count(*) FROM (SELECT DISTINCT account_id FROM {pulled}) c ANTI JOIN {observed} o"
        " USING (account_id)"
    )
    return {
        "accounts": rows(f"SELECT count(*) FROM {observed}")[0][0],
        "posts": rows(f"SELECT count(*) FROM {posts}")[0][0],
        "claims": by_answer,
        "answers": alone,
        "conflicts": conflicts,
        "unprofiled": rows(missing)[0][0],
    }


def _tables(store: Store, pull_id: str) -> dict[str, dict[str, int]]:
    rows = store.connection.execute(
        f"SELECT table_name, {', '.join(COUNTS)} FROM lake.main.ledger WHERE pull_id = ? ORDER BY"
        " table_name",
        [pull_id],
    ).fetchall()
    return {name: dict(zip(COUNTS, counts, strict=True)) for name, *counts in rows}


def _reasons(store: Store, pull_id: str) -> list[dict[str, Any]]:
    rows = store.connection.execute(
        'SELECT table_name, reason, count(*), min("row") FROM lake.main.quarantine WHERE pull_id ='
        " ? GROUP BY ALL ORDER BY 1, 3 DESC, 2",
        [pull_id],
    ).fetchall()
    return [dict(zip(("table", "reason", "rows", "first"), r, strict=True)) for r in rows]


def _version_of(store: Store, pull_id: str) -> int:
    """The version that a pull made."""
    row = store.connection.execute(
        "SELECT min(snapshot_id) FROM ducklake_table_changes('lake', 'main', 'pulls',"
        f" {store.oldest()}, {store.head()}) WHERE pull_id = ?",
        [pull_id],
    ).fetchone()
    return int(row[0]) if row and row[0] is not None else store.head()
