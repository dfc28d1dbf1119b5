"""When it posts and what its posts are made of, read off `card_posts`: one table for each part of
the card.
"""

from __future__ import annotations

from typing import Any

BARS = 380
"""Bars of the timeline; longer histories sum several days into one."""
PAUSE_HOURS = 4
"""A gap that counts as sleep: the longest stretch awake is the longest time without one."""
SILENT_DAYS = 30
"""A gap that counts as a silence."""
GAP_BINS = (
    (10, "10 s"),
    (60, "1 min"),
    (600, "10 min"),
    (3_600, "1 h"),
    (21_600, "6 h"),
    (86_400, "1 d"),
    (604_800, "7 d"),
)
"""Upper ends (seconds, not included) of the classes of gaps between posts, and how they are
written; longer ones are one more.
"""
MOST = 3
"""Apps, hashtags and sites named, the most used first."""


def rhythm(connection: Any) -> None:
    """Everything that is read off `card_posts` alone."""
    for part in (_counts, _days, _hours, _pauses, _habits):
        part(connection)


def _counts(connection: Any) -> None:
    """`card_counts`: how many posts, when, and shares (NULL where the evidence for a share is
    missing).
    """
    _table(
        connection,
        "card_counts",
        """
        SELECT account_id, count(*) AS seen, count(created_at) AS timed,
            min(created_at) AS first_post, max(created_at) AS last_post,
            count(*) FILTER (kind = 'repost') / nullif(count(*) FILTER (kind <> 'unknown'), 0) AS repost_share,
            count(*) FILTER (kind = 'reply') / nullif(count(*) FILTER (kind <> 'unknown'), 0) AS reply_share,
            count(*) FILTER (len(hosts) > 0) / nullif(count(hosts), 0) AS link_share,
            count(*) FILTER (len(hashtags) > 0) / nullif(count(hashtags), 0) AS hashtag_share,
            1 - count(DISTINCT text_hash) FILTER (has_text) / nullif(count(*) FILTER (has_text), 0) AS duplicate_share
        FROM card_posts GROUP BY account_id""",
    )


def _days(connection: Any) -> None:
    """`card_days`: posts a day, days without a post counted as zero, and the bars of the timeline."""
    _table(
        connection,
        "card_day",
        """
        SELECT account_id, (created_at AT TIME ZONE 'UTC')::DATE AS day, count(*) AS n
        FROM card_posts WHERE created_at IS NOT NULL GROUP BY ALL""",
    )
    _table(
        connection,
        "card_days",
        f"""
        WITH span AS (
            SELECT account_id, min(day) AS first_day, max(day) - min(day) + 1 AS days, list_sort(list(n)) AS busy,
                arg_max(day, struct_pack(n := n, day := -epoch(day))) AS worst_day
            FROM card_day GROUP BY account_id),
        size AS (SELECT *, ceil(days / {BARS})::BIGINT AS bar_days FROM span),
        bars AS (
            SELECT account_id, (day - first_day) // bar_days AS bar, sum(n)::BIGINT AS n
            FROM card_day JOIN size USING (account_id) GROUP BY ALL),
        drawn AS (SELECT account_id, list(struct_pack(bar := bar, n := n) ORDER BY bar) AS bars FROM bars GROUP BY account_id)
        SELECT account_id, first_day, days, len(busy) AS active_days, bar_days, bars, busy[-1] AS per_day_max, worst_day,
            {_padded(0.5)} AS per_day_median, {_padded(0.95)} AS per_day_p95
        FROM size JOIN drawn USING (account_id)""",
    )


def _hours(connection: Any) -> None:
    """`card_hours`: posts by weekday (1 is Monday) and hour, UTC."""
    _table(
        connection,
        "card_hours",
        """
        WITH moments AS (SELECT account_id, created_at AT TIME ZONE 'UTC' AS utc FROM card_posts WHERE created_at IS NOT NULL),
        cells AS (
            SELECT account_id, isodow(utc)::INTEGER AS weekday, hour(utc)::INTEGER AS hour, count(*) AS n FROM moments GROUP BY ALL)
        SELECT account_id, list(struct_pack(weekday := weekday, hour := hour, n := n) ORDER BY weekday, hour) AS hours
        FROM cells GROUP BY account_id""",
    )


