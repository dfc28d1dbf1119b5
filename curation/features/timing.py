"""When it posts: rate, gaps, pauses and hours. Times are UTC, for an account's own time zone is
rarely known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from curation.features import entropy, feature, mean, per, sd, share

if TYPE_CHECKING:
    from ibis.expr.types import FloatingValue, IntegerValue, Table

GOH = "Goh and Barabási 2008, doi:10.1209/0295-5075/81/48002"
CHU = "Chu et al. 2012, doi:10.1109/TDSC.2012.75"
VAROL = "Varol et al. 2017, doi:10.1609/icwsm.v11i1.14871"
ZHANG = "Zhang and Paxson 2011, doi:10.1007/978-3-642-19260-9_11"

WHEN = "posts.created_at"
HOUR = 3_600_000
DAY = 24 * HOUR


@feature(unit="posts", needs="posts.account_id", source="botbench", revision=1)
def posts_seen(posts: Table) -> IntegerValue:
    """Posts of the account in the data, which may be a part of its timeline; missing where there
    are none.
    """
    return posts.count()


@feature(unit="days", needs=WHEN, source="botbench", revision=1)
def active_days(days: Table) -> IntegerValue:
    """Days (UTC) with at least one post."""
    return days.count()


@feature(unit="share", needs=WHEN, source="botbench", revision=1)
def active_days_share(days: Table) -> FloatingValue:
    """Days with posts, divided by the days from the first to the last of them, both counted."""
    return per(days.count(), days.day.max() - days.day.min() + 1)


@feature(unit="posts a day", needs=WHEN, source=VAROL, revision=1)
def posts_per_active_day_median(days: Table) -> FloatingValue:
    """Median of posts a day over days with posts."""
    return days.n.quantile(0.5)


@feature(unit="posts a day", needs=WHEN, source=VAROL, revision=1)
def posts_per_active_day_p95(days: Table) -> FloatingValue:
    """95th percentile (interpolated) of posts a day over days with posts."""
    return days.n.quantile(0.95)


@feature(unit="posts a day", needs=WHEN, source=VAROL, revision=1)
def posts_per_active_day_max(days: Table) -> IntegerValue:
    """Most posts on one day."""
    return days.n.max()


@feature(unit="posts a day", needs=WHEN, source="botbench", revision=1)
def posts_per_day(posts: Table) -> FloatingValue:
    """Dated posts divided by the days from the first to the last; missing where they span no
    time.
    """
    return per(posts.ms.count(), posts.ms.max() - posts.ms.min()) * DAY


@feature(unit="seconds", needs=WHEN, source=VAROL, revision=1)
def gap_median(gaps: Table) -> FloatingValue:
    """Median time between one post and the next; missing with fewer than two dated posts."""
    return gaps.gap_ms.quantile(0.5) / 1000


@feature(unit="seconds", needs=WHEN, source=VAROL, revision=1)
def gap_min(gaps: Table) -> FloatingValue:
    """Shortest time between one post and the next."""
    return gaps.gap_ms.min() / 1000


@feature(unit="ratio", needs=WHEN, source=VAROL, revision=1)
def gap_cv(gaps: Table) -> FloatingValue:
    """Standard deviation of the gaps divided by their mean (0 for a clock, about 1 for chance);
    needs two gaps.
    """
    return sd(gaps.gap_ms) / mean(gaps.gap_ms).nullif(0)


@feature(unit="-1 to 1", needs=WHEN, source=GOH, revision=1)
def burstiness(gaps: Table) -> FloatingValue:
    """(sd - mean) / (sd + mean) of the gaps: -1 for a clock, 0 for chance, towards 1 for bursts;
    needs two gaps.
    """
    deviation, middle = sd(gaps.gap_ms), mean(gaps.gap_ms)
    return (deviation - middle) / (deviation + middle).nullif(0)


@feature(unit="share", needs=WHEN, source="botbench", revision=1)
def same_moment_share(gaps: Table) -> FloatingValue:
    """Share of gaps shorter than a second."""
    return share(gaps.gap_ms < 1000)


@feature(unit="hours", needs=WHEN, source="botbench", revision=1)
def longest_pause(gaps: Table) -> FloatingValue:
    """Longest time between one post and the next."""
    return gaps.gap_ms.max() / HOUR


@feature(unit="hours", needs=WHEN, source="botbench", revision=1)
def longest_stretch(gaps: Table) -> FloatingValue:
    """Longest time from a post to a later one without a pause of 4 hours between: nobody stays
    awake for days.
    """
    return gaps.awake_ms.max() / HOUR


@feature(unit="bits", needs=WHEN, source=CHU, revision=1)
def hour_entropy(hours: Table) -> FloatingValue:
    """Entropy of the hour of the day (at most log2 24 = 4.585)."""
    return entropy(hours.n)


@feature(unit="bits", needs=WHEN, source=CHU, revision=1)
def weekhour_entropy(weekhours: Table) -> FloatingValue:
    """Entropy of the hour of the week (at most log2 168 = 7.392)."""
    return entropy(weekhours.n)


@feature(unit="share", needs=WHEN, source="botbench", revision=1)
def night_share(hours: Table) -> FloatingValue:
    """Share of posts from 0 to 6 o'clock UTC, which is night only where the account's clock is near
    UTC.
    """
    return per(hours.n.sum(where=hours.hour < 6).fill_null(0), hours.n.sum())


@feature(unit="share", needs=WHEN, source="botbench", revision=1)
def quiet_share(hours: Table) -> FloatingValue:
    """Smallest share of posts in any six hours of the day in a row: sleep in any time zone; 0.25
    for a steady machine.
    """
    import ibis

    of = [hours.n.sum(where=hours.hour == hour).fill_null(0) for hour in range(24)]
    fewest = ibis.least(*(sum(of[(first + i) % 24] for i in range(6)) for first in range(24)))
    return per(fewest, hours.n.sum())


@feature(unit="share", needs=WHEN, source="botbench", revision=1)
def weekend_share(weekhours: Table) -> FloatingValue:
    """Share of posts on Saturdays and Sundays (UTC)."""
    # 1970 began on a Thursday: hours 48 to 95 of that week are Saturday and Sunday.
    return per(
        weekhours.n.sum(where=weekhours.weekhour.between(48, 95)).fill_null(0), weekhours.n.sum()
    )


@feature(unit="share", needs=WHEN, source=ZHANG, revision=1)
def round_second_share(posts: Table) -> FloatingValue:
    """Share of posts in the first second of a minute (1/60 for chance)."""
    return share((posts.ms // 1000) % 60 == 0)


@feature(unit="share", needs=WHEN, source=ZHANG, revision=1)
def round_minute_share(posts: Table) -> FloatingValue:
    """Share of posts in a minute that is a multiple of five (1/5 for chance)."""
    return share((posts.ms // 60_000) % 5 == 0)
