"""The pictures of an annotation card, made of numbers only.

All three have the same height if their columns have the widths given here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from botbench.html.charts.elements import Svg, element, joined, text
from botbench.text.numbers import number, percent

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
WIDTH, LEFT, BASE, HIGH = 393, 30, 104, 96
LINE_WIDTH, GAPS_WIDTH = 350, 176


def _empty_week() -> Svg:
    """The constant part of every week: empty cells in one path, names of days and hours."""
    cells = "".join(
        f"M{32 + hour * 15} {2 + day * 15}h14v14h-14z" for day in range(7) for hour in range(24)
    )
    days = [text("ac-ax", 26, 12 + n * 15, day, "end") for n, day in enumerate(DAYS)]
    hours = [text("ac-ax", 32 + h * 15, 118, f"{h:02d}") for h in range(0, 24, 3)]
    return joined([element("path", class_="ac-c0", d=cells), *days, *hours])


EMPTY_WEEK = _empty_week()


def week(cells: Sequence[dict[str, Any]]) -> Svg:
    """Posts by weekday (1 is Monday) and hour, as a heat map with square-root shades."""
    top = max((c["n"] for c in cells), default=1)
    busy = joined(_cell(c["weekday"], c["hour"], c["n"], top) for c in cells)
    return _chart(WIDTH, "Posts by hour and weekday", EMPTY_WEEK, busy)


def _cell(day: int, hour: int, count: int, top: int) -> str:
    # Up to 168 on each of thousands of cards: a format string is four times faster than elements.
    return (
        f'<rect class="ac-c1" fill-opacity="{0.12 + 0.88 * (count / top) ** 0.5:.2f}"'
        f' x="{32 + hour * 15}" y="{2 + (day - 1) * 15}" width="14" height="14" rx="2">'
        f"<title>{DAYS[day - 1]} {hour:02d}:00, {count} posts</title></rect>"
    )


def timeline(bars: Sequence[dict[str, Any]], days: int, bar_days: int, first: date) -> Svg:
    """Posts over time in bars of `bar_days` days, without empty bars, in one path."""
    total = -(-days // bar_days)
    top = max(b["n"] for b in bars)
    step = (LINE_WIDTH - LEFT) / total
    wide = max(step - (0.6 if step > 2 else 0), 0.6)
    drawn = "".join(
        f"M{LEFT + b['bar'] * step:.1f} {BASE}"
        f"v{-max(HIGH * b['n'] / top, 1):.1f}h{wide:.1f}V{BASE}z"
        for b in bars
    )
    grid = [
        element("path", class_="ac-gl", d=f"M{LEFT} {BASE - HIGH * f:.0f}H{LINE_WIDTH}")
        for f in (0, 0.5, 1)
    ]
    dates = [
        _date(first, days, share, anchor)
        for share, anchor in ((0, "start"), (0.5, "middle"), (1, "end"))
    ]
    return _chart(
        LINE_WIDTH,
        "Posts over time",
        *grid,
        element("path", class_="ac-bar", d=drawn),
        text("ac-ax", 26, 14, number(top), "end"),
        text("ac-ax", 26, BASE, 0, "end"),
        *dates,
    )


def _date(first: date, days: int, share: float, anchor: str) -> Svg:
    day = first + timedelta(days=int(share * (days - 1)))
    x = f"{LEFT + share * (LINE_WIDTH - LEFT):.0f}"
    return text("ac-ax", x, 118, f"{day:%d %b %Y}", anchor)


def gaps(classes: Sequence[dict[str, Any]], names: Sequence[str]) -> str:
    """Shares of gaps between posts by class: class n is below `names[n]`, the last above all."""
    total = sum(c["n"] for c in classes)
    if not total:
        return '<p class="ac-no">one post only</p>'
    counts = {c["class"]: c["n"] for c in classes}
    labels = [*(f"< {n}" for n in names), "longer"]
    rows = [_gap(row, name, counts.get(row, 0) / total) for row, name in enumerate(labels)]
    return _chart(GAPS_WIDTH, "Gaps between posts", *rows)


def _gap(row: int, name: str, share: float) -> Svg:
    y = 2 + row * 15
    # Names are to the left of 52; "100 %" has to fit beside the longest bar.
    wide = max((GAPS_WIDTH - 92) * share, 1 if share else 0)
    bar = element("rect", "", class_="ac-c1", x=52, y=y + 1, width=f"{wide:.1f}", height=11, rx=2)
    label = percent(share) if share else "0"
    return joined(
        [
            text("ac-ax", 48, y + 10, name, "end"),
            bar,
            text("ac-ax", f"{56 + wide:.1f}", y + 10, label),
        ]
    )


def _chart(width: int, label: str, *parts: Svg) -> Svg:
    box = f"0 0 {width} 122"
    return element("svg", *parts, class_="ac-svg", viewBox=box, role="img", aria_label=label)
