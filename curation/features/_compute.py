"""Compute features with DuckDB, in bounded memory: one bucket of accounts after the other."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from botbench.core.duckdb_work import materialise
from botbench.core.sql import literal
from curation.features._functions import DUCKDB
from curation.features._registry import chosen
from curation.features._render import Plan, Query, only, plan

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

MEMORY = 2**30
"""Bytes that the posts of one bucket may take."""
BYTES_A_POST = 600
"""Memory: the kept views of ten-word posts, their sorting, and the largest view over them."""


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
    plans = plan(tuple(features), DUCKDB, keep=True)
    of_accounts = [query for query in plans.queries if query.reads("accounts")]
    of_posts = [query for query in plans.queries if not query.reads("accounts")]
    with ExitStack() as tables:
        keys = _keys(connection, accounts_sql, tables)
        accounts = f"({only('accounts', f'({accounts_sql})', features)})"
        parts = [_run(connection, query, accounts=accounts) for query in of_accounts]
        if of_posts:
            n = buckets or buckets_for(connection, posts_sql)
            posts = _with_keys(only("posts", f"({posts_sql})", features), keys)
            with _spread(connection, posts, n) as sources:
                done = [_of_bucket(connection, plans, of_posts, source) for source in sources]
            parts += [_stacked(list(some)) for some in zip(*done, strict=True)]
        return _joined(connection, keys, parts, [f.name for f in features])


def buckets_for(connection: duckdb.DuckDBPyConnection, posts_sql: str, memory: int = MEMORY) -> int:
    """How many account buckets keep the posts of one within `memory` bytes."""
    row = connection.execute(f"SELECT count(*) FROM ({posts_sql})").fetchone()
    return max(1, -(-int(row[0] if row else 0) * BYTES_A_POST // memory))


def _keys(connection: duckdb.DuckDBPyConnection, accounts_sql: str, tables: ExitStack) -> str:
    """A table of the accounts: `account_id`, and `key`, a number that stands for it.

    Rows are grouped by a number three times faster than by a text.
    """
    keys = _table(
        connection,
        f"SELECT account_id, row_number() OVER () AS key FROM ({accounts_sql})",
        tables,
    )
    row = connection.execute(f"SELECT count(*) - count(DISTINCT account_id) FROM {keys}").fetchone()
    if row and row[0]:
        raise ValueError("features need one row an account; choose one observation of each")
    return keys


def _table(connection: duckdb.DuckDBPyConnection, query: str, tables: ExitStack) -> str:
    """The name of a temporary table with a query's rows; it goes when the stack is left."""
    name = materialise(connection, f"temp.features_{secrets.token_hex(6)}", query)
    tables.callback(connection.execute, f"DROP TABLE IF EXISTS {name}")
    return name


def _with_keys(posts: str, keys: str) -> str:
    """The posts of the accounts, with the account's key in place of its id."""
    return (
        f"SELECT p.* REPLACE (k.key AS account_id) FROM ({posts}) p"
        f" JOIN {keys} k ON k.account_id = p.account_id"
    )


@contextmanager
def _spread(connection: duckdb.DuckDBPyConnection, source: str, n: int) -> Iterator[list[str]]:
    """Sources of the n account buckets: the source itself, or one temporary file each."""
    if n == 1:
        yield [source]
        return
    with tempfile.TemporaryDirectory(prefix="features-", dir=_scratch(connection)) as folder:
        connection.execute(
            f"COPY (SELECT *, account_id % {n} AS bucket FROM ({source})) TO"
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


def _of_bucket(
    connection: duckdb.DuckDBPyConnection, plans: Plan, queries: Iterable[Query], posts: str
) -> list[pa.Table]:
    """The parts of one bucket; its posts are read once, and lie account by account."""
    with ExitStack() as tables:
        sources = {"posts": f"({posts})"}
        for query in plans.kept:
            # What is made of the posts' view lies nearly so as it is.
            order = " ORDER BY account_id" if query.reads("posts") else ""
            rows = f"FROM ({query.over(**sources)}){order}"
            sources[f"kept_{query.view}"] = _table(connection, rows, tables)
        return [_run(connection, query, **sources) for query in queries]


def _run(connection: duckdb.DuckDBPyConnection, query: Query, **sources: str) -> pa.Table:
    return connection.execute(query.over(**sources)).to_arrow_table()


def _stacked(tables: list[pa.Table]) -> pa.Table:
    import pyarrow as pa

    return pa.concat_tables(tables)


def _joined(
    connection: duckdb.DuckDBPyConnection, keys: str, parts: list[pa.Table], names: list[str]
) -> pa.Table:
    """Join the parts: one row an account, NULL where a part lacks it.

    A part is by account id where it was computed from the accounts, and by key where from posts.
    """
    aliases = [f"features_part_{i}" for i in range(len(parts))]
    joins = " ".join(
        f"LEFT JOIN {alias} ON {alias}.account_id = k.{'key' if _is_number(part) else 'account_id'}"
        for alias, part in zip(aliases, parts, strict=True)
    )
    columns = ", ".join(["k.account_id", *(f'"{name}"' for name in names)])
    for alias, part in zip(aliases, parts, strict=True):
        connection.register(alias, part)
    try:
        return connection.execute(
            f"SELECT {columns} FROM {keys} k {joins} ORDER BY k.account_id"
        ).to_arrow_table()
    finally:
        for alias in aliases:
            connection.unregister(alias)


def _is_number(part: pa.Table) -> bool:
    import pyarrow.types as kinds

    return bool(kinds.is_integer(part.schema.field("account_id").type))
