"""Label conflicts: an account, or accounts that look alike, with the labels bot and human."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from botbench.core.sql import literal, literals
from curation.ingest import data_sets
from curation.labels import duplicates
from curation.labels.consensus.votes import BEHIND
from curation.store.retractions import standing_claims

if TYPE_CHECKING:
    from curation.labels.consensus import Meaning
    from curation.store.store import Store

KINDS = ("dataset", "person")
ROW_KEY = r"^.+:\d+$"
"""An id that is only where the row stood (`train:12`): the same one in another data set is another
account.
"""


def conflicts(
    store: Store,
    scheme: Meaning,
    *,
    datasets: Sequence[str] | None = None,
    kinds: Sequence[str] = KINDS,
    at: str | None = None,
    groups: bool = True,
) -> list[dict[str, Any]]:
    """The ledger of `botbench conflicts`: one entry for each account (platform and id) or group
    whose labels differ.

    People are one voice for each data set, that of most of them; other claimants speak for
    themselves. `kind` is `between` data sets, `within` one, or `duplicate group`. Raises UserError
    for a data set without claims.
    """
    labelled = sides(store, scheme, datasets=datasets, kinds=kinds, at=at)
    row_key = f"regexp_matches(account_id, {literal(ROW_KEY)})"
    entries = _entries(
        store,
        f"""
        SELECT *, NULL::VARCHAR AS found_by,
            platform || chr(31) || account_id || if({row_key}, chr(31) || dataset, '') AS key
        FROM {labelled}""",
    )
    if groups:
        alike = duplicates.find(store, datasets, at=at)
        entries += _entries(
            store,
            f"""
            SELECT s.*, g."by" AS found_by, g.group_id AS key
            FROM {labelled} s JOIN {alike} g USING (dataset, account_id)""",
            groups=True,
        )
    return entries


def sides(
    store: Store,
    scheme: Meaning,
    *,
    datasets: Sequence[str] | None = None,
    kinds: Sequence[str] = KINDS,
    at: str | None = None,
) -> str:
    """Collect the labels that are given to accounts in a temporary table; returns its name.
    Columns: platform, dataset, account_id, claimant_kind, claimant, answer, label.

    Raises UserError for a data set without claims.
    """
    claims = store.relation("claims", at)
    claimed = [
        r[0] for r in store.connection.execute(f"SELECT DISTINCT dataset FROM {claims}").fetchall()
    ]
    for name in datasets or ():
        if name not in claimed:
            raise data_sets.absent(store, name, at, "data set with claims", claimed)
    meanings = ", ".join(
        f"({literal(a)}, {literal(label)})" for a, label in sorted(scheme.labels.items()) if label
    )
    where = "" if datasets is None else f" AND dataset IN ({literals(datasets)})"
    store.connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE conflict_sides AS
        WITH standing AS (
            FROM {standing_claims(claims)}
            WHERE claimant_kind IN ({literals(kinds)}){where}
            QUALIFY made_at IS NULL OR made_at = max(made_at) OVER (
                PARTITION BY dataset, account_id, claimant_kind, claimant)),
        judging AS (
            SELECT DISTINCT dataset, account_id, claimant_kind, claimant, answer, label
            FROM standing JOIN (VALUES {meanings}) meaning(answer, label) USING (answer)
            WHERE NOT ({BEHIND})),
        people AS (
            SELECT dataset, account_id, count(*) FILTER (label = 'bot') AS bots, count(*) AS n,
                if(2 * bots > n, 'bot', 'human') AS side
            FROM judging WHERE claimant_kind = 'person' GROUP BY ALL),
        sides AS (
            SELECT dataset, account_id, claimant_kind, claimant, answer, label
            FROM judging WHERE claimant_kind <> 'person'
            UNION ALL
            SELECT dataset, account_id, 'person',
                greatest(bots, n - bots) || ' of ' || n || ' people', side, side
            FROM people WHERE 2 * bots <> n)
        SELECT coalesce(platform, '(unknown)') AS platform, s.*
        FROM sides s LEFT JOIN ({_platforms(store, at)}) USING (dataset)"""
    )
    return "conflict_sides"


def _platforms(store: Store, at: str | None) -> str:
    """SQL (dataset, platform): as observed, or by the card where no account was observed."""
    return f"""
        SELECT dataset, coalesce(min(observed), min(of_card)) AS platform FROM (
            SELECT dataset, platform AS observed, NULL AS of_card
            FROM {store.relation("accounts", at)}
            UNION ALL
            SELECT dataset, NULL, json_extract_string(card, '$.platform')
            FROM {store.relation("pulls", at)})
        GROUP BY dataset"""


def _entries(store: Store, keyed: str, *, groups: bool = False) -> list[dict[str, Any]]:
    """Accounts or groups (rows of `keyed` with one key) with both labels, in a fixed order."""
    rows = store.arrow(
        f"""
        WITH keyed AS ({keyed})
        SELECT key, min(account_id) AS account, any_value(platform) AS platform,
            any_value(found_by) AS "by", count(DISTINCT dataset) AS datasets,
            count(DISTINCT account_id) AS accounts,
            list({{dataset: dataset, account: account_id, claimant: claimant,
                claimant_kind: claimant_kind, answer: answer, label: label}}
                ORDER BY dataset, account_id, claimant_kind, claimant, answer) AS answers
        FROM keyed GROUP BY key HAVING count(DISTINCT label) = 2
        ORDER BY datasets DESC, platform, account, key"""
    ).to_pylist()
    if groups:
        # The same account twice is listed already; a group adds something where it holds
        # different ones.
        rows = [r for r in rows if r["accounts"] > 1]
    return [
        {
            "account": r["account"],
            "platform": r["platform"],
            "kind": _kind(r, groups),
            **({"by": r["by"], "accounts": r["accounts"]} if groups else {}),
            "answers": r["answers"],
        }
        for r in rows
    ]


def _kind(row: dict[str, Any], groups: bool) -> str:
    return "duplicate group" if groups else "between" if row["datasets"] > 1 else "within"


def pairs(entries: Sequence[dict[str, Any]]) -> dict[tuple[str, str], int]:
    """How many accounts two data sets label differently, by their names; a data set with itself is
    a conflict within.
    """
    count: dict[tuple[str, str], int] = {}
    for entry in entries:
        if entry["kind"] == "duplicate group":
            continue
        labels: dict[str, set[str]] = {}
        for answer in entry["answers"]:
            labels.setdefault(answer["dataset"], set()).add(answer["label"])
        names = sorted(labels)
        for i, a in enumerate(names):
            for b in names[i:]:
                if len(labels[a] | labels[b]) == 2:
                    count[a, b] = count.get((a, b), 0) + 1
    return count


def overlaps(store: Store, labelled: str) -> list[dict[str, Any]]:
    """Pairs of data sets that label the same accounts (platform and id), from the table that
    `sides` made: a, b, shared.
    """
    rows: list[dict[str, Any]] = store.arrow(f"""
        WITH ids AS (
            SELECT DISTINCT platform, account_id, dataset FROM {labelled}
            WHERE NOT regexp_matches(account_id, {literal(ROW_KEY)}))
        SELECT a.dataset AS a, b.dataset AS b, count(*) AS shared
        FROM ids a JOIN ids b USING (platform, account_id)
        WHERE a.dataset < b.dataset GROUP BY ALL ORDER BY shared DESC, a, b""").to_pylist()
    return rows
