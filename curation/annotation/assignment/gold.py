"""Gold accounts: accounts with an adjudicated answer.

They serve training with feedback, and are hidden in queues to check the work. A data set's label
alone never makes gold: it may be one person's glance, or a platform's suspension.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botbench.core.duckdb_work import materialise
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


def adjudicated(store: Store, dataset: str, scheme: Scheme) -> str:
    """The relation of the latest adjudicated answer of each account.

    Columns: account_id, answer, label, reasons, note. An answer that leaves an account out makes no
    gold.
    """
    return materialise(
        store.connection,
        "gold_adjudicated",
        f"""
        SELECT account_id, answer, label, reasons, note
        FROM {standing_claims(store.relation("claims"))} JOIN {scheme.label_values()} USING (answer)
        WHERE dataset = {literal(dataset)} AND attributes['role'] = 'adjudicator'
            AND label IS NOT NULL
        QUALIFY row_number() OVER (
            PARTITION BY account_id ORDER BY made_at DESC NULLS LAST, claim_id) = 1
        """,
    )


def _count(store: Store, relation: str) -> int:
    return int(store.scalar(f"SELECT count(*) FROM {relation}"))


def compared(store: Store, batch: Batch, scheme: Scheme) -> str:
    """The relation of a batch's standing answers to adjudicated accounts, beside the adjudicator's.

    Columns: claimant, part, yours, adjudicated, alike (the same label), reasons, note,
    account, your_reasons, made_at, annotation.
    """
    return materialise(
        store.connection,
        "gold_compared",
        f"""
        SELECT
            claimant, c.attributes['part'] AS part, c.answer AS yours, a.answer AS adjudicated,
            own.label IS NOT DISTINCT FROM a.label AS alike, a.reasons, a.note,
            c.account_id AS account, c.reasons AS your_reasons, c.made_at,
            c.attributes['annotation'] AS annotation
        FROM {standing_claims(store.relation("claims"))} c
            JOIN {adjudicated(store, batch.dataset, scheme)} a USING (account_id)
            LEFT JOIN {scheme.label_values("own")} ON own.answer = c.answer
        WHERE batch_id = ?
        """,
        [batch.batch_id],
    )


def hide_gold(store: Store, batch: Batch, scheme: Scheme, share: float) -> int:
    """Hide gold accounts in each annotator's queue; returns the number of seats that this makes.

    The accounts are drawn at random from those that are not in the batch. `share` is the part of a
    queue that is gold. A second call changes nothing. Raises UserError where the batch has no named
    annotators, or nothing was adjudicated.
    """
    annotators = seats.annotators(store, batch)
    if not annotators:
        raise UserError(
            "Gold is hidden in the queues of named people: push the batch with --annotators."
        )
    assignments = store.relation("assignments")
    hidden = f"SELECT account_id FROM {assignments} WHERE batch_id = ? AND part = 'gold' LIMIT 1"
    if store.arrow(hidden, [batch.batch_id]).num_rows:
        return 0
    accounts = adjudicated(store, batch.dataset, scheme)
    if not _count(store, accounts):
        raise UserError(
            f"Nothing of {batch.dataset} was adjudicated yet, so there is no gold: label a first"
            " batch, then botbench annotate adjudicate BATCH --to NAME. (A data set's label alone"
            " makes no gold.)"
        )
    rows = store.arrow(
        f"""
        WITH numbered AS (
            SELECT unnest($2::VARCHAR[]) AS annotator,
                unnest(range(1, len($2::VARCHAR[]) + 1)) AS number),
        shares AS (
            SELECT annotator, number,
                greatest(1, round(count(*) * {share} / (1 - {share})))::BIGINT AS wanted
            FROM {seats.current(store, batch)} JOIN numbered USING (annotator) GROUP BY ALL),
        pool AS (
            SELECT account_id FROM {accounts} WHERE account_id NOT IN (
                SELECT account_id FROM {assignments} WHERE batch_id = $1)),
        drawn AS (
            SELECT account_id, annotator, number, wanted FROM pool, shares
            QUALIFY row_number() OVER (
                PARTITION BY annotator ORDER BY md5($1 || annotator || account_id), account_id
            ) <= wanted)
        SELECT $1 AS batch_id, account_id, ({batch.copies} + number)::BIGINT AS copy,
            'gold' AS part, annotator
        FROM drawn
        """,
        [batch.batch_id, annotators],
    )
    store.append(
        {"assignments": rows.drop_columns(["annotator"])},
        None,
        f"gold hidden in batch {batch.batch_id}",
    )
    return seats.append(store, batch, rows.select(["account_id", "copy", "annotator"]), "pushed")


def train(store: Store, of: Batch, scheme: Scheme, names: Sequence[str], n: int) -> Batch:
    """A training batch of n adjudicated accounts: the same for everybody, in a different order for
    each person.

    Raises UserError where fewer than two accounts were adjudicated.
    """
    accounts = adjudicated(store, of.dataset, scheme)
    pool = _count(store, accounts)
    if pool < 2:
        raise UserError(
            f"Of {of.dataset} {pool} accounts were adjudicated; a training needs at least 2, better"
            " 10 of both kinds. Label a first batch, then botbench annotate adjudicate BATCH --to"
            " NAME."
        )
    drawn = store.arrow(
        f"SELECT account_id FROM {accounts} ORDER BY md5(? || account_id), account_id LIMIT ?",
        [of.batch_id, n],
    )
    return record_batch(store, of, "training", drawn["account_id"].to_pylist(), names, pool=pool)


def record_batch(
    store: Store,
    of: Batch,
    purpose: str,
    accounts: Sequence[str],
    names: Sequence[str],
    *,
    pool: int,
) -> Batch:
    """Record a batch that is no sample (training, adjudication): every account for each person.

    The same arguments give the same batch.
    """
    copies = len(names)
    batch_id = short_hash(
        {"purpose": purpose, "of": of.batch_id, "accounts": sorted(accounts), "copies": copies}
    )
    batch_row = {
        "batch_id": batch_id,
        "dataset": of.dataset,
        "design": f"{purpose}(n={len(accounts)})",
        "seed": 0,
        "population": pool,
        "size": len(accounts),
        "copies": copies,
        "drawn_from": store.head(),
        "made_at": datetime.now(UTC),
        "purpose": purpose,
        "of_batch": of.batch_id,
    }

    def work(transaction: Transaction) -> None:
        recorded = f"SELECT batch_id FROM {store.relation('batches')} WHERE batch_id = ?"
        if store.arrow(recorded, [batch_id]).num_rows:
            return
        assignments = store.arrow(
            """
            SELECT $1::VARCHAR AS batch_id, account_id, copy, $3::VARCHAR AS part
            FROM (SELECT unnest($2::VARCHAR[]) AS account_id), range(1, $4 + 1) r(copy)
            """,
            [batch_id, list(accounts), purpose, copies],
        )
        transaction.insert("batches", schema.rows("batches", [batch_row]))
        transaction.insert("assignments", assignments)

    store.transact(work, None, f"{purpose} of batch {of.batch_id}")
    batch = find(store, batch_id)
    if not seats.annotators(store, batch):
        seats.assign(store, batch, names)
    return batch


def feedback(store: Store, batch: Batch, scheme: Scheme) -> dict[str, list[dict[str, Any]]]:
    """By person: each training account answered, beside the adjudicator's answer and reasons.

    The keys are names where this store's roster has them, otherwise pseudonyms.
    """
    rows = store.arrow(
        f"SELECT * EXCLUDE (part) FROM {compared(store, batch, scheme)} ORDER BY claimant, made_at"
    ).to_pylist()
    names = Roster.load(store.home).names()
    by_person: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        claimant = row.pop("claimant")
        by_person.setdefault(names.get(claimant, claimant), []).append(row)
    return by_person
