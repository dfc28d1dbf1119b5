"""Shares with their intervals, one below the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from botbench.html.charts.elements import Svg, ticks
from botbench.html.charts.layout import Axis
from botbench.html.charts.rows import Dot, Row, rows


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
    """The text at the right of the row."""


def intervals(
    drawn: Sequence[Span], label: str, upper: float | None = None, title: str = ""
) -> Svg:
    """A row for each span, on an axis in percent from 0; `title` says what is measured."""
    top = upper or ceiling([v for r in drawn for v in (r.high, r.naive or 0.0, r.true or 0.0)])
    axis = Axis(0, top, ticks(0, top), title, form=percent)
    return rows([_row(r) for r in drawn], axis, label)


def _row(r: Span) -> Row:
    beside = (("naive", r.naive), ("true", r.true))
    marks = [(kind, value) for kind, value in beside if value is not None]
    return Row(r.label, [Dot(r.value, r.low, r.high, r.series)], r.told, marks)


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
