"""Accounts that somebody reported should not be shown to anybody again: they leave every queue, on
every server.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from curation.annotation.assignment import seats
from curation.annotation.assignment.batches import account_key, find
from curation.annotation.label_studio.client import Client
from curation.annotation.scheme.scheme import Scheme

if TYPE_CHECKING:
    from curation.store.store import Store


def take_out(
    store: Store, client: Client, projects: Sequence[dict[str, Any]], scheme: Scheme
) -> list[str]:
    """After a sync: free the seats of accounts newly reported and delete their unanswered tasks;
    says what was done.

    A push does the rest where this is broken off: it removes what nobody is asked for.
    """
    found = store.arrow(
        f"""
        SELECT DISTINCT batch_id, {account_key("batch_id", "account_id")} AS key FROM sync_claims
        WHERE list_contains(?::VARCHAR[], answer) AND batch_id IS NOT NULL""",
        [sorted(scheme.reporting)],
    ).to_pylist()
    told = []
    for batch_id in sorted({r["batch_id"] for r in found}):
        keys = {r["key"] for r in found if r["batch_id"] == batch_id}
        seats.take_out(store, find(store, batch_id), sorted(scheme.reporting))
        gone = sum(
            _delete(client, p["id"], keys) for p in projects if p["botbench"]["batch"] == batch_id
        )
        told.append(
            f"Reported accounts of batch {batch_id[:8]}: {len(keys)}, taken out of everybody's"
            f" queue ({gone} unanswered tasks deleted)."
        )
    return told


def _delete(client: Client, project: int, keys: set[str]) -> int:
    tasks = [task for key, task in client.unanswered(project).items() if key in keys]
    if tasks:
        client.delete_tasks(project, tasks)
    return len(tasks)
