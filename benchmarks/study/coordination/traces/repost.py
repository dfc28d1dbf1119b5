"""Reposts of the same post."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.study.coordination.traces import PACHECO, STRETCH, TIME, trace
from benchmarks.study.data.by_words import PASSED_ON, SAME

if TYPE_CHECKING:
    import duckdb


@trace("repost", about="repost the same post", source=PACHECO)
def repost(connection: duckdb.DuckDBPyConnection, posts: str) -> str:  # noqa: ARG001
    """A repost, by the post that it passes on."""
    what = f"coalesce({PASSED_ON}, {SAME})"
    return f"""
        SELECT account_id, {what} AS what, {TIME} AS t, {STRETCH} AS "within"
        FROM {posts} WHERE kind = 'repost'"""
