"""What the catalog's own tables say: copies of them, taken in use, and the files of a store."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from botbench.core.duckdb_work import no_progress_bar
from botbench.core.errors import UserError
from botbench.core.sql import literal
from curation.store.connection import Location, connect
from curation.store.upkeep.extensions import extension

DATA_FILE = "ducklake-*.parquet"
"""What DuckLake calls its data and delete files."""
HASHES = "botbench_file_hashes"
"""Our own table in the catalog's database (see `file_hashes`)."""
METADATA = "__ducklake_metadata_lake"
"""The name under which DuckLake attaches the catalog's database."""
NAMES = {"sqlite": "catalog.sqlite", "postgres": "catalog.duckdb"}


def kind(location: Location) -> str:
    """`sqlite` or `postgres`."""
    return location.catalog.partition(":")[0]


def save(location: Location, folder: Path) -> Path:
    """Copy the catalog, as of one moment, into a file of `folder`; return the file's path.

    Call it while holding the write turn. SQLite is copied by its online backup, which includes the
    write-ahead log. Postgres is copied table by table in one repeatable read: this needs no
    `pg_dump`, which refuses a server newer than itself.
    """
    target = folder / NAMES[kind(location)]
    target.unlink(missing_ok=True)
    if kind(location) == "sqlite":
        _save_sqlite(Path(location.catalog.partition(":")[2]), target)
    else:
        _save_postgres(location, target)
    return target


def _save_sqlite(source: Path, target: Path) -> None:
    with (
        contextlib.closing(sqlite3.connect(source, timeout=60)) as old,
        contextlib.closing(sqlite3.connect(target)) as new,
    ):
        old.backup(new)
        # One file, without a log beside it.
        new.execute("PRAGMA journal_mode = DELETE")


def _save_postgres(location: Location, target: Path) -> None:
    with attached(location) as connection:
        connection.execute(f"ATTACH {literal(target)} AS copy")
        connection.execute("BEGIN")
        for name in tables(connection):
            connection.execute(f'CREATE TABLE copy."{name}" AS FROM meta.public."{name}"')
        connection.execute("COMMIT")
        connection.execute("DETACH copy")


def tables(connection: duckdb.DuckDBPyConnection, database: str = "meta") -> list[str]:
    """The names of the catalog's tables, those of small inserts and of file hashes included."""
    rows = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = ? AND"
        " (starts_with(table_name, 'ducklake_') OR table_name = ?) ORDER BY 1",
        [database, HASHES],
    ).fetchall()
    return [name for (name,) in rows]


@contextlib.contextmanager
def attached(location: Location, read_only: bool = True) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB connection of its own with the Postgres database of a catalog attached as `meta`."""
    connection = duckdb.connect()
    try:
        for statement in (
            "SET autoinstall_known_extensions = false",
            "SET autoload_known_extensions = false",
            *no_progress_bar(),
            f"LOAD {literal(extension('postgres_scanner'))}",
        ):
            connection.execute(statement)
        url = location.catalog.partition(":")[2]
        connection.execute(
            f"ATTACH {literal(url)} AS meta (TYPE postgres{', READ_ONLY' if read_only else ''})"
        )
        yield connection
    finally:
        connection.close()


def load(location: Location, saved: Path) -> None:
    """Load a saved catalog into `location`, which must not hold a store.

    DuckLake makes Postgres' own tables first, because their keys detect concurrent commits. Raises
    UserError where a store exists.
    """
    if kind(location) == "sqlite":
        target = Path(location.catalog.partition(":")[2])
        unfinished = target.with_name(f".{target.name}.unfinished")
        shutil.copyfile(saved, unfinished)
        unfinished.rename(target)
        return
    with attached(location) as connection:
        # Killed before its rows came, a restore has left DuckLake's own tables, with nothing in
        # them but snapshot 0.
        newest = "SELECT max(snapshot_id) FROM meta.public.ducklake_snapshot"
        if tables(connection) and connection.execute(newest).fetchone() != (0,):
            raise UserError(
                "The Postgres database holds a store already. Restore into an empty database."
            )
    connect(location, create=True).close()
    with attached(location, read_only=False) as connection:
        connection.execute(f"ATTACH {literal(saved)} AS copy (READ_ONLY)")
        present, kept = tables(connection), tables(connection, "copy")
        connection.execute("BEGIN")
        for name in kept:
            if name in present:
                connection.execute(f'DELETE FROM meta.public."{name}"')
                connection.execute(f'INSERT INTO meta.public."{name}" BY NAME FROM copy."{name}"')
            else:
                connection.execute(f'CREATE TABLE meta.public."{name}" AS FROM copy."{name}"')
        connection.execute("COMMIT")


def commit_call(connection: duckdb.DuckDBPyConnection, call: str, message: str) -> None:
    """Run one of DuckLake's maintenance calls as a commit of botbench with this message."""
    connection.execute("BEGIN")
    try:
        connection.execute("CALL lake.set_commit_message('botbench', ?)", [message])
        connection.execute(call).fetchall()
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(duckdb.Error):
            connection.execute("ROLLBACK")
        raise


@dataclass(frozen=True)
class DataFile:
    """A data or delete file of an attached store, as its catalog names it."""

    id: int
    path: str
    bytes: int
    begin: int
    """The first version that has it."""
    end: int | None
    """The first version that has it no more."""
    belongs_to: int | None = None
    """Of a delete file: the data file whose rows it deletes."""


def data_files(connection: duckdb.DuckDBPyConnection, data: Path | str) -> list[DataFile]:
    """Every file that a version of an attached store uses; `data` is where its files are."""
    found: list[DataFile] = []
    for table, key, of in (
        ("ducklake_data_file", "data_file_id", "NULL"),
        ("ducklake_delete_file", "delete_file_id", "data_file_id"),
    ):
        rows = connection.execute(f"""
            SELECT s.path, s.path_is_relative::BOOLEAN, t.path, t.path_is_relative::BOOLEAN,
                   f.path, f.path_is_relative::BOOLEAN,
                   f.{key}, f.file_size_bytes, f.begin_snapshot, f.end_snapshot, {of}
            FROM {METADATA}.{table} f
            JOIN (SELECT DISTINCT table_id, schema_id, path, path_is_relative
                  FROM {METADATA}.ducklake_table) t USING (table_id)
            JOIN (SELECT DISTINCT schema_id, path, path_is_relative
                  FROM {METADATA}.ducklake_schema) s USING (schema_id)
        """).fetchall()
        for schema, schema_relative, of_table, table_relative, file, file_relative, *rest in rows:
            folder = _below(str(data), schema, schema_relative)
            path = _below(_below(folder, of_table, table_relative), file, file_relative)
            number, size, begin, end, belongs_to = rest
            found.append(DataFile(int(number), path, int(size), int(begin), end, belongs_to))
    return found


def _below(folder: str, path: str, relative: bool) -> str:
    """A path of the catalog; a text, because `Path` would break the address of an object store."""
    return f"{folder.rstrip('/')}/{path}" if relative else path


def unreferenced(
    connection: duckdb.DuckDBPyConnection, data: Path, pattern: str = "*.parquet"
) -> list[Path]:
    """The files below the data folder that no version of an attached store reads, sorted.

    Killed writers leave such files. Under an older catalog the files of newer versions are such
    files too.
    """
    referenced = {Path(f.path).resolve() for f in data_files(connection, data)}
    return sorted(p for p in data.rglob(pattern) if p.resolve() not in referenced)
