"""The same sorts of posts in the same order (Digital DNA) in a session, at whatever time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.study.coordination.sessions import sessions
from benchmarks.study.coordination.traces import trace

if TYPE_CHECKING:
    import duckdb

SHORTEST = 12
"""Posts of a session whose string is compared."""
LETTERS = "CASE WHEN act IN ('r', 'ρ') THEN 'T' WHEN act IN ('p', 'π') THEN 'C' ELSE 'A' END"
"""The alphabet of Cresci et al.: A a post, C a reply, T a repost."""


@trace(
    "dna",
    about="post, reply and repost in the same order in a session",
    source="Cresci et al. 2016, doi:10.1109/MIS.2016.29",
    timed=False,
)
def dna(connection: duckdb.DuckDBPyConnection, posts: str) -> str:  # noqa: ARG001
    """A session as a string of sorts of posts."""
    return sessions(posts, LETTERS, LETTERS, SHORTEST)
