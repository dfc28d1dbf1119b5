"""Remove deleted rows from data files, old snapshots, inlined rows and the catalog's own pages.

Old versions are expired: DuckLake keeps the rows of a version in its files until then. Releases
keep their own files.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from botbench.core.errors import UserError
from botbench.core.sql import literal
from curation.maintenance.erasure import file_cleaning
from curation.store import catalog, file_hashes
from curation.store.connection import TRASH, Location, connect, retried, turn

if TYPE_CHECKING:
    from curation.maintenance.erasure.masks import Marks
    from curation.store.store import Store

STEPS = (
    "CALL ducklake_flush_inlined_data('lake')",
    "CALL ducklake_rewrite_data_files('lake', delete_threshold => 0.0)",
    "CALL ducklake_expire_snapshots('lake', older_than => now())",
    "CALL ducklake_cleanup_old_files('lake', cleanup_all => true)",
)
"""The maintenance calls of DuckLake, without `ducklake_delete_orphaned_files`.

Under an older catalog, that call removes files of newer versions, and it removes foreign files in
the data folder. See `unreferenced`.
"""


MAKE_VERSIONS = 2
"""How many of the steps, from the first on, can make a version."""
MESSAGE = "took erased rows out of the data files"


def purge(store: Store) -> int:
    """Make deleted rows unreadable in all data files and pages; return the versions expired.

    DuckLake's maintenance calls run on a new connection, which no open cursor shares. It is closed
    before the catalog is rewritten.
    """
    # `connect` takes the write turn itself, so it comes before `turn`.
    connection = connect(store.location, create=False)
    with turn(store.location):
        before = len(store.versions())
        with contextlib.closing(connection):
            # Three of several hundred erasures ended in heap corruption of a native library.
            # Compaction on several threads is the likely cause; see docs/reliability.md.
            connection.execute("SET threads = 1")
            newest = file_hashes.newest(connection)
            for step in STEPS:
                retried(lambda step=step: _maintain(connection, step))  # type: ignore[misc]
            file_hashes.record(connection, store.location, newest)
        rewrite_catalog(store.location)
    return before - len(store.versions())


def _maintain(connection: duckdb.DuckDBPyConnection, step: str) -> None:
    """Run one maintenance call; where it makes a version, that says who made it and why."""
    if step not in STEPS[:MAKE_VERSIONS]:
        connection.execute(step).fetchall()
        return
    catalog.commit_call(connection, step, MESSAGE)


def trash(store: Store, marks: Marks) -> dict[str, int]:
    """Clean the files that `doctor --clean` moved to trash/ (see `clean_unused`)."""
    return clean_unused(store, file_cleaning.below(store.home / TRASH), marks, "trash")


def unreferenced(store: Store) -> list[Path]:
    """DuckLake's data files that no version of this catalog reads, without foreign files."""
    return catalog.unreferenced(store.connection, store.location.data, catalog.DATA_FILE)


def orphans(store: Store, marks: Marks) -> dict[str, int]:
    """Clean the data files that no version reads (see `clean_unused`). Call it after `purge`."""
    with turn(store.location):
        return clean_unused(store, unreferenced(store), marks, "orphaned data files")


def clean_unused(store: Store, paths: Iterable[Path], marks: Marks, place: str) -> dict[str, int]:
    """Remove the account's rows from files that no version reads; count files by outcome.

    Returns the files that lost rows and those removed, with `place` in the names. An unreadable
    file (cut short, a spill file, unfinished work) is removed, because its contents cannot be
    checked.
    """
    removed = rewritten = 0
    for path in paths:
        if not _reads(store, path) or (swept := file_cleaning.sweep(store, [path], marks)).left:
            path.unlink()
            removed += 1
        elif swept.cleaned:
            rewritten += 1
    counts = {f"{place}: rows taken out": rewritten, f"{place}: removed": removed}
    return {what: n for what, n in counts.items() if n}


def _reads(store: Store, path: Path) -> bool:
    """Whether a file is Parquet of which every value can be read."""
    try:
        store.connection.execute(
            f"SELECT max(hash(COLUMNS(*))) FROM read_parquet({literal(path)})"
        ).fetchall()
    except duckdb.Error:
        return False
    return True


def rewrite_catalog(location: Location) -> None:
    """Rewrite the catalog's tables, so that no free page, log or dead row holds deleted values."""
    if catalog.kind(location) == "sqlite":
        _rewrite_sqlite(Path(location.catalog.partition(":")[2]))
    else:
        _rewrite_postgres(location.catalog.partition(":")[2])


def _rewrite_sqlite(path: Path) -> None:
    try:
        with contextlib.closing(
            sqlite3.connect(path, timeout=60, isolation_level=None)
        ) as connection:
            connection.execute("VACUUM")
            busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    except sqlite3.OperationalError as error:
        busy, reason = True, str(error)
    else:
        reason = "its log could not be emptied"
    if busy:
        raise UserError(
            f"The catalog {path} is in use by another process ({reason}). The rows are deleted, but"
            " their pages are not written anew yet: end the other botbench commands and run the"
            " same erase again."
        )


def _rewrite_postgres(url: str) -> None:
    try:
        import psycopg
    except ImportError:
        raise UserError(
            "Emptying a PostgreSQL catalog's dead rows needs psycopg: pip install"
            " botbench[postgres], then run the same erase again."
        ) from None
    with psycopg.connect(url, autocommit=True) as connection:
        query = (
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND starts_with(tablename,"
            " 'ducklake_')"
        )
        for (name,) in connection.execute(query).fetchall():
            _forget_statistics(connection, name)
            connection.execute(f'VACUUM FULL "{name}"'.encode())
        with contextlib.suppress(psycopg.errors.InsufficientPrivilege):
            connection.execute("VACUUM FULL pg_catalog.pg_statistic")
            connection.execute("CHECKPOINT")


def _forget_statistics(connection: Any, table: str) -> None:
    """Remove Postgres' samples of column values, kept for its planner in a table of its own.

    Setting a column to its own type removes them. The table's owner may do this; only a superuser
    may delete from the table of samples.
    """
    columns = connection.execute(
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid ="
        " %s::regclass AND attnum > 0 AND NOT attisdropped",
        [f'public."{table}"'],
    ).fetchall()
    changes = ", ".join(f'ALTER COLUMN "{name}" TYPE {kind}' for name, kind in columns)
    if changes:
        connection.execute(f'ALTER TABLE public."{table}" {changes}'.encode())
