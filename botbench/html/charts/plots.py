"""Plots of a board: dots, lines, intervals and a heat map. Tables contain every number too.

Pictures scale with the page (640 units wide), and their text stays readable down to a phone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from botbench.html.charts.elements import (
    Svg,
    circle,
    element,
    escape,
    joined,
    line,
    polyline,
    text,
)
from botbench.text.numbers import score, tick

W, LEFT, TOP, BOTTOM = 640, 44, 26, 34


@dataclass(frozen=True)
class Axis:
    """A straight or logarithmic axis from low to high with its ticks and its title."""

    low: float
    high: float
    ticks: Sequence[float]
    title: str
    log: bool = False

    def at(self, value: float) -> float:
        """The position of a value on the axis, 0 to 1."""
        ends = (self.low, self.high, max(value, self.low) if self.log else value)
        low, high, v = (math.log10(x) if self.log else x for x in ends)
        return min(max((v - low) / ((high - low) or 1), 0.0), 1.0)


def _x(axis: Axis, value: float) -> str:
    return f"{LEFT + axis.at(value) * (W - LEFT - 14):.1f}"


def _y(axis: Axis, value: float, height: float) -> str:
    return f"{height - BOTTOM - axis.at(value) * (height - TOP - BOTTOM):.1f}"


def _plot(parts: Sequence[str], height: float, label: str, class_: str = "plot") -> Svg:
    box = f"0 0 {W} {height:.0f}"
    return element("svg", joined(parts), class_=class_, viewBox=box, role="img", aria_label=label)


def _columns(x: Axis, height: float) -> list[Svg]:
    """The grid line and the label of each tick of the x axis."""
    base = height - BOTTOM
    return [
        part
        for at, t in ((_x(x, t), t) for t in x.ticks)
        for part in (
            line("grid", at, at, TOP, base),
            text("axis", at, base + 15, tick(t), "middle"),
        )
    ]


def _frame(x: Axis, y: Axis, height: float) -> list[Svg]:
    parts = _columns(x, height)
    for t in y.ticks:
        at = _y(y, t, height)
        parts += [
            line("grid", LEFT, W - 14, at, at),
            text("axis", LEFT - 6, f"{float(at) + 4:.1f}", tick(t), "end"),
        ]
    return [
        *parts,
        text("axis", f"{(W + LEFT) / 2:.0f}", f"{height - 3:.0f}", x.title, "middle"),
        text("axis", LEFT - 38, 11, y.title),
    ]


@dataclass(frozen=True)
class Point:
    """A named dot; `low` to `high` is drawn as a vertical line through it."""

    name: str
    x: float
    y: float
    low: float | None = None
    high: float | None = None
    hollow: bool = False


def scatter(points: Sequence[Point], x: Axis, y: Axis, label: str, height: float = 340) -> Svg:
    """Dots with their names beside them; names that would meet are moved apart along y."""
    parts = _frame(x, y, height)
    taken: list[tuple[float, float]] = []
    for p in sorted(points, key=lambda p: (p.y, p.name), reverse=True):
        px, py = float(_x(x, p.x)), float(_y(y, p.y, height))
        if p.low is not None and p.high is not None:
            parts.append(line("span", px, px, _y(y, p.low, height), _y(y, p.high, height)))
        at = _free(py + 4, px, taken)
        taken.append((px, at))
        parts += [
            circle(_mark(p.hollow), px, py, 4.5),
            _name(px, f"{at:.1f}", p.name, px > W * 0.62, 8),
        ]
    return _plot(parts, height, label)


def _mark(hollow: bool) -> str:
    return "mark hollow" if hollow else "mark"


def _name(x: float, y: str | float, name: str, before: bool, gap: int) -> Svg:
    """A name after its dot, or before it near the right edge."""
    at = f"{x + (-gap if before else gap):.1f}"
    return text("name", at, y, name, "end" if before else "start")


def _free(y: float, x: float, taken: Sequence[tuple[float, float]]) -> float:
    while any(abs(y - other) < 12 and abs(x - ox) < 190 for ox, other in taken):
        y += 12
    return y


@dataclass(frozen=True)
class Line:
    """A named line through points, by class c0 to c7."""

    name: str
    points: Sequence[tuple[float, float]]
    series: int = 0


def lines(
    drawn: Sequence[Line],
    x: Axis,
    y: Axis,
    label: str,
    *,
    diagonal: bool = False,
    height: float = 300,
) -> Svg:
    """Lines; `diagonal` draws where x = y (calibration)."""
    parts = _frame(x, y, height)
    if diagonal:
        ends = {"x1": _x(x, 0), "y1": _y(y, 0, height), "x2": _x(x, 1), "y2": _y(y, 1, height)}
        parts.append(element("line", class_="chance", **ends))
    for one in drawn:
        places = [(_x(x, a), _y(y, b, height)) for a, b in one.points]
        parts.append(polyline(f"line c{one.series % 8}", places))
        if len(places) <= 12:
            parts += [circle(f"dot c{one.series % 8}", a, b, 2.6) for a, b in places]
    return _plot(parts, height, label)


def legend(drawn: Sequence[Line]) -> Svg:
    """The names of lines with their colours."""
    items = []
    for one in drawn:
        sample = line(f"line c{one.series % 8}", 0, 22, 4, 4)
        key = element("svg", sample, class_="key", viewBox="0 0 22 8", aria_hidden="true")
        items.append(element("li", key, one.name))
    return element("ul", *items, class_="legend")


@dataclass(frozen=True)
class Spans:
    """One row: a label, and for each series a value with its interval, or None."""

    label: str
    values: Sequence[tuple[float, float | None, float | None] | None]


def spans(rows: Sequence[Spans], x: Axis, label: str) -> Svg:
    """Values with intervals, a row each; the first series is filled, the second hollow."""
    height = TOP + 34 * len(rows) + BOTTOM
    parts = _columns(x, height)
    for i, row in enumerate(rows):
        y = TOP + 34 * i
        parts.append(text("name", 0, y + 11, row.label))
        for k, bounds in enumerate(row.values):
            if bounds is None:
                continue
            (value, low, high), at = bounds, y + 21 + 5 * k
            if low is not None and high is not None:
                parts.append(line(f"span s{k}", _x(x, low), _x(x, high), at, at))
            parts.append(circle(_mark(k > 0), _x(x, value), at, 4))
    parts.append(text("axis", f"{(W + LEFT) / 2:.0f}", height - 3, x.title, "middle"))
    return _plot(parts, height, label, "plot spans")


def heat(
    rows: Sequence[str],
    columns: Sequence[str],
    values: Sequence[Sequence[float | None]],
    label: str,
) -> str:
    """A matrix around one half as a table of nine steps (h0 to h8), with numbers and a diagonal."""
    head = "".join(f'<th scope="col">{escape(c)}</th>' for c in columns)
    body = []
    for name, row in zip(rows, values, strict=True):
        cells = "".join(
            _heat_cell(v, name == column) for v, column in zip(row, columns, strict=True)
        )
        body.append(f'<tr><th scope="row">{escape(name)}</th>{cells}</tr>')
    return (
        f'<div class="sx" role="region" tabindex="0" aria-label="{escape(label)}">'
        '<table class="heat"><thead><tr><th scope="col">trained on, tested on</th>'
        f"{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )


def _heat_cell(value: float | None, own: bool) -> str:
    if value is None:
        return f'<td class="mu{" own" if own else ""}">–</td>'
    step = min(8, max(0, round((value - 0.1) / 0.1)))
    return f'<td class="h{step}{" own" if own else ""}">{score(value, 2)}</td>'


def critical(ranks: Sequence[tuple[str, float]], distance: float, label: str) -> Svg:
    """Mean ranks with the critical distance (Demšar 2006); bars join ranks closer than it."""
    ordered = sorted(ranks, key=lambda r: (r[1], r[0]))
    axis = Axis(1, max(2, len(ordered)), range(1, len(ordered) + 1), "mean rank (1 is best)")
    groups = _near(ordered, distance)
    head = 46 + 8 * len(groups)
    end = _x(axis, 1 + distance)
    parts = [
        line("span", _x(axis, 1), end, 12, 12),
        text("axis", f"{float(end) + 6:.1f}", 16, f"critical distance {distance:.2f}"),
        *(text("axis", _x(axis, t), 34, t, "middle") for t in axis.ticks),
    ]
    for i, (first, last) in enumerate(groups):
        x1, x2 = f"{float(_x(axis, first)) - 4:.1f}", f"{float(_x(axis, last)) + 4:.1f}"
        parts.append(line("tie", x1, x2, 42 + 8 * i, 42 + 8 * i))
    for i, (name, rank) in enumerate(ordered):
        y, at = head + 17 * (i + 1), _x(axis, rank)
        parts += [
            polyline("grid", [(at, 38), (at, y - 4)]),
            circle("mark", at, y - 4, 3.5),
            _name(float(at), y, f"{name} ({rank:.1f})", axis.at(rank) > 0.6, 7),
        ]
    return _plot(parts, head + 17 * len(ordered) + 26, label)


def _near(ordered: Sequence[tuple[str, float]], distance: float) -> list[tuple[float, float]]:
    """The longest runs of mean ranks within the distance.

    >>> _near([("a", 1.0), ("b", 1.5), ("c", 3.0)], 1.0)
    [(1.0, 1.5)]
    """
    runs: list[tuple[float, float]] = []
    for i, (_, first) in enumerate(ordered):
        last = [rank for _, rank in ordered[i:] if rank - first < distance][-1]
        if last > first and not any(a <= first and last <= b for a, b in runs):
            runs.append((first, last))
    return runs
