"""The Parquet files of a table in a store, for an engine that never talks to the catalog."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from botbench.core.sql import literal, literals
from curation.store.schema import TABLES

if TYPE_CHECKING:
    import duckdb

    from curation.store.store import Store


def files_of(store: Store, table: str, version: int, folder: Path) -> list[str]:
    """Files that hold exactly the rows of a table at a version, with the schema's columns.

    Files of the store are named as they lie where every row in them stands and they have every
    column. The other rows (of files with deleted rows or older columns, and those in the catalog)
    are written to a file in `folder`. The list is empty where there is no row.
    """
    connection = store.connection
    rest, source = folder / f"{table}.parquet", f'lake.main."{table}" AT (VERSION => {version})'
    counts = connection.execute(f"SELECT filename, count(*) FROM {source} GROUP BY ALL").fetchall()
    whole = sorted(str(n) for n, rows in counts if n and _is_whole(connection, table, n, rows))
    if len(whole) == len(counts):
        return whole
    if whole:
        others = f"filename IS NULL OR filename NOT IN ({literals(whole)})"
        columns = ", ".join(f'"{name}"' for name in TABLES[table].names)
        rows = f"SELECT {columns} FROM {source} WHERE {others}"
    else:
        rows = f"FROM {store.relation(table, version)}"
    connection.execute(f"COPY ({rows}) TO {literal(rest)} (FORMAT parquet)")
    return [*whole, str(rest)]


def _is_whole(connection: duckdb.DuckDBPyConnection, table: str, file: str, rows: int) -> bool:
    """Whether a file is Parquet of so many rows, with every column of the schema."""
    if not file.endswith(".parquet"):
        return False
    found = connection.execute(
        f"SELECT num_rows, (SELECT list(name) FROM parquet_schema({literal(file)})) FROM"
        f" parquet_file_metadata({literal(file)})"
    ).fetchone()
    return found is not None and found[0] == rows and set(TABLES[table].names) <= set(found[1])
