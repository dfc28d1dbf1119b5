"""What became of a data set's accounts, by label: a loss that differs between labels is bias."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botbench.core.sql import literal
from botbench.stats.proportions import wilson
from curation.ingest.live.settle import LOST
from curation.store.retractions import standing_claims
from curation.store.snapshot_queries import latest, newest_consensus

if TYPE_CHECKING:
    from curation.store.store import Store

NO_LABEL = "no label"
THERE = "there"


def attrition(store: Store, dataset: str) -> dict[str, Any]:
    """Statuses by label, each with its count, share and 95 % interval (Wilson); empty without loss.

    A label is that of the newest consensus, else the one answer of all standing claims.
    """
    accounts = f"(FROM {store.relation('accounts')} WHERE dataset = {literal(dataset)})"
    rows = store.connection.execute(
        f"""SELECT coalesce(label, '{NO_LABEL}'),
            CASE WHEN status IN {LOST} THEN status ELSE '{THERE}' END, count(*)
        FROM {latest(accounts)} LEFT JOIN ({_labels(store, dataset)}) USING (account_id)
        GROUP BY ALL ORDER BY ALL"""
    ).fetchall()
    if all(status == THERE for _, status, _ in rows):
        return {}
    totals: dict[str, int] = {}
    for label, _, count in rows:
        totals[label] = totals.get(label, 0) + count
    found: dict[str, Any] = {label: {"accounts": total} for label, total in totals.items()}
    for label, status, count in rows:
        share = count / totals[label]
        low, high = wilson(share, totals[label])
        found[label][status] = {
            "accounts": count,
            "share": share,
            "low": float(low),
            "high": float(high),
        }
    return found


def _labels(store: Store, dataset: str) -> str:
    consensus = newest_consensus(store, dataset, None)
    if consensus:
        return (
            f"SELECT account_id, label FROM {store.relation('labels')}"
            f" WHERE dataset = {literal(dataset)} AND consensus_id = {literal(consensus)}"
            " AND label IS NOT NULL"
        )
    claims = standing_claims(
        f"(FROM {store.relation('claims')} WHERE dataset = {literal(dataset)})"
    )
    return (
        f"SELECT account_id, min(answer) AS label FROM {claims} WHERE answer IN ('bot', 'human')"
        " GROUP BY 1 HAVING count(DISTINCT answer) = 1"
    )
