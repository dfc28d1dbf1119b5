"""Compute features with DuckDB, in bounded memory: one bucket of accounts after the other."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from botbench.core.duckdb_work import materialise, on_threads, setting, threads_of
from botbench.core.sql import literal
from curation.features._functions import DUCKDB
from curation.features._registry import Feature, chosen
from curation.features._render import Plan, Query, columns_needed, only
from curation.features._rendered import kept_plan
from curation.features._views import SLICED

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

MEMORY = 3 * 2**28
"""Bytes that the posts of the buckets at work may take."""
BYTES_A_POST = 600
"""Memory: the kept views of ten-word posts, their sorting, and the largest view over them."""
AT_ONCE = 4
"""Buckets at work at once, where there are several and as many threads. One thread computes a
bucket with less work than several, and none of them waits for another at the end of a query.
"""
ROWS_HELD = 1_000_000
"""Posts that a thread holds before it writes its part of every bucket: with twice DuckDB's own
number, spreading over 66 files takes a fifth less time, and 0.4 GB more of what a bucket may take.
"""
SLICE_POSTS = 25_000
"""Posts whose words are grouped at once: the pairs of account and word fit into a processor's
cache, where grouping is four times faster.
"""


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
    plans = kept_plan(tuple(features), DUCKDB)
    of_accounts = [query for query in plans.queries if query.reads("accounts")]
    of_posts = [query for query in plans.queries if not query.reads("accounts")]
    with ExitStack() as tables:
        keys = _keys(connection, accounts_sql, tables)
        accounts = f"({only('accounts', f'({accounts_sql})', features)})"
        parts = [_run(connection, query, accounts=accounts) for query in of_accounts]
        if of_posts:
            posts = _with_keys(only("posts", f"({posts_sql})", features), keys)
            n = buckets or buckets_for(connection, posts_sql)
            with _spread(connection, posts, features, n) as sources:
                done = _each(
                    connection,
                    sources,
                    lambda at, source: _of_bucket(at, plans, of_posts, source),
                )
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
def _spread(
    connection: duckdb.DuckDBPyConnection, source: str, features: list[Feature], n: int
) -> Iterator[list[str]]:
    """Sources of the account buckets: the source itself, or parts of one temporary file each.

    A part is what one of those at work takes at once, so that together they take one bucket's
    memory. To read a file twice is less work than to write twice as many.
    """
    if n == 1:
        yield [source]
        return
    columns = ", ".join(f'"{name}"' for name in columns_needed("posts", features))
    parts = _at_once(connection)
    with tempfile.TemporaryDirectory(prefix="features-", dir=_scratch(connection)) as folder:
        with setting(connection, "partitioned_write_flush_threshold", ROWS_HELD):
            connection.execute(
                f"COPY (SELECT {columns}, account_id % {n} AS bucket FROM ({source})) TO"
                f" {literal(folder)} (FORMAT parquet, PARTITION_BY (bucket), OVERWRITE_OR_IGNORE)"
            )
        files = [
            f"read_parquet({literal(bucket / '*.parquet')}, hive_partitioning = false)"
            for bucket in sorted(Path(folder).iterdir())
        ]
        rows = [
            f"(FROM {file} WHERE account_id // {n} % {parts} = {part})"
            for file in files
            for part in range(parts)
        ]
        yield [only("posts", some, features, again=True) for some in rows] or [source]


def _at_once(connection: duckdb.DuckDBPyConnection) -> int:
    return min(threads_of(connection), AT_ONCE)


def _scratch(connection: duckdb.DuckDBPyConnection) -> str | None:
    """DuckDB's own folder for what does not fit into memory, where there is one."""
    row = connection.execute("SELECT current_setting('temp_directory')").fetchone()
    if row is None or not row[0]:
        return None
    Path(row[0]).mkdir(parents=True, exist_ok=True)
    return str(row[0])


def _each(
    connection: duckdb.DuckDBPyConnection,
    sources: list[str],
    work: Callable[[duckdb.DuckDBPyConnection, str], list[pa.Table]],
) -> list[list[pa.Table]]:
    """What `work` makes of each source, in their order; several are at work at once."""
    threads = threads_of(connection)
    workers = min(_at_once(connection), len(sources))
    if workers == 1:
        return [work(connection, source) for source in sources]
    with (
        # A worker's own thread computes too.
        on_threads(connection, threads - workers + 1),
        ExitStack() as opened,
        ThreadPoolExecutor(workers, thread_name_prefix="features") as pool,
    ):
        cursors = [opened.enter_context(connection.cursor()) for _ in sources]
        try:
            return list(pool.map(work, cursors, sources))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for cursor in cursors:
                cursor.interrupt()
            raise


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
        return [_of_slices(connection, query, sources) for query in queries]


def _of_slices(
    connection: duckdb.DuckDBPyConnection, query: Query, sources: dict[str, str]
) -> pa.Table:
    """The rows of a query, computed by slices of the accounts where its view has many rows."""
    if query.view not in SLICED:
        return _run(connection, query, **sources)
    posts = sources["kept_posts"]
    ends = connection.execute(
        f"""SELECT max(account_id) FROM (
            SELECT account_id, (sum(n) OVER (ORDER BY account_id) - 1) // {SLICE_POSTS} AS slice
            FROM (SELECT account_id, count(*) AS n FROM {posts} GROUP BY 1)
        ) GROUP BY slice ORDER BY 1"""
    ).fetchall()
    slices = [
        f"account_id > {begin} AND account_id <= {end}"
        for (begin,), (end,) in pairwise([(-1,), *ends])
    ]
    rows = [
        _run(connection, query, **{**sources, "kept_posts": f"(FROM {posts} WHERE {some})"})
        for some in slices or ["false"]
    ]
    return _stacked(rows)


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
