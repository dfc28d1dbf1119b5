"""Accounts whose answer is known because somebody adjudicated them: for training with feedback, and
hidden as gold in a queue.

A data set's label alone never makes gold: it may be one glance, or a platform's purge.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botbench.core.errors import UserError
from botbench.core.hashing import short_hash
from botbench.core.sql import literal
from curation.annotation.assignment import seats
from curation.annotation.assignment.batches import Batch, find
from curation.annotation.assignment.roster import Roster
from curation.annotation.scheme.scheme import Scheme
from curation.store import schema
from curation.store.retractions import standing_claims

if TYPE_CHECKING:
    from curation.store.store import Store, Transaction


def adjudicated(store: Store, dataset: str, scheme: Scheme) -> int:
    """Leave in `known_accounts` what adjudicators said last of each account: account_id, answer,
    label, reasons, note.

    Answers that leave an account out make no gold. Returns how many there are.
    """
    claims = standing_claims(store.relation("claims"))
    meaning = ", ".join(
        f"({literal(a)}, {literal(label)})" for a, label in scheme.labels.items() if label
    )
    store.connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE known_accounts AS
        SELECT account_id, answer, label, reasons, note FROM {claims} c JOIN (VALUES {meaning}) m(answer, label) USING (answer)
        WHERE dataset = {literal(dataset)} AND attributes['role'] = 'adjudicator'
        QUALIFY row_number() OVER (PARTITION BY account_id ORDER BY made_at DESC NULLS LAST, claim_id) = 1"""
    )
    return int(store.arrow("SELECT count(*) AS n FROM known_accounts")["n"][0].as_py())


def hide_gold(store: Store, batch: Batch, scheme: Scheme, share: float) -> int:
    """Hide gold among each person's accounts, drawn by chance from those not in the batch; returns
    how many seats that makes.

    `share` is the part of a person's queue that is to be gold. Called again it changes nothing.
    Raises UserError where the batch has no named people, or nothing was adjudicated.
    """
    people = seats.people(store, batch)
    if not people:
        raise UserError(
            "Gold is hidden in the queues of named people: push the batch with --annotators."
        )
    assignments = store.relation("assignments")
    there = f"SELECT account_id FROM {assignments} WHERE batch_id = ? AND part = 'gold' LIMIT 1"
    if store.arrow(there, [batch.batch_id]).num_rows:
        return 0
    if not adjudicated(store, batch.dataset, scheme):
        raise UserError(
            f"Nothing of {batch.dataset} was adjudicated yet, so there is no gold: label a first"
            " batch, then botbench annotate adjudicate BATCH --to NAME. (A data set's label alone"
            " makes no gold.)"
        )
    _offer_people(store, people)
    rows = store.arrow(
        f"""
        WITH shares AS (SELECT annotator, number, greatest(1, round(count(*) * {share} / (1 - {share})))::BIGINT AS wanted
                        FROM {seats.current(store, batch)} JOIN known_people USING (annotator) GROUP BY ALL),
        pool AS (SELECT account_id FROM known_accounts WHERE account_id NOT IN
                 (SELECT account_id FROM {assignments} WHERE batch_id = $1)),
        drawn AS (SELECT account_id, annotator, number, wanted FROM pool, shares QUALIFY row_number() OVER
                  (PARTITION BY annotator ORDER BY md5($1 || annotator || account_id), account_id) <= wanted)
        SELECT $1 AS batch_id, account_id, ({batch.copies} + number)::BIGINT AS copy, 'gold' AS part, annotator FROM drawn""",
        [batch.batch_id],
    )
    store.append(
        {"assignments": rows.drop_columns(["annotator"])},
        None,
        f"gold hidden in batch {batch.batch_id}",
    )
    return seats.write(store, batch, rows.select(["account_id", "copy", "annotator"]), "pushed")


