"""Compact a store: many small files become few, and old versions go where that is asked for."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

import duckdb

from curation.store import catalog, file_hashes
from curation.store.connection import connect, retried, turn
from curation.store.store import Store

MESSAGE = "wrote small inserts and files together"
TOGETHER = (
    "CALL ducklake_flush_inlined_data('lake')",
    "CALL ducklake_rewrite_data_files('lake')",
    "CALL ducklake_merge_adjacent_files('lake')",
)
"""DuckLake's calls that make versions: small inserts leave the catalog for files, files of which
most rows are deleted are written anew, and neighbouring files are merged."""
UNUSED = "CALL ducklake_cleanup_old_files('lake', cleanup_all => true)"


@dataclass(frozen=True)
class Compacted:
    """What a compaction did: versions forgotten, and the store's files and bytes around it.

    `kept` is the tagged version that kept its successors from being forgotten, if one did.
    """

    forgotten: int
    oldest: int
    kept: int | None
    files_before: int
    files_after: int
    bytes_before: int
    bytes_after: int

    @property
    def freed(self) -> int:
        """Bytes freed; below 0 where what is readable took more after it."""
        return self.bytes_before - self.bytes_after


def compact(store: Store, forget_before: str | None = None) -> Compacted:
    """Write the store's small inserts and files together, and remove files no version reads.

    Every version stays readable, unless `forget_before` names one (version, tag, date): those
    before it are forgotten, up to the first that is tagged. Releases keep their own files. Other
    commands that read old files at this moment may fail, and succeed when they are repeated. Raises
    UserError for an unknown version.
    """
    wanted = None if forget_before is None else store.resolve(forget_before)
    connection = connect(store.location, create=False)
    with turn(store.location), contextlib.closing(connection):
        before = _size(connection, store)
        first, kept = _first_kept(store, wanted)
        # As in an erasure: on one thread, because of crashes of a native library.
        connection.execute("SET threads = 1")
        newest = file_hashes.newest(connection)
        for step in TOGETHER:
            retried(lambda step=step: catalog.commit_call(connection, step, MESSAGE))  # type: ignore[misc]
        gone = [v.number for v in store.versions() if v.number < first]
        if gone:
            numbers = ", ".join(map(str, [0, *gone]))
            connection.execute(
                f"CALL ducklake_expire_snapshots('lake', versions => [{numbers}])"
            ).fetchall()
        connection.execute(UNUSED).fetchall()
        file_hashes.record(connection, store.location, newest)
        after = _size(connection, store)
    return Compacted(len(gone), first, kept, before[0], after[0], before[1], after[1])


def _first_kept(store: Store, wanted: int | None) -> tuple[int, int | None]:
    """The first version that stays, and the tagged one that is the reason where one is."""
    if wanted is None:
        return store.oldest(), None
    tagged = [v.number for v in store.versions() if v.tags and v.number < wanted]
    return (min(tagged), min(tagged)) if tagged else (wanted, None)


def _size(connection: duckdb.DuckDBPyConnection, store: Store) -> tuple[int, int]:
    """Number and bytes of the files that versions read or that wait to be removed."""
    files = catalog.data_files(connection, store.location.data_path)
    row = connection.execute(
        f"SELECT count(*) FROM {catalog.METADATA}.ducklake_files_scheduled_for_deletion"
    ).fetchone()
    waiting = int(row[0]) if row else 0
    return len(files) + waiting, sum(f.bytes for f in files)
