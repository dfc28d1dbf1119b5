"""Values with their intervals, one below the other.

Coordinates along the x axis are percentages, so a chart fits any width and its text keeps its size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from botbench.html.charts.elements import Svg, circle, element, joined, line, text, ticks

ROW, HEAD, FOOT = 44, 6, 24


@dataclass(frozen=True)
class Span:
    """A value with its interval; `naive` is drawn beside it, `true` is what a simulation knows."""

    label: str
    value: float
    low: float
    high: float
    naive: float | None = None
    true: float | None = None
    series: int = 0
    told: str = ""
    """The text at the right end of the label's line."""


def intervals(rows: Sequence[Span], label: str, upper: float | None = None) -> Svg:
    """A row for each span: the label above the bar, so that long labels fit a phone."""
    top = upper or ceiling([v for r in rows for v in (r.high, r.naive or 0.0, r.true or 0.0)])
    height = HEAD + ROW * len(rows) + FOOT
    marks = ticks(0, top)
    parts = []
    for t in marks:
        x = _x(t, top)
        anchor = None if t == marks[0] else "end" if t == marks[-1] else "middle"
        parts += [
            line("grid", x, x, HEAD, height - FOOT),
            text("axis", x, height - 7, percent(t), anchor),
        ]
    parts += [_row(r, HEAD + ROW * i, top) for i, r in enumerate(rows)]
    return chart(parts, height, label)


def _row(r: Span, y: float, top: float) -> Svg:
    at = y + 31
    parts = [text("label", 0, y + 16, r.label)]
    if r.told:
        parts.append(text("told", "100%", y + 16, r.told, "end"))
    parts.append(line(f"span c{r.series % 8}", _x(r.low, top), _x(r.high, top), at, at))
    for name, value, half in (("naive", r.naive, 7), ("true", r.true, 9)):
        if value is not None:
            x = _x(value, top)
            parts.append(line(name, x, x, at - half, at + half))
    return joined([*parts, circle(f"mark c{r.series % 8}", _x(r.value, top), at, 5)])


def chart(parts: Sequence[str], height: float, label: str) -> Svg:
    """The outer picture, as wide as the page."""
    return element(
        "svg",
        joined(parts),
        class_="chart",
        role="img",
        width="100%",
        height=f"{height:g}",
        aria_label=label,
    )


def percent(value: float) -> str:
    """A share as the label of an axis.

    >>> percent(0.2), percent(0.005), percent(0)
    ('20 %', '0.5 %', '0 %')
    """
    return f"{100 * value:.3g} %"


def ceiling(shares: Sequence[float]) -> float:
    """The upper end of an axis of shares: a little above the largest, at most 1."""
    most = max(shares, default=1.0)
    return min(1.0, most * 1.08) if most > 0 else 1.0


def _x(value: float, top: float) -> str:
    return f"{1 + 98 * min(max(value / top, 0), 1):.2f}%"
