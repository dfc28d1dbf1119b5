"""Third step of a sync: compare the annotations read with the log of annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botbench.core.duckdb_work import materialise
from curation.annotation.assignment.annotation_log import latest_states
from curation.annotation.assignment.batches import account_key
from curation.store.retractions import standing_claims

if TYPE_CHECKING:
    import pyarrow as pa

    from curation.store.store import Store


def logged_annotations(store: Store) -> pa.Table:
    """The annotations (column annotation_id) in the log now. Call it before reading the server.

    Only these can be missed there: another sync may log an annotation that was made after this one
    read the server, and not seeing it then is no deletion.
    """
    return store.arrow("SELECT DISTINCT annotation_id FROM lake.main.annotation_log")


def with_accounts(
    store: Store, annotations: pa.Table, dataset: str | None = None, batch: str | None = None
) -> str:
    """The newest state of each annotation (rows of `parse.seen_schema`) with the data set and
    account it is about; without a known account it is rejected. Returns the relation's name.

    `dataset` or `batch` say what tasks belong to that do not say so themselves.
    """
    connection = store.connection
    connection.register("sync_offered", annotations)
    try:
        return materialise(connection, "sync_seen", _with_accounts_sql(), [batch, dataset])
    finally:
        connection.unregister("sync_offered")


def _with_accounts_sql() -> str:
    key = account_key("a.batch_id", "a.account_id")
    # Joined by equality alone: a task names its account by the key, an export of plain ids by id.
    return f"""
        WITH newest AS (
            SELECT * REPLACE (coalesce(batch_id, $1) AS batch_id) FROM sync_offered
            QUALIFY 1 = row_number() OVER (
                PARTITION BY annotation_id ORDER BY updated_at DESC NULLS LAST)),
        asked AS (
            SELECT DISTINCT
                a.batch_id, b.dataset, a.account_id,
                unnest([{key}, a.account_id]) AS account_key
            FROM lake.main.assignments a JOIN lake.main.batches b USING (batch_id)
            WHERE batch_id = $1 OR batch_id IN (SELECT batch_id FROM sync_offered)),
        in_dataset AS (
            SELECT dataset, account_id FROM lake.main.accounts WHERE dataset = $2
            UNION SELECT dataset, account_id FROM lake.main.claims WHERE dataset = $2)
        SELECT
            n.* REPLACE (
                CASE WHEN coalesce(a.account_id, d.account_id) IS NULL THEN 'rejected'
                    ELSE event END AS event,
                CASE WHEN coalesce(a.account_id, d.account_id) IS NULL
                    THEN 'its account is not in the batch or data set' ELSE reason END AS reason),
            coalesce(a.dataset, d.dataset) AS dataset,
            coalesce(a.account_id, d.account_id) AS account_id
        FROM newest n
        LEFT JOIN asked a ON a.batch_id = n.batch_id AND a.account_key = n.account_key
        LEFT JOIN in_dataset d ON d.account_id = n.account_key
        """


def changes(
    store: Store, located: str, logged_before: pa.Table, complete: pa.Table | None = None
) -> tuple[str, str]:
    """Compare annotations (of `with_accounts`) with the log now. Returns the names of two
    relations: the annotations as they count, and what differs of them from the log.

    Both have the claim that stays although another person changed its annotation (kept); the
    changes also have the claim made of the annotation so far (live) and whose it is. An annotation
    of `logged_before` that is not in `located` is deleted if its task is in `complete` (columns
    project, account_key): without that, nothing is. Call it within the transaction that stores the
    changes.
    """
    connection = store.connection
    latest = materialise(connection, "sync_latest", LATEST_WITH_CLAIM)
    judged = materialise(connection, "sync_judged", _judged_sql(located, latest))
    new_states = _new_states_sql(judged, latest)
    if complete is None:
        return judged, materialise(connection, "sync_changes", new_states)
    connection.register("sync_complete", complete)
    connection.register("sync_logged_before", logged_before)
    try:
        deletions = _deletions_sql(judged, latest, "sync_logged_before", "sync_complete")
        return judged, materialise(
            connection, "sync_changes", f"{new_states} UNION ALL BY NAME {deletions}"
        )
    finally:
        connection.unregister("sync_complete")
        connection.unregister("sync_logged_before")


LATEST_WITH_CLAIM = f"""
    SELECT
        l.annotation_id, l.project, l.server, l.updated_at, l.event, l.payload_hash,
        l.account_key AS logged_key, l.task AS logged_task, l.number AS logged_number,
        l.claimant AS logged_claimant, l.batch_id AS logged_batch,
        c.claim_id AS live, c.dataset AS live_dataset, c.account_id AS live_account,
        c.claimant AS live_claimant, c.batch_id AS live_batch
    FROM {latest_states("lake.main.annotation_log")} l
    LEFT JOIN lake.main.claims c
        ON c.claim_id = l.claim_id AND c.answer IS NOT NULL
        AND l.event IN ('answered', 'edited', 'rejected')
    """
"""The latest state of each annotation in the log, with the claim that was made of it."""


def _judged_sql(located: str, latest: str) -> str:
    """Only its claimant retracts a claim: another person's change of the annotation is rejected,
    and the claim stays (kept) until its claimant answers again. An adjudicator must not have
    answered the account: that answer is rejected too.
    """
    by_claimant = (
        "(NOT person_known OR claimant = live_claimant)"
        " AND coalesce(edited_by = live_claimant, true)"
    )
    return f"""
        WITH compared AS (
            SELECT
                s.*,
                CASE WHEN live IS NOT NULL AND NOT ({by_claimant})
                        AND (s.payload_hash <> l.payload_hash OR l.event = 'rejected')
                    THEN live END AS kept,
                CASE WHEN claimant = live_claimant THEN edited_by ELSE claimant END
                    || ' changed the answer of ' || live_claimant || ', which only '
                    || live_claimant || ' can retract: it stands' AS foreign_reason
            FROM {located} s LEFT JOIN {latest} l USING (annotation_id)),
        own_cases AS (
            SELECT
                s.annotation_id,
                any_value(s.claimant || ' answered this account before and cannot settle it; '
                    || coalesce(seat.annotator, 'a further person') || ' was asked') AS own_reason
            FROM {located} s
            JOIN lake.main.assignments a
                ON a.batch_id = s.batch_id AND a.account_id = s.account_id
            JOIN {standing_claims("lake.main.claims")} c
                ON c.dataset = s.dataset AND c.account_id = s.account_id
                AND c.claimant = s.claimant
            LEFT JOIN (
                FROM lake.main.seats
                QUALIFY row_number() OVER (
                    PARTITION BY batch_id, account_id, copy ORDER BY revision DESC) = 1) seat
                ON seat.batch_id = a.batch_id AND seat.account_id = a.account_id
                AND seat.copy = a.copy
            WHERE a.part = 'adjudication' AND s.event = 'answered'
                AND c.claimant_kind = 'person' AND c.attributes['part'] IS NULL
                AND c.attributes['role'] IS NULL
                AND s.annotation_id NOT IN (
                    SELECT annotation_id FROM {latest} WHERE live IS NOT NULL)
            GROUP BY s.annotation_id)
        SELECT * EXCLUDE (foreign_reason, own_reason) REPLACE (
            CASE WHEN kept IS NULL AND own_reason IS NULL THEN event ELSE 'rejected' END AS event,
            CASE WHEN kept IS NOT NULL THEN foreign_reason ELSE coalesce(own_reason, reason) END
                AS reason)
        FROM compared LEFT JOIN own_cases USING (annotation_id)
        """


def _new_states_sql(judged: str, latest: str) -> str:
    """Annotations that are new, or newer than logged and of another content.

    An accepted answer stays accepted: one that the scheme file refuses now was valid when it was
    given.
    """
    return f"""
        SELECT
            s.* REPLACE (
                CASE WHEN NOT person_known AND live IS NOT NULL
                    THEN live_claimant ELSE claimant END AS claimant,
                CASE WHEN s.event = 'answered' AND live IS NOT NULL
                    THEN 'edited' ELSE s.event END AS event),
            live, live_dataset, live_account, live_claimant
        FROM {judged} s LEFT JOIN {latest} l USING (annotation_id)
        WHERE l.annotation_id IS NULL OR (l.event <> 'deleted' AND (
            (s.updated_at > l.updated_at AND s.payload_hash <> l.payload_hash)
            OR (s.updated_at >= coalesce(l.updated_at, s.updated_at)
                AND l.event = 'rejected' AND s.event <> 'rejected')))
        """


def _deletions_sql(judged: str, latest: str, logged_before: str, complete: str) -> str:
    """Annotations that were logged before and are missing now, though their task was read.

    The tasks are joined by equality alone: each annotation stands there under all its keys.
    """
    key = account_key("live_batch", "live_account")
    return f"""
        SELECT
            l.annotation_id, l.project, l.updated_at, l.payload_hash, 'deleted' AS event,
            coalesce(c.claimant, logged_claimant) AS claimant, c.account_id, c.dataset,
            coalesce(c.batch_id, logged_batch) AS batch_id,
            coalesce(logged_number, c.attributes['annotation']) AS number,
            c.scheme_version, logged_key AS account_key, logged_task AS task,
            l.live, l.live_dataset, l.live_account, l.live_claimant
        FROM {latest} l LEFT JOIN lake.main.claims c ON c.claim_id = l.live
        WHERE (l.live IS NOT NULL OR l.event IN ('rejected', 'skipped'))
            AND l.annotation_id IN (SELECT annotation_id FROM {logged_before})
            AND l.annotation_id NOT IN (SELECT annotation_id FROM {judged})
            AND l.annotation_id IN (
                SELECT annotation_id
                FROM (
                    SELECT
                        annotation_id, project,
                        unnest([{key}, live_account, logged_key]) AS account_key
                    FROM {latest})
                SEMI JOIN {complete} USING (project, account_key))
        """
