"""The card: one account's evidence as one piece of HTML.

The same account and store version give the same bytes. Every string from outside goes through
`to_html`. No URL is written into an attribute, and the profile picture is our own copy inside the
card, so the annotator's browser sends no request. The letters beside the sections are the keys of
the reasons that point to them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

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

STYLE = Path(__file__).parent / "card.css"
"""The card's style sheet; its colours are the variables --ac-... of the page around it."""


@dataclass(frozen=True)
class Card:
    """One card: its HTML and the sha256 of it, the time of the observation (UTC; None if unknown),
    and whether detector scores are on it.
    """

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

    `status` adds the platform's status of the account (suspended, deleted). That is another
    claimant's verdict: show it only where the batch's design asks for it. `shown` (account_id,
    detector, p_bot, threshold) adds detector scores to the cards of its accounts and to no others:
    the random part of a batch that measures how scores influence answers.
    """
    keys: Keys = {}
    for reason in scheme.reasons.values():
        keys.setdefault(reason.section, []).append(reason.key)
    scores_of = _by_account(shown)
    for record in gather(store, dataset, accounts, at):
        own_scores = scores_of.get(record["account_id"], [])
        html = render(record, keys, status=status, detector_scores=own_scores)
        yield Card(
            record["account_id"], html, card_hash(html), record["observed_at"], bool(own_scores)
        )


def _by_account(shown: pa.Table | None) -> dict[str, list[Record]]:
    by_account: dict[str, list[Record]] = {}
    if shown is not None:
        ordered = shown.sort_by([("account_id", "ascending"), ("detector", "ascending")])
        for row in ordered.to_pylist():
            by_account.setdefault(row["account_id"], []).append(row)
    return by_account


def card_hash(html: str) -> str:
    """sha256 of a card's HTML, hex."""
    return hashlib.sha256(html.encode()).hexdigest()


def render(
    record: Record,
    keys: Keys,
    *,
    status: bool = False,
    detector_scores: Sequence[Record] = (),
) -> str:
    """A record of `evidence.gather` as HTML without html, style or script elements.

    `keys` maps sections to the letters of their reasons.
    """
    parts = (
        scores(detector_scores),
        profile(record, keys),
        '<div class="ac-2 ac-line">',
        numbers(record, keys),
        history(record, keys, status=status),
        "</div>",
        rhythm(record, keys),
        content(record, keys),
        posts(record, keys),
        company(record, keys),
        missing(record, keys),
    )
    return f'<div class="ac">{"".join(parts)}</div>'
