"""The card: one account's evidence as one piece of HTML, the same byte for byte for the same
account and store version.

Every string from outside goes through `literal`. No URL is ever written into an attribute (the
profile picture is our own copy, inside the card), so the annotator's browser asks nobody for
anything. The letters beside the parts are the keys of the reasons that point to them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from curation.annotation.card.company import company
from curation.annotation.card.evidence import gather
from curation.annotation.card.parts import Keys, Record
from curation.annotation.card.posts import posts
from curation.annotation.card.profile import history, missing, numbers, profile, scores
from curation.annotation.card.rhythm import content, rhythm

if TYPE_CHECKING:
    import pyarrow as pa

    from curation.annotation.scheme.scheme import Scheme
    from curation.store.store import Store


@dataclass(frozen=True)
class Card:
    """One card: its HTML, the sha256 of it, when the account looked like this (UTC; None where
    unknown), and whether detector scores are on it."""

    account_id: str
    html: str
    hash: str
    evidence_at: datetime | None
    scores_shown: bool = False


def cards(
    store: Store,
    scheme: Scheme,
    dataset: str,
    accounts: pa.Table,
    at: str | int | None = None,
    *,
    status: bool = False,
    shown: pa.Table | None = None,
) -> Iterator[Card]:
    """The cards of `accounts` (a table with a column account_id) at the store version `at`, sorted
    by account_id.

    `status` puts on what the platform says of the account (suspended, deleted): somebody else's
    verdict, so only where the batch's design asks for it. `shown` (account_id, detector, p_bot,
    threshold) puts detector scores on the cards of its accounts and no others: the random part of a
    batch that measures how much scores sway people.
    """
    keys: Keys = {}
    for reason in scheme.reasons.values():
        keys.setdefault(reason.section, []).append(reason.key)
    told = _told(shown)
    for record in gather(store, dataset, accounts, at):
        said = told.get(record["account_id"], [])
        text = render(record, keys, status=status, said=said)
        yield Card(record["account_id"], text, card_hash(text), record["observed_at"], bool(said))


def _told(shown: pa.Table | None) -> dict[str, list[Record]]:
    told: dict[str, list[Record]] = {}
    for row in (
        shown.sort_by([("account_id", "ascending"), ("detector", "ascending")]).to_pylist()
        if shown is not None
        else ()
    ):
        told.setdefault(row["account_id"], []).append(row)
    return told


def card_hash(text: str) -> str:
    """sha256 of a card's HTML, hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def render(
    record: Record, keys: Keys, *, status: bool = False, said: list[dict[str, Any]] | None = None
) -> str:
    """A record of `evidence.gather` as HTML without html, style or script elements; `keys` maps
    parts to their letters.
    """
    parts = (
        scores(said or []),
        profile(record, keys),
        (
            '<div class="ac-2'
            f' ac-line">{numbers(record, keys)}{history(record, keys, status=status)}</div>'
        ),
        rhythm(record, keys),
        content(record, keys),
        posts(record, keys),
        company(record, keys),
        missing(record, keys),
    )
    return f'<div class="ac">{"".join(parts)}</div>'
