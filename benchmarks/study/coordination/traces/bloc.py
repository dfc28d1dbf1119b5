"""The same behaviour string (BLOC) in a session, at whatever time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.study.coordination.sessions import sessions
from benchmarks.study.coordination.traces import trace

if TYPE_CHECKING:
    import duckdb

SHORTEST = 6
"""Posts of a session whose string is compared."""


@trace(
    "bloc",
    about="do the same things with the same pauses in a session",
    source="Nwala et al. 2023, doi:10.1140/epjds/s13688-023-00410-9",
    timed=False,
)
def bloc(connection: duckdb.DuckDBPyConnection, posts: str) -> str:  # noqa: ARG001
    """A session as a string of pauses, actions and contents (letters: `botbench features`)."""
    return sessions(posts, "pause || act || coalesce('(' || content || ')', '')", "act", SHORTEST)