def _offer_people(store: Store, people: Sequence[str]) -> None:
    """`known_people`: annotator, number from 1."""
    store.connection.execute(
        "CREATE OR REPLACE TEMP TABLE known_people AS SELECT unnest($1::VARCHAR[]) AS annotator, "
        "unnest(range(1, len($1::VARCHAR[]) + 1)) AS number",
        [list(people)],
    )


def train(store: Store, of: Batch, scheme: Scheme, names: Sequence[str], n: int) -> Batch:
    """A training batch: n adjudicated accounts, the same for everybody, each person in another
    order. Raises UserError where fewer were adjudicated than two."""
    pool = adjudicated(store, of.dataset, scheme)
    if pool < 2:
        raise UserError(
            f"Of {of.dataset} {pool} accounts were adjudicated; a training needs at least 2, better"
            " 10 of both kinds. Label a first batch, then botbench annotate adjudicate BATCH --to"
            " NAME."
        )
    drawn = store.arrow(
        "SELECT account_id FROM known_accounts ORDER BY md5(? || account_id), account_id LIMIT ?",
        [of.batch_id, n],
    )
    accounts = drawn["account_id"].to_pylist()
    return special(store, of, "training", accounts, names, pool=pool)


def special(
    store: Store,
    of: Batch,
    purpose: str,
    accounts: Sequence[str],
    names: Sequence[str],
    *,
    pool: int,
) -> Batch:
    """Record a batch that is no sample (training, adjudication): every account for each of these
    people. The same again is the same batch."""
    copies = len(names)
    batch_id = short_hash(
        {"purpose": purpose, "of": of.batch_id, "accounts": sorted(accounts), "copies": copies}
    )
    drawn_from = store.head()

    def work(transaction: Transaction) -> None:
        known = store.arrow(
            f"SELECT batch_id FROM {store.relation('batches')} WHERE batch_id = ?", [batch_id]
        )
        if known.num_rows:
            return
        transaction.insert(
            "batches",
            schema.rows(
                "batches",
                [
                    {
                        "batch_id": batch_id,
                        "dataset": of.dataset,
                        "design": f"{purpose}(n={len(accounts)})",
                        "seed": 0,
                        "population": pool,
                        "size": len(accounts),
                        "copies": copies,
                        "drawn_from": drawn_from,
                        "made_at": datetime.now(UTC),
                        "purpose": purpose,
                        "of_batch": of.batch_id,
                    }
                ],
            ),
        )
        transaction.insert(
            "assignments",
            store.arrow(
                "SELECT $1::VARCHAR AS batch_id, account_id, copy, $3::VARCHAR AS part "
                "FROM (SELECT unnest($2::VARCHAR[]) AS account_id), range(1, $4 + 1) r(copy)",
                [batch_id, list(accounts), purpose, copies],
            ),
        )

    store.transact(work, None, f"{purpose} of batch {of.batch_id}")
    batch = find(store, batch_id)
    if not seats.people(store, batch):
        seats.begin(store, batch, names)
    return batch


def feedback(store: Store, batch: Batch, scheme: Scheme) -> dict[str, list[dict[str, Any]]]:
    """By person (name where it is known here): each training account answered, beside what the
    adjudicator said and why.
    """
    adjudicated(store, batch.dataset, scheme)
    meaning = ", ".join(f"({literal(a)}, {literal(label)})" for a, label in scheme.labels.items())
    rows = store.arrow(
        f"""
        SELECT claimant, c.answer AS yours, k.answer AS adjudicated, m.label IS NOT DISTINCT FROM k.label AS alike,
            k.reasons, k.note, c.reasons AS your_reasons, c.made_at, c.attributes['annotation'] AS annotation
        FROM {standing_claims(store.relation("claims"))} c JOIN known_accounts k USING (account_id) LEFT JOIN (VALUES {meaning}) m(answer, label)
            ON m.answer = c.answer
        WHERE batch_id = ? ORDER BY claimant, made_at""",
        [batch.batch_id],
    ).to_pylist()
    names = Roster.load(store.home).names()
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        who = row.pop("claimant")
        found.setdefault(names.get(who, who), []).append(row)
    return found
