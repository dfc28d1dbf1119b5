"""Fourth step of a sync: append claims and log entries for what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botbench.core.duckdb_work import materialise
from curation.store import identity

if TYPE_CHECKING:
    from curation.store.store import Store, Transaction


def append(store: Store, transaction: Transaction, server: str, changes: str) -> tuple[str, str]:
    """Append the claims and log entries of `changes` (of `diff.changes`); returns the names of the
    relations with the new claims and the new log entries.
    """
    named = _named_claims(store, changes)
    claims = materialise(
        store.connection,
        "sync_claims",
        f"""
        FROM (FROM {store.relation("claims")} LIMIT 0)
        UNION ALL BY NAME SELECT * EXCLUDE (annotation_id, is_answer) FROM {named}
        """,
    )
    entries = _log_entries(store, server, changes, named)
    transaction.insert("claims", claims)
    transaction.insert("annotation_log", entries)
    return claims, entries


def _named_claims(store: Store, changes: str) -> str:
    """New answers (that of an edit retracts the earlier claim) and bare retractions, with their
    claim ids.
    """
    new = materialise(store.connection, "sync_new", _new_claims_sql(store, changes))
    return materialise(
        store.connection, "sync_named", f"SELECT *, {identity.claim_id()} AS claim_id FROM {new}"
    )


def _new_claims_sql(store: Store, changes: str) -> str:
    same = "live_dataset = dataset AND live_account = account_id AND live_claimant = claimant"
    attributes = _attributes(
        annotation="number",
        revision=_utc_text("updated_at"),
        edited_by="edited_by",
        role="role",
        part="part",
    )
    retraction = _attributes(
        annotation="number", revision=_utc_text("updated_at"), event="event", keep_null=True
    )
    # The part says what an account was asked for; an adjudicator's claim settles a dispute.
    return f"""
        WITH parts AS (
            SELECT
                batch_id, account_id, any_value(part) AS part,
                CASE WHEN any_value(part) = 'adjudication' THEN 'adjudicator' END AS role
            FROM {store.relation("assignments")}
            WHERE part IN ('training', 'gold', 'adjudication') GROUP BY ALL)
        SELECT
            annotation_id, true AS is_answer,
            dataset, account_id, claimant, 'person' AS claimant_kind, batch_id, scheme_version,
            answer, kinds, confidence, reasons, note, evidence_at, card_hash,
            coalesce(scores_shown, false) AS scores_shown, updated_at AS made_at, lead_time_s,
            CASE WHEN {same} THEN live END AS retracts,
            {attributes} AS attributes
        FROM {changes} LEFT JOIN parts USING (batch_id, account_id)
        WHERE event IN ('answered', 'edited')
        UNION ALL BY NAME
        SELECT
            annotation_id, false AS is_answer,
            live_dataset AS dataset, live_account AS account_id, live_claimant AS claimant,
            'person' AS claimant_kind, batch_id, scheme_version, live AS retracts,
            CASE WHEN event <> 'deleted' THEN updated_at END AS made_at,
            {retraction} AS attributes
        FROM {changes}
        WHERE live IS NOT NULL AND kept IS NULL
            AND (event NOT IN ('answered', 'edited') OR NOT ({same}))
        """


def _log_entries(store: Store, server: str, changes: str, named: str) -> str:
    """One entry for each change, with the claim that it became."""
    return materialise(
        store.connection,
        "sync_log",
        f"""
        WITH first_claim AS (
            FROM {named}
            QUALIFY 1 = row_number() OVER (PARTITION BY annotation_id ORDER BY is_answer DESC))
        SELECT
            ? AS server, project, annotation_id, updated_at, event, payload_hash,
            coalesce(f.claim_id, c.kept) AS claim_id,
            c.batch_id, c.account_key, c.claimant, c.task, c.number,
            CASE WHEN event = 'rejected' THEN c.reason END AS reason, c.lead_time_s
        FROM {changes} c LEFT JOIN first_claim f USING (annotation_id)
        """,
        [server],
    )


def _attributes(*, keep_null: bool = False, **values: str) -> str:
    """SQL for a map of these values (SQL by key), without those that are NULL."""
    entries = ", ".join(
        f"struct_pack(key := '{key}', value := {value})" for key, value in values.items()
    )
    if keep_null:
        return f"map_from_entries([{entries}])"
    return f"map_from_entries(list_filter([{entries}], lambda e: e.value IS NOT NULL))"


def _utc_text(column: str) -> str:
    return f"strftime({column} AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ')"
