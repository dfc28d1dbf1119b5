"""Disputed accounts go to a further person, with what both sides gave as reasons and not who they
are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from botbench.core.errors import UserError
from botbench.core.sql import literal
from botbench.text.escaping import to_html
from curation.annotation.assignment import gold
from curation.annotation.assignment.batches import Batch
from curation.annotation.assignment.roster import Roster
from curation.annotation.card.card import Card, card_hash
from curation.annotation.scheme.scheme import Scheme
from curation.store.retractions import standing_claims

if TYPE_CHECKING:
    from curation.store.store import Store


def standing(store: Store, batch_ids: list[str], scheme: Scheme, at: int | None = None) -> None:
    """`standing_votes`: what people say now of the sampled accounts of some batches (adjudicators,
    training and gold apart): batch_id, account_id, claimant, answer, label, reasons, note."""
    claims = standing_claims(store.relation("claims", at))
    meaning = ", ".join(f"({literal(a)}, {literal(label)})" for a, label in scheme.labels.items())
    store.connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE standing_votes AS
        SELECT batch_id, account_id, claimant, answer, label, reasons, note
        FROM {claims} LEFT JOIN (VALUES {meaning}) m(answer, label) USING (answer)
        WHERE list_contains(?::VARCHAR[], batch_id) AND claimant_kind = 'person'
            AND attributes['part'] IS NULL
        QUALIFY row_number() OVER (PARTITION BY batch_id, account_id, claimant ORDER BY made_at DESC NULLS LAST, claim_id) = 1""",
        [batch_ids],
    )


def waiting(store: Store, batch_ids: list[str], scheme: Scheme) -> list[tuple[str, str]]:
    """(batch, account) of what is disputed by the scheme's rule and no adjudicator has judged,
    sorted.
    """
    standing(store, batch_ids, scheme)
    claims = standing_claims(store.relation("claims"))
    agreed = float(scheme.consensus["agreed"])
    rows = store.arrow(f"""
        WITH sides AS (SELECT batch_id, account_id, count(*) FILTER (label = 'bot') AS bots,
                       count(*) FILTER (label = 'human') AS humans FROM standing_votes GROUP BY ALL)
        SELECT batch_id, account_id FROM sides JOIN {store.relation("batches")} b USING (batch_id)
        WHERE bots > 0 AND humans > 0 AND round(greatest(bots, humans) / (bots + humans), 4) < {agreed!r}
            AND NOT EXISTS (FROM {claims} c WHERE c.dataset = b.dataset AND c.account_id = sides.account_id
                AND attributes['role'] = 'adjudicator')
        ORDER BY ALL""").to_pylist()
    return [(r["batch_id"], r["account_id"]) for r in rows]


def begin(store: Store, batch: Batch, scheme: Scheme, name: str) -> Batch:
    """A batch of the disputed accounts for a further person; those this person answered already
    stay waiting.

    Raises UserError where nothing waits for this person.
    """
    disputed = [account for _, account in waiting(store, [batch.batch_id], scheme)]
    code = Roster.load(store.home).pseudonym(name)
    mine = set(
        store.arrow("SELECT account_id FROM standing_votes WHERE claimant = ?", [code])[
            "account_id"
        ].to_pylist()
    )
    asked = set(
        store.arrow(
            f"""
        SELECT account_id FROM {store.relation("assignments")} SEMI JOIN
        (FROM {store.relation("batches")} WHERE of_batch = ? AND purpose = 'adjudication') USING (batch_id)""",
            [batch.batch_id],
        )["account_id"].to_pylist()
    )
    accounts = [a for a in disputed if a not in mine and a not in asked]
    if not accounts:
        own = (
            f" {len(mine & set(disputed))} of them {name} answered, which a further person must not"
            " have."
            if mine
            else ""
        )
        raise UserError(
            f"Nothing new of batch {batch.batch_id[:8]} waits for {name}: {len(disputed)} accounts"
            f" are disputed, {len(asked & set(disputed))} of them are being adjudicated.{own}"
        )
    return gold.special(store, batch, "adjudication", accounts, [name], pool=len(disputed))


def told(store: Store, batch: Batch, scheme: Scheme, cards: Iterator[Card]) -> Iterator[Card]:
    """The cards; those of an adjudication followed by what both sides said, as of the version the
    batch was made from.
    """
    row = store.arrow(
        f"SELECT purpose, of_batch FROM {store.relation('batches')} WHERE batch_id = ?",
        [batch.batch_id],
    ).to_pylist()
    if not row or row[0]["purpose"] != "adjudication":
        return cards
    standing(store, [row[0]["of_batch"]], scheme, batch.drawn_from)
    sides = store.arrow("""
        SELECT account_id, answer, count(*) AS votes, list_sort(list_distinct(flatten(list(coalesce(reasons, []))))) AS reasons,
            list_sort(list(note) FILTER (note IS NOT NULL)) AS notes
        FROM standing_votes GROUP BY account_id, answer ORDER BY account_id, answer""").to_pylist()
    by: dict[str, list[dict[str, Any]]] = {}
    for side in sides:
        by.setdefault(side["account_id"], []).append(side)
    return (_with(card, by.get(card.account_id, []), scheme) for card in cards)


def _with(card: Card, sides: list[dict[str, Any]], scheme: Scheme) -> Card:
    body = "".join(f"<li>{_side(side, scheme)}</li>" for side in sides)
    html = (
        f'{card.html}<div class="ac"><section class="ac-s"><div class="ac-h"><b>What was said'
        " before</b><small>without names; yours is the answer that settles it</small></div><ul"
        f' class="ac-p">{body}</ul></section></div>'
    )
    return replace(card, html=html, hash=card_hash(html))


def _side(side: dict[str, Any], scheme: Scheme) -> str:
    answer = scheme.answers.get(side["answer"])
    reasons = [scheme.reasons[r].title if r in scheme.reasons else r for r in side["reasons"] or []]
    notes = "".join(f"<p>{to_html(note)}</p>" for note in side["notes"] or [])
    votes = "one person" if side["votes"] == 1 else f"{side['votes']} people"
    given = to_html(", ".join(reasons)) if reasons else '<i class="ac-no">no reason given</i>'
    return (
        f"<b>{to_html(answer.title if answer else side['answer'])}</b> · {votes} · {given}{notes}"
    )
