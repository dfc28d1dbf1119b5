"""Replies to the same post."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.study.coordination.traces import NIZZOLI, STRETCH, TIME, trace

if TYPE_CHECKING:
    import duckdb


@trace("reply", about="reply to the same post", source=NIZZOLI)
def reply(connection: duckdb.DuckDBPyConnection, posts: str) -> str:  # noqa: ARG001
    """A reply, by the post that it answers, where the source names that post."""
    return f"""
        SELECT account_id, ref_post_id AS what, {TIME} AS t, {STRETCH} AS "within"
        FROM {posts} WHERE kind = 'reply'"""
