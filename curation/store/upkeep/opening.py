"""Open a store: to read, without a lock and without writing, or to write, made or migrated."""

from __future__ import annotations

import contextlib

import duckdb

from botbench.core.duckdb_work import one_thread
from botbench.core.errors import ResourceFailure
from botbench.core.files import keep_private, write_text
from curation.store import migrations, schema
from curation.store.catalog import METADATA
from curation.store.connection import (
    MARKER,
    Location,
    allow_writing,
    connect,
    connect_to_read,
    is_writable,
    lost,
    remains,
    retried,
    turn,
)

SMALL = 8_000_000
"""Bytes of data files up to which a store is read on one thread. On several, DuckDB's threads wait
for each other longer than they work: a release of 693 accounts took half as long again."""


def to_write(location: Location) -> duckdb.DuckDBPyConnection:
    """Open a store to write; make a new one, and migrate one of an older schema."""
    connection = connect(location)
    try:
        with turn(location), one_thread(connection, when=True):
            _prepare(connection, location)
    except BaseException:
        connection.close()
        raise
    return connection


def to_read(location: Location) -> tuple[duckdb.DuckDBPyConnection, bool]:
    """Open a store to read; return whether the connection can write too.

    It can where the store was of an older schema: reading needs the new one, so such a store is
    migrated first.
    """
    connection = connect_to_read(location)
    try:
        if not has_tables(connection):
            raise lost(location)
        if _bytes(connection) <= SMALL:
            connection.execute("SET threads = 1")
        lacks = migrations.pending(connection)
    except BaseException:
        connection.close()
        raise
    if not lacks:
        return connection, False
    connection.close()
    refuse_read_only(location, "It is of an older schema, so it is written once when it is opened.")
    return to_write(location), True


def write_too(connection: duckdb.DuckDBPyConnection, location: Location) -> None:
    """Let a connection of `to_read` write; call it while holding the write turn."""
    keep_private(location.home)
    allow_writing(connection, location)
    _prepare(connection, location)


def refuse_read_only(location: Location, why: str) -> None:
    """Raise ResourceFailure where this user cannot write the store."""
    if not is_writable(location):
        raise ResourceFailure(
            f"The store at {location.home} is read-only for this user. {why} Nothing was written."
            " Run the command as its owner, or on a copy: botbench backup DIR."
        )


def has_tables(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether a store was made; one whose first command was killed has a catalog without tables."""
    # The catalog's own tables answer in a fifth of the time of DuckLake's functions.
    row = connection.execute(
        f"SELECT count(*) FROM {METADATA}.ducklake_table"
        " WHERE table_name = 'guard' AND end_snapshot IS NULL"
    ).fetchone()
    return bool(row and row[0])


def _bytes(connection: duckdb.DuckDBPyConnection) -> int:
    """The size of a store's data files, without small inserts that the catalog holds."""
    row = connection.execute(
        f"SELECT sum(file_size_bytes)::BIGINT FROM {METADATA}.ducklake_data_file"
        " WHERE end_snapshot IS NULL"
    ).fetchone()
    return int(row[0] or 0) if row else 0


def _prepare(connection: duckdb.DuckDBPyConnection, location: Location) -> None:
    """Make what a new or older store lacks."""
    retried(lambda: _make_tables(connection, location))
    retried(lambda: migrations.migrate(connection, location))
    if not (mark := location.home / MARKER).exists():
        write_text(mark, "This folder is a botbench store. The file shows that it was finished.\n")


def _make_tables(connection: duckdb.DuckDBPyConnection, location: Location) -> None:
    if has_tables(connection):
        return
    if remains(location):
        raise lost(location)
    connection.execute("BEGIN")
    try:
        for table in schema.STORED.values():
            connection.execute(schema.ddl(table, "lake.main."))
        connection.execute("CREATE TABLE lake.main.guard (n BIGINT)")
        connection.execute("INSERT INTO lake.main.guard VALUES (0)")
        connection.execute("CALL lake.set_commit_message('botbench', 'an empty store')")
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(duckdb.Error):
            connection.execute("ROLLBACK")
        raise
