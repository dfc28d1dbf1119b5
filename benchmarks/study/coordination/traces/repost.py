"""Reposts of the same post."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.study.coordination.traces import PACHECO, STRETCH, TIME, trace

if TYPE_CHECKING:
    import duckdb

PASSED_ON = "coalesce(ref_post_id, lower(ref_account_id) || '|' || md5(lower(trim(text))))"
"""What a repost passes on: the post where the source names it, else whose words they were and the
words.
"""


@trace("repost", about="repost the same post", source=PACHECO)
def repost(connection: duckdb.DuckDBPyConnection, posts: str) -> str:  # noqa: ARG001
    """A repost, by the post that it passes on."""
    what = f"coalesce({PASSED_ON}, md5(lower(trim(text))))"
    return f"""
        SELECT account_id, {what} AS what, {TIME} AS t, {STRETCH} AS "within"
        FROM {posts} WHERE kind = 'repost'"""
