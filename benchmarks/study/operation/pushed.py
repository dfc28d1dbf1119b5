"""What was pushed when: one picture of ranks with events, and the days after an event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from benchmarks.study.operation.rank_rows import Ranked, Ranking, Robustness
from benchmarks.study.operation.removal import WRONG, MedianRank
from benchmarks.study.questions import Answer, Figure, Table, Text
from botbench.html.charts.strips import Strip, strips
from botbench.text import numbers

DRAWN = 6
NAMED = {1: "most", 2: "second", 3: "third", 4: "fourth", 5: "fifth", 6: "sixth", 7: "seventh"}
NAMES = {
    "hashtag": "hashtags",
    "domain": "sites",
    "link": "links",
    "account": "reposted accounts",
    "mention": "mentioned names",
}
COLUMNS = ("day", "rank", "low", "high", "posts", "falls at")


def shown(row: Ranked) -> str:
    """An item as people write it."""
    return f"#{row.item}" if row.kind == "hashtag" else row.item


def place(rank: int) -> str:
    """A rank within a sentence.

    >>> place(1), place(2), place(12)
    ('most used', 'second most used', 'number 12 most used')
    """
    if rank == 1:
        return "most used"
    return f"{NAMED.get(rank, f'number {rank}')} most used"


def headline(ranking: Ranking) -> str:
    """The first row in a sentence; empty where nothing is ranked."""
    row = ranking.headline
    if row is None:
        return ""
    day = date.fromisoformat(row.day)
    return (
        f"On {day:%d %B %Y} {shown(row)} was the {place(row.rank)} {row.kind} of these accounts"
        f" ({row.posts:,} posts)."
    )


def pushed(ranking: Ranking, events: Mapping[date, str], top: int) -> Answer:
    """The picture of the first kind, the days after events, and every ranked row as a table."""
    if ranking.headline is None:
        return Answer([Text("No dated post has a hashtag, link or mention: nothing is ranked.")])
    mine = [r for r in ranking.rows if r.kind == ranking.kind]
    around = [r for r in mine if (r.day, r.item) in ranking.robustness]
    answer = Answer(lead=headline(ranking))
    answer.blocks = [
        _figure(mine, around, events, top),
        Table(
            "around-events",
            "The days after an event" if events else "The largest",
            ("day", ranking.kind, "rank", "low", "high", "posts"),
            [(r.day, shown(r), r.rank, r.low, r.high, r.posts) for r in around],
            (
                "Low and high: the rank in 95 % of draws of other accounts of the same cohort"
                " (Poisson bootstrap)."
            ),
        ),
    ]
    return answer


def every_row(ranking: Ranking) -> list[Table]:
    """A table a kind of item with every ranked row, for the CSV files."""
    return [
        Table(
            f"ranking-{kind}",
            f"The cohort's {NAMES[kind]}, day by day",
            ("day", kind, *COLUMNS[1:]),
            [
                (r.day, r.item, r.rank, r.low, r.high, r.posts, r.falls_at)
                for r in ranking.rows
                if r.kind == kind
            ],
        )
        for kind in dict.fromkeys(r.kind for r in ranking.rows)
    ]


def _figure(
    rows: Sequence[Ranked], around: Sequence[Ranked], events: Mapping[date, str], top: int
) -> Figure:
    first, last = (date.fromisoformat(f(r.day for r in rows)) for f in (min, max))
    days = [(first + timedelta(days=i)).isoformat() for i in range((last - first).days + 1)]
    totals: dict[str, int] = {}
    for r in rows:
        totals[r.item] = totals.get(r.item, 0) + r.posts
    chosen = list(dict.fromkeys(r.item for r in around))
    chosen += [i for i in sorted(totals, key=lambda i: (-totals[i], i)) if i not in chosen]
    at = {(r.day, r.item): r for r in rows}
    drawn, table = [], []
    for item in chosen[:DRAWN]:
        there = [at.get((d, item)) for d in days]
        ranked = [r for r in there if r is not None]
        name = shown(ranked[0])
        told = f"{totals[item]:,} posts, {numbers.counted(len(ranked), 'day')}"
        values, low, high = (
            [None if r is None else float(getattr(r, key)) for r in there]
            for key in ("rank", "low", "high")
        )
        drawn.append(Strip(name, told, values, low, high))
        table += [(r.day, r.item, r.rank, r.low, r.high) for r in ranked]
    marks = [(days.index(d.isoformat()), w) for d, w in sorted(events.items()) if str(d) in days]
    title = f"Rank by day among the first {top}, 1 on top, with its 95 % interval"
    chart = strips(days, drawn, title, events=marks, ranks=top)
    return Figure("ranks", title, chart, ("day", rows[0].kind, "rank", "low", "high"), table)


def robustness(ranking: Ranking, size: int) -> Answer:
    """Which share of wrong members, and which few accounts, would overturn each rank."""
    rows = [r for r in ranking.rows if (r.day, r.item) in ranking.robustness]
    rows = [r for r in rows if r.kind == ranking.kind]
    if not rows or ranking.headline is None:
        return Answer()
    first = ranking.headline
    of_first = ranking.robustness[first.day, first.item]
    sentences = [
        (
            "That an account is one of these is itself a claim. Here members are removed at random,"
            " as if they had been named wrongly."
        ),
        _falls(first),
        _carried(first, of_first, size),
    ]
    wrong = [f"{numbers.percent(s)} wrong" for s in WRONG]
    sure = any(d.by_posterior for d in ranking.robustness.values())
    columns = ["day", ranking.kind, "rank", *wrong, *(["by posterior"] if sure else [])]
    columns += ["falls at", "carried by", "their posts"]
    cells = []
    for r in rows:
        d = ranking.robustness[r.day, r.item]
        cells.append(
            (
                r.day,
                shown(r),
                r.rank,
                *(said(w) for w in d.wrong),
                *([said(d.by_posterior)] if sure else []),
                r.falls_at,
                len(d.carried_by) or None,
                d.carried if d.carried_by else None,
            )
        )
    note = (
        "Wrong: the median rank and its 95 % interval over the draws. Falls at: the smallest share"
        " of removed members at which the median rank leaves the rank's interval; a dash where none"
        " does. Carried by: the fewest accounts without whom another item overtakes."
    )
    carriers = [
        (r.day, shown(r), account)
        for r in rows
        for account in ranking.robustness[r.day, r.item].carried_by
    ]
    return Answer(
        [
            Text(" ".join(s for s in sentences if s)),
            Table("doubt", "If members are wrong", tuple(columns), cells, note),
            Table("carriers", "Who carries it", ("day", ranking.kind, "account"), carriers),
        ],
        lead=" ".join(sentences[1:]),
    )


def said(rank: MedianRank | None) -> str:
    """A median rank with its interval.

    >>> said(MedianRank(2.0, 1, 3)), said(MedianRank(2.5, 2, 3))
    ('2 (1 to 3)', '2.5 (2 to 3)')
    """
    return "–" if rank is None else f"{rank.median:g} ({rank.low} to {rank.high})"


def _falls(row: Ranked) -> str:
    interval = f"{row.low} to {row.high}"
    if row.falls_at is None:
        return (
            f"Its rank interval is {interval}; removing members at random never takes the median"
            " rank out of it."
        )
    return (
        f"Its rank interval is {interval}; the median rank leaves it when"
        f" {numbers.percent(row.falls_at)} of the members are removed at random."
    )


def _carried(row: Ranked, found: Robustness, size: int) -> str:
    if not found.carried_by:
        return "No removal of members lets another item overtake it."
    n = len(found.carried_by)
    return (
        f"But {numbers.counted(n, 'account')} of {size:,} {'carries' if n == 1 else 'carry'} it:"
        f" without {'it' if n == 1 else 'them'} ({found.carried:,} of the {row.posts:,} posts)"
        " another item overtakes."
    )
