"""The versions that added or removed each row about one account, as `git blame` does for a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botbench.core.errors import UserError
from curation.store.diff import after, current_consensus

if TYPE_CHECKING:
    from curation.store.store import Store

TABLES = {
    "accounts": (
        "account_id",
        (
            "'observed ' || coalesce(strftime(observed_at AT TIME ZONE 'UTC', '%Y-%m-%d %H:%M'), "
            "'at an unknown time')"
        ),
        "NULL",
    ),
    "posts": ("account_id", "'posts'", "count(*)"),
    "edges": ("source_id", "'ties (' || kind || ')'", "count(*)"),
    "claims": (
        "account_id",
        (
            "claimant || ' (' || claimant_kind || ') ' || CASE WHEN answer IS NULL THEN 'takes a"
            " claim back' ELSE 'says ' || answer || CASE WHEN retracts IS NOT NULL THEN ' instead"
            " of an earlier claim' ELSE '' END END"
        ),
        "NULL",
    ),
    "assignments": ("account_id", "'drawn for batch ' || batch_id", "NULL"),
    "labels": (
        "account_id",
        (
            "coalesce(label, 'no label') || ', ' || status || coalesce(', p_bot ' ||"
            " regexp_replace(printf('%.3f', p_bot), '^0', ''), '') || ' by ' || method || ' of '"
            " || n_claims || ' votes'"
        ),
        "NULL",
    ),
    "splits": ("account_id", "part || ' in ' || split_id", "NULL"),
}
"""Table to its account column, how a row is described, and what is counted instead of listed."""


def blame(
    store: Store, account: str, at: str | int | None = None, dataset: str | None = None
) -> dict[str, Any]:
    """List every row about an account with the versions that added and removed it, oldest first.

    Also returns the account's current state. An expired version is None. Raises UserError where no
    version up to `at` has the account.
    """
    version = store.resolve(at)
    lines = sorted(
        (
            line
            for name in TABLES
            if store.has(name, version)
            for line in _lines(store, name, account, version, dataset)
        ),
        key=lambda line: (line["version"] or 0, list(TABLES).index(line["table"]), line["what"]),
    )
    if not lines:
        where = f"of {dataset} " if dataset else ""
        raise UserError(
            f"No version up to {version} knows an account {where}with the id {account!r}. Ids are"
            " text, exactly as in the source: look it up with botbench quarantine, or in the data"
            " set's file."
        )
    versions = {
        v.number: {"made_at": v.made_at, "author": v.author, "message": v.message}
        for v in store.versions()
    }
    return {
        "account": account,
        "version": version,
        "lines": [{**line, **versions.get(line["version"], {})} for line in lines],
        "now": _now(store, account, version, dataset),
    }


def _lines(
    store: Store, name: str, account: str, version: int, dataset: str | None
) -> list[dict[str, Any]]:
    who, words, rows = TABLES[name]
    where = (
        "batch_id IN (SELECT batch_id FROM lake.main.batches WHERE dataset = $dataset)"
        if name == "assignments"
        else ("dataset = $dataset")
    )
    of = (
        "(SELECT min(dataset) FROM lake.main.batches b WHERE b.batch_id = c.batch_id)"
        if name == "assignments"
        else "dataset"
    )
    query = f"""
        WITH changes AS (
            FROM ducklake_table_changes(
                'lake', 'main', '{name}', {after(store, 0)}, {version})
            WHERE {who} = $account),
        -- Rows of an expired version are there, but no change reports them.
        brought AS (
            FROM changes UNION ALL BY NAME
            SELECT NULL AS snapshot_id, 'insert' AS change_type, *
            FROM lake.main."{name}" AT (VERSION => {version})
            WHERE {who} = $account AND rowid NOT IN (SELECT rowid FROM changes))
        SELECT snapshot_id AS version, {of} AS dataset, {words} AS what, {rows} AS rows,
               CASE WHEN change_type IN ('delete', 'update_preimage') THEN 'removed'
                    ELSE 'added' END AS change
        FROM brought c WHERE $dataset IS NULL OR {where} GROUP BY ALL"""
    changes = store.connection.execute(query, {"account": account, "dataset": dataset}).fetchall()
    return [
        {
            "version": v,
            "dataset": d,
            "table": name,
            "change": change,
            "what": f"{n:,} {what}" if n else what,
        }
        for v, d, what, n, change in changes
    ]


def _now(store: Store, account: str, version: int, dataset: str | None) -> list[dict[str, Any]]:
    """The labels that count, by data set."""
    chosen = [c for d, c in current_consensus(store, version).items() if dataset in (None, d)]
    return (
        store.arrow(
            "SELECT dataset, label, p_bot, status, n_claims, method, consensus_id FROM"
            f" {store.relation('labels', version)} WHERE account_id = ? AND list_contains(?,"
            " consensus_id) ORDER BY dataset",
            [account, chosen],
        ).to_pylist()
        if chosen
        else []
    )
