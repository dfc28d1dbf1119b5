"""Evidence about when the account posts and what its posts consist of: one relation a section."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botbench.core.duckdb_work import materialise

if TYPE_CHECKING:
    import duckdb

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
"""Upper ends (seconds, exclusive) of the classes of gaps between posts, with their labels; longer
gaps form one more class.
"""
MOST_USED = 3
"""Apps, hashtags and sites that are named, the most used first."""


def rhythm(connection: duckdb.DuckDBPyConnection, own_posts: str) -> list[str]:
    """Names of relations with one row for each account of `own_posts`."""
    gaps = _gaps(connection, own_posts)
    return [
        _counts(connection, own_posts),
        _days(connection, own_posts),
        _hours(connection, own_posts),
        _pauses(connection, gaps),
        _gap_classes(connection, gaps),
        _habits(connection, own_posts),
    ]


def _counts(connection: duckdb.DuckDBPyConnection, own_posts: str) -> str:
    """Number of posts, their first and last time, and shares; a share without evidence is NULL."""
    return materialise(
        connection,
        "card_counts",
        f"""
        SELECT
            account_id, count(*) AS seen, count(created_at) AS timed,
            min(created_at) AS first_post, max(created_at) AS last_post,
            count(*) FILTER (kind = 'repost')
                / nullif(count(*) FILTER (kind <> 'unknown'), 0) AS repost_share,
            count(*) FILTER (kind = 'reply')
                / nullif(count(*) FILTER (kind <> 'unknown'), 0) AS reply_share,
            count(*) FILTER (len(hosts) > 0) / nullif(count(hosts), 0) AS link_share,
            count(*) FILTER (len(hashtags) > 0) / nullif(count(hashtags), 0) AS hashtag_share,
            1 - count(DISTINCT text_hash) FILTER (has_text)
                / nullif(count(*) FILTER (has_text), 0) AS duplicate_share
        FROM {own_posts} GROUP BY account_id
        """,
    )


def _days(connection: duckdb.DuckDBPyConnection, own_posts: str) -> str:
    """Posts a day, where days without a post count as zero, and the bars of the timeline."""
    per_day = materialise(
        connection,
        "card_posts_per_day",
        f"""
        SELECT account_id, (created_at AT TIME ZONE 'UTC')::DATE AS day, count(*) AS n
        FROM {own_posts} WHERE created_at IS NOT NULL GROUP BY ALL
        """,
    )
    return materialise(
        connection,
        "card_days",
        f"""
        WITH span AS (
            SELECT
                account_id, min(day) AS first_day, max(day) - min(day) + 1 AS days,
                list_sort(list(n)) AS busy,
                arg_max(day, struct_pack(n := n, day := -epoch(day))) AS worst_day
            FROM {per_day} GROUP BY account_id),
        size AS (SELECT *, ceil(days / {BARS})::BIGINT AS bar_days FROM span),
        bars AS (
            SELECT account_id, (day - first_day) // bar_days AS bar, sum(n)::BIGINT AS n
            FROM {per_day} JOIN size USING (account_id) GROUP BY ALL),
        drawn AS (
            SELECT account_id, list(struct_pack(bar := bar, n := n) ORDER BY bar) AS bars
            FROM bars GROUP BY account_id)
        SELECT
            account_id, first_day, days, len(busy) AS active_days, bar_days, bars,
            busy[-1] AS per_day_max, worst_day,
            {_quantile_with_empty_days(0.5)} AS per_day_median,
            {_quantile_with_empty_days(0.95)} AS per_day_p95
        FROM size JOIN drawn USING (account_id)
        """,
    )


def _quantile_with_empty_days(q: float) -> str:
    """SQL for the `q` quantile of posts a day: the value at rank ceil(q * days).

    `busy` lists the sorted counts of days with posts; days without a post count as zero.
    """
    return f"coalesce(busy[greatest(ceil({q} * days)::BIGINT - (days - len(busy)), 0)], 0)"


def _hours(connection: duckdb.DuckDBPyConnection, own_posts: str) -> str:
    """Posts by weekday (1 is Monday) and hour, UTC."""
    return materialise(
        connection,
        "card_hours",
        f"""
        WITH moments AS (
            SELECT account_id, created_at AT TIME ZONE 'UTC' AS utc
            FROM {own_posts} WHERE created_at IS NOT NULL),
        cells AS (
            SELECT account_id, isodow(utc)::INTEGER AS weekday, hour(utc)::INTEGER AS hour,
                count(*) AS n
            FROM moments GROUP BY ALL)
        SELECT account_id,
            list(struct_pack(weekday := weekday, hour := hour, n := n) ORDER BY weekday, hour)
                AS hours
        FROM cells GROUP BY account_id
        """,
    )


def _gaps(connection: duckdb.DuckDBPyConnection, own_posts: str) -> str:
    """The gap (seconds) before each timed post; NULL before the first."""
    return materialise(
        connection,
        "card_gap_lengths",
        f"""
        SELECT account_id, created_at, lag(created_at) OVER by_time AS since,
            epoch(created_at - lag(created_at) OVER by_time) AS gap
        FROM {own_posts} WHERE created_at IS NOT NULL
        WINDOW by_time AS (PARTITION BY account_id ORDER BY created_at)
        """,
    )


def _pauses(connection: duckdb.DuckDBPyConnection, gaps: str) -> str:
    """Silences, and the longest stretch (hours) without a gap that is long enough to sleep."""
    return materialise(
        connection,
        "card_pauses",
        f"""
        WITH stretches AS (
            SELECT *, count(*) FILTER (gap >= {PAUSE_HOURS * 3600})
                OVER (PARTITION BY account_id ORDER BY created_at) AS stretch
            FROM {gaps}),
        lengths AS (
            SELECT
                account_id, max(gap) AS gap,
                arg_max(since, struct_pack(gap := gap, at := -epoch(since))) AS since,
                count(*) FILTER (gap >= {SILENT_DAYS * 86_400}) AS silences,
                epoch(max(created_at) - min(created_at)) / 3600 AS hours, min(created_at) AS begun
            FROM stretches GROUP BY account_id, stretch)
        SELECT
            account_id, max(gap) / 3600 AS silence_hours,
            arg_max(since, struct_pack(gap := gap, at := -epoch(since)))
                FILTER (gap IS NOT NULL) AS silent_since,
            sum(silences)::BIGINT AS silences, max(hours) AS awake_hours,
            arg_max(begun, struct_pack(hours := hours, at := -epoch(begun))) AS awake_since
        FROM lengths GROUP BY account_id
        """,
    )


def _gap_classes(connection: duckdb.DuckDBPyConnection, gaps: str) -> str:
    """The number of gaps in each class of `GAP_BINS`, and the median gap (seconds)."""
    ends = [end for end, _ in GAP_BINS]
    return materialise(
        connection,
        "card_gap_classes",
        f"""
        WITH classed AS (
            SELECT account_id, len(list_filter({ends}, lambda e: e <= gap)) AS class
            FROM {gaps} WHERE gap IS NOT NULL),
        counted AS (SELECT account_id, class, count(*) AS n FROM classed GROUP BY ALL),
        medians AS (SELECT account_id, median(gap) AS gap_median FROM {gaps} GROUP BY account_id)
        SELECT account_id, list(struct_pack(class := class, n := n) ORDER BY class) AS gaps,
            gap_median
        FROM counted JOIN medians USING (account_id) GROUP BY account_id, gap_median
        """,
    )


def _habits(connection: duckdb.DuckDBPyConnection, own_posts: str) -> str:
    """The most used apps, hashtags and sites, each with the number of its posts."""

    def most_used(name: str, entry: str) -> str:
        return f"""{name} AS (
            SELECT account_id,
                list(struct_pack(name := name, n := n) ORDER BY n DESC, name)[:{MOST_USED}]
                    AS {name}
            FROM (
                SELECT account_id, name, count(*) AS n
                FROM (SELECT account_id, {entry} AS name FROM {own_posts})
                WHERE name <> '' GROUP BY ALL)
            GROUP BY account_id)"""

    return materialise(
        connection,
        "card_habits",
        f"""
        WITH {most_used("apps", "source_app")},
        {most_used("tags", "unnest(list_distinct(list_transform(hashtags, lambda t: lower(t))))")},
        {most_used("sites", "unnest(list_distinct(list_transform(hosts, lambda h: lower(h))))")},
        counted AS (
            SELECT account_id, count(source_app) AS apps_known FROM {own_posts} GROUP BY account_id)
        SELECT account_id, apps, tags, sites, apps_known
        FROM counted LEFT JOIN apps USING (account_id) LEFT JOIN tags USING (account_id)
            LEFT JOIN sites USING (account_id)
        """,
    )
