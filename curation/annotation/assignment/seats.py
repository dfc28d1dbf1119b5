"""Seats: which annotator is asked for which copy of an account, and how that changes.

People join and leave, and reported accounts are taken out of every queue. Seats are appended, never
overwritten: for each copy of an account the highest revision counts. Answers remain when their
annotator leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botbench.core.duckdb_work import materialise
from botbench.core.errors import UserError, unknown
from curation.annotation.assignment import batches
from curation.annotation.assignment.annotation_log import latest_states
from curation.annotation.assignment.batches import Batch, account_key
from curation.annotation.assignment.roster import Roster
from curation.store.retractions import standing_claims

if TYPE_CHECKING:
    import pyarrow as pa

    from curation.store.store import Store, Transaction


def current(store: Store, batch: Batch) -> str:
    """SQL for the seats of a batch as they are now."""
    return f"""(
        SELECT * FROM {store.relation("seats")} WHERE batch_id = '{batch.batch_id}'
        QUALIFY row_number() OVER (PARTITION BY account_id, copy ORDER BY revision DESC) = 1)"""


def annotators(store: Store, batch: Batch) -> list[str]:
    """The pseudonyms of everybody with a seat, sorted; empty where no annotator was named."""
    return _texts(
        store.arrow(
            f"SELECT DISTINCT annotator FROM {current(store, batch)} WHERE annotator IS NOT NULL"
            " ORDER BY 1"
        )
    )


def _texts(table: pa.Table) -> list[str]:
    return [str(value) for value in table.column(0).to_pylist()]


def parts(store: Store, batch: Batch, names: Sequence[str]) -> pa.Table:
    """Who gets which account: the columns of `batches.parts`.

    The seats decide where there are any; otherwise `names` get the first seats, and without names
    the parts are one copy each.
    """
    if not annotators(store, batch):
        if not names:
            return _without_reported(store, batch)
        assign(store, batch, names)
    return store.arrow(
        f"""
        SELECT
            account_id, copy, coalesce(name, annotator) AS part,
            {account_key("batch_id", "account_id")} AS key,
            row_number() OVER (PARTITION BY annotator ORDER BY
                md5(coalesce(name, annotator) || chr(10) || account_id), account_id) AS place
        FROM {current(store, batch)} LEFT JOIN {_names(store, names)} USING (annotator)
        WHERE annotator IS NOT NULL ORDER BY part, place
        """
    )


def _without_reported(store: Store, batch: Batch) -> pa.Table:
    """The parts of a batch without named annotators, except the accounts that were taken out."""
    store.connection.register("seat_parts", batches.parts(store, batch))
    try:
        return store.arrow(
            f"""
            FROM seat_parts ANTI JOIN (FROM {current(store, batch)} WHERE annotator IS NULL)
                USING (account_id, copy)
            ORDER BY part, place
            """
        )
    finally:
        store.connection.unregister("seat_parts")


def _names(store: Store, names: Sequence[str] = ()) -> str:
    """The relation of names by pseudonym: annotator, name."""
    roster = Roster.load(store.home)
    by_pseudonym = {**roster.names(), **{roster.pseudonym(name): name for name in names}}
    return materialise(
        store.connection,
        "seat_names",
        "SELECT unnest(?::VARCHAR[]) AS annotator, unnest(?::VARCHAR[]) AS name",
        [list(by_pseudonym), list(by_pseudonym.values())],
    )


def assign(store: Store, batch: Batch, names: Sequence[str]) -> None:
    """Give the first seats: for each copy, the shares of these people differ by at most one.

    In a batch of gold accounts everybody has a seat for every account.
    """
    with Roster.change(store.home) as roster:
        for name in names:
            roster.add(name)
    of_people = batches.parts(store, batch, names)
    pseudonyms = [roster.pseudonym(name) for name in of_people["part"].to_pylist()]
    seats = of_people.select(["account_id", "copy"]).append_column("annotator", [pseudonyms])
    append(store, batch, seats, "pushed")


def append(store: Store, batch: Batch, seats: pa.Table, why: str) -> int:
    """Append seats (account_id, copy, annotator) as the next revision of each copy; returns the
    number of changed seats.
    """
    store.connection.register("seats_offered", seats)
    changed = materialise(store.connection, "seats_changed", "FROM seats_offered")
    store.connection.unregister("seats_offered")

    def work(transaction: Transaction) -> int:
        rows = store.arrow(
            f"""
            SELECT '{batch.batch_id}' AS batch_id, n.account_id, n.copy,
                coalesce(c.revision, 0) + 1 AS revision, n.annotator, ? AS why,
                ?::TIMESTAMPTZ AS made_at
            FROM {changed} n LEFT JOIN {current(store, batch)} c USING (account_id, copy)
            WHERE c.revision IS NULL OR c.annotator IS DISTINCT FROM n.annotator
            """,
            [why, datetime.now(UTC)],
        )
        transaction.insert("seats", rows)
        return int(rows.num_rows)

    return store.transact(work, None, f"seats of batch {batch.batch_id}: {why}")[1]


def expected(store: Store, batch: Batch, part: str) -> int:
    """The number of accounts that a part should have."""
    if annotators(store, batch):
        pseudonym = Roster.load(store.home).pseudonym(part)
        query = f"SELECT count(*) FROM {current(store, batch)} WHERE annotator IN (?, ?)"
        return int(store.scalar(query, [pseudonym, part]))
    column = "annotator" if batches.named_annotators(store, batch) else "'copy ' || copy"
    query = (
        f"SELECT count(*) FROM {store.relation('assignments')} WHERE batch_id = ? AND {column} = ?"
    )
    return int(store.scalar(query, [batch.batch_id, part]))


# -- joining, leaving, reports


def _keyed(store: Store, batch: Batch) -> str:
    """SQL for the current seats, with the key of each account."""
    key = account_key("batch_id", "account_id")
    return f"(SELECT *, {key} AS key FROM {current(store, batch)})"


def _unanswered(store: Store, batch: Batch) -> str:
    """The relation of the seats whose annotator has not answered, skipped or been rejected."""
    log = latest_states(store.relation("annotation_log"))
    return materialise(
        store.connection,
        "seats_unanswered",
        f"""
        FROM {_keyed(store, batch)} s
        WHERE annotator IS NOT NULL AND NOT EXISTS (
            FROM {log} l
            WHERE l.batch_id = s.batch_id AND l.account_key = s.key AND l.claimant = s.annotator
                AND l.event <> 'deleted')
        """,
    )


def leave(store: Store, batch: Batch, name: str, why: str = "left") -> int:
    """Hand a person's unanswered accounts to the others, evenly and to nobody twice; returns the
    number of seats moved.

    Raises UserError where nobody else can take them.
    """
    pseudonym, others = _leaver(store, batch, name)
    unanswered = _unanswered(store, batch)
    moved = store.arrow(
        f"""
        WITH others AS (
            SELECT unnest($2::VARCHAR[]) AS annotator,
                unnest(range(len($2::VARCHAR[]))) AS number),
        own AS (
            SELECT account_id, copy,
                row_number() OVER (ORDER BY md5(account_id), account_id) AS turn
            FROM {unanswered} WHERE annotator = $1),
        possible AS (
            SELECT o.account_id, o.copy, p.annotator,
                (p.number + o.turn) % len($2::VARCHAR[]) AS preference
            FROM own o, others p
            WHERE NOT EXISTS (
                FROM {current(store, batch)} s
                WHERE s.account_id = o.account_id AND s.annotator = p.annotator))
        SELECT account_id, copy, arg_min(annotator, preference) AS annotator
        FROM possible GROUP BY ALL
        """,
        [pseudonym, others],
    )
    left = store.scalar(f"SELECT count(*) FROM {unanswered} WHERE annotator = ?", [pseudonym])
    if moved.num_rows < left:
        raise UserError(
            f"{name} has {left} unanswered accounts and only {moved.num_rows} of them can"
            " be taken by somebody who does not have the account already. Let somebody join first:"
            " --join NAME."
        )
    return append(store, batch, moved, why)


def _leaver(store: Store, batch: Batch, name: str) -> tuple[str, list[str]]:
    """The pseudonym of who leaves, and those of the other annotators."""
    seated = annotators(store, batch)
    roster = Roster.load(store.home)
    pseudonym = roster.pseudonym(name)
    if pseudonym not in seated:
        names = roster.names()
        raise unknown(
            "annotator with a seat in this batch", name, [names.get(p, p) for p in seated]
        )
    return pseudonym, [p for p in seated if p != pseudonym]


def join(store: Store, batch: Batch, name: str) -> int:
    """Give a newcomer an even share of the unanswered accounts, from those with the most; returns
    the number of seats moved.

    Raises UserError where the batch has no named annotators, or the person has a seat.
    """
    seated = annotators(store, batch)
    if not seated:
        raise UserError(
            f"Batch {batch.batch_id[:8]} is for whoever comes; nobody needs to join it. Push it"
            " with --annotators to name people."
        )
    with Roster.change(store.home) as roster:
        roster.add(name)
    pseudonym = roster.pseudonym(name)
    if pseudonym in seated:
        raise UserError(f"{name} has a seat in batch {batch.batch_id[:8]} already.")
    moved = store.arrow(
        f"""
        WITH counted AS (
            SELECT *, count(*) OVER (PARTITION BY annotator) AS theirs
            FROM {_unanswered(store, batch)}),
        one_copy AS (
            FROM counted
            QUALIFY row_number() OVER (
                PARTITION BY account_id ORDER BY md5(account_id || annotator), copy) = 1),
        spare AS (
            FROM one_copy
            QUALIFY row_number() OVER (PARTITION BY annotator ORDER BY md5(annotator || account_id))
                <= floor(theirs / {len(seated) + 1}))
        SELECT account_id, copy, ? AS annotator FROM spare
        """,
        [pseudonym],
    )
    return append(store, batch, moved, "joined")


def take_out(store: Store, batch: Batch, answers: Sequence[str]) -> int:
    """Take reported accounts (those with one of `answers`) out of every queue; returns the number
    of seats that this frees.
    """
    if annotators(store, batch):
        unanswered = _unanswered(store, batch)
    else:
        unanswered = f"""(
            FROM {store.relation("assignments")}
            ANTI JOIN {current(store, batch)} USING (batch_id, account_id, copy)
            WHERE batch_id = '{batch.batch_id}')"""
    freed = store.arrow(
        f"""
        SELECT account_id, copy, NULL::VARCHAR AS annotator FROM {unanswered}
        WHERE account_id IN (
            SELECT account_id FROM {standing_claims(store.relation("claims"))}
            WHERE batch_id = ? AND list_contains(?::VARCHAR[], answer)
                AND claimant_kind = 'person')
        """,
        [batch.batch_id, list(answers)],
    )
    return append(store, batch, freed, "reported") if freed.num_rows else 0


def summary(store: Store, batch: Batch) -> list[dict[str, Any]]:
    """The number of seats of each person (name where the roster has it, otherwise pseudonym)."""
    rows: list[dict[str, Any]] = store.arrow(
        f"""
        SELECT coalesce(name, annotator) AS person, count(*) AS seats
        FROM {current(store, batch)} LEFT JOIN {_names(store)} USING (annotator)
        WHERE annotator IS NOT NULL GROUP BY ALL ORDER BY 1
        """
    ).to_pylist()
    return rows
