"""Label Studio's tasks of erased accounts: deleted through a given server's API, else listed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from curation.maintenance.erasure.account import Target

if TYPE_CHECKING:
    from curation.annotation.label_studio.client import Client


def remove(client: Client, target: Target) -> int:
    """Delete the accounts' tasks and annotations in all projects of their batches; count them."""
    tasks = _tasks(client, target)
    for task in tasks:
        client.delete_task(task)
    return len(tasks)


def left(client: Client, target: Target) -> int:
    """The number of the accounts' tasks that are left on the server."""
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
