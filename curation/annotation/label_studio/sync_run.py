"""What the commands do: read a batch's projects on a server, or an export file, and bring the store
up to it
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botbench.core.errors import UserError
from curation.annotation.assignment.batches import Batch
from curation.annotation.assignment.pseudonyms import People
from curation.annotation.label_studio import reports, results, server_checks, sync
from curation.annotation.label_studio.client import Client
from curation.annotation.label_studio.cursors import Cursor, Cursors
from curation.annotation.scheme.scheme import Scheme
from curation.annotation.scheme.store_schemes import SchemeBook

if TYPE_CHECKING:
    import pyarrow as pa

    from curation.store.store import Store


class NoProjectError(UserError):
    """A server holds nothing of the batches asked about."""


FILE = "file"
"""The server's name in the log for what came by a file."""


def sync_server(
    store: Store,
    client: Client,
    batch: Batch | None = None,
    scheme: Scheme | None = None,
    *,
    whole: bool = False,
) -> sync.Synced:
    """Bring the claims up to the server's annotations of one batch, or of every batch of this store
    that it holds.

    Only what changed since the last sync is read (`whole`, or a scheme given by hand: everything).
    Nothing new costs the server the list of projects and one light request for each: it lists tasks
    by project only, and no field of the projects' list moves when an answer is edited.
    """
    sync.remember(store)
    projects = ours(store, client, batch)
    cursors = Cursors(store.home, client.url)
    looked = [
        _look(client, p, None if whole or scheme else cursors.get(p["botbench"]["mark"]))
        for p in projects
    ]
    tasks = [t for look in looked for t in look.tasks]
    seen = _reader(store, client.emails() if tasks else {}, scheme).read(tasks)
    everything = [look.project for look in looked if look.whole]
    complete = _touched(store, [look for look in looked if not look.whole])
    if everything and _missed(store, seen, everything):
        complete = pa_concat(complete, _present(client, everything))
    marks = [p["botbench"]["mark"] for p in projects]
    synced = sync.store_seen(store, client.url, seen, complete=complete, projects=marks)
    for look in looked:
        if look.cursor:
            cursors.put(look.project["botbench"]["mark"], look.cursor)
    taken = (
        reports.take_out(store, client, projects, scheme or Scheme.load())
        if synced.claims_added
        else []
    )
    by_hand = server_checks.edited(client, [look.project for look in looked if look.tasks])
    synced.notes, synced.projects = (
        server_checks.found(store, projects, seen) + by_hand + taken,
        projects,
    )
    return synced


@dataclass(frozen=True)
class Look:
    """What was read of a project: whole or since the last time; its annotated tasks; those that
    lost all annotations.
    """

    project: dict[str, Any]
    whole: bool
    tasks: list[dict[str, Any]]
    emptied: list[str]
    cursor: Cursor | None


def _look(client: Client, project: dict[str, Any], cursor: Cursor | None) -> Look:
    """Read a project's annotations, as far as they are new to `cursor`."""
    if cursor is None:
        newest = client.newest_change(
            project["id"]
        )  # before the export: what changes meanwhile is read again
        start = Cursor(newest) if newest else None
        if start:
            start = start.after(
                {str(t["id"]): t["updated_at"] for t in client.changed(project["id"], start.since)}
            )
        return Look(project, True, client.annotated(project["id"]), [], start)
    changed = [
        t
        for t in client.changed(project["id"], cursor.since)
        if cursor.seen.get(str(t["id"])) != t["updated_at"]
    ]
    wanted = [t["id"] for t in changed if t["annotations"]]
    tasks = client.annotated(project["id"], wanted) if wanted else []
    moved = cursor.after({str(t["id"]): t["updated_at"] for t in changed})
    return Look(project, False, tasks, [str(t["id"]) for t in changed], moved if changed else None)


def _touched(store: Store, looked: list[Look]) -> pa.Table:
    """Project and account key of the changed tasks: an annotation of one that was logged and is not
    seen was deleted.
    """
    pairs = [(look.project["botbench"]["mark"], task) for look in looked for task in look.emptied]
    return store.arrow(
        f"""
        SELECT DISTINCT project, account_key FROM {store.relation("annotation_log")}
        WHERE list_contains(?::VARCHAR[], project || ' ' || task) AND account_key IS NOT NULL""",
        [[" ".join(p) for p in pairs]],
    )


