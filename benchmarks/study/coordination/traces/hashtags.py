"""The same hashtags in the same order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.study.coordination.traces import PACHECO, STRETCH, TIME, trace
from botbench.text import folding

if TYPE_CHECKING:
    import duckdb

SHORTEST = 2
"""Hashtags that make a sequence: a single one is a topic."""


@trace("hashtags", about="use the same hashtags in the same order", source=PACHECO)
def hashtags(connection: duckdb.DuckDBPyConnection, posts: str) -> str:
    """The hashtags of a post that is no repost, folded, in their order."""
    folding.register(connection)
    keys = "array_to_string(list_transform(hashtags, lambda h: hashtag_key(h)), ' ')"
    return f"""
        SELECT account_id, {keys} AS what, {TIME} AS t, {STRETCH} AS "within"
        FROM {posts} WHERE len(hashtags) >= {SHORTEST} AND kind IS DISTINCT FROM 'repost'"""
