"""A row for each name, with dots and intervals: scores, differences, rates by group, ranks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from botbench.html.charts.elements import Svg, joined, line, shape
from botbench.html.charts.layout import (
    WIDE,
    Across,
    Axis,
    both,
    named,
    picture,
    text_width,
)

STEP = 8
"""Between two dots of one row, in units."""


@dataclass(frozen=True)
class Dot:
    """A value with its interval, and a wider one that is drawn thin; `series` 0 to 7, or hollow."""

    value: float
    low: float | None = None
    high: float | None = None
    series: int = 0
    hollow: bool = False
    wider: tuple[float, float] | None = None


@dataclass(frozen=True)
class Row:
    """A name with its dots one below the other, `told` at the right, and short marks by class."""

    label: str
    dots: Sequence[Dot]
    told: str = ""
    marks: Sequence[tuple[str, float]] = ()


@dataclass(frozen=True)
class Tie:
    """A bar at the right that joins the rows from first to last (positions, both included)."""

    first: int
    last: int


def rows(
    drawn: Sequence[Row],
    axis: Axis,
    label: str,
    *,
    reference: float | None = None,
    ties: Sequence[Tie] = (),
) -> Svg:
    """A row for each name; `reference` is drawn through all (guessing, no difference).

    On a page the name stands left of its dots, on a phone above them.
    """
    return both(lambda width: _drawn(width, drawn, axis, label, reference=reference, ties=ties))


def _drawn(
    width: int,
    drawn: Sequence[Row],
    axis: Axis,
    label: str,
    *,
    reference: float | None,
    ties: Sequence[Tie],
) -> Svg:
    told = max((text_width(r.told) for r in drawn), default=0.0) if width == WIDE else 0.0
    left = min(max((text_width(r.label) for r in drawn), default=0.0) + 14, 320.0)
    bars = 8 * len(ties)
    right = width - 10 - (told + 12 if told else 0) - bars
    across = Across(axis, left if width == WIDE else 8, right, width)
    tops, y = [], 8.0
    for row in drawn:
        tops.append(y)
        y += _height(row, width)
    parts = [*across.drawn(4, y)]
    if reference is not None:
        at = f"{across.at(reference):.1f}"
        parts.append(line("zero", at, at, 4, f"{y:.1f}"))
    parts += [_row(row, top, across, told) for row, top in zip(drawn, tops, strict=True)]
    for i, tie in enumerate(ties):
        x = f"{right + 10 + 8 * i:.1f}"
        last = tops[tie.last] + _height(drawn[tie.last], width) - 6
        parts.append(line("tie", x, x, f"{tops[tie.first] + 4:.1f}", f"{last:.1f}"))
    return picture(parts, width, y + 40, label)


def _under(row: Row) -> bool:
    """Whether name and told text do not fit beside each other on a phone."""
    return text_width(row.label) + text_width(row.told) + 12 > 330


def _height(row: Row, width: int) -> float:
    dots = 24 + STEP * max(len(row.dots) - 1, 0)
    if width == WIDE:
        return dots
    return dots + 20 + (16 if row.told and _under(row) else 0)


def _row(row: Row, top: float, across: Across, told: float) -> Svg:
    wide = across.width == WIDE
    dots = 24 + STEP * max(len(row.dots) - 1, 0)
    parts = []
    if wide:
        at, middle = top, top + dots / 2 + 4
        parts.append(named("name", 0, middle, row.label, across.left - 12))
        if row.told:
            parts.append(named("told", across.width, middle, row.told, told + 2, anchor="end"))
    else:
        at = top + 16
        under = _under(row)
        room = 334 if under or not row.told else 334 - text_width(row.told) - 8
        parts += [
            line("rule", 0, across.width, f"{top:.1f}", f"{top:.1f}"),
            named("name", 0, top + 15, row.label, room),
        ]
        if row.told and under:
            at += 16
            parts.append(named("told", 0, top + 31, row.told, 334))
        elif row.told:
            parts.append(named("told", across.right + 8, top + 15, row.told, 330, anchor="end"))
    first = at + dots / 2 - STEP * (len(row.dots) - 1) / 2
    for kind, value in row.marks:
        x = f"{across.at(value):.1f}"
        half = 7 if kind == "naive" else 9
        middle = at + dots / 2
        parts.append(line(kind, x, x, f"{middle - half:.1f}", f"{middle + half:.1f}"))
    parts += [_dot(dot, first + STEP * i, across) for i, dot in enumerate(row.dots)]
    return joined(parts)


def _dot(dot: Dot, y: float, across: Across) -> Svg:
    series, at = f"c{dot.series % 8}", f"{y:.1f}"
    parts = []
    for kind, low, high in (("wider", *(dot.wider or (None, None))), ("span", dot.low, dot.high)):
        if low is not None and high is not None:
            ends = (f"{across.at(low):.1f}", f"{across.at(high):.1f}")
            parts.append(line(f"{kind} {series}", *ends, at, at))
    hollow = " hollow" if dot.hollow else ""
    return joined([*parts, shape(f"mark {series}{hollow}", dot.series, across.at(dot.value), y, 4)])
