"""Migrations: add missing tables and columns to an old store, after a copy of the catalog.

The steps are the difference between the schema and the store; none is written by hand. A step only
adds: a table (with the rows that `FILLED` gives it), a column that may be NULL, or the permission
to be NULL. Rows and files are never rewritten. Old versions stay readable: `Store.relation` fills
what they lack with NULL.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from botbench.core.errors import UserError
from curation.store import catalog, retractions, schema
from curation.store.connection import Location

AUTHOR = "botbench"
FILLED = {"retractions_set_aside": retractions.mark()}
"""Table to SQL for the rows it gets when it is added to an old store.

These are retractions of other claimants' claims from before retractions were set aside.
"""


@dataclass(frozen=True)
class Step:
    """One statement, and what it adds in a word (nothing for the rows of a table)."""

    sql: str
    says: str


def pending(connection: duckdb.DuckDBPyConnection) -> list[Step]:
    """The steps that an attached store's newest version needs, in the schema's order.

    Raises UserError where a column's type differs from the schema's: no step can change a type.
    """
    there = _columns(connection)
    steps: list[Step] = []
    for table in schema.STORED.values():
        if table.name in there:
            steps += _table_steps(table, there[table.name])
        else:
            steps.append(Step(schema.ddl(table, "lake.main."), table.name))
            if rows := FILLED.get(table.name):
                names = ", ".join(table.names)
                fill = (
                    f'INSERT INTO lake.main."{table.name}" ({names}) SELECT {names} FROM ({rows})'
                )
                steps.append(Step(fill, ""))
    return steps


def _columns(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, tuple[str, bool]]]:
    """Table to column to (type, may be NULL), at the head."""
    columns: dict[str, dict[str, tuple[str, bool]]] = {}
    for table, column, type_, nullable in connection.execute(
        "SELECT table_name, column_name, data_type, is_nullable FROM duckdb_columns() WHERE"
        " database_name = 'lake'"
    ).fetchall():
        columns.setdefault(table, {})[column] = (type_, nullable)
    return columns


def _table_steps(table: schema.Table, there: dict[str, tuple[str, bool]]) -> list[Step]:
    steps = []
    for column in table.columns:
        type_ = column.type.replace("TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE")
        if column.name not in there:
            # Old rows have no value for it, so a required column may be NULL too; validation
            # reports these rows.
            steps.append(
                Step(
                    f'ALTER TABLE lake.main."{table.name}" ADD COLUMN "{column.name}"'
                    f" {column.type}",
                    f"{table.name}.{column.name}",
                )
            )
        elif there[column.name][0] != type_:
            raise UserError(
                f"The column {column.name} of the table {table.name} is {there[column.name][0]} in"
                f" this store and {column.type} in this botbench, so the store was made by another"
                " program or a newer botbench. Use the botbench that made it, or release there and"
                " pull the release here."
            )
        elif not column.required and not there[column.name][1]:
            steps.append(
                Step(
                    f'ALTER TABLE lake.main."{table.name}" ALTER COLUMN "{column.name}" DROP NOT'
                    " NULL",
                    f"{table.name}.{column.name} may be NULL",
                )
            )
    return steps


def migrate(connection: duckdb.DuckDBPyConnection, location: Location) -> list[Step]:
    """Migrate a store in one version; return the steps taken.

    Call it while holding the write turn. Repeat it from its start where another writer was first.
    """
    if not pending(connection):
        return []
    saved = back_up(connection, location)
    connection.execute("BEGIN")
    try:
        steps = pending(connection)
        for step in steps:
            connection.execute(step.sql)
        if steps:
            connection.execute("UPDATE lake.main.guard SET n = n + 1")
            message = f"schema: {', '.join(step.says for step in steps if step.says)}"
            connection.execute(
                "CALL lake.set_commit_message(?, ?, extra_info => ?)",
                [AUTHOR, message, json.dumps({"catalog_before": saved.name})],
            )
        connection.execute("COMMIT" if steps else "ROLLBACK")
    except BaseException:
        with contextlib.suppress(duckdb.Error):
            connection.execute("ROLLBACK")
        raise
    return steps


def back_up(connection: duckdb.DuckDBPyConnection, location: Location) -> Path:
    """Copy the catalog into `backups/` of the store's home; return the copy's folder.

    The copy is enough to go back: no step changes a data file. Made once for each version.
    """
    head = connection.execute("SELECT max(snapshot_id) FROM ducklake_snapshots('lake')").fetchone()
    target = location.home / "backups" / f"catalog-before-schema-change-v{head[0] if head else 0}"
    if target.exists():
        return target
    unfinished = target.with_name(f".{target.name}-{datetime.now(UTC):%Y%m%d%H%M%S%f}.unfinished")
    unfinished.mkdir(parents=True)
    catalog.save(location, unfinished)
    return unfinished.rename(target)
