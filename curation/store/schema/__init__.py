"""The tables: columns, types, keys and meaning.

DDL, Arrow schemas, the reference page and the basic validation rules are derived from them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from curation.store.schema.collected import COLLECTED
from curation.store.schema.columns import (
    EXTRA,
    Answer,
    ClaimantKind,
    Column,
    Joint,
    LabelStatus,
    LogEvent,
    Part,
    PostKind,
    Purpose,
    Severity,
    Status,
    Table,
    Type,
    ValidationOutcome,
)
from curation.store.schema.labelled import LABELLED
from curation.store.schema.versioned import VERSIONED

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "EXTRA",
    "STORED",
    "TABLES",
    "Answer",
    "ClaimantKind",
    "Column",
    "Joint",
    "LabelStatus",
    "LogEvent",
    "Part",
    "PostKind",
    "Purpose",
    "Severity",
    "Status",
    "Table",
    "Type",
    "ValidationOutcome",
    "arrow_schema",
    "ddl",
    "reference_page",
    "rows",
]

TABLES: dict[str, Table] = {t.name: t for t in (*COLLECTED, *LABELLED, *VERSIONED)}
STORED: dict[str, Table] = {t.name: t for t in TABLES.values() if t.stored}


def ddl(table: Table, prefix: str = "") -> str:
    """`CREATE TABLE` for DuckDB and DuckLake (which knows NOT NULL but no keys).

    >>> print(ddl(TABLES["tags"]).replace(" (", "\\n("))
    CREATE TABLE IF NOT EXISTS "tags"
    ("name" VARCHAR NOT NULL, "version" BIGINT NOT NULL, "made_at" TIMESTAMPTZ)
    """
    columns = ", ".join(
        f'"{c.name}" {c.type}{" NOT NULL" if c.required else ""}' for c in table.columns
    )
    return f'CREATE TABLE IF NOT EXISTS {prefix}"{table.name}" ({columns})'


def arrow_schema(table: Table) -> pa.Schema:
    """The Arrow schema: text as string, times as microseconds in UTC, lists and maps of strings."""
    import pyarrow as pa

    types = {
        "VARCHAR": pa.string(),
        "BIGINT": pa.int64(),
        "DOUBLE": pa.float64(),
        "BOOLEAN": pa.bool_(),
        "TIMESTAMPTZ": pa.timestamp("us", tz="UTC"),
        "VARCHAR[]": pa.list_(pa.string()),
        EXTRA: pa.map_(pa.string(), pa.string()),
    }
    return pa.schema(
        [pa.field(c.name, types[c.type], nullable=not c.required) for c in table.columns]
    )


def reference_page() -> str:
    """The reference page of tables in Markdown; a test compares it with docs/tables.md."""
    lines = [
        "# Tables",
        "",
        "Made from `curation/store/schema/` by `botbench tables`; do not edit.",
        "",
    ]
    for table in TABLES.values():
        where = "" if table.stored else " (Parquet, not in the store)"
        lines += [
            f"## {table.name}{where}",
            "",
            table.meaning,
            "",
            f"Key: {', '.join(table.key)}.",
            "",
            "| column | type | meaning |",
            "| --- | --- | --- |",
        ]
        for c in table.columns:
            rules = [f"one of {', '.join(c.vocabulary)}"] if c.vocabulary else []
            rules += ["required"] if c.required else []
            tail = f" ({'; '.join(rules)})" if rules else ""
            lines.append(f"| {c.name} | {c.type} | {c.meaning}{tail} |")
        lines.append("")
    return "\n".join(lines)


def rows(table: str, records: list[dict[str, object]]) -> pa.Table:
    """A few records as an Arrow table of the schema; absent columns are NULL, maps may be dicts.

    Raises ValueError naming a column the table does not have.
    """
    import pyarrow as pa

    wanted = TABLES[table]
    for name in {n for record in records for n in record} - set(wanted.names):
        raise ValueError(f"table {table} has no column {name}")
    plain = [
        {n: sorted(v.items()) if isinstance(v, dict) else v for n, v in record.items()}
        for record in records
    ]
    return pa.Table.from_pylist(plain, schema=arrow_schema(wanted))
