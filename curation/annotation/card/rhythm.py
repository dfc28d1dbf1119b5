"""The sections on when the account posts and what its posts consist of."""

from __future__ import annotations

from botbench.html.charts.card import gaps, timeline, week
from botbench.text.escaping import to_html
from botbench.text.numbers import duration, number, percent, span
from curation.annotation.card.evidence_rhythm import GAP_BINS, PAUSE_HOURS
from curation.annotation.card.parts import Keys, Record, day, fact, facts, section, unknown

LEAST = 20
"""Posts with a time below which the rhythm cannot be read: the pictures are greyed."""


def rhythm(r: Record, keys: Keys) -> str:
    """Posts a day, and three pictures: hours of the week, days, gaps between posts."""
    if not r["timed"]:
        none = "No posts of this account were collected; that does not mean that it wrote none."
        return section(
            "timeline",
            keys,
            f"<p>{unknown('Its posts carry no times.' if r['seen'] else none)}</p>",
        )
    unit = "per day" if r["bar_days"] == 1 else f"per {r['bar_days']} days"
    median_gap = "" if r["gap_median"] is None else f"middle {span(r['gap_median'])}"
    pictures = (
        section("hours", keys, week(r["hours"]), "UTC")
        + section(
            "timeline", keys, timeline(r["bars"], r["days"], r["bar_days"], r["first_day"]), unit
        )
        + section("pauses", keys, gaps(r["gaps"] or [], [name for _, name in GAP_BINS]), median_gap)
    )
    if r["timed"] >= LEAST:
        return f'{_facts(r)}<div class="ac-3">{pictures}</div>'
    wrote = "" if r["posts_total"] is None else f", of {number(r['posts_total'])} that it wrote"
    said = (
        f'<p class="ac-few-said">Its rhythm cannot be read: {number(r["timed"])}'
        f" post{'' if r['timed'] == 1 else 's'} with a time {'is' if r['timed'] == 1 else 'are'}"
        f" here{wrote}.</p>"
    )
    return f'<div class="ac-few">{said}{_facts(r)}<div class="ac-3">{pictures}</div></div>'


def _facts(r: Record) -> str:
    awake = r["awake_hours"]
    return (
        '<section class="ac-s">'
        + facts(
            fact("posts on a usual day", number(r["per_day_median"]), "median, empty days count"),
            fact("on 95 of 100 days at most", number(r["per_day_p95"]), "posts a day"),
            fact("posts on the busiest day", number(r["per_day_max"]), day(r["worst_day"])),
            fact(
                f"longest time without {PAUSE_HOURS} h pause",
                "under 1 h" if awake is not None and awake < 1 else duration(awake),
                f"awake from {day(r['awake_since'])}",
            ),
            fact("posts with a time", number(r["timed"]), f"of {number(r['seen'])} here"),
        )
        + "</section>"
    )


def content(r: Record, keys: Keys) -> str:
    """Shares of its posts, and the apps, hashtags and sites it uses most."""
    if not r["seen"]:
        return ""
    shares = facts(
        fact("reposts", percent(r["repost_share"])),
        fact("replies", percent(r["reply_share"])),
        fact("repeated texts", percent(r["duplicate_share"])),
        fact("with links", percent(r["link_share"])),
        fact("with hashtags", percent(r["hashtag_share"])),
    )
    most = "".join(
        f'<p class="ac-hi">{what}: {_most(r, column)}</p>'
        for what, column in (("sent with", "apps"), ("hashtags", "tags"), ("sites", "sites"))
    )
    return section(
        "content",
        keys,
        f'<div class="ac-2">{shares}<div>{most}</div></div>',
        f"of {number(r['seen'])} posts here",
    )


_KNOWN = {"tags": "hashtag_share", "sites": "link_share"}


def _most(r: Record, column: str) -> str:
    if r[column]:
        return " · ".join(
            f"{'#' if column == 'tags' else ''}{to_html(e['name'][:60])} {number(e['n'])}"
            for e in r[column]
        )
    return unknown("none" if column in _KNOWN and r[_KNOWN[column]] is not None else "not known")
