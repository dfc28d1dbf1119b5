"""Features as SQL: one query a view, in the dialect of an engine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from itertools import groupby
from typing import TYPE_CHECKING, Any

from botbench.core.light_imports import in_parts
from curation.features._functions import DUCKDB, rendered_for
from curation.features._registry import Feature, chosen
from curation.features._views import KEPT, OWN, expression, kept_table, placeholder
from curation.store.schema import TABLES

if TYPE_CHECKING:
    from ibis.expr.types import Table

COMPILERS = "ibis.backends.sql.compilers"
"""Ibis's compilers of twenty dialects: one of them is enough."""


@dataclass(frozen=True)
class Query:
    """The features of one view: SQL whose rows are `account_id` and one column a feature.

    It reads the tables whose placeholders stand in it.
    """

    view: str
    sql: str

    def over(self, **sources: str) -> str:
        """The SQL with each placeholder replaced by its source, a table or a query in brackets."""
        return filled(self.sql, **sources)

    def reads(self, table: str) -> bool:
        """Whether it reads a table."""
        return f'"{placeholder(table)}"' in self.sql or f"`{placeholder(table)}`" in self.sql


@dataclass(frozen=True)
class Plan:
    """The queries of some features, and each feature's type: BIGINT or DOUBLE.

    `kept` are queries of the views that are kept, each after those that it reads: the rows of one
    go where the placeholder `kept_VIEW` stands in later ones and in `queries`.
    """

    kept: tuple[Query, ...]
    queries: tuple[Query, ...]
    types: dict[str, str]


def filled(sql: str, **sources: str) -> str:
    """SQL with the placeholders of tables replaced by their sources."""
    for table, source in sources.items():
        for quote in '"`':
            sql = sql.replace(f"{quote}{placeholder(table)}{quote}", source)
    return sql


@cache
def plan(features: tuple[Feature, ...], dialect: str, keep: bool = False) -> Plan:
    """The queries of the features in a dialect, one a view.

    With `keep`, views that several read are queries of their own, with the columns that these read.
    """
    over = tuple(KEPT) if keep else ()
    with rendered_for(dialect):
        by_view = groupby(sorted(features, key=lambda f: f.view), key=lambda f: f.view)
        rows = {name: _rows(name, list(some), over) for name, some in by_view}
        queries = tuple(Query(name, _sql(table, dialect)) for name, table in rows.items())
        kept: list[Query] = []
        readers = list(rows.values())
        for name in reversed(over):
            used = _columns_used(name, readers)
            if used:
                readers.append(expression(name, over).select(*used))
                kept.insert(0, Query(name, _sql(readers[-1], dialect)))
        types = {
            name: "BIGINT" if kind.is_integer() else "DOUBLE"
            for table in rows.values()
            for name, kind in table.schema().items()
            if name != "account_id"
        }
    return Plan(tuple(kept), queries, {f.name: types[f.name] for f in features})


def _sql(table: Table, dialect: str) -> str:
    import ibis

    in_parts(COMPILERS)
    import_module(f"{COMPILERS}.{dialect}")
    if dialect != "duckdb":
        getattr(ibis, dialect)  # loads the options that the dialect's compiler asks for
    return str(ibis.to_sql(table, dialect=dialect))


def _rows(name: str, features: list[Feature], over: tuple[str, ...]) -> Table:
    table = kept_table(name) if name in over else expression(name, over)
    values = {f.name: _typed(f.function(table)) for f in features}
    if name == "accounts":
        return table.select("account_id", **values)
    return table.group_by("account_id").aggregate(**values)


def _typed(value: Any) -> Any:
    whole = value.type().is_integer() or value.type().is_boolean()
    return value.cast("int64" if whole else "float64")


def _columns_used(view: str, tables: Iterable[Table]) -> list[str]:
    """The columns of a kept view that the queries read, in its order."""
    import ibis.expr.operations as ops

    kept = kept_table(view)
    used = {
        field.name
        for table in tables
        for field in table.op().find(ops.Field)
        if field.rel == kept.op()
    }
    return [column for column in kept.columns if column in used]


def only(
    table: str,
    source: str,
    features: Iterable[Feature],
    dialect: str = "duckdb",
    *,
    again: bool = False,
) -> str:
    """The source with the columns that the features declare; undeclared columns are NULL.

    `again` where the source has the declared columns alone, as this function gave them.
    """
    needed = columns_needed(table, features)
    quote = '"' if dialect == "duckdb" else "`"
    columns = ", ".join(
        (f"{quote}{c.name}{quote}" if again else _given(table, f"{quote}{c.name}{quote}", quote))
        if c.name in needed
        else f"CAST(NULL AS {_type(c.type, dialect)}) AS {quote}{c.name}{quote}"
        for c in TABLES[table].columns
    )
    return f"SELECT {columns} FROM {source}"


def columns_needed(table: str, features: Iterable[Feature]) -> list[str]:
    """The columns of a table that features declare, and `account_id`, in the schema's order."""
    needed = {need for f in features for need in f.needs} | {f"{table}.account_id"}
    return [c.name for c in TABLES[table].columns if f"{table}.{c.name}" in needed]


def _given(table: str, column: str, quote: str) -> str:
    """A column as it is given; a post's reference to its own account becomes `OWN`."""
    if (table, column.strip(quote)) != ("posts", "ref_account_id"):
        return column
    own = f"{column} = {quote}account_id{quote}"
    return f"CASE WHEN {own} THEN '{OWN}' ELSE {column} END AS {column}"


def view_sql(name: str, posts: str) -> str:
    """SQL in brackets (DuckDB) of a view's rows over `posts`, with columns of the posts table.

    A column that `posts` lacks is unknown. Raises UserError for an unknown view.
    """
    every = chosen()  # families register the views that they define
    nothing = ", ".join(f'NULL::{c.type} AS "{c.name}"' for c in TABLES["posts"].columns)
    whole = f"(SELECT * FROM {posts} UNION ALL BY NAME SELECT {nothing} WHERE false)"
    with rendered_for(DUCKDB):
        query = _sql(expression(name), DUCKDB)
    source = f"({only('posts', whole, every)})"
    return f"({filled(query, posts=source)})"


def _type(name: str, dialect: str) -> str:
    """A column's type in a dialect."""
    if dialect == "duckdb":
        return name
    return {
        "VARCHAR": "STRING",
        "TIMESTAMPTZ": "TIMESTAMP",
        "VARCHAR[]": "ARRAY<STRING>",
        "MAP(VARCHAR, VARCHAR)": "MAP<STRING, STRING>",
    }.get(name, name)
