"""The content hash of a release: sha256 over the canonical rows of its tables.

It is decided by the names of the tables and by the content columns of every row
(`Column.content`: no pull ids, no times of import), written as canonical JSON
(`curation.store.identity.canonical_row`) and sorted by the key of the table. The order of rows, the
layout of files and the machine do not change it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from curation.store.identity import canonical_row
from curation.store.schema import TABLES, Table

if TYPE_CHECKING:
    import duckdb


def content_hash(connection: duckdb.DuckDBPyConnection, relations: dict[str, str]) -> str:
    """The content hash of relations (SQL by table name), as hex digits; the rows are streamed."""
    total = hashlib.sha256()
    for name in sorted(relations):
        table = TABLES[name]
        total.update(f"{name}\n".encode())
        for text in _canonical_rows(connection, table, relations[name]):
            total.update(text)
    return total.hexdigest()


def _canonical_rows(
    connection: duckdb.DuckDBPyConnection, table: Table, relation: str
) -> Iterable[memoryview]:
    """The canonical JSON of the rows in UTF-8, one row a line, in chunks of many rows."""
    import numpy as np

    content = [c for c in table.columns if c.content]
    names = ", ".join(f'"{n}"' for n in dict.fromkeys((*table.key, *(c.name for c in content))))
    key = ", ".join(f'"{k}" NULLS FIRST' for k in table.key)
    # Sorted before they become JSON, which is several times as long: sorting may go to the disk.
    rows = connection.execute(
        f"SELECT {canonical_row(content)} || chr(10) AS row"
        f" FROM (SELECT {names} FROM {relation} ORDER BY {key})"
    )
    for batch in rows.to_arrow_reader(50_000):
        column = batch.column(0)
        _, offsets, text = column.buffers()
        if text is not None and len(column):
            ends = np.frombuffer(offsets, dtype=np.int32, count=column.offset + len(column) + 1)
            yield memoryview(text)[ends[column.offset] : ends[-1]]
