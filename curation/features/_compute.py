"""Compute features with one query a view and account bucket, in bounded memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botbench.core.sql import literal
from curation.features._registry import Feature, chosen
from curation.features._views import expression, placeholder
from curation.store.schema import TABLES

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

MEMORY = 2**30
"""Bytes that the posts of one bucket may take."""
BYTES_A_POST = 300
"""Memory: 1.5 times the measured peak of the largest view (words), 200 bytes a ten-word post."""


def compute(
    connection: duckdb.DuckDBPyConnection,
    accounts_sql: str,
    posts_sql: str,
    families: Iterable[str] | None = None,
    buckets: int | None = None,
) -> pa.Table:
    """Features of accounts: `account_id` and one BIGINT or DOUBLE column a feature, sorted.

    `accounts_sql` and `posts_sql` are queries with the schema's columns, the first with one row an
    account; posts of other accounts are left out. NULL is missing. Values do not depend on the
    order of rows or on `buckets` (default: as many as the memory limit needs; then the posts are
    spread over temporary files, beside DuckDB's own). Raises ValueError where an account has
    several rows, and UserError for an unknown family.
    """
    features = chosen(families)
    of_accounts = [query for query, bucketed in _queries(tuple(features)) if not bucketed]
    of_posts = [query for query, bucketed in _queries(tuple(features)) if bucketed]
    parts = [_ids(connection, accounts_sql)]
    parts += _run(connection, of_accounts, _only("accounts", accounts_sql, features))
    if of_posts:
        n = buckets or buckets_for(connection, posts_sql)
        with _spread(connection, _only("posts", posts_sql, features), n) as sources:
            done = [_run(connection, of_posts, source) for source in sources]
        parts += [_stacked(list(tables)) for tables in zip(*done, strict=True)]
    return _joined(connection, parts, [f.name for f in features])


def buckets_for(connection: duckdb.DuckDBPyConnection, posts_sql: str, memory: int = MEMORY) -> int:
    """How many account buckets keep the posts of one within `memory` bytes."""
    row = connection.execute(f"SELECT count(*) FROM ({posts_sql})").fetchone()
    return max(1, -(-int(row[0] if row else 0) * BYTES_A_POST // memory))


def _ids(connection: duckdb.DuckDBPyConnection, accounts_sql: str) -> pa.Table:
    ids = connection.execute(
        f"SELECT account_id, count(*) AS rows FROM ({accounts_sql}) GROUP BY ALL"
    ).to_arrow_table()
    if any(n.as_py() > 1 for n in ids["rows"].unique()):
        raise ValueError("features need one row an account; choose one observation of each")
    return ids.select(["account_id"])


@cache
def _queries(features: tuple[Feature, ...]) -> tuple[tuple[str, bool], ...]:
    """For each view: the SQL of its features, and whether it reads posts (in buckets)."""
    by_view = sorted(features, key=lambda f: f.view)
    queries = [_sql(name, list(some)) for name, some in groupby(by_view, key=lambda f: f.view)]
    return tuple((query, f'"{placeholder("posts")}"' in query) for query in queries)


def _sql(name: str, features: list[Feature]) -> str:
    import ibis

    table = expression(name)
    values = {f.name: _typed(f.function(table)) for f in features}
    rows = (
        table.select("account_id", **values)
        if name == "accounts"
        else table.group_by("account_id").aggregate(**values)
    )
    return str(ibis.to_sql(rows, dialect="duckdb"))


def _typed(value: Any) -> Any:
    whole = value.type().is_integer() or value.type().is_boolean()
    return value.cast("int64" if whole else "float64")


def _only(table: str, source: str, features: Iterable[Feature]) -> str:
    """The source with the columns that the features declare; undeclared columns are NULL."""
    needed = {need for f in features for need in f.needs} | {f"{table}.account_id"}
    columns = ", ".join(
        f'"{c.name}"' if f"{table}.{c.name}" in needed else f'NULL::{c.type} AS "{c.name}"'
        for c in TABLES[table].columns
    )
    return f"SELECT {columns} FROM ({source})"


@contextmanager
def _spread(connection: duckdb.DuckDBPyConnection, source: str, n: int) -> Iterator[list[str]]:
    """Sources of the n account buckets: the source itself, or one temporary file each."""
    if n == 1:
        yield [source]
        return
    with tempfile.TemporaryDirectory(prefix="features-", dir=_scratch(connection)) as folder:
        connection.execute(
            f"COPY (SELECT *, hash(account_id) % {n} AS bucket FROM ({source})) TO"
            f" {literal(folder)} (FORMAT parquet, PARTITION_BY (bucket), OVERWRITE_OR_IGNORE)"
        )
        there = sorted(Path(folder).iterdir())
        yield [
            f"FROM read_parquet({literal(part / '*.parquet')}, hive_partitioning = false)"
            for part in there
        ] or [source]


def _scratch(connection: duckdb.DuckDBPyConnection) -> str | None:
    """DuckDB's own folder for what does not fit into memory, where there is one."""
    row = connection.execute("SELECT current_setting('temp_directory')").fetchone()
    if row is None or not row[0]:
        return None
    Path(row[0]).mkdir(parents=True, exist_ok=True)
    return str(row[0])


def _run(
    connection: duckdb.DuckDBPyConnection, queries: Iterable[str], source: str
) -> list[pa.Table]:
    filled = [
        query.replace(f'"{placeholder(t)}"', f"({source})")
        for query in queries
        for t in TABLES
        if placeholder(t) in query
    ]
    return [connection.execute(query).to_arrow_table() for query in filled]


def _stacked(tables: list[pa.Table]) -> pa.Table:
    import pyarrow as pa

    return pa.concat_tables(tables)


def _joined(
    connection: duckdb.DuckDBPyConnection, parts: list[pa.Table], names: list[str]
) -> pa.Table:
    """Join the parts: one row an account of the first part, NULL where another lacks it."""
    aliases = [f"features_part_{i}" for i in range(len(parts))]
    joins = " ".join(f"LEFT JOIN {alias} USING (account_id)" for alias in aliases[1:])
    columns = ", ".join(["account_id", *(f'"{name}"' for name in names)])
    for alias, part in zip(aliases, parts, strict=True):
        connection.register(alias, part)
    try:
        return connection.execute(
            f"SELECT {columns} FROM {aliases[0]} {joins} ORDER BY account_id"
        ).to_arrow_table()
    finally:
        for alias in aliases:
            connection.unregister(alias)
