"""Posts at the same moments, whatever they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.study.coordination.traces import PACHECO, TIME, trace

if TYPE_CHECKING:
    import duckdb

HOUR = 3600


@trace("rhythm", about="post at the same moments", source=PACHECO, repeats=True, sketched=True)
def rhythm(connection: duckdb.DuckDBPyConnection, posts: str) -> str:  # noqa: ARG001
    """A moment with a post; chance keeps how often each account posts in each hour."""
    return f"""
        SELECT account_id, '' AS what, {TIME} AS t,
            (floor({TIME} / {HOUR})::BIGINT)::VARCHAR AS "within"
        FROM {posts}"""
