"""What of the rows offered is new: DuckLake knows no keys, so equal keys are found here, set-based
and NULL-safe.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from curation.store import retractions
from curation.store.schema import Table

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from curation.store.store import Counts


def merge(connection: duckdb.DuckDBPyConnection, table: Table, rows: pa.Table | str) -> Counts:
    """Insert the rows whose key is new, the first of each key in the order offered; count the
    others.

    Only keys are grouped, so memory does not grow with texts. Call inside the store's transaction.
    Leaves the rows that share a key with other content in the temporary table `conflicts_<table>`,
    and retractions of other claimants' claims, which are not kept, in `claims_set_aside`.
    """
    from curation.store.store import Counts

    stage = _staged(connection, table, rows)
    offered = read = _one(connection, f"SELECT count(*) FROM {stage}")
    if table.name == "claims" and (accepted := retractions.set_aside(connection, stage)):
        stage = f'temp."{accepted}"'
        read = _one(connection, f"SELECT count(*) FROM {stage}")
    if read == 0:
        connection.execute(f'CREATE OR REPLACE TEMP TABLE "conflicts_{table.name}" AS FROM {stage}')
        return Counts(offered, set_aside=offered)
    target = f'lake.main."{table.name}"'
    key = ", ".join(f'"{k}"' for k in table.key)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE merge_first AS SELECT {key}, min(rowid) AS first, count(*)"
        f" AS n FROM {stage} GROUP BY ALL"
    )
    known = f"SELECT {key} FROM {target}{_scope(table)}"
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE merge_known AS "
        f"SELECT f.first FROM merge_first f SEMI JOIN ({known}) t ON {_same('f', 't', table.key)}"
    )
    columns = ", ".join(f'"{c}"' for c in table.names)
    kept = _one(
        connection, "SELECT (SELECT count(*) FROM merge_first) - (SELECT count(*) FROM merge_known)"
    )
    fresh = (
        ""
        if kept == read
        else (
            " s WHERE s.rowid IN (SELECT first FROM merge_first EXCEPT SELECT first FROM"
            " merge_known)"
        )
    )
    connection.execute(f"INSERT INTO {target} ({columns}) SELECT {columns} FROM {stage}{fresh}")
    conflicting = _conflicts(connection, table, stage, target, all_new=kept == read)
    return Counts(offered, kept, read - kept - conflicting, conflicting, offered - read)


def _staged(connection: duckdb.DuckDBPyConnection, table: Table, rows: pa.Table | str) -> str:
    """A temporary table with the schema's columns (absent ones NULL), in the order offered."""
    if isinstance(rows, str):
        return f'temp."{rows}"'
    names = set(rows.column_names)
    columns = ", ".join(
        (
            f'"{c.name}"::{c.type} AS "{c.name}"'
            if c.name in names
            else f'NULL::{c.type} AS "{c.name}"'
        )
        for c in table.columns
    )
    connection.register("merge_offered", rows)
    try:
        connection.execute(
            f'CREATE OR REPLACE TEMP TABLE "merge_stage_{table.name}" AS SELECT {columns} FROM'
            " merge_offered"
        )
    finally:
        connection.unregister("merge_offered")
    return f'temp."merge_stage_{table.name}"'


def _conflicts(
    connection: duckdb.DuckDBPyConnection, table: Table, stage: str, target: str, all_new: bool
) -> int:
    """Rows not kept whose content differs from the row that holds their key."""
    if all_new:
        connection.execute(
            f'CREATE OR REPLACE TEMP TABLE "conflicts_{table.name}" AS FROM {stage} LIMIT 0'
        )
        return 0
    rest = (
        f"SELECT s.*, s.rowid AS _at FROM {stage} s JOIN merge_first f ON"
        f" {_same('s', 'f', table.key)} WHERE (f.n > 1 AND s.rowid <> f.first) OR f.first IN (FROM"
        " merge_known)"
    )
    content = [c for c in table.columns if c.content and c.name not in table.key]
    equal = (
        " AND ".join(
            f"{_value('r', c.name, c.type)} IS NOT DISTINCT FROM {_value('t', c.name, c.type)}"
            for c in content
        )
        or "true"
    )
    connection.execute(f"CREATE OR REPLACE TEMP TABLE merge_rest AS {rest}")
    connection.execute(
        f'CREATE OR REPLACE TEMP TABLE "conflicts_{table.name}" AS SELECT r.* EXCLUDE (_at) FROM'
        " merge_rest r "
        f"JOIN (FROM {target}{_scope(table)}) t ON {_same('r', 't', table.key)} WHERE NOT ({equal})"
        " ORDER BY r._at"
    )
    return _one(connection, f'SELECT count(*) FROM "conflicts_{table.name}"')


def _scope(table: Table) -> str:
    """Only the data sets offered are read: their files are pruned by DuckLake's statistics."""
    return (
        " WHERE dataset IN (SELECT DISTINCT dataset FROM merge_first)"
        if "dataset" in table.key
        else ""
    )


def _same(left: str, right: str, key: tuple[str, ...]) -> str:
    return " AND ".join(f'{left}."{k}" IS NOT DISTINCT FROM {right}."{k}"' for k in key)


def _value(alias: str, name: str, type_: str) -> str:
    return (
        f'list_sort(map_entries({alias}."{name}"))'
        if type_.startswith("MAP")
        else f'{alias}."{name}"'
    )


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0
