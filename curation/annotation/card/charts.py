"""The pictures of a card, as inline SVG made of numbers only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from botbench.text.escaping import number, percent

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
WIDTH, LEFT, BASE, HIGH = 393, 30, 104, 96
LINE_WIDTH, GAPS_WIDTH = 350, 176
"""All three are as high as each other where their columns are as wide as these numbers say."""


def _still() -> str:
    """What every week has in common: the empty cells in one path, the names of days and hours."""
    empty = "".join(
        f"M{32 + hour * 15} {2 + day * 15}h14v14h-14z" for day in range(7) for hour in range(24)
    )
    days = "".join(
        f'<text class="ac-ax" x="26" y="{12 + n * 15}" text-anchor="end">{day}</text>'
        for n, day in enumerate(DAYS)
    )
    hours = "".join(
        f'<text class="ac-ax" x="{32 + h * 15}" y="118">{h:02d}</text>' for h in range(0, 24, 3)
    )
    return f'<path class="ac-c0" d="{empty}"/>{days}{hours}'


STILL = _still()


def week(cells: Sequence[dict[str, Any]]) -> str:
    """Posts by weekday (1 is Monday) and hour, as a heat map with square-root shades; only cells
    with posts are drawn.
    """
    top = max((c["n"] for c in cells), default=1)
    busy = "".join(_cell(c["weekday"], c["hour"], c["n"], top) for c in cells)
    return (
        f'<svg class="ac-svg" viewBox="0 0 {WIDTH} 122" role="img" aria-label="Posts by hour and'
        f' weekday">{STILL}{busy}</svg>'
    )


def _cell(day: int, hour: int, count: int, top: int) -> str:
    shade = (
        f'fill-opacity="{0.12 + 0.88 * (count / top) ** 0.5:.2f}" x="{32 + hour * 15}"'
        f' y="{2 + (day - 1) * 15}"'
    )
    title = f"<title>{DAYS[day - 1]} {hour:02d}:00, {count} posts</title>"
    return f'<rect class="ac-c1" {shade} width="14" height="14" rx="2">{title}</rect>'


def timeline(bars: Sequence[dict[str, Any]], days: int, bar_days: int, first: date) -> str:
    """Posts over time, one bar for each `bar_days` days; only bars with posts are drawn, all in one
    path.
    """
    total = -(-days // bar_days)
    top = max(b["n"] for b in bars)
    step = (LINE_WIDTH - LEFT) / total
    wide = max(step - (0.6 if step > 2 else 0), 0.6)
    path = "".join(
        f"M{LEFT + b['bar'] * step:.1f}"
        f" {BASE}v{-max(HIGH * b['n'] / top, 1):.1f}h{wide:.1f}V{BASE}z"
        for b in bars
    )
    grid = "".join(
        f'<path class="ac-gl" d="M{LEFT} {BASE - HIGH * f:.0f}H{LINE_WIDTH}"/>' for f in (0, 0.5, 1)
    )
    ends = "".join(
        _date(first, days, share, anchor)
        for share, anchor in ((0, "start"), (0.5, "middle"), (1, "end"))
    )
    return (
        f'<svg class="ac-svg" viewBox="0 0 {LINE_WIDTH} 122" role="img" aria-label="Posts over'
        f' time">{grid}<path class="ac-bar" d="{path}"/><text class="ac-ax" x="26" y="14"'
        f' text-anchor="end">{number(top)}</text><text class="ac-ax" x="26" y="{BASE}"'
        f' text-anchor="end">0</text>{ends}</svg>'
    )


def _date(first: date, days: int, share: float, anchor: str) -> str:
    day = first + timedelta(days=int(share * (days - 1)))
    return (
        f'<text class="ac-ax" x="{LEFT + share * (LINE_WIDTH - LEFT):.0f}" y="118"'
        f' text-anchor="{anchor}">{day:%d %b %Y}</text>'
    )


def gaps(classes: Sequence[dict[str, Any]], names: Sequence[str]) -> str:
    """Gaps between posts by class (class n is below `names[n]`, the last one above all), as bars
    with their shares.
    """
    total = sum(c["n"] for c in classes)
    if not total:
        return '<p class="ac-no">one post only</p>'
    counts = {c["class"]: c["n"] for c in classes}
    rows = "".join(
        _gap(row, name, counts.get(row, 0) / total)
        for row, name in enumerate([*(f"< {n}" for n in names), "longer"])
    )
    return (
        f'<svg class="ac-svg" viewBox="0 0 {GAPS_WIDTH} 122" role="img" aria-label="Gaps between'
        f' posts">{rows}</svg>'
    )


def _gap(row: int, name: str, share: float) -> str:
    y = 2 + row * 15
    wide = max((GAPS_WIDTH - 84) * share, 1 if share else 0)
    return (
        f'<text class="ac-ax" x="48" y="{y + 10}"'
        f' text-anchor="end">{name.replace("<", "&lt;")}</text><rect class="ac-c1" x="52"'
        f' y="{y + 1}" width="{wide:.1f}" height="11" rx="2"></rect><text class="ac-ax"'
        f' x="{56 + wide:.1f}" y="{y + 10}">{percent(share) if share else "0"}</text>'
    )