def pa_concat(*tables: pa.Table) -> pa.Table:
    """Tables of one schema as one."""
    import pyarrow as pa

    return pa.concat_tables(tables, promote_options="permissive")


def sync_file(
    store: Store,
    path: Path,
    dataset: str | None = None,
    batch: Batch | None = None,
    scheme: Scheme | None = None,
) -> sync.Synced:
    """Bring the claims up to a Label Studio JSON export. What is not in the file is not taken for
    deleted.

    Raises UserError where the file is not such an export, or nothing says which data set or batch
    its tasks belong to.
    """
    tasks = read_export(path)
    if (
        dataset is None
        and batch is None
        and not all((t.get("meta") or {}).get("batch") for t in tasks)
    ):
        raise UserError(
            f"{path}: not every task says which batch it belongs to (meta.batch). Say what its"
            " account keys are: --batch BATCH, or --dataset DATASET where they are the data set's"
            " own account ids."
        )
    sync.remember(store)
    seen = _reader(store, {}, scheme).read(tasks)
    return sync.store_seen(
        store, FILE, seen, dataset=dataset, batch=batch.batch_id if batch else None
    )


def read_export(path: Path) -> list[dict[str, Any]]:
    """The tasks of a Label Studio JSON export; raises UserError for anything else."""
    wanted = (
        "expected a Label Studio export in the format JSON: a list of tasks, each with its"
        " annotations"
    )
    try:
        tasks = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise UserError(f"{path} is not UTF-8 text; {wanted}.") from None
    except ValueError as error:
        raise UserError(f"{path} is not whole JSON ({error}); {wanted}. Export it again.") from None
    if not isinstance(tasks, list):
        raise UserError(f"{path} holds a JSON {type(tasks).__name__}; {wanted}.")
    for number, task in enumerate(tasks, 1):
        if not _is_task(task):
            raise UserError(
                f"{path}, task {number}: found {str(task)[:80]!r}; {wanted}. (JSON-MIN leaves out"
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


def ours(store: Store, client: Client, batch: Batch | None) -> list[dict[str, Any]]:
    """The server's projects of one batch, or of all batches of this store; raises UserError where
    there is none.
    """
    known = (
        {batch.batch_id}
        if batch
        else set(store.arrow("SELECT batch_id FROM lake.main.batches")["batch_id"].to_pylist())
    )
    found = [p for p in client.projects() if p["botbench"]["batch"] in known]
    if not found:
        what = f"batch {batch.batch_id}" if batch else "any batch of this store"
        raise NoProjectError(
            f"Label Studio at {client.url} has no project of {what}. Push it first: botbench"
            " annotate push BATCH."
        )
    return found


def _reader(store: Store, emails: dict[int, str], scheme: Scheme | None) -> results.Reader:
    schemes = SchemeBook(store.home)
    if scheme:
        schemes.keep(scheme)  # whoever checks these claims later must know what they could say
    return results.Reader(schemes, People(store.home), emails, scheme or Scheme.load())


def _missed(store: Store, seen: pa.Table, projects: list[dict[str, Any]]) -> bool:
    """Whether an annotation of these projects was logged and is not there any more (or its task is
    not).
    """
    logged = store.arrow(
        "SELECT DISTINCT annotation_id FROM lake.main.annotation_log WHERE"
        " list_contains(?::VARCHAR[], project)",
        [[p["botbench"]["mark"] for p in projects]],
    )
    return bool(set(logged["annotation_id"].to_pylist()) - set(seen["annotation_id"].to_pylist()))


def _present(client: Client, projects: list[dict[str, Any]]) -> pa.Table:
    """Every task that stands on the server: only an annotation whose task is still there was
    deleted by a person.
    """
    import pyarrow as pa

    pairs = [(p["botbench"]["mark"], key) for p in projects for _, key in client.task_keys(p["id"])]
    columns = zip(*pairs, strict=True) if pairs else ((), ())
    return pa.table([pa.array(c, pa.string()) for c in columns], names=["project", "account_key"])
