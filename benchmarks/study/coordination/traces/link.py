"""Links to the same page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.study.coordination.traces import LUCERI, STRETCH, TIME, trace

if TYPE_CHECKING:
    import duckdb


@trace("link", about="post the same link", source=LUCERI)
def link(connection: duckdb.DuckDBPyConnection, posts: str) -> str:  # noqa: ARG001
    """A link in a post."""
    return f"""
        SELECT account_id, unnest(urls) AS what, {TIME} AS t, {STRETCH} AS "within"
        FROM {posts} WHERE len(urls) > 0"""