def _pauses(connection: Any) -> None:
    """`card_pauses`: silences, and the longest stretch without a gap long enough to sleep (hours);
    `card_gaps`: gaps by class.
    """
    _table(
        connection,
        "card_gap",
        """
        SELECT account_id, created_at, lag(created_at) OVER mine AS since, epoch(created_at - lag(created_at) OVER mine) AS gap
        FROM card_posts WHERE created_at IS NOT NULL WINDOW mine AS (PARTITION BY account_id ORDER BY created_at)""",
    )
    _table(
        connection,
        "card_pauses",
        f"""
        WITH stretches AS (
            SELECT *, count(*) FILTER (gap >= {PAUSE_HOURS * 3600}) OVER (PARTITION BY account_id ORDER BY created_at) AS stretch
            FROM card_gap),
        lengths AS (
            SELECT account_id, max(gap) AS gap, arg_max(since, struct_pack(gap := gap, at := -epoch(since))) AS since,
                count(*) FILTER (gap >= {SILENT_DAYS * 86_400}) AS silences,
                epoch(max(created_at) - min(created_at)) / 3600 AS hours, min(created_at) AS begun
            FROM stretches GROUP BY account_id, stretch)
        SELECT account_id, max(gap) / 3600 AS silence_hours, arg_max(since, struct_pack(gap := gap, at := -epoch(since)))
                FILTER (gap IS NOT NULL) AS silent_since, sum(silences)::BIGINT AS silences,
            max(hours) AS awake_hours, arg_max(begun, struct_pack(hours := hours, at := -epoch(begun))) AS awake_since
        FROM lengths GROUP BY account_id""",
    )
    ends = [end for end, _ in GAP_BINS]
    _table(
        connection,
        "card_gaps",
        f"""
        WITH classed AS (
            SELECT account_id, len(list_filter({ends}, lambda e: e <= gap)) AS class FROM card_gap WHERE gap IS NOT NULL),
        counted AS (SELECT account_id, class, count(*) AS n FROM classed GROUP BY ALL)
        SELECT account_id, list(struct_pack(class := class, n := n) ORDER BY class) AS gaps, gap_median
        FROM counted JOIN (SELECT account_id, median(gap) AS gap_median FROM card_gap GROUP BY account_id) USING (account_id)
        GROUP BY account_id, gap_median""",
    )


def _habits(connection: Any) -> None:
    """`card_habits`: the apps, hashtags and sites it uses most, each with the number of its posts."""

    def most(name: str, entry: str, more: str = "") -> str:
        return f"""{name} AS (
            SELECT account_id, list(struct_pack(name := name, n := n) ORDER BY n DESC, name)[:{MOST}] AS {name}
            FROM (SELECT account_id, name, count(*) AS n FROM (SELECT account_id, {entry} AS name FROM card_posts {more})
                  WHERE name <> '' GROUP BY ALL) GROUP BY account_id)"""

    _table(
        connection,
        "card_habits",
        f"""
        WITH {most("apps", "source_app")},
        {most("tags", "unnest(list_distinct(list_transform(hashtags, lambda t: lower(t))))")},
        {most("sites", "unnest(list_distinct(list_transform(hosts, lambda h: lower(h))))")}
        SELECT account_id, apps, tags, sites, known.* EXCLUDE (account_id)
        FROM (SELECT account_id, count(source_app) AS apps_known FROM card_posts GROUP BY account_id) known
        LEFT JOIN apps USING (account_id) LEFT JOIN tags USING (account_id) LEFT JOIN sites USING (account_id)""",
    )


def _padded(q: float) -> str:
    """SQL for the `q` quantile (the value at rank ceil(q * days)) of posts a day, days without a
    post counted as zero.
    """
    return f"coalesce(busy[greatest(ceil({q} * days)::BIGINT - (days - len(busy)), 0)], 0)"


def _table(connection: Any, name: str, query: str) -> None:
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}")
