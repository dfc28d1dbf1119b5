"""Label Studio's tasks of erased accounts, through its API where a server is given; else what is to
be done there.
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
    count = 0
    for project in client.projects():
        if project["botbench"]["batch"] in target.batches:
            for task, key in client.task_keys(project["id"]):
                if key in target.keys:
                    client.delete_task(task)
                    count += 1
    return count


def left(client: Client, target: Target) -> int:
    """Tasks of the accounts that still stand on the server."""
    return sum(
        key in target.keys
        for project in client.projects()
        if project["botbench"]["batch"] in target.batches
        for _, key in client.task_keys(project["id"])
    )


def to_do(target: Target) -> list[str]:
    """What the operator has to do where no server was given."""
    if not target.batches:
        return []
    return [
        "Label Studio: no server was given. The account was drawn into"
        f" {', '.join(target.batches)}; its tasks have the keys {', '.join(target.keys)}. Run the"
        " same erase again with --url and --token, or delete those tasks there."
    ]
