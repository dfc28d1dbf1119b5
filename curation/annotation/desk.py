"""What the commands do: read a batch's projects on a server, or an export file, and bring the store up to it; say how it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curation.annotation import results, sync
from curation.annotation.batches import Batch
from curation.annotation.client import Client
from curation.annotation.people import People
from curation.annotation.scheme import Scheme
from curation.annotation.schemebook import SchemeBook
from curation.errors import UserError

if TYPE_CHECKING:
    import pyarrow as pa

    from curation.store import Store

FILE = "file"
"""The server's name in the log for what came by a file."""


def sync_server(store: Store, client: Client, batch: Batch | None = None, scheme: Scheme | None = None) -> sync.Synced:
    """Bring the claims up to the server's annotations of one batch, or of every batch of this store that it holds."""
    sync.remember(store)
    projects = ours(store, client, batch)
    seen = _read(store, client, projects, scheme)
    complete = _present(client, projects) if _missed(store, seen, projects) else None
    return sync.store_seen(store, client.url, seen, complete=complete)


def sync_file(store: Store, path: Path, dataset: str | None = None, batch: Batch | None = None,
              scheme: Scheme | None = None) -> sync.Synced:
    """Bring the claims up to a Label Studio JSON export. What is not in the file is not taken for deleted.

    Raises UserError where the file is not such an export, or nothing says which data set or batch its tasks belong to.
    """
    tasks = read_export(path)
    if dataset is None and batch is None and not all((t.get("meta") or {}).get("batch") for t in tasks):
        raise UserError(f"{path}: not every task says which batch it belongs to (meta.batch). Say what its account keys are: "
                        "--batch BATCH, or --dataset DATASET where they are the data set's own account ids.")
    sync.remember(store)
    seen = _reader(store, {}, scheme).read(tasks)
    return sync.store_seen(store, FILE, seen, dataset=dataset, batch=batch.batch_id if batch else None)


def read_export(path: Path) -> list[dict[str, Any]]:
    """The tasks of a Label Studio JSON export; raises UserError for anything else."""
    wanted = "expected a Label Studio export in the format JSON: a list of tasks, each with its annotations"
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
            raise UserError(f"{path}, task {number}: found {str(task)[:80]!r}; {wanted}. (JSON-MIN leaves out too much.)")
    return tasks


def _is_task(task: object) -> bool:
    return (isinstance(task, dict) and isinstance(task.get("annotations"), list) and isinstance(task.get("data"), dict)
            and isinstance(task.get("meta") or {}, dict) and all(isinstance(a, dict) for a in task["annotations"]))


def ours(store: Store, client: Client, batch: Batch | None) -> list[dict[str, Any]]:
    """The server's projects of one batch, or of all batches of this store; raises UserError where there is none."""
    known = {batch.batch_id} if batch else set(store.arrow("SELECT batch_id FROM lake.main.batches")["batch_id"].to_pylist())
    found = [p for p in client.projects() if p["botbench"]["batch"] in known]
    if not found:
        what = f"batch {batch.batch_id}" if batch else "any batch of this store"
        raise UserError(f"Label Studio at {client.url} has no project of {what}. Push it first: botbench annotate push BATCH.")
    return found


def _read(store: Store, client: Client, projects: list[dict[str, Any]], scheme: Scheme | None = None) -> pa.Table:
    import pyarrow as pa

    reader = _reader(store, client.emails(), scheme)
    return pa.concat_tables([reader.read(client.annotated(p["id"])) for p in projects])


def _reader(store: Store, emails: dict[int, str], scheme: Scheme | None) -> results.Reader:
    schemes = SchemeBook(store.home)
    if scheme:
        schemes.keep(scheme)  # whoever checks these claims later must know what they could say
    return results.Reader(schemes, People(store.home), emails, scheme or Scheme.load())


def _missed(store: Store, seen: pa.Table, projects: list[dict[str, Any]]) -> bool:
    """Whether an annotation of these projects was logged and is not there any more (or its task is not)."""
    logged = store.arrow("SELECT DISTINCT annotation_id FROM lake.main.annotation_log WHERE list_contains(?::VARCHAR[], project)",
                         [[p["botbench"]["mark"] for p in projects]])
    return bool(set(logged["annotation_id"].to_pylist()) - set(seen["annotation_id"].to_pylist()))


def _present(client: Client, projects: list[dict[str, Any]]) -> pa.Table:
    """Every task that stands on the server: only an annotation whose task is still there was deleted by a person."""
    import pyarrow as pa

    pairs = [(p["botbench"]["mark"], key) for p in projects for _, key in client.task_keys(p["id"])]
    columns = zip(*pairs, strict=True) if pairs else ((), ())
    return pa.table([pa.array(c, pa.string()) for c in columns], names=["project", "account_key"])


def status(store: Store, client: Client, batch: Batch | None = None) -> dict[str, Any]:
    """How far the work is, as the server has it now: projects, annotators (pseudonyms), all; and simple percent agreement.

    `assigned` of a person counts the tasks of the projects they have answered in. Seconds are Label Studio's lead time.
    """
    projects = ours(store, client, batch)
    seen = _read(store, client, projects)
    tasks = {p["botbench"]["mark"]: client.task_count(p["id"]) for p in projects}
    store.connection.register("status_seen", seen)
    people = _by_person(store, tasks)
    done = {r["project"]: r["done"] for r in store.arrow(
        "SELECT project, count(DISTINCT account_key) AS done FROM status_seen GROUP BY project").to_pylist()}
    total = store.arrow(f"SELECT {_COUNTS} FROM status_seen").to_pylist()[0]
    agreement = _agreement(store)
    store.connection.unregister("status_seen")
    return {
        "projects": [{"id": p["id"], "batch": p["botbench"]["batch"], "part": p["botbench"]["part"],
                      "assigned": tasks[p["botbench"]["mark"]], "done": done.get(p["botbench"]["mark"], 0)} for p in projects],
        "annotators": people, "all": {"assigned": sum(tasks.values()), **total}, "agreement": agreement,
    }


_COUNTS = ("count(DISTINCT project || account_key) AS done, count(*) FILTER (event = 'skipped') AS skipped, "
           "count(*) FILTER (event = 'rejected') AS rejected, median(lead_time_s) FILTER (event = 'answered') AS median_seconds")


def _by_person(store: Store, tasks: dict[str, int]) -> dict[str, dict[str, Any]]:
    rows = store.arrow(f"""
        SELECT claimant, list(DISTINCT project) AS projects, {_COUNTS}
        FROM status_seen GROUP BY claimant ORDER BY claimant""").to_pylist()
    return {r.pop("claimant"): {"assigned": sum(tasks[m] for m in r.pop("projects") if m in tasks), **r} for r in rows}


def _agreement(store: Store) -> dict[str, Any]:
    """Percent agreement: of the pairs of people who answered the same account, how many gave the same answer."""
    found: dict[str, Any] = store.arrow("""
        WITH votes AS (SELECT batch_id, account_key, claimant, arg_max(answer, updated_at) AS answer
            FROM status_seen WHERE event = 'answered' GROUP BY ALL),
        cells AS (SELECT batch_id, account_key, answer, count(*) AS n FROM votes GROUP BY ALL),
        accounts AS (SELECT sum(n) * (sum(n) - 1) / 2 AS pairs, sum(n * (n - 1)) / 2 AS same
            FROM cells GROUP BY batch_id, account_key)
        SELECT 100 * sum(same) / nullif(sum(pairs), 0) AS percent, coalesce(sum(pairs), 0)::BIGINT AS pairs FROM accounts
    """).to_pylist()[0]
    return found
