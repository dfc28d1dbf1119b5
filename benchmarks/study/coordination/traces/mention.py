"""Mentions of the same account at the same time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.study.coordination.traces import NIZZOLI, STRETCH, TIME, trace

if TYPE_CHECKING:
    import duckdb


@trace("mention", about="mention the same account at the same time", source=NIZZOLI, repeats=True)
def mention(connection: duckdb.DuckDBPyConnection, posts: str) -> str:  # noqa: ARG001
    """An account mentioned in a post that is no repost.

    Chance keeps how often each account mentions each other one in a stretch of time: a shared
    interest is no coordination, only shared moments are.
    """
    return f"""
        SELECT account_id, what, t, "within" || '|' || what AS "within" FROM (
            SELECT account_id, lower(unnest(mentions)) AS what, {TIME} AS t, {STRETCH} AS "within"
            FROM {posts} WHERE len(mentions) > 0 AND kind IS DISTINCT FROM 'repost')"""
