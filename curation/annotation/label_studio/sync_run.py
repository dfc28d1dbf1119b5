"""Bring the store up to the annotations of a server or of an export file: fetch, parse, diff,
write, report.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from botbench.core.errors import UserError
from curation.annotation.assignment.batches import Batch
from curation.annotation.assignment.pseudonyms import names_by_number, unknown_by_number
from curation.annotation.label_studio import diff, fetch, parse, report, server_checks, write
from curation.annotation.label_studio.client import Client, server_name
from curation.annotation.label_studio.cursors import Cursors
from curation.annotation.scheme.scheme import Scheme

if TYPE_CHECKING:
    import pyarrow as pa

    from curation.store.store import Store, Transaction

FILE = "file"
"""The server's name in the log for annotations that came by a file of no named server."""


def sync_server(
    store: Store,
    client: Client,
    batch: Batch | None = None,
    scheme: Scheme | None = None,
    *,
    whole: bool = False,
) -> report.Synced:
    """Bring the claims up to the server's annotations of one batch, or of every batch of this store
    that it holds.

    Only what changed since the last sync is read; with `whole` or with a scheme, everything.
    """
    logged_before = diff.logged_annotations(store)
    server = fetch.read_server(store, client, batch, whole=whole or scheme is not None)
    seen = parse.Reader.of(store, server.emails, scheme).read(server.tasks)
    synced = store_annotations(
        store,
        client.url,
        seen,
        logged_before,
        complete=fetch.complete_tasks(store, client, server, seen),
        projects=server.marks,
        scheme=scheme,
    )
    cursors = Cursors(store.home, client.url)
    for read in server.reads:
        if read.cursor:
            cursors.put(read.mark, read.cursor)
    taken_out = report.take_out_reported(
        store, client, server.projects, synced.reported, scheme or Scheme.load()
    )
    synced.projects = server.projects
    synced.notes += [
        *server_checks.irregularities(store, server.projects, seen),
        *server_checks.edited_pages(client, [r.project for r in server.reads if r.tasks]),
        *taken_out,
    ]
    return synced


def sync_file(
    store: Store,
    path: Path,
    dataset: str | None = None,
    batch: Batch | None = None,
    scheme: Scheme | None = None,
    *,
    server: str = "",
) -> report.Synced:
    """Bring the claims up to a Label Studio JSON export. An annotation that is not in the file
    counts as not read, never as deleted.

    `server` names the server that it came from, the same name for all its exports. Raises UserError
    if the file is not such an export, if no server is named and it names people by numbers (or
    nobody, and an annotation of this number is there in another state), or if nothing says which
    data set or batch its tasks belong to.
    """
    tasks = fetch.read_export(path)
    server = _known_name(store, server.strip())
    if not server and names_by_number(tasks):
        raise UserError(
            f"{path} names people by numbers or account names (completed_by: 1), which mean"
            " somebody on one server only. Say which server the export is from, with the same name"
            " each time: --server NAME."
        )
    names_batches = all((task.get("meta") or {}).get("batch") for task in tasks)
    if dataset is None and batch is None and not names_batches:
        raise UserError(
            f"{path}: not every task says which batch it belongs to (meta.batch). Say what its"
            " account keys are: --batch BATCH, or --dataset DATASET where they are the data set's"
            " own account ids."
        )
    reader = parse.Reader.of(store, {}, scheme, server)
    if server:
        logged = store.arrow(
            "SELECT annotation_id, updated_at, payload_hash, claimant FROM"
            f" {store.relation('annotation_log')} WHERE server = ?",
            [FILE],
        )
        reader = reader.knowing(tasks, logged.to_pylist())
    seen = reader.read(tasks)
    if not server:
        _check_unknown(store, path, unknown_by_number(tasks), seen)
    return store_annotations(
        store,
        server or FILE,
        seen,
        diff.logged_annotations(store),
        dataset=dataset,
        batch=batch.batch_id if batch else None,
        scheme=scheme,
    )


def _check_unknown(store: Store, path: Path, numbered: set[str], seen: pa.Table) -> None:
    """Refuse the annotations of nobody (ids `numbered`) that may be of two servers."""
    mine = [row for row in seen.to_pylist() if row["annotation_id"] in numbered]
    logged = store.arrow(
        "SELECT annotation_id, updated_at, payload_hash FROM"
        f" {store.relation('annotation_log')} WHERE server = ?",
        [FILE],
    ).to_pylist()
    states = {tuple(row.values()) for row in logged} if mine else set()
    there = {annotation_id for annotation_id, _, _ in states}
    for row in mine:
        state = row["annotation_id"], row["updated_at"], row["payload_hash"]
        if row["annotation_id"] in there and state not in states:
            raise UserError(
                f"{path} names nobody (completed_by: null), and annotation {row['number']} of"
                f" project {row['project']} is in the store with another state. Numbers mean"
                " something on one server only. Say which server the export is from, with the same"
                " name each time: --server NAME."
            )


def _known_name(store: Store, server: str) -> str:
    """A server's name as the log spells it; of a URL what `sync` notes: no user, no password."""
    name = server_name(server) if "://" in server else server
    spelled = store.arrow(
        f"SELECT min(server) AS server FROM {store.relation('annotation_log')}"
        " WHERE lower(server) = lower(?)",
        [name],
    ).to_pylist()
    return str(spelled[0]["server"] or name)


def store_annotations(
    store: Store,
    server: str,
    seen: pa.Table,
    logged_before: pa.Table,
    *,
    complete: pa.Table | None = None,
    dataset: str | None = None,
    batch: str | None = None,
    projects: Sequence[str] | None = None,
    scheme: Scheme | None = None,
) -> report.Synced:
    """Bring the claims up to `seen` (rows of `parse.seen_schema`) in one transaction: each answer,
    edit, skip and deletion once. If nothing is new, no version is made.

    `logged_before` (of `diff.logged_annotations`) and `complete` (of `fetch.complete_tasks`) tell
    deletions from what was not read; `dataset` or `batch` say what tasks belong to that do not say
    so themselves; `projects` are the marks of those whose earlier rejections are listed again.
    """
    located = diff.with_accounts(store, seen, dataset, batch)

    def work(transaction: Transaction) -> report.Synced:
        judged, changes = diff.changes(store, located, logged_before, complete)
        claims, entries = write.append(store, transaction, server, changes)
        return report.synced(
            store, server, scheme or Scheme.load(), (judged, claims, entries), projects
        )

    version, synced = store.transact(work, None, f"annotations of {server}")
    synced.version = version
    if version is not None:
        synced.notes += report.twins(store, located)
    return synced
