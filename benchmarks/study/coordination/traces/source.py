"""Posts sent with the same client at the same time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.study.coordination.traces import STRETCH, TIME, trace

if TYPE_CHECKING:
    import duckdb


FEW = 20
"""Accounts above which a moment of a client tells nothing: many people use that client."""


@trace(
    "source",
    about="post with the same client at the same time",
    source="botbench",
    repeats=True,
    crowd=FEW,
)
def source(connection: duckdb.DuckDBPyConnection, posts: str) -> str:  # noqa: ARG001
    """The client that a post was sent with.

    Chance keeps how often each account uses each client in a stretch of time: to use the same app
    is no coordination. Moments in which many use a client are left out, so clients that few
    accounts use are what counts.
    """
    return f"""
        SELECT account_id, lower(source_app) AS what, {TIME} AS t,
            {STRETCH} || '|' || lower(source_app) AS "within"
        FROM {posts} WHERE source_app IS NOT NULL"""
