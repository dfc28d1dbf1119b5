"""Adjudication: disputed accounts go to a further person, with the reasons that both sides gave.

The card of an adjudication shows the earlier answers without the names of the annotators.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from botbench.core.duckdb_work import materialise
from botbench.core.errors import UserError
from botbench.text.escaping import to_html
from curation.annotation.assignment import gold
from curation.annotation.assignment.batches import Batch
from curation.annotation.assignment.roster import Roster
from curation.annotation.card.card import Card, card_hash
from curation.annotation.scheme.scheme import Scheme
from curation.store.retractions import standing_claims

if TYPE_CHECKING:
    from curation.store.store import Store


def votes(store: Store, batch_ids: list[str], scheme: Scheme, at: int | None = None) -> str:
    """The relation of each person's latest standing answer to the sampled accounts of some batches.

    Columns: batch_id, account_id, claimant, answer, label, reasons, note. Answers of adjudicators
    and answers to training and gold accounts are excluded.
    """
    return materialise(
        store.connection,
        "adjudication_votes",
        f"""
        SELECT batch_id, account_id, claimant, answer, label, reasons, note
        FROM {standing_claims(store.relation("claims", at))}
            LEFT JOIN {scheme.label_values()} USING (answer)
        WHERE list_contains(?::VARCHAR[], batch_id) AND claimant_kind = 'person'
            AND attributes['part'] IS NULL
        QUALIFY row_number() OVER (
            PARTITION BY batch_id, account_id, claimant
            ORDER BY made_at DESC NULLS LAST, claim_id) = 1
        """,
        [batch_ids],
    )


def waiting(store: Store, votes: str, scheme: Scheme) -> list[tuple[str, str]]:
    """(batch, account) of disputed accounts without an adjudicator's answer, sorted.

    `votes` is the relation of that name; the scheme's rule decides what is disputed.
    """
    rows = store.arrow(f"""
        WITH sides AS (
            SELECT batch_id, account_id, count(*) FILTER (label = 'bot') AS bots,
                count(*) FILTER (label = 'human') AS humans
            FROM {votes} GROUP BY ALL),
        adjudicated AS (
            SELECT dataset, account_id FROM {standing_claims(store.relation("claims"))}
            WHERE attributes['role'] = 'adjudicator')
        SELECT batch_id, account_id
        FROM sides JOIN {store.relation("batches")} b USING (batch_id)
            ANTI JOIN adjudicated a
                ON a.dataset = b.dataset AND a.account_id = sides.account_id
        WHERE bots > 0 AND humans > 0
            AND round(greatest(bots, humans) / (bots + humans), 4)
                < {float(scheme.consensus["agreed"])!r}
        ORDER BY ALL""").to_pylist()
    return [(r["batch_id"], r["account_id"]) for r in rows]


def begin(store: Store, batch: Batch, scheme: Scheme, name: str) -> Batch:
    """Make a batch of the disputed accounts for a further person.

    Accounts that this person answered already keep waiting. Raises UserError where nothing waits
    for this person.
    """
    answers = votes(store, [batch.batch_id], scheme)
    disputed = [account for _, account in waiting(store, answers, scheme)]
    own = _account_ids(
        store,
        f"SELECT account_id FROM {answers} WHERE claimant = ?",
        Roster.load(store.home).pseudonym(name),
    )
    in_adjudication = _account_ids(
        store,
        f"""
        SELECT account_id FROM {store.relation("assignments")} SEMI JOIN (
            FROM {store.relation("batches")} WHERE of_batch = ? AND purpose = 'adjudication')
            USING (batch_id)
        """,
        batch.batch_id,
    )
    accounts = [a for a in disputed if a not in own and a not in in_adjudication]
    if not accounts:
        answered = (
            f" {name} answered {len(own & set(disputed))} of them; a further person must not have"
            " answered the account."
            if own
            else ""
        )
        raise UserError(
            f"Nothing new of batch {batch.batch_id[:8]} waits for {name}: {len(disputed)} accounts"
            f" are disputed, {len(in_adjudication & set(disputed))} of them are being"
            f" adjudicated.{answered}"
        )
    return gold.record_batch(store, batch, "adjudication", accounts, [name], pool=len(disputed))


def _account_ids(store: Store, query: str, parameter: str) -> set[str]:
    return set(store.arrow(query, [parameter])["account_id"].to_pylist())


def add_earlier_answers(
    store: Store, batch: Batch, scheme: Scheme, cards: Iterator[Card]
) -> Iterator[Card]:
    """The cards; those of an adjudication with the answers of both sides below.

    The answers are those of the store version that the batch was made from.
    """
    batch_row = store.arrow(
        f"SELECT purpose, of_batch FROM {store.relation('batches')} WHERE batch_id = ?",
        [batch.batch_id],
    ).to_pylist()
    if not batch_row or batch_row[0]["purpose"] != "adjudication":
        return cards
    answers = votes(store, [batch_row[0]["of_batch"]], scheme, batch.drawn_from)
    sides = store.arrow(f"""
        SELECT account_id, answer, count(*) AS votes,
            list_sort(list_distinct(flatten(list(coalesce(reasons, []))))) AS reasons,
            list_sort(list(note) FILTER (note IS NOT NULL)) AS notes
        FROM {answers} GROUP BY account_id, answer ORDER BY account_id, answer""").to_pylist()
    by_account: dict[str, list[dict[str, Any]]] = {}
    for side in sides:
        by_account.setdefault(side["account_id"], []).append(side)
    return (_with_sides(card, by_account.get(card.account_id, []), scheme) for card in cards)


def _with_sides(card: Card, sides: list[dict[str, Any]], scheme: Scheme) -> Card:
    body = "".join(f"<li>{_side(side, scheme)}</li>" for side in sides)
    html = (
        f'{card.html}<div class="ac"><section class="ac-s"><div class="ac-h"><b>What was said'
        " before</b><small>without names; yours is the answer that settles it</small></div>"
        f'<ul class="ac-p">{body}</ul></section></div>'
    )
    return replace(card, html=html, hash=card_hash(html))


def _side(side: dict[str, Any], scheme: Scheme) -> str:
    answer = scheme.answers.get(side["answer"])
    reasons = [scheme.reasons[r].title if r in scheme.reasons else r for r in side["reasons"] or []]
    notes = "".join(f"<p>{to_html(note)}</p>" for note in side["notes"] or [])
    count = "one person" if side["votes"] == 1 else f"{side['votes']} people"
    given = to_html(", ".join(reasons)) if reasons else '<i class="ac-no">no reason given</i>'
    return (
        f"<b>{to_html(answer.title if answer else side['answer'])}</b> · {count} · {given}{notes}"
    )
