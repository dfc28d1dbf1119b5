"""Sessions: posts of an account with pauses under an hour, as strings."""

from __future__ import annotations

from curation.features import view_sql

LONGEST = 500
"""Posts above which a session is not compared: such as that of who never pauses."""
APART = "pause NOT IN ('', '□', '⚀')"
"""Where a session begins: after a pause of an hour or more."""


def sessions(posts: str, letters: str, alphabet: str, shortest: int) -> str:
    """SQL of sessions with `shortest` posts or more as actions of a trace.

    `letters` is SQL for what a post adds to the string, `alphabet` for the letters that chance
    holds: a session is moved among those with the same set of these letters and about the same
    length (a power of the square root of two). So accounts that only repost are compared with each
    other, and what counts is the order, the pauses and the contents.
    """
    return f"""
        SELECT account_id, what, t, "within" FROM (
            SELECT account_id, string_agg({letters}, '' ORDER BY ms, act, content) AS what,
                min(ms) / 1000.0 AS t,
                array_to_string(list_sort(list(DISTINCT {alphabet})), '') || '|'
                    || floor(2 * log2(count(*)))::BIGINT AS "within", count(*) AS n
            FROM (
                SELECT account_id, ms, act, content, if({APART}, '', pause) AS pause,
                    sum(({APART})::INTEGER) OVER (PARTITION BY account_id ORDER BY ms) AS session
                FROM {view_sql("behaviour", posts)})
            GROUP BY account_id, session)
        WHERE n BETWEEN {shortest} AND {LONGEST}"""
