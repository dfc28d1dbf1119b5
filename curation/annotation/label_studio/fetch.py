"""First step of a sync: read annotations from a server, as far as they are new, or from a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botbench.core.errors import UserError
from botbench.untrusted import json_documents
from curation.annotation.assignment.batches import Batch
from curation.annotation.label_studio.client import Client
from curation.annotation.label_studio.cursors import Cursor, Cursors

if TYPE_CHECKING:
    import pyarrow as pa

    from curation.store.store import Store


LARGEST = 1_000_000_000
"""Bytes of an export."""


class NoProjectError(UserError):
    """The server has no project of the batches that were asked for."""


@dataclass(frozen=True)
class ProjectRead:
    """What was read of one project: everything (`is_whole`), or what changed since its cursor."""

    project: dict[str, Any]
    is_whole: bool
    tasks: list[dict[str, Any]]
    """Tasks with their annotations."""
    changed_tasks: list[str] = field(default_factory=list)
    """Ids of the tasks that changed, also of those that lost their annotations; empty if whole."""
    cursor: Cursor | None = None
    """Where the next sync begins; None if nothing changed."""

    @property
    def mark(self) -> str:
        """The project's own mark."""
        return str(self.project["botbench"]["mark"])


@dataclass(frozen=True)
class ServerRead:
    """What one sync read of a server; `emails` names its users, if there is an annotation."""

    projects: list[dict[str, Any]]
    reads: list[ProjectRead]
    emails: dict[int, str]

    @property
    def tasks(self) -> list[dict[str, Any]]:
        """The tasks of all projects."""
        return [task for read in self.reads for task in read.tasks]

    @property
    def marks(self) -> list[str]:
        """The marks of all projects."""
        return [read.mark for read in self.reads]


def read_server(
    store: Store, client: Client, batch: Batch | None, *, whole: bool = False
) -> ServerRead:
    """Read the projects of a batch (of every batch of the store, if None): what changed since the
    last sync, or with `whole` everything.

    If nothing is new, this costs the server the list of projects and one light request for each:
    the server lists tasks by project only, and no field of the list of projects changes when an
    answer is edited.
    """
    projects = projects_of(store, client, batch)
    cursors = Cursors(store.home, client.url)
    reads = [
        _read_project(client, p, None if whole else cursors.get(p["botbench"]["mark"]))
        for p in projects
    ]
    has_tasks = any(read.tasks for read in reads)
    return ServerRead(projects, reads, client.emails() if has_tasks else {})


def projects_of(store: Store, client: Client, batch: Batch | None) -> list[dict[str, Any]]:
    """The server's projects of one batch, or of all batches of this store; raises NoProjectError
    if there is none.
    """
    batch_ids = (
        {batch.batch_id}
        if batch
        else set(store.arrow("SELECT batch_id FROM lake.main.batches")["batch_id"].to_pylist())
    )
    projects = [p for p in client.projects() if p["botbench"]["batch"] in batch_ids]
    if not projects:
        what = f"batch {batch.batch_id}" if batch else "any batch of this store"
        raise NoProjectError(
            f"Label Studio at {client.url} has no project of {what}. Push it first: botbench"
            " annotate push BATCH."
        )
    return projects


def _read_project(client: Client, project: dict[str, Any], cursor: Cursor | None) -> ProjectRead:
    number = project["id"]
    if cursor is None:
        # Asked before the export: what changes meanwhile is read again by the next sync.
        newest = client.newest_change(number)
        start = Cursor(newest) if newest else None
        if start:
            recent = client.changed(number, start.since)
            start = start.after({str(t["id"]): t["updated_at"] for t in recent})
        return ProjectRead(project, True, client.annotated(number), cursor=start)
    changed = [
        task
        for task in client.changed(number, cursor.since)
        if cursor.seen.get(str(task["id"])) != task["updated_at"]
    ]
    answered = [task["id"] for task in changed if task["annotations"]]
    tasks = client.annotated(number, answered) if answered else []
    times = {str(task["id"]): task["updated_at"] for task in changed}
    return ProjectRead(project, False, tasks, list(times), cursor.after(times) if changed else None)


def complete_tasks(store: Store, client: Client, server: ServerRead, seen: pa.Table) -> pa.Table:
    """The tasks (columns project, account_key) whose annotations were read completely: an
    annotation of such a task that was logged before and is not in `seen` was deleted.

    Of a project that was read whole these are the tasks that stand on the server: if a task itself
    is gone, nobody deleted its annotation. They are listed only if a logged annotation is missing.
    """
    import pyarrow as pa

    changed = [f"{read.mark} {task}" for read in server.reads for task in read.changed_tasks]
    complete = store.arrow(
        f"""
        SELECT DISTINCT project, account_key FROM {store.relation("annotation_log")}
        WHERE list_contains(?::VARCHAR[], project || ' ' || task) AND account_key IS NOT NULL
        """,
        [changed],
    )
    whole = [read for read in server.reads if read.is_whole]
    if not whole or not _any_missing(store, seen, [read.mark for read in whole]):
        return complete
    pairs = [
        {"project": read.mark, "account_key": key}
        for read in whole
        for _, key in client.task_keys(read.project["id"])
    ]
    return pa.concat_tables(
        [complete, pa.Table.from_pylist(pairs, schema=complete.schema)],
        promote_options="permissive",
    )


def _any_missing(store: Store, seen: pa.Table, marks: list[str]) -> bool:
    """Whether an annotation of these projects was logged and is not among those seen."""
    logged = store.arrow(
        """
        SELECT DISTINCT annotation_id FROM lake.main.annotation_log
        WHERE list_contains(?::VARCHAR[], project)
        """,
        [marks],
    )
    return bool(set(logged["annotation_id"].to_pylist()) - set(seen["annotation_id"].to_pylist()))


def read_export(path: Path) -> list[dict[str, Any]]:
    """The tasks of a Label Studio JSON export; raises UserError for anything else."""
    expected = (
        "expected a Label Studio export in the format JSON: a list of tasks, each with its"
        " annotations"
    )
    try:
        tasks = json_documents.read(path, size=LARGEST, halves=True)
    except json_documents.UnreadableJson as error:
        raise UserError(f"{error} {expected[0].upper()}{expected[1:]}. Export it again.") from None
    if not isinstance(tasks, list):
        raise UserError(f"{path} holds a JSON {type(tasks).__name__}; {expected}.")
    for number, task in enumerate(tasks, 1):
        if not _is_task(task):
            raise UserError(
                f"{path}, task {number}: found {str(task)[:80]!r}; {expected}. (JSON-MIN leaves out"
                " too much.)"
            )
    return tasks


def _is_task(task: object) -> bool:
    return (
        isinstance(task, dict)
        and isinstance(task.get("annotations"), list)
        and isinstance(task.get("data"), dict)
        and isinstance(task.get("meta") or {}, dict)
        and all(isinstance(a, dict) for a in task["annotations"])
    )
