"""What is odd about the data of an operation, a sentence each."""

from __future__ import annotations

from benchmarks.study.operation.members import Members
from botbench.text.numbers import counted


def notes(members: Members) -> list[str]:
    """On missing times and texts, whole minutes, repeated rows, a cohort of one, and events."""
    frame = members.frame
    found = list(frame.notes)
    total, undated, silent, minutes, dated = members.query(f"""
        SELECT count(*), count(*) FILTER (created_at IS NULL),
               count(*) FILTER (trim(coalesce(text, '')) = ''),
               count(*) FILTER (second(created_at) = 0), count(created_at)
        FROM {members.posts_sql}""")[0]
    if undated:
        found.append(
            f"{undated:,} of {total:,} posts have no time: no day's ranks and rates count them."
        )
    if silent:
        found.append(
            f"{silent:,} of {total:,} posts have no text: hashtags, links and mentions that were to"
            " be read off it are missing from the ranks."
        )
    if dated and minutes == dated:
        found.append(
            "Every time is a whole minute: what happened within a minute has no order here, and"
            " acting together within seconds cannot be told."
        )
    found += _repeats(members, int(total))
    if members.size == 1:
        found.append(
            "The cohort is one account: its ranks are that account's own, and no interval or"
            " removal can say how they depend on others."
        )
    return found + _events(members)


def _repeats(members: Members, total: int) -> list[str]:
    """Posts that repeat another of the same account, moment and words."""
    again = members.frame.one(f"""
        SELECT coalesce(sum(n - 1), 0)::BIGINT FROM (
            SELECT count(*) AS n FROM {members.posts_sql}
            WHERE text IS NOT NULL AND created_at IS NOT NULL
            GROUP BY account_id, created_at, text)""")
    if not again:
        return []
    return [
        f"{again:,} of {total:,} posts repeat another of the same account and time, word for word."
        " They are counted: without ids a repeated row cannot be told from a repeated post."
    ]


def _events(members: Members) -> list[str]:
    """Events on days without a post of the members."""
    first, last = members.query(
        f"SELECT min(created_at)::DATE, max(created_at)::DATE FROM {members.posts_sql}"
    )[0]
    events = members.frame.campaign.events
    if first is None:
        placed = f", and {counted(len(events), 'event')} cannot be placed" if events else ""
        return [f"No post has a time: nothing is said by day{placed}."]
    return [
        f"The event {words} ({day}) is outside the posts, which run from {first} to {last}: it is"
        " not marked."
        for day, words in sorted(events.items())
        if not first <= day <= last
    ]
