"""The sha256 of every data file of a store, recorded when a version is committed.

DuckLake records sizes only, and a flipped bit of a Parquet file can read as another value without
an error. The hashes stand in a table of ours in the catalog's database. They are kept by file id,
so that they hold in a moved or restored store.
"""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import duckdb

from botbench.core.errors import ResourceFailure
from botbench.core.hashing import file_sha256
from botbench.core.sql import literal
from curation.store import catalog
from curation.store.catalog import METADATA, DataFile
from curation.store.connection import Location
from curation.store.upkeep import objects

TABLE = f"{METADATA}.{catalog.HASHES}"
AT_COMMIT, LATER = "at commit", "later"
"""When a hash was recorded. What happened to a file before `later` is not known."""
SHOWN = 3

Wrong = Literal["missing", "of another size", "changed"]


@dataclass(frozen=True)
class Hashes:
    """What is recorded: file id to sha256, and the ids that were recorded later than committed."""

    of: dict[int, str]
    later: frozenset[int]


def recorded(connection: duckdb.DuckDBPyConnection) -> Hashes:
    """The hashes of an attached store; none where no command of this botbench has written yet."""
    if not _exists(connection):
        return Hashes({}, frozenset())
    # Two machines may have recorded the same file: the first counts.
    rows = connection.execute(
        f"SELECT file_id, sha256, recorded FROM {TABLE} ORDER BY recorded_at DESC"
    ).fetchall()
    return Hashes(
        {int(i): str(digest) for i, digest, _ in rows},
        frozenset(int(i) for i, _, when in rows if when == LATER),
    )


def newest(connection: duckdb.DuckDBPyConnection) -> int:
    """The highest file id of an attached store, 0 without files. Ids rise with every file."""
    row = connection.execute(f"""
        SELECT max(id) FROM (SELECT max(data_file_id) FROM {METADATA}.ducklake_data_file
        UNION ALL SELECT max(delete_file_id) FROM {METADATA}.ducklake_delete_file) files(id)
    """).fetchone()
    return int(row[0] or 0) if row else 0


def record(connection: duckdb.DuckDBPyConnection, location: Location, after: int) -> None:
    """Record the files without a hash, and forget the hashes of files that no version has.

    Files with an id over `after` are recorded as committed now, others as recorded later. Call it
    after a commit, while holding the write turn. Where it fails, the version stands all the same,
    and the next commit records its files.
    """
    with contextlib.suppress(duckdb.Error, OSError):
        if not _exists(connection):
            connection.execute(
                f"CREATE TABLE IF NOT EXISTS {TABLE}"
                " (file_id BIGINT, sha256 VARCHAR, recorded VARCHAR, recorded_at VARCHAR)"
            )
        known = recorded(connection).of
        there = catalog.data_files(connection, location.data_path)
        if gone := known.keys() - {f.id for f in there}:
            ids = ", ".join(map(str, gone))
            connection.execute(f"DELETE FROM {TABLE} WHERE file_id IN ({ids})")
        fresh = [
            f"({f.id}, {literal(digest)}, {literal(AT_COMMIT if f.id > after else LATER)})"
            for f in there
            if f.id not in known and (digest := digest_of(connection, f.path))
        ]
        if fresh:
            at = literal(datetime.now(UTC).isoformat())
            rows = f"SELECT *, {at} FROM (VALUES {', '.join(fresh)})"
            connection.execute(f"INSERT INTO {TABLE} {rows}")


def digest_of(connection: duckdb.DuckDBPyConnection, path: str) -> str:
    """The sha256 of a data file, on a disk or in object storage; empty where there is no file."""
    if "://" not in path:
        return file_sha256(Path(path))
    query = f"SELECT sha256(content) FROM read_blob({literal(path)})"
    try:
        row = connection.execute(query).fetchone()
    except duckdb.HTTPException as error:
        if objects.is_gone(error):
            return ""
        raise
    return str(row[0]) if row else ""


def wrong(connection: duckdb.DuckDBPyConnection, files: Iterable[DataFile]) -> dict[str, Wrong]:
    """Read each file whole; return those that are not as they were committed, by path.

    A file without a recorded hash is compared by its size alone.
    """
    hashes = recorded(connection).of
    found: dict[str, Wrong] = {}
    for file in files:
        local = Path(file.path) if "://" not in file.path else None
        if local and not local.is_file():
            found[file.path] = "missing"
        elif local and local.stat().st_size != file.bytes:
            found[file.path] = "of another size"
        elif file.id in hashes and (digest := digest_of(connection, file.path)) != hashes[file.id]:
            found[file.path] = "changed" if digest else "missing"
    return found


def require(
    connection: duckdb.DuckDBPyConnection,
    location: Location,
    version: int | None = None,
    datasets: Iterable[str] = (),
) -> None:
    """Raise ResourceFailure where a data file of a version is not as it was committed.

    Without a version, the files of every version are read. `datasets` leaves out the files that,
    by DuckLake's statistics, hold rows of other data sets only.
    """
    files = catalog.data_files(connection, location.data_path)
    if version is not None:
        files = [f for f in files if f.begin <= version and (f.end is None or f.end > version)]
    if names := list(datasets):
        others = _of_others(connection, names)
        files = [f for f in files if f.id not in others and f.belongs_to not in others]
    if found := wrong(connection, files):
        raise failure(found, location)


def failure(found: dict[str, Wrong], location: Location) -> ResourceFailure:
    """The error for damaged data files: which, what is wrong, and how to put them back."""
    home = location.home
    names = {
        p: Path(p).relative_to(home).as_posix() if Path(p).is_relative_to(home) else p
        for p in sorted(found)
    }
    shown = ", ".join(f"{names[p]} ({found[p]})" for p in list(names)[:SHOWN])
    more = f" and {len(found) - SHOWN:,} more" if len(found) > SHOWN else ""
    first = next(iter(names.values()))
    return ResourceFailure(
        f"{len(found):,} data {'file' if len(found) == 1 else 'files'} of the store {home} cannot"
        f" be trusted: {shown}{more}. What rests on them was not read. Check the disk, and put each"
        f" file back from a backup: cp BACKUP/files/{shlex.quote(first)}"
        f" {shlex.quote(str(home / first))} (BACKUP is a folder that botbench backup made). Then:"
        " botbench doctor."
    )


def _exists(connection: duckdb.DuckDBPyConnection) -> bool:
    # `duckdb_tables()` does not list the tables of DuckLake's own database.
    try:
        connection.execute(f"SELECT 1 FROM {TABLE} LIMIT 0")
    except duckdb.CatalogException:
        return False
    return True


def _of_others(connection: duckdb.DuckDBPyConnection, datasets: list[str]) -> set[int]:
    """Ids of data files in which no row can be of these data sets."""
    rows = connection.execute(f"""
        SELECT s.data_file_id, s.min_value, s.max_value
        FROM {METADATA}.ducklake_file_column_stats s
        JOIN (SELECT DISTINCT table_id, column_id FROM {METADATA}.ducklake_column
              WHERE column_name = 'dataset' AND parent_column IS NULL) c
        USING (table_id, column_id) WHERE s.min_value IS NOT NULL AND s.max_value IS NOT NULL
    """).fetchall()
    # Compared here: a database server may order texts in another way.
    return {int(i) for i, low, high in rows if all(d < low or d > high for d in datasets)}
