"""From annotations to claims, each exactly once: answers, edits, skips, deletions, told apart by
the log of what was seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from curation.annotation.assignment.annotation_log import latest_states
from curation.annotation.assignment.batches import account_key
from curation.store import identity

if TYPE_CHECKING:
    import pyarrow as pa

    from curation.store.store import Store, Transaction


@dataclass
class Synced:
    """What a sync did. `rejected` lists every annotation that stands there and cannot be a claim,
    new or not.
    """

    claims_added: int = 0
    claims_retracted: int = 0
    rejected: list[dict[str, Any]] = field(default_factory=list)
    version: int | None = None
    projects: list[dict[str, Any]] = field(default_factory=list)
    """The projects that were read, as the server tells them."""
    notes: list[str] = field(default_factory=list)
    """What was found on the server that should not be so, in sentences."""


def remember(store: Store) -> None:
    """Note which annotations are in the log now. Call before reading the server: only these can be
    missed there.

    Another sync may log an annotation that was made after this one read the server; not seeing it
    is no deletion.
    """
    _temp(store, "sync_before", "SELECT DISTINCT annotation_id FROM lake.main.annotation_log")


def store_seen(
    store: Store,
    server: str,
    seen: pa.Table,
    *,
    complete: pa.Table | None = None,
    dataset: str | None = None,
    batch: str | None = None,
    projects: Sequence[str] | None = None,
) -> Synced:
    """Bring the claims up to what was `seen` (rows of `results.read`), in one transaction; nothing
    new makes no version.

    `complete` (columns project, account_key) lists every task of the projects that were read whole:
    an annotation of such a task that was logged before and is not among `seen` was deleted. Without
    it nothing counts as deleted. `dataset` or `batch` say what tasks belong to that do not say so
    themselves. `projects` are the marks of those whose earlier rejections are told again.
    """
    _stage(store, seen, complete, dataset, batch)

    def work(transaction: Transaction) -> Synced:
        _changes(store)
        _claims(store)
        _log(store, server)
        found = store.arrow(
            "SELECT count(answer) AS added, count(retracts) AS retracted FROM sync_claims"
        ).to_pylist()[0]
        transaction.insert("claims", "sync_claims")
        transaction.insert("annotation_log", "sync_log")
        return Synced(found["added"], found["retracted"], _rejected(store, server, projects))

    version, synced = store.transact(work, None, f"annotations of {server}")
    synced.version = version
    return synced


def _stage(
    store: Store, seen: pa.Table, complete: pa.Table | None, dataset: str | None, batch: str | None
) -> None:
    """`sync_seen`: the newest state of each annotation with its account; `sync_tasks`: the tasks
    read whole.
    """
    import pyarrow as pa

    empty = pa.table(
        {"project": pa.array([], pa.string()), "account_key": pa.array([], pa.string())}
    )
    for name, rows in (
        ("sync_offered", seen),
        ("sync_offered_tasks", complete if complete is not None else empty),
    ):
        store.connection.register(name, rows)
    _temp(store, "sync_tasks", "SELECT DISTINCT project, account_key FROM sync_offered_tasks")
    _temp(
        store,
        "sync_asked",
        f"""
        SELECT DISTINCT a.batch_id, b.dataset, a.account_id, {account_key("a.batch_id", "a.account_id")} AS account_key
        FROM lake.main.assignments a JOIN lake.main.batches b USING (batch_id)
        WHERE batch_id = $1 OR batch_id IN (SELECT batch_id FROM sync_offered)""",
        [batch],
    )
    # What an account was there for, where that was not to be sampled: an adjudicator's claim
    # settles a dispute.
    _temp(
        store,
        "sync_parts",
        f"""
        SELECT batch_id, account_id, any_value(part) AS part,
            CASE WHEN any_value(part) = 'adjudication' THEN 'adjudicator' END AS role
        FROM {store.relation("assignments")} WHERE part IN ('training', 'gold', 'adjudication') GROUP BY ALL""",
    )
    if dataset:
        _temp(
            store,
            "sync_known",
            """
            SELECT DISTINCT dataset, account_id, account_id AS account_key FROM lake.main.accounts WHERE dataset = $1
            UNION SELECT DISTINCT dataset, account_id, account_id FROM lake.main.claims WHERE dataset = $1""",
            [dataset],
        )
    else:
        _temp(
            store, "sync_known", "SELECT dataset, account_id, account_key FROM sync_asked LIMIT 0"
        )
    _temp(
        store,
        "sync_seen",
        """
        WITH newest AS (
            SELECT * REPLACE (coalesce(batch_id, $1) AS batch_id) FROM sync_offered
            QUALIFY row_number() OVER (PARTITION BY annotation_id ORDER BY updated_at DESC NULLS LAST) = 1)
        SELECT n.* REPLACE (
                CASE WHEN coalesce(a.account_id, k.account_id) IS NULL THEN 'rejected' ELSE event END AS event,
                CASE WHEN coalesce(a.account_id, k.account_id) IS NULL THEN 'its account is not in the batch or data set'
                     ELSE reason END AS reason),
            coalesce(a.dataset, k.dataset) AS dataset, coalesce(a.account_id, k.account_id) AS account_id
        FROM newest n
        LEFT JOIN sync_asked a ON a.batch_id = n.batch_id AND n.account_key IN (a.account_key, a.account_id)
        LEFT JOIN sync_known k ON k.account_key = n.account_key""",
        [batch],
    )
    for name in ("sync_offered", "sync_offered_tasks"):
        store.connection.unregister(name)


def _changes(store: Store) -> None:
    """`sync_changes`: what is other than the log says, with the claim that stood until now (live)
    and whose it was.
    """
    _temp(
        store,
        "sync_latest",
        """
        SELECT l.annotation_id, l.project, l.server, l.updated_at, l.event, l.payload_hash,
            l.account_key AS logged_key, l.task AS logged_task, l.number AS logged_number, l.claimant AS logged_claimant,
            l.batch_id AS logged_batch, c.claim_id AS live,
            c.dataset AS live_dataset, c.account_id AS live_account, c.claimant AS live_claimant, c.batch_id AS live_batch
        FROM """
        + latest_states("lake.main.annotation_log")
        + """ l
        LEFT JOIN lake.main.claims c ON c.claim_id = l.claim_id AND c.answer IS NOT NULL
            AND l.event IN ('answered', 'edited', 'rejected')""",
    )
    # Only its claimant retracts a claim: what somebody else made of the annotation is set aside,
    # and the claim stands until its claimant answers again.
    own = "(NOT person_known OR claimant = live_claimant) AND coalesce(edited_by = live_claimant, true)"
    _temp(
        store,
        "sync_judged",
        f"""
        SELECT * EXCLUDE (foreign_reason) REPLACE (
                CASE WHEN kept IS NULL THEN event ELSE 'rejected' END AS event,
                CASE WHEN kept IS NULL THEN reason ELSE foreign_reason END AS reason)
        FROM (
            SELECT s.*, CASE WHEN live IS NOT NULL AND NOT ({own})
                    AND (s.payload_hash <> l.payload_hash OR l.event = 'rejected') THEN live END AS kept,
                CASE WHEN claimant = live_claimant THEN edited_by ELSE claimant END
                || ' changed the answer of ' || live_claimant || ', which only ' || live_claimant
                || ' can retract: it stands' AS foreign_reason
            FROM sync_seen s LEFT JOIN sync_latest l USING (annotation_id))""",
    )
    # An accepted answer stays accepted: what is refused now under another scheme file was said all
    # the same.
    _temp(
        store,
        "sync_changes",
        f"""
        SELECT s.* REPLACE (
                CASE WHEN NOT person_known AND live IS NOT NULL THEN live_claimant ELSE claimant END AS claimant,
                CASE WHEN s.event = 'answered' AND live IS NOT NULL THEN 'edited' ELSE s.event END AS event),
            live, live_dataset, live_account, live_claimant
        FROM sync_judged s LEFT JOIN sync_latest l USING (annotation_id)
        WHERE l.annotation_id IS NULL OR (l.event <> 'deleted' AND (
            (s.updated_at > l.updated_at AND s.payload_hash <> l.payload_hash)
            OR (s.updated_at >= coalesce(l.updated_at, s.updated_at) AND l.event = 'rejected' AND s.event <> 'rejected')))
        UNION ALL BY NAME
        SELECT l.annotation_id, l.project, l.updated_at, l.payload_hash, 'deleted' AS event,
            coalesce(c.claimant, logged_claimant) AS claimant, c.account_id, c.dataset,
            coalesce(c.batch_id, logged_batch) AS batch_id,
            coalesce(logged_number, c.attributes['annotation']) AS number, c.scheme_version, logged_key AS account_key,
            logged_task AS task, l.live, l.live_dataset, l.live_account, l.live_claimant
        FROM sync_latest l LEFT JOIN lake.main.claims c ON c.claim_id = l.live
        WHERE (l.live IS NOT NULL OR l.event IN ('rejected', 'skipped'))
            AND l.annotation_id IN (FROM sync_before) AND l.annotation_id NOT IN (SELECT annotation_id FROM sync_seen)
            AND EXISTS (FROM sync_tasks t WHERE t.project = l.project
                AND t.account_key IN ({account_key("l.live_batch", "l.live_account")}, l.live_account, l.logged_key))""",
    )


def _claims(store: Store) -> None:
    """`sync_claims`: new answers (those of an edit retract the old claim) and bare retractions,
    with their claim ids.
    """
    _temp(store, "sync_claims", f"FROM {store.relation('claims')} LIMIT 0")
    common = "dataset, account_id, claimant, 'person' AS claimant_kind, batch_id, scheme_version"
    same = "live_dataset = dataset AND live_account = account_id AND live_claimant = claimant"
    _temp(
        store,
        "sync_new",
        f"""
        SELECT annotation_id, true AS is_answer, {common}, answer, kinds, confidence, reasons, note, evidence_at, card_hash,
            coalesce(scores_shown, false) AS scores_shown, updated_at AS made_at, lead_time_s,
            CASE WHEN {same} THEN live END AS retracts,
            map_from_entries(list_filter([{_entry("annotation", "number")}, {_entry("revision", _moment("updated_at"))},
                {_entry("edited_by", "edited_by")}, {_entry("role", "role")}, {_entry("part", "part")}],
                lambda e: e.value IS NOT NULL)) AS attributes
        FROM sync_changes LEFT JOIN sync_parts USING (batch_id, account_id) WHERE event IN ('answered', 'edited')
        UNION ALL BY NAME
        SELECT annotation_id, false AS is_answer, live_dataset AS dataset, live_account AS account_id, live_claimant AS claimant,
            'person' AS claimant_kind, batch_id, scheme_version, live AS retracts,
            CASE WHEN event <> 'deleted' THEN updated_at END AS made_at,
            map_from_entries([{_entry("annotation", "number")}, {_entry("revision", _moment("updated_at"))},
                {_entry("event", "event")}]) AS attributes
        FROM sync_changes WHERE live IS NOT NULL AND kept IS NULL AND (event NOT IN ('answered', 'edited') OR NOT ({same}))""",
    )
    _temp(store, "sync_named", f"SELECT *, {identity.claim_id()} AS claim_id FROM sync_new")
    store.connection.execute(
        "INSERT INTO temp.sync_claims BY NAME SELECT * EXCLUDE (annotation_id, is_answer) FROM"
        " sync_named"
    )


def _log(store: Store, server: str) -> None:
    """`sync_log`: one line for each change, with the claim that it became."""
    _temp(
        store,
        "sync_log",
        """
        SELECT ? AS server, project, annotation_id, updated_at, event, payload_hash,
            coalesce(n.claim_id, c.kept) AS claim_id, c.batch_id, c.account_key, c.claimant, c.task, c.number, CASE WHEN event = 'rejected' THEN c.reason END AS reason, c.lead_time_s
        FROM sync_changes c LEFT JOIN (FROM sync_named
            QUALIFY row_number() OVER (PARTITION BY annotation_id ORDER BY is_answer DESC) = 1) n
        USING (annotation_id)""",
        [server],
    )


def _rejected(store: Store, server: str, projects: Sequence[str] | None) -> list[dict[str, Any]]:
    """What stands rejected: as seen now, and of these projects what was rejected before and not
    read again.
    """
    latest = latest_states(store.relation("annotation_log"))
    found: list[dict[str, Any]] = store.arrow(
        f"""
        FROM (SELECT project, task, number AS annotation, account_key, reason FROM sync_judged WHERE event = 'rejected'
        UNION ALL SELECT project, task, number, account_key, reason FROM {latest}
        WHERE event = 'rejected' AND server = $1 AND list_contains($2::VARCHAR[], project) AND reason IS NOT NULL
            AND annotation_id NOT IN (SELECT annotation_id FROM sync_seen)
            AND annotation_id NOT IN (SELECT annotation_id FROM sync_log))
        ORDER BY project, try_cast(annotation AS BIGINT), annotation""",
        [server, list(projects or ())],
    ).to_pylist()
    return found


def _entry(key: str, value: str) -> str:
    return f"struct_pack(key := '{key}', value := {value})"


def _moment(column: str) -> str:
    return f"strftime({column} AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ')"


def _temp(store: Store, name: str, query: str, parameters: list[object] | None = None) -> None:
    store.connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}", parameters or [])
