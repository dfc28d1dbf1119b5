"""Who is asked for what, and how that changes: people join and leave, accounts are taken out of
everybody's queue.

Seats are appended, never overwritten: for each copy of an account the highest revision counts.
Answers that were given stay given, whoever leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botbench.core.errors import UserError
from curation.annotation.assignment import batches
from curation.annotation.assignment.annotation_log import latest_states
from curation.annotation.assignment.batches import Batch, account_key
from curation.annotation.assignment.roster import Roster
from curation.store.retractions import standing_claims

if TYPE_CHECKING:
    import pyarrow as pa

    from curation.store.store import Store, Transaction

CURRENT = """(SELECT * FROM {seats} WHERE batch_id = '{batch}'
    QUALIFY row_number() OVER (PARTITION BY account_id, copy ORDER BY revision DESC) = 1)"""


def current(store: Store, batch: Batch) -> str:
    """SQL for the seats of a batch as they are now."""
    return CURRENT.format(seats=store.relation("seats"), batch=batch.batch_id)


def people(store: Store, batch: Batch) -> list[str]:
    """The pseudonyms of who has a seat now, sorted; empty where nobody was named."""
    found = store.arrow(
        f"SELECT DISTINCT annotator FROM {current(store, batch)} WHERE annotator IS NOT NULL ORDER"
        " BY 1"
    )
    return [str(name) for name in found["annotator"].to_pylist()]


def asked(store: Store, batch: Batch, names: Sequence[str]) -> pa.Table:
    """Who gets what, as `batches.parts` says it. With names, or where seats were given before, by
    the seats.
    """
    if not people(store, batch):
        if not names:
            return _without_reported(store, batch)
        begin(store, batch, names)
    _name(store, names)
    return store.arrow(
        f"""
        SELECT account_id, copy, coalesce(name, annotator) AS part, {account_key("batch_id", "account_id")} AS key,
            row_number() OVER (PARTITION BY annotator ORDER BY md5(coalesce(name, annotator) || chr(10) || account_id), account_id)
            AS place
        FROM {current(store, batch)} LEFT JOIN seat_names USING (annotator) WHERE annotator IS NOT NULL ORDER BY part, place"""
    )


def _without_reported(store: Store, batch: Batch) -> pa.Table:
    """The parts of a batch for whoever comes, without the accounts that were taken out."""
    store.connection.register("seat_parts", batches.parts(store, batch))
    try:
        return store.arrow(
            f"FROM seat_parts ANTI JOIN (FROM {current(store, batch)} WHERE annotator IS NULL) "
            "USING (account_id, copy) ORDER BY part, place"
        )
    finally:
        store.connection.unregister("seat_parts")


def _name(store: Store, names: Sequence[str] = ()) -> None:
    """The temporary table `seat_names`: annotator (pseudonym), name."""
    import pyarrow as pa

    roster = Roster.load(store.home)
    known = {**roster.names(), **{roster.pseudonym(n): n for n in names}}
    store.connection.register(
        "seat_offered",
        pa.table(
            {
                "annotator": pa.array(list(known), pa.string()),
                "name": pa.array(list(known.values()), pa.string()),
            }
        ),
    )
    store.connection.execute("CREATE OR REPLACE TEMP TABLE seat_names AS FROM seat_offered")
    store.connection.unregister("seat_offered")


def begin(store: Store, batch: Batch, names: Sequence[str]) -> None:
    """Give the first seats: shares of these people that differ by at most one for each copy. Gold
    is for everybody.
    """
    from curation.annotation.assignment.roster import Person

    with Roster.change(store.home) as roster:
        for name in names:
            roster.people.setdefault(name, Person(name, roster.person(name).email))
    parts = batches.parts(store, batch, names)
    codes = [roster.pseudonym(n) for n in parts["part"].to_pylist()]
    table = parts.select(["account_id", "copy"]).append_column("annotator", [codes])
    write(store, batch, table, "pushed")


def write(store: Store, batch: Batch, table: pa.Table, why: str) -> int:
    """Append seats (account_id, copy, annotator) at the next revision of each copy; returns how
    many.
    """
    store.connection.register("seat_rows", table)
    store.connection.execute("CREATE OR REPLACE TEMP TABLE seat_new AS FROM seat_rows")
    store.connection.unregister("seat_rows")

    def work(transaction: Transaction) -> int:
        rows = store.arrow(
            f"""
            SELECT '{batch.batch_id}' AS batch_id, n.account_id, n.copy, coalesce(c.revision, 0) + 1 AS revision, n.annotator,
                ? AS why, ?::TIMESTAMPTZ AS made_at
            FROM seat_new n LEFT JOIN {current(store, batch)} c USING (account_id, copy)
            WHERE c.revision IS NULL OR c.annotator IS DISTINCT FROM n.annotator""",
            [why, datetime.now(UTC)],
        )
        transaction.insert("seats", rows)
        return int(rows.num_rows)

    return store.transact(work, None, f"seats of batch {batch.batch_id}: {why}")[1]


def expected(store: Store, batch: Batch, part: str) -> int:
    """How many accounts a part should have."""
    if people(store, batch):
        code = Roster.load(store.home).pseudonym(part)
        query = f"SELECT count(*) AS n FROM {current(store, batch)} WHERE annotator IN (?, ?)"
        return int(store.arrow(query, [code, part])["n"][0].as_py())
    if batches.named_annotators(store, batch):
        where, value = "annotator = ?", part
    else:
        where, value = "'copy ' || copy = ?", part
    return int(
        store.arrow(
            f"SELECT count(*) AS n FROM {store.relation('assignments')} WHERE batch_id = ? AND"
            f" {where}",
            [batch.batch_id, value],
        )["n"][0].as_py()
    )


# -- joining, leaving, reports


def _open(store: Store, batch: Batch) -> None:
    """The temporary table `seat_open`: seats whose account their person has not answered, skipped
    or had refused yet.
    """
    log = latest_states(store.relation("annotation_log"))
    store.connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE seat_all AS
        SELECT *, {account_key("batch_id", "account_id")} AS key FROM {current(store, batch)};
        CREATE OR REPLACE TEMP TABLE seat_open AS FROM seat_all s WHERE annotator IS NOT NULL AND NOT EXISTS (FROM {log} l
            WHERE l.batch_id = s.batch_id AND l.account_key = s.key AND l.claimant = s.annotator AND l.event <> 'deleted')"""
    )


