"""Claims and labels of tests about votes."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from curation.labels.consensus import consensus
from curation.store import identity, schema

NOON = datetime(2024, 5, 5, 12, tzinfo=UTC)
MEANING = {
    "bot": "bot",
    "human": "human",
    "organisation": "human",
    "hybrid": None,
    "cannot tell": None,
}


@dataclass(frozen=True)
class Rule:
    """A scheme of the test's own."""

    version: str = "t1"
    labels: dict = field(default_factory=lambda: MEANING)
    consensus: dict = field(default_factory=lambda: {"minimum": 1, "agreed": 0.6667})


def claim(account_id, claimant, answer, minutes=None, kind="person", **more):
    made_at = None if minutes is None else NOON + timedelta(minutes=minutes)
    return {
        "dataset": "d",
        "account_id": account_id,
        "claimant": claimant,
        "claimant_kind": kind,
        "answer": answer,
        "made_at": made_at,
        **more,
    }


def say(store, *claims):
    """Append claims; returns their ids in the order given."""
    rows = identity.with_claim_ids(store.connection, schema.rows("claims", list(claims)))
    store.append({"claims": rows}, "t", "claims")
    return rows["claim_id"].to_pylist()


def labels(store, scheme=None, **options):
    """(label, status, n_claims, p_bot) by account."""
    found = consensus(store, "d", scheme or Rule(), **options)
    rows = store.arrow(
        "FROM lake.main.labels WHERE consensus_id = ?", [found.consensus_id]
    ).to_pylist()
    return {r["account_id"]: (r["label"], r["status"], r["n_claims"], r["p_bot"]) for r in rows}
