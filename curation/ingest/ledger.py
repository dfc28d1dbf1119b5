"""The result of a pull, read from the store: ledger, reasons, and totals of the data set."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import duckdb

from botbench.core.duckdb_work import materialise, one_thread
from botbench.core.sql import literal
from botbench.text import numbers
from curation.store.retractions import any_retraction, standing_claims
from curation.store.store import Store

COUNTS = ("read", "kept", "duplicate", "quarantined")
FEW = 1_000_000
"""Rows read by a pull up to which they are counted on one thread."""
NO_FAULT = ("erased", "opted_out")
"""Reasons to set a row aside that are no fault of the files."""
SWALLOWED = (
    "CASE WHEN reason IN ('bad_quote', 'line_too_long')"
    " THEN 1 + len(rtrim(raw, chr(10))) - len(replace(rtrim(raw, chr(10)), chr(10), '')) ELSE 1 END"
)
"""SQL of the lines that stand behind one row set aside: an open quote makes many into one."""


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
    notes: dict[str, str] = field(default_factory=dict)
    """What is odd about the files though no row was set aside for it: a word, and a sentence."""

    def document(self) -> dict[str, Any]:
        """The result as one JSON document."""
        return {
            "dataset": self.dataset,
            "version": self.version,
            "unchanged": self.unchanged,
            "tables": self.tables,
            **self.totals,
            "quarantine": [
                {k: v for k, v in r.items() if k != "lines" or v != r["rows"]} for r in self.reasons
            ],
            "pull_id": self.pull_id,
            "erasures_since": self.erasures_since,
            "notes": self.notes,
        }


def stored(store: Store, pull_id: str) -> PullResult | None:
    """The result of a pull as the store holds it; None where it does not."""
    run = store.connection.execute
    # One transaction, for which DuckLake asks its catalog once.
    run("BEGIN")
    try:
        tables = _tables(store, pull_id)
        little = sum(counts["read"] for counts in tables.values()) <= FEW
        with one_thread(store.connection, when=little):
            return _stored(store, pull_id, tables)
    finally:
        with suppress(duckdb.Error):
            run("ROLLBACK")


def _stored(store: Store, pull_id: str, tables: dict[str, dict[str, int]]) -> PullResult | None:
    found = store.connection.execute(
        f"SELECT dataset, notes FROM lake.main.pulls WHERE pull_id = {literal(pull_id)}"
    ).fetchone()
    if found is None:
        return None
    version = _version_of(store, pull_id)
    counts = totals(store, found[0], version)
    return PullResult(
        found[0],
        version,
        True,
        tables,
        counts,
        _reasons(store, pull_id),
        pull_id,
        _erasures_since(store, pull_id),
        dict(found[1] or {}),
    )


def _erasures_since(store: Store, pull_id: str) -> int:
    """The erasures after a pull; its ledger still counts the rows of those accounts as read."""
    found = store.connection.execute(
        "SELECT count(DISTINCT erased_at) FROM lake.main.tombstones WHERE erased_at >"
        f" (SELECT max(finished_at) FROM lake.main.pulls WHERE pull_id = {literal(pull_id)})"
    ).fetchone()
    return int(found[0]) if found else 0


def over_limit(result: PullResult, limit: float) -> list[str]:
    """A sentence for each table of which more than this share of the rows was quarantined.

    A row that an open quote has made of many lines counts as many. Rows of accounts that were
    erased, or do not want to be collected, do not count.
    """
    erased = Counter[str]()
    for r in result.reasons:
        erased[r["table"]] += r["rows"] if r["reason"] in NO_FAULT else 0
    swallowed = Counter[str]()
    for r in result.reasons:
        swallowed[r["table"]] += r["lines"] - r["rows"]
    found = []
    for name, c in result.tables.items():
        more = swallowed[name]
        faulty, read = c["quarantined"] - erased[name] + more, c["read"] + more
        if faulty > limit * read:
            lines = f" (those of {more:,} lines that open quotes took with them)" if more else ""
            found.append(
                f"{faulty:,} of {read:,} rows for {name} were set aside{lines}, more"
                f" than {numbers.share(limit, 2)}"
            )
    return found


def totals(store: Store, dataset: str, version: int) -> dict[str, Any]:
    """Count what a data set holds at a version.

    Accounts observed, posts, claims (rows), answers (accounts with one answer), conflicts (accounts
    with several answers) and claimed ids that were not observed. Only standing claims of pulls
    count.
    """
    accounts, posts, claims = (
        f"(FROM {store.relation(t, version)} WHERE dataset = {literal(dataset)})"
        for t in ("accounts", "posts", "claims")
    )
    return {
        "accounts": _observed(store, accounts),
        "posts": store.scalar(f"SELECT count(*) FROM {posts}"),
        **_claimed(store, claims, accounts),
    }


def _claimed(store: Store, claims: str, accounts: str) -> dict[str, Any]:
    """What `totals` says of claims."""
    if store.scalar(f"SELECT 1 FROM {claims} LIMIT 1") is None:
        return {"claims": {}, "answers": {}, "conflicts": {}, "unprofiled": 0}
    retracted = any_retraction(store.connection, claims)
    stand = standing_claims(claims) if retracted else f"(FROM {claims} WHERE answer IS NOT NULL)"
    # Each of the questions below would look the retractions up anew.
    standing = materialise(
        store.connection,
        "ledger_standing",
        f"SELECT claimant_kind, account_id, answer FROM {stand} WHERE pull_id IS NOT NULL",
    )
    by_answer: dict[str, dict[str, int]] = {}
    for kind, answer, n in store.connection.execute(
        f"SELECT claimant_kind, answer, count(*) FROM {standing} GROUP BY ALL ORDER BY ALL"
    ).fetchall():
        by_answer.setdefault(kind, {})[answer] = n
    alone, conflicts = _per_account(store, standing, by_answer)
    unprofiled = store.scalar(
        f"SELECT count(DISTINCT account_id) FROM {standing} c ANTI JOIN {accounts} o"
        " USING (account_id)"
    )
    store.connection.execute(f"DROP TABLE {standing}")
    return {
        "claims": by_answer,
        "answers": alone,
        "conflicts": conflicts,
        "unprofiled": unprofiled,
    }


def _per_account(
    store: Store, standing: str, by_answer: dict[str, dict[str, int]]
) -> tuple[dict[str, dict[str, int]], dict[str, int]]:
    """By kind of claimant: the accounts with one answer, by answer, and how many have several."""
    conflicts = dict.fromkeys(by_answer, 0)
    claims = sum(sum(answers.values()) for answers in by_answer.values())
    # As many hashes as claims are as many accounts: none has two claims of a kind.
    if store.scalar(f"SELECT count(DISTINCT hash(claimant_kind, account_id)) FROM {standing}") == (
        claims
    ):
        return {kind: dict(answers) for kind, answers in by_answer.items()}, conflicts
    alone: dict[str, dict[str, int]] = {kind: {} for kind in by_answer}
    per_account = (
        "SELECT claimant_kind, min(answer) AS first, max(answer) AS last FROM"
        f" {standing} GROUP BY claimant_kind, account_id"
    )
    only = "CASE WHEN first = last THEN first END"
    for kind, answer, n in store.connection.execute(
        f"SELECT claimant_kind, {only}, count(*) FROM ({per_account}) GROUP BY ALL ORDER BY ALL"
    ).fetchall():
        if answer is None:
            conflicts[kind] = n
        else:
            alone[kind][answer] = n
    return alone, conflicts


def _observed(store: Store, accounts: str) -> int:
    """How many accounts were observed; where no row says when, each is one of its own."""
    rows, dated = store.connection.execute(
        f"SELECT count(*), count(observed_at) FROM {accounts}"
    ).fetchone() or (0, 0)
    if not dated:
        return int(rows)
    return int(store.scalar(f"SELECT count(DISTINCT account_id) FROM {accounts}"))


def _tables(store: Store, pull_id: str) -> dict[str, dict[str, int]]:
    rows = store.connection.execute(
        f"SELECT table_name, {', '.join(COUNTS)} FROM lake.main.ledger"
        f" WHERE pull_id = {literal(pull_id)} ORDER BY table_name"
    ).fetchall()
    return {name: dict(zip(COUNTS, counts, strict=True)) for name, *counts in rows}


def _reasons(store: Store, pull_id: str) -> list[dict[str, Any]]:
    rows = store.connection.execute(
        f"""SELECT table_name, reason, count(*), min("row"),
            coalesce(sum({SWALLOWED}), count(*))::BIGINT
        FROM lake.main.quarantine WHERE pull_id = {literal(pull_id)}
        GROUP BY ALL ORDER BY 1, 3 DESC, 2"""
    ).fetchall()
    return [dict(zip(("table", "reason", "rows", "first", "lines"), r, strict=True)) for r in rows]


def _version_of(store: Store, pull_id: str) -> int:
    """The version that a pull made."""
    row = store.connection.execute(
        "SELECT min(snapshot_id) FROM ducklake_table_changes('lake', 'main', 'pulls',"
        f" {store.oldest()}, {store.head()}) WHERE pull_id = {literal(pull_id)}"
    ).fetchone()
    return int(row[0]) if row and row[0] is not None else store.head()
