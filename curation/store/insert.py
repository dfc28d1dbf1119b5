"""Insert new rows by key and count the others, set-based and NULL-safe; DuckLake has no keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botbench.core.sql import literal
from curation.store import retractions
from curation.store.schema import Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb
    import pyarrow as pa


@dataclass(frozen=True)
class Counts:
    """Counts of the rows offered for one table.

    read = kept + duplicate + conflicting + set_aside (retractions of other claimants' claims).
    """

    read: int = 0
    kept: int = 0
    duplicate: int = 0
    conflicting: int = 0
    set_aside: int = 0
    conflicts: str = field(default="", compare=False)
    """The temporary table of the conflicting rows, until rows are inserted into the table again."""


def insert(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    rows: pa.Table | str,
    filled: Mapping[str, str] | None = None,
) -> Counts:
    """Insert the rows whose key is new, the first offered of each key; count the others.

    `rows` is an Arrow table or the name of a temporary table with the schema's columns; `filled`
    gives the text of columns, of no key or content, that is the same in every row. Only keys
    are grouped, so memory does not grow with texts. Call inside the store's transaction.
    Retractions of other claimants' claims are not kept; they are left in the temporary table
    `claims_set_aside`.
    """
    stage = _staged(connection, table, rows)
    conflicts = f'temp."conflicts_{table.name}"'
    offered = read = _scalar(connection, f"SELECT count(*) FROM {stage}")
    if table.name == "claims" and (accepted := retractions.set_aside(connection, stage)):
        stage = f'temp."{accepted}"'
        read = _scalar(connection, f"SELECT count(*) FROM {stage}")
    if read == 0:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {conflicts} AS FROM {stage}")
        return Counts(offered, set_aside=offered, conflicts=conflicts)
    target = f'lake.main."{table.name}"'
    key = ", ".join(f'"{k}"' for k in table.key)
    columns = ", ".join(f'"{c}"' for c in table.names)
    same = filled or {}
    values = ", ".join(literal(same[c]) if c in same else f'"{c}"' for c in table.names)
    if _all_new(connection, table, stage, target, read):
        connection.execute(f"INSERT INTO {target} ({columns}) SELECT {values} FROM {stage}")
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {conflicts} AS FROM {stage} LIMIT 0")
        return Counts(offered, read, set_aside=offered - read, conflicts=conflicts)
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE insert_keys AS
        SELECT {key}, min(rowid) AS first, count(*) AS n FROM {stage} GROUP BY ALL
    """)
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE insert_stored AS
        SELECT k.first FROM insert_keys k
        SEMI JOIN (SELECT {key} FROM {target}{_scope(table)}) t ON {same_key("k", "t", table.key)}
    """)
    kept = _scalar(
        connection,
        "SELECT (SELECT count(*) FROM insert_keys) - (SELECT count(*) FROM insert_stored)",
    )
    new = "SELECT first FROM insert_keys EXCEPT SELECT first FROM insert_stored"
    where = "" if kept == read else f" s WHERE s.rowid IN ({new})"
    connection.execute(f"INSERT INTO {target} ({columns}) SELECT {values} FROM {stage}{where}")
    conflicting = 0
    if kept == read:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {conflicts} AS FROM {stage} LIMIT 0")
    else:
        _find_conflicts(connection, table, stage, target, conflicts)
        conflicting = _scalar(connection, f"SELECT count(*) FROM {conflicts}")
    duplicate = read - kept - conflicting
    return Counts(offered, kept, duplicate, conflicting, offered - read, conflicts)


def few(
    connection: duckdb.DuckDBPyConnection, table: Table, records: list[dict[str, object]]
) -> str:
    """Stage a few records in a temporary table for `insert`; return its name.

    Absent columns are NULL. Without Arrow, whose first table imports pandas: a sixth of a small
    pull.
    """
    selects = (
        ", ".join(f'{_written(r.get(c.name))}::{c.type} AS "{c.name}"' for c in table.columns)
        for r in records
    )
    name = f"insert_few_{table.name}"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT {' UNION ALL SELECT '.join(selects)}"
    )
    return name


def _written(value: object) -> str:
    """A text, number, time, map or list as SQL."""
    if isinstance(value, dict):
        pairs = (f"{literal(k)}: {literal(v)}" for k, v in sorted(value.items()))
        return f"MAP {{{', '.join(pairs)}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(literal, value))}]"
    return literal(value)


def _all_new(
    connection: duckdb.DuckDBPyConnection, table: Table, stage: str, target: str, read: int
) -> bool:
    """Whether no offered row can have the key of another or of a stored one: a cheap test.

    As many hashes as rows are as many keys. Where two keys share a hash, keys are compared.
    """
    scope = f" WHERE dataset IN (SELECT DISTINCT dataset FROM {stage})"
    query = f"SELECT 1 FROM {target}{scope if 'dataset' in table.key else ''} LIMIT 1"
    if connection.execute(query).fetchone() is not None:
        return False
    key = ", ".join(f'"{k}"' for k in table.key)
    return _scalar(connection, f"SELECT count(DISTINCT hash({key})) FROM {stage}") == read


def _staged(connection: duckdb.DuckDBPyConnection, table: Table, rows: pa.Table | str) -> str:
    """A temporary table with the schema's columns (absent ones NULL), in the order offered."""
    if isinstance(rows, str):
        return f'temp."{rows}"'
    offered = set(rows.column_names)
    columns = ", ".join(
        f'"{c.name}"::{c.type} AS "{c.name}"'
        if c.name in offered
        else f'NULL::{c.type} AS "{c.name}"'
        for c in table.columns
    )
    stage = f'temp."insert_stage_{table.name}"'
    connection.register("insert_offered", rows)
    try:
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {stage} AS SELECT {columns} FROM insert_offered"
        )
    finally:
        connection.unregister("insert_offered")
    return stage


