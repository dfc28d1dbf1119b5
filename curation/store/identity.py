"""Canonical JSON and hashes of rows, independent of machine, row order and file layout."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from curation.store.schema import TABLES, Column

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

CLAIMED = (
    "dataset",
    "account_id",
    "claimant",
    "claimant_kind",
    "answer",
    "kinds",
    "confidence",
    "reasons",
    "note",
    "attributes",
    "evidence_at",
    "made_at",
    "retracts",
)
"""The columns that make a claim's id; `attributes` has Label Studio's annotation id."""


NONE: Mapping[str, str] = MappingProxyType({})


def canonical_value(column: Column, alias: str = "", same: Mapping[str, str] = NONE) -> str:
    """SQL for one column as canonical JSON text.

    UTC microseconds, shortest float, sorted sets and maps, explicit null. `same` is SQL of the
    value of columns that have one in every row, which DuckDB then works out once.
    """
    value = f'{alias}."{column.name}"' if alias else f'"{column.name}"'
    value = same.get(column.name, value)
    if column.type == "TIMESTAMPTZ":
        text = f"""'"' || strftime({value} AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ') || '"'"""
    elif column.type == "DOUBLE":
        text = (
            f"CASE WHEN isfinite({value}) THEN ({value} + 0.0)::VARCHAR ELSE"
            f" to_json({value}::VARCHAR)::VARCHAR END"
        )
    elif column.type == "VARCHAR[]":
        entry = "coalesce(to_json(v)::VARCHAR, 'null')"
        text = (
            f"'[' || array_to_string(list_transform(list_sort({value}), lambda v: {entry}), ',')"
            " || ']'"
        )
    elif column.type.startswith("MAP"):
        entry = "to_json(e.key)::VARCHAR || ':' || coalesce(to_json(e.value)::VARCHAR, 'null')"
        text = (
            f"'{{' || array_to_string(list_transform(list_sort(map_entries({value})), lambda e:"
            f" {entry}), ',') || '}}'"
        )
    elif column.type == "VARCHAR":
        text = f"to_json({value})::VARCHAR"
    else:
        text = f"{value}::VARCHAR"
    return f"coalesce({text}, 'null')"


def canonical_row(
    columns: Iterable[Column],
    alias: str = "",
    absent: Container[str] = (),
    same: Mapping[str, str] = NONE,
) -> str:
    """SQL for a row as one canonical JSON object, with its keys in the order given.

    Columns in `absent` are known to be NULL and are not read, nor are those of `same`. A column
    added later (never the first) is omitted where it is NULL.
    """
    parts, text = [], "{"
    for i, column in enumerate(columns):
        key = f'{"," * (i > 0)}"{column.name}":'
        if column.later:
            if column.name not in absent:
                name = f'{alias}."{column.name}"' if alias else f'"{column.name}"'
                parts += [
                    f"'{text}'",
                    (
                        f"CASE WHEN {name} IS NULL THEN '' ELSE '{key}' ||"
                        f" {canonical_value(column, alias)} END"
                    ),
                ]
                text = ""
            continue
        text += key
        if column.name in absent:
            text += "null"
        else:
            # One concat of all is twice as fast as a chain of ||, which copies the text at every
            # step.
            parts += [f"'{text}'", canonical_value(column, alias, same)]
            text = ""
    parts.append(f"'{text}}}'")
    return f"concat({', '.join(parts)})"


def claim_id(alias: str = "", absent: Container[str] = (), same: Mapping[str, str] = NONE) -> str:
    """SQL for the claim_id of rows with the columns of `CLAIMED`.

    Those in `absent` are NULL, and `same` is SQL of those that have one value in every row.
    """
    columns = [TABLES["claims"].column(n) for n in CLAIMED]
    return f"sha256({canonical_row(columns, alias, absent, same)})"


def with_claim_ids(connection: duckdb.DuckDBPyConnection, claims: pa.Table) -> pa.Table:
    """Fill the claim_id column of claims in the schema's form."""
    connection.register("claims_offered", claims)
    try:
        return connection.execute(
            f"SELECT * REPLACE ({claim_id()} AS claim_id) FROM claims_offered"
        ).to_arrow_table()
    finally:
        connection.unregister("claims_offered")