def leave(store: Store, batch: Batch, name: str, why: str = "left") -> int:
    """Hand a person's unanswered accounts to the others, evenly, to nobody twice; returns how many
    seats moved.

    Raises UserError where nobody else can take them.
    """
    import pyarrow as pa

    code, rest = _leaver(store, batch, name)
    _open(store, batch)
    store.connection.register(
        "seat_rest", pa.table({"annotator": rest, "number": list(range(len(rest)))})
    )
    moved = store.arrow(
        f"""
        WITH mine AS (SELECT account_id, copy, row_number() OVER (ORDER BY md5(account_id), account_id) AS turn
                      FROM seat_open WHERE annotator = ?),
        could AS (SELECT m.account_id, m.copy, r.annotator, (r.number + m.turn) % {len(rest)} AS preference FROM mine m, seat_rest r
                  WHERE NOT EXISTS (FROM seat_all a WHERE a.account_id = m.account_id AND a.annotator = r.annotator))
        SELECT account_id, copy, arg_min(annotator, preference) AS annotator FROM could GROUP BY ALL""",
        [code],
    )
    left = store.arrow(
        "SELECT account_id, copy, NULL::VARCHAR AS annotator FROM seat_open WHERE annotator = ?",
        [code],
    )
    if moved.num_rows < left.num_rows:
        raise UserError(
            f"{name} has {left.num_rows} unanswered accounts and only {moved.num_rows} of them can"
            " be taken by somebody who does not have the account already. Let somebody join first:"
            " --join NAME."
        )
    return write(store, batch, moved, why)


def _leaver(store: Store, batch: Batch, name: str) -> tuple[str, list[str]]:
    from botbench.core.errors import unknown

    there = people(store, batch)
    roster = Roster.load(store.home)
    code = roster.pseudonym(name)
    if code not in there:
        known = roster.names()
        raise unknown("annotator with a seat in this batch", name, [known.get(p, p) for p in there])
    return code, [p for p in there if p != code]


def join(store: Store, batch: Batch, name: str) -> int:
    """Give a newcomer an even share of what is still unanswered, from those with the most; returns
    how many seats moved.

    Raises UserError where the batch was not given to named people, or the person has a seat.
    """
    from curation.annotation.assignment.roster import Person

    there = people(store, batch)
    if not there:
        raise UserError(
            f"Batch {batch.batch_id[:8]} is for whoever comes; nobody needs to join it. Push it"
            " with --annotators to name people."
        )
    with Roster.change(store.home) as roster:
        roster.people.setdefault(name, Person(name, roster.person(name).email))
    code = roster.pseudonym(name)
    if code in there:
        raise UserError(f"{name} has a seat in batch {batch.batch_id[:8]} already.")
    _open(store, batch)
    moved = store.arrow(
        f"""
        WITH counted AS (SELECT *, count(*) OVER (PARTITION BY annotator) AS theirs FROM seat_open),
        one AS (FROM counted QUALIFY row_number() OVER (PARTITION BY account_id ORDER BY md5(account_id || annotator), copy) = 1),
        spare AS (FROM one QUALIFY row_number() OVER (PARTITION BY annotator ORDER BY md5(annotator || account_id))
                  <= floor(theirs / {len(there) + 1}))
        SELECT account_id, copy, ? AS annotator FROM spare""",
        [code],
    )
    return write(store, batch, moved, "joined")


def take_out(store: Store, batch: Batch, answers: Sequence[str]) -> int:
    """Take accounts that somebody reported (gave one of `answers`) out of every queue; returns how
    many seats that frees.
    """
    _open(store, batch)
    if not people(store, batch):
        store.connection.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE seat_open AS SELECT batch_id, account_id, copy FROM {store.relation("assignments")}
            ANTI JOIN {current(store, batch)} USING (batch_id, account_id, copy) WHERE batch_id = '{batch.batch_id}'"""
        )
    gone = store.arrow(
        f"""
        SELECT account_id, copy, NULL::VARCHAR AS annotator FROM seat_open WHERE account_id IN (
            SELECT account_id FROM {standing_claims(store.relation("claims"))}
            WHERE batch_id = ? AND list_contains(?::VARCHAR[], answer) AND claimant_kind = 'person')""",
        [batch.batch_id, list(answers)],
    )
    return write(store, batch, gone, "reported") if gone.num_rows else 0


def summary(store: Store, batch: Batch) -> list[dict[str, Any]]:
    """Seats by person (name where it is known here): how many."""
    _name(store)
    found: list[dict[str, Any]] = store.arrow(f"""
        SELECT coalesce(name, annotator) AS person, count(*) AS seats FROM {current(store, batch)} LEFT JOIN seat_names
        USING (annotator) WHERE annotator IS NOT NULL GROUP BY ALL ORDER BY 1""").to_pylist()
    return found
