"""The standing answers of a batch: given by people and not retracted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from curation.annotation.assignment.batches import Batch
from curation.store.retractions import standing_claims

if TYPE_CHECKING:
    from curation.store.store import Store

COLUMNS = (
    "account_id",
    "claimant",
    "answer",
    "kinds",
    "confidence",
    "reasons",
    "note",
    "made_at",
    "lead_time_s",
    "scores_shown",
    "scheme_version",
)


def standing_answers(store: Store, batch: Batch) -> Iterator[tuple[Any, ...]]:
    """Yield one row (`COLUMNS`) for each answer, sorted by account, claimant and time."""
    cursor = store.connection.cursor()
    try:
        cursor.execute("SET TimeZone = 'UTC'")
        cursor.execute(
            f"""
            SELECT {", ".join(COLUMNS)} FROM {standing_claims("lake.main.claims")}
            WHERE batch_id = ? AND claimant_kind = 'person'
            ORDER BY account_id, claimant, made_at, claim_id
            """,
            [batch.batch_id],
        )
        while rows := cursor.fetchmany(10_000):
            yield from rows
    finally:
        cursor.close()
