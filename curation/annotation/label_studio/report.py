"""Fifth step of a sync: what it did and found, and reported accounts taken out of every queue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from curation.annotation.assignment import seats
from curation.annotation.assignment.annotation_log import latest_states
from curation.annotation.assignment.batches import account_key, find
from curation.annotation.label_studio.client import Client
from curation.annotation.scheme.scheme import Scheme
from curation.labels.claims import coinciding

if TYPE_CHECKING:
    from curation.store.store import Store


@dataclass
class Synced:
    """What a sync did."""

    claims_added: int = 0
    claims_retracted: int = 0
    rejected: list[dict[str, Any]] = field(default_factory=list)
    """Every annotation that stands there and cannot be a claim, new or not."""
    reported: list[dict[str, Any]] = field(default_factory=list)
    """Accounts (batch_id, key) that new claims report."""
    read: int = 0
    refused: int = 0
    """Annotations that this sync has read, and how many of them cannot be a claim."""
    version: int | None = None
    projects: list[dict[str, Any]] = field(default_factory=list)
    """The projects that were read, as the server describes them."""
    notes: list[str] = field(default_factory=list)
    """Sentences on what is not as it should be on the server."""


def synced(
    store: Store,
    server: str,
    scheme: Scheme,
    relations: tuple[str, str, str],
    projects: Sequence[str] | None,
) -> Synced:
    """What a sync did. `relations` names its annotations as they count, its new claims and its new
    log entries.

    Earlier rejections in `projects` (their marks) that were not read again are listed again. Call
    it within the transaction.
    """
    judged, claims, entries = relations
    [counts] = store.arrow(
        f"SELECT count(answer) AS added, count(retracts) AS retracted FROM {claims}"
    ).to_pylist()
    latest = latest_states(store.relation("annotation_log"))
    [now] = store.arrow(
        f"SELECT count(*) AS n, count(*) FILTER (event = 'rejected') AS refused FROM {judged}"
    ).to_pylist()
    rejected = store.arrow(
        f"""
        SELECT r.*, a.account FROM (
            SELECT project, task, number AS annotation, account_key, reason
            FROM {judged} WHERE event = 'rejected'
            UNION ALL
            SELECT project, task, number, account_key, reason FROM {latest}
            WHERE event = 'rejected' AND server = $1 AND reason IS NOT NULL
                AND list_contains($2::VARCHAR[], project)
                AND annotation_id NOT IN (SELECT annotation_id FROM {judged})
                AND annotation_id NOT IN (SELECT annotation_id FROM {entries})) r
        LEFT JOIN (
            SELECT DISTINCT {account_key("batch_id", "account_id")} AS key, account_id AS account
            FROM lake.main.assignments) a ON a.key = r.account_key
        ORDER BY project, try_cast(annotation AS BIGINT), annotation
        """,
        [server, list(projects or ())],
    ).to_pylist()
    reported = store.arrow(
        f"""
        SELECT DISTINCT batch_id, {account_key("batch_id", "account_id")} AS key FROM {claims}
        WHERE list_contains(?::VARCHAR[], answer) AND batch_id IS NOT NULL
        """,
        [sorted(scheme.reporting)],
    ).to_pylist()
    return Synced(
        counts["added"], counts["retracted"], rejected, reported, now["n"], now["refused"]
    )


def twins(store: Store, located: str) -> list[str]:
    """A sentence on claimants of the data sets of `located` (of `diff.with_accounts`) who coincide
    entirely: probably one person under two names.
    """
    datasets = store.arrow(f"SELECT DISTINCT dataset FROM {located} WHERE dataset IS NOT NULL")
    return [
        f"{' and '.join(same)} gave the same answers to the same {n:,} accounts of {dataset}, and"
        " nothing else. If they are one person (exported once by number and once by address), this"
        " person counts twice."
        for dataset in sorted(datasets["dataset"].to_pylist())
        for same, n in coinciding(store, dataset)
    ]


def take_out_reported(
    store: Store,
    client: Client,
    projects: Sequence[dict[str, Any]],
    reported: Sequence[dict[str, Any]],
    scheme: Scheme,
) -> list[str]:
    """Free the seats of reported accounts and delete their unanswered tasks on this server: nobody
    else is shown them. Returns a sentence for each batch.

    If this is interrupted, the next push removes the tasks that nobody is asked for.
    """
    notes = []
    for batch_id in sorted({r["batch_id"] for r in reported}):
        keys = {r["key"] for r in reported if r["batch_id"] == batch_id}
        seats.take_out(store, find(store, batch_id), sorted(scheme.reporting))
        deleted = sum(
            _delete_unanswered(client, p["id"], keys)
            for p in projects
            if p["botbench"]["batch"] == batch_id
        )
        notes.append(
            f"Reported accounts of batch {batch_id[:8]}: {len(keys)}, taken out of everybody's"
            f" queue ({deleted} unanswered tasks deleted)."
        )
    return notes


def _delete_unanswered(client: Client, project: int, keys: set[str]) -> int:
    tasks = [task for key, task in client.unanswered(project).items() if key in keys]
    if tasks:
        client.delete_tasks(project, tasks)
    return len(tasks)
