"""Behind the tables: data files rewritten, old snapshots and inlined rows gone, the catalog's own
pages written anew.

Old versions go: DuckLake keeps the rows of a version in its files until the version is expired.
Releases keep their own files.
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from botbench.core.errors import UserError
from botbench.core.sql import literal
from curation.maintenance.erasure import files
from curation.store import catalog
from curation.store import connection as lake

if TYPE_CHECKING:
    from curation.maintenance.erasure.masks import Marks
    from curation.store.store import Store

STEPS = (
    "CALL ducklake_flush_inlined_data('lake')",
    "CALL ducklake_rewrite_data_files('lake', delete_threshold => 0.0)",
    "CALL ducklake_expire_snapshots('lake', older_than => now())",
    "CALL ducklake_cleanup_old_files('lake', cleanup_all => true)",
    "CALL ducklake_delete_orphaned_files('lake', cleanup_all => true)",
)


def purge(store: Store) -> int:
    """Make what was deleted unreadable in every file and page of the store; returns how many
    versions had to go.
    """
    with lake.turn(store.location):
        before = len(store.versions())
        for step in STEPS:
            lake.retried(lambda step=step: store.connection.execute(step).fetchall())  # type: ignore[misc]
        rewrite_catalog(store.location)
    return before - len(store.versions())


def trash(store: Store, marks: Marks) -> dict[str, int]:
    """Clean what `doctor --clean` moved to trash/; returns how many files lost rows and how many
    were removed.

    Data files that read are cleaned like those in use. Every other file there is removed, for
    nobody can tell what it holds: a Parquet file cut short, a spill file, unfinished work.
    """
    removed = rewritten = 0
    for path in files.below(store.home / lake.TRASH):
        if not _reads(store, path) or (swept := files.sweep(store, [path], marks)).left:
            path.unlink()
            removed += 1
        elif swept.cleaned:
            rewritten += 1
    counts = {"trash: rows taken out": rewritten, "trash: removed": removed}
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


def rewrite_catalog(location: lake.Location) -> None:
    """Write the catalog's tables anew, so that no free page, log or dead row holds what was
    deleted.
    """
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
        busy, said = True, str(error)
    else:
        said = "its log could not be emptied"
    if busy:
        raise UserError(
            f"The catalog {path} is in use by another process ({said}). The rows are deleted, but"
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
    """Postgres keeps samples of a column's values for its planner, in a table of its own; a column
    that is given its own type again loses them, which the table's owner may do (deleting them there
    only a superuser may)."""
    columns = connection.execute(
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid ="
        " %s::regclass AND attnum > 0 AND NOT attisdropped",
        [f'public."{table}"'],
    ).fetchall()
    changes = ", ".join(f'ALTER COLUMN "{name}" TYPE {kind}' for name, kind in columns)
    if changes:
        connection.execute(f'ALTER TABLE public."{table}" {changes}'.encode())
