"""Label Studio's tasks of erased accounts: deleted through its API if a server is given, else
listed for the operator.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from curation.maintenance.erasure.account import Target

if TYPE_CHECKING:
    from curation.annotation.label_studio.client import Client


def remove(client: Client, target: Target) -> int:
    """Delete the tasks (with their annotations) of the accounts in every project of their batches;
    returns how many.
    """
    tasks = _tasks(client, target)
    for task in tasks:
        client.delete_task(task)
    return len(tasks)


def left(client: Client, target: Target) -> int:
    """How many tasks of the accounts still stand on the server."""
    return len(_tasks(client, target))


def _tasks(client: Client, target: Target) -> list[int]:
    return [
        task
        for project in client.projects()
        if project["botbench"]["batch"] in target.batches
        for task, key in client.task_keys(project["id"])
        if key in target.keys
    ]


def to_do(target: Target) -> list[str]:
    """What the operator has to do if no server was given."""
    if not target.batches:
        return []
    return [
        "Label Studio: no server was given. The account was drawn into"
        f" {', '.join(target.batches)}; its tasks have the keys {', '.join(target.keys)}. Run the"
        " same erase again with --url and --token, or delete those tasks there."
    ]