def _find_conflicts(
    connection: duckdb.DuckDBPyConnection, table: Table, stage: str, target: str, conflicts: str
) -> None:
    """Make the table `conflicts` of rows whose key is stored with other content, in order."""
    # The few rows first, so that the join holds them in memory and never the stored table.
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE insert_rest AS
        SELECT s.*, s.rowid AS _at FROM {stage} s
        JOIN insert_keys k ON {same_key("s", "k", table.key)}
        WHERE (k.n > 1 AND s.rowid <> k.first) OR k.first IN (FROM insert_stored)
    """)
    content = [c for c in table.columns if c.content and c.name not in table.key]
    equal = " AND ".join(
        f"{_comparable('r', c.name, c.type)} IS NOT DISTINCT FROM"
        f" {_comparable('t', c.name, c.type)}"
        for c in content
    )
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE {conflicts} AS
        SELECT r.* EXCLUDE (_at) FROM insert_rest r
        JOIN (FROM {target}{_scope(table)}) t ON {same_key("r", "t", table.key)}
        WHERE NOT ({equal or "true"}) ORDER BY r._at
    """)


def _scope(table: Table) -> str:
    """Read only the data sets offered: DuckLake's statistics prune the files of the others."""
    return (
        " WHERE dataset IN (SELECT DISTINCT dataset FROM insert_keys)"
        if "dataset" in table.key
        else ""
    )


def same_key(left: str, right: str, key: tuple[str, ...]) -> str:
    """SQL for equal keys of two aliases, NULL equal to NULL."""
    return " AND ".join(f'{left}."{k}" IS NOT DISTINCT FROM {right}."{k}"' for k in key)


def _comparable(alias: str, name: str, type_: str) -> str:
    """SQL of a value that compares by content: a map's entries in order."""
    value = f'{alias}."{name}"'
    return f"list_sort(map_entries({value}))" if type_.startswith("MAP") else value


def _scalar(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0
