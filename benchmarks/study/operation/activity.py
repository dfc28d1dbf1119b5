"""When the members posted, and how much: by day, by member and day, first and last."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from benchmarks.study.operation.members import Members
from benchmarks.study.questions import Answer, Figure, Table, Text
from benchmarks.study.questions.one_account import NAMED_RATE, RATES
from botbench.html.charts.timeline import Series, timeline
from botbench.text.numbers import counted

WEEK = 7


def rates(members: Members) -> list[tuple[str, str, int]]:
    """(account, day, posts) of member days with over `NAMED_RATE` posts, the largest first."""
    rows = members.query(f"""
        SELECT account_id, strftime(created_at, '%Y-%m-%d') AS day, count(*) AS posts
        FROM {members.posts_sql} WHERE created_at IS NOT NULL GROUP BY ALL
        HAVING posts > {NAMED_RATE} ORDER BY posts DESC, account_id, day""")
    return [(str(a), str(d), int(n)) for a, d, n in rows]


def pace(members: Members) -> Answer:
    """Who posted over 50, 72, 90 and 144 times a day."""
    counts = ", ".join(
        f"count(*) FILTER (posts > {r}), count(DISTINCT account_id) FILTER (posts > {r}),"
        f" coalesce(sum(posts) FILTER (posts > {r}), 0)"
        for r in RATES
    )
    row = members.query(f"""
        SELECT count(*), sum(posts), {counts} FROM (
            SELECT account_id, created_at::DATE AS day, count(*) AS posts
            FROM {members.posts_sql} WHERE created_at IS NOT NULL GROUP BY ALL)""")[0]
    days, whole = int(row[0]), int(row[1] or 0)
    if not days:
        return Answer()
    over = [(rate, *(int(v) for v in row[2 + 3 * i : 5 + 3 * i])) for i, rate in enumerate(RATES)]
    largest = rates(members)
    _, over_days, over_accounts, _ = over[RATES.index(NAMED_RATE)]
    said = (
        f"On {over_days:,} of {days:,} account-days an account posted over {NAMED_RATE} times;"
        f" {counted(over_accounts, 'account')} did."
    )
    if largest:
        said += f" The most in a day is {largest[0][2]:,}."
    table = Table(
        "pace",
        "Accounts that posted more often than that in a day",
        ("posts a day over", "account-days", "accounts", "part"),
        [(rate, n, who, posts / whole) for rate, n, who, posts in over],
        (
            "Days are UTC. 72 and 144 are the DFRLab's lines (2017), 50 is Howard's (2016). A"
            " person can post as often on one day: a line is no proof."
        ),
    )
    top = Table(
        "pace-days",
        "The largest days of single accounts",
        ("account", "day", "posts"),
        largest,
    )
    return Answer([Text(said), table, top] if largest else [Text(said), table], lead=said)


def span(members: Members, events: Mapping[date, str]) -> Answer:
    """When it began and stopped: posts and active members by day; first and last days."""
    rows = members.query(f"""
        SELECT created_at::DATE AS day, count(*), count(DISTINCT account_id)
        FROM {members.posts_sql} WHERE created_at IS NOT NULL GROUP BY day ORDER BY day""")
    if not rows:
        return Answer()
    first, last = rows[0][0], rows[-1][0]
    by_day = {d: (int(n), int(who)) for d, n, who in rows}
    every = [first + timedelta(days=i) for i in range((last - first).days + 1)]
    posts = [by_day.get(d, (0, 0))[0] for d in every]
    active = [by_day.get(d, (0, 0))[1] for d in every]
    labels = [d.isoformat() for d in every]
    marks = [(every.index(d), words) for d, words in sorted(events.items()) if d in every]
    table = list(zip(labels, posts, active, strict=True))
    drawn = timeline(
        labels,
        [Series("posts", [float(n) for n in posts])],
        "Posts by day",
        marks,
        height=150,
        share=False,
        unit="posts a day",
    )
    figure = Figure("span", "Posts by day", drawn, ("day", "posts", "active accounts"), table)
    return Answer([Text(_when(members, first, last)), figure])


def _when(members: Members, first: date, last: date) -> str:
    """The first and last day, and how many members were there at either end."""
    early, late, silent = members.query(f"""
        SELECT count(*) FILTER (begun < DATE '{first + timedelta(days=WEEK)}'),
               count(*) FILTER (ended > DATE '{last - timedelta(days=WEEK)}'),
               count(*) FILTER (ended <= DATE '{last - timedelta(days=WEEK)}')
        FROM (SELECT account_id, min(created_at)::DATE AS begun, max(created_at)::DATE AS ended
              FROM {members.posts_sql} WHERE created_at IS NOT NULL GROUP BY account_id)""")[0]
    window = members.frame.campaign.window
    cut = ""
    if window and (first - window.start.date()).days <= 1:
        cut = " The window cuts it: posts from before or after are not looked at here."
    return (
        f"The first post is of {first:%d %B %Y}, the last of {last:%d %B %Y}."
        f" {counted(early, 'account')} posted in the first week, {late:,} in the last;"
        f" {silent:,} had fallen silent by then.{cut}"
    )
