"""Near-identical texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.study.coordination.traces import PACHECO, STRETCH, TIME, trace
from botbench.core.duckdb_work import materialise
from botbench.text.comparing import words_sql

if TYPE_CHECKING:
    import duckdb

WORDS = words_sql("text")
SHORTEST = 20
"""Letters below which a text is anybody's."""


@trace("text", about="write near-identical texts", source=PACHECO)
def text(connection: duckdb.DuckDBPyConnection, posts: str) -> str:
    """A post that is no repost, by the first text of its group of near-identical ones."""
    from botbench.text.near_duplicates import first_of_group

    written = materialise(
        connection,
        "trace_texts",
        f"""
        SELECT account_id, {WORDS} AS words, {TIME} AS t, {STRETCH} AS "within" FROM {posts}
        WHERE kind IS DISTINCT FROM 'repost' AND length(text) >= {SHORTEST}""",
    )
    # Words are computed once: the filter on their length is not in the same query.
    long = f"(FROM {written} WHERE length(words) >= {SHORTEST})"
    groups = first_of_group(connection, f"SELECT DISTINCT words FROM {long}")
    connection.register("trace_same_texts", groups)
    try:
        same = materialise(connection, "trace_first_texts", "FROM trace_same_texts")
    finally:
        connection.unregister("trace_same_texts")
    return f"""
        SELECT account_id, coalesce(first, words) AS what, t, "within"
        FROM {long} LEFT JOIN {same} USING (words)"""
