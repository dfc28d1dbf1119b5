"""The site's pictures as inline SVG: no script, no style attribute, no request; every number also
stands in a table.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from botbench.html.svg import escape

W, LEFT, TOP, BOTTOM = 640, 44, 26, 34
"""Drawing units: pictures scale with the page, text stays readable down to a phone."""


@dataclass(frozen=True)
class Axis:
    """A straight or logarithmic axis from low to high with its ticks and what it is of."""

    low: float
    high: float
    ticks: Sequence[float]
    title: str
    log: bool = False

    def at(self, value: float) -> float:
        """Where a value stands, 0 to 1."""
        ends = (self.low, self.high, max(value, self.low) if self.log else value)
        low, high, v = (math.log10(x) if self.log else x for x in ends)
        return min(max((v - low) / ((high - low) or 1), 0.0), 1.0)


def _x(axis: Axis, value: float) -> str:
    return f"{LEFT + axis.at(value) * (W - LEFT - 14):.1f}"


def _y(axis: Axis, value: float, height: float) -> str:
    return f"{height - BOTTOM - axis.at(value) * (height - TOP - BOTTOM):.1f}"


def _frame(x: Axis, y: Axis, height: float, label: str) -> list[str]:
    parts = [
        f'<svg class="plot" viewBox="0 0 {W} {height:.0f}" role="img" aria-label="{escape(label)}">'
    ]
    for t in x.ticks:
        at = _x(x, t)
        parts.append(
            f'<line class="grid" x1="{at}" x2="{at}" y1="{TOP}" y2="{height - BOTTOM}"/><text'
            f' class="axis" x="{at}" y="{height - BOTTOM + 15}"'
            f' text-anchor="middle">{_tick(t)}</text>'
        )
    for t in y.ticks:
        at = _y(y, t, height)
        parts.append(
            f'<line class="grid" x1="{LEFT}" x2="{W - 14}" y1="{at}" y2="{at}"/><text class="axis"'
            f' x="{LEFT - 6}" y="{float(at) + 4:.1f}" text-anchor="end">{_tick(t)}</text>'
        )
    parts.append(
        f'<text class="axis" x="{(W + LEFT) / 2:.0f}" y="{height - 3:.0f}"'
        f' text-anchor="middle">{escape(x.title)}</text>'
    )
    parts.append(f'<text class="axis" x="{LEFT - 38}" y="11">{escape(y.title)}</text>')
    return parts


def _tick(value: float) -> str:
    """An axis label.

    >>> _tick(0.5), _tick(1000.0), _tick(0.0), _tick(0.001)
    ('.5', '1,000', '0', '.001')
    """
    return f"{value:,.0f}" if abs(value) >= 1 or value == 0 else f"{value:g}".replace("0.", ".")


@dataclass(frozen=True)
class Point:
    """A named dot; `low` to `high` is drawn as a line through it, across x."""

    name: str
    x: float
    y: float
    low: float | None = None
    high: float | None = None
    hollow: bool = False


def scatter(points: Sequence[Point], x: Axis, y: Axis, label: str, height: float = 340) -> str:
    """Dots with their names beside them; names that would meet are moved apart along y."""
    parts = _frame(x, y, height, label)
    taken: list[tuple[float, float]] = []
    for p in sorted(points, key=lambda p: (p.y, p.name), reverse=True):
        px, py = float(_x(x, p.x)), float(_y(y, p.y, height))
        if p.low is not None and p.high is not None:
            parts.append(
                f'<line class="span" x1="{px}" x2="{px}" y1="{_y(y, p.low, height)}"'
                f' y2="{_y(y, p.high, height)}"/>'
            )
        parts.append(
            f'<circle class="mark{" hollow" if p.hollow else ""}" cx="{px}" cy="{py}" r="4.5"/>'
        )
        end = px > W * 0.62
        at = _free(py + 4, px, taken)
        taken.append((px, at))
        parts.append(
            f'<text class="name" x="{px + (-8 if end else 8):.1f}" y="{at:.1f}"'
            f' text-anchor="{"end" if end else "start"}">{escape(p.name)}</text>'
        )
    return "".join([*parts, "</svg>"])


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
) -> str:
    """Lines; `diagonal` draws where x = y (calibration)."""
    parts = _frame(x, y, height, label)
    if diagonal:
        parts.append(
            f'<line class="chance" x1="{_x(x, 0)}" y1="{_y(y, 0, height)}" x2="{_x(x, 1)}"'
            f' y2="{_y(y, 1, height)}"/>'
        )
    for one in drawn:
        path = " ".join(f"{_x(x, a)},{_y(y, b, height)}" for a, b in one.points)
        parts.append(f'<polyline class="line c{one.series % 8}" points="{path}"/>')
        parts += [
            f'<circle class="dot c{one.series % 8}" cx="{_x(x, a)}" cy="{_y(y, b, height)}"'
            ' r="2.6"/>'
            for a, b in (one.points if len(one.points) <= 12 else ())
        ]
    return "".join([*parts, "</svg>"])


def legend(drawn: Sequence[Line]) -> str:
    """The names of lines beside their colours."""
    items = "".join(
        '<li><svg class="key" viewBox="0 0 22 8" aria-hidden="true"><line class="line'
        f' c{one.series % 8}" x1="0" x2="22" y1="4" y2="4"/></svg>{escape(one.name)}</li>'
        for one in drawn
    )
    return f'<ul class="legend">{items}</ul>'


@dataclass(frozen=True)
class Spans:
    """One row: a label, and for each series a value with its interval (None where there is none)."""

    label: str
    values: Sequence[tuple[float, float | None, float | None] | None]


def spans(rows: Sequence[Spans], x: Axis, label: str) -> str:
    """Values with intervals, a row each, series on one line: filled for the first, hollow for the
    second.
    """
    height = TOP + 34 * len(rows) + BOTTOM
    parts = [
        f'<svg class="plot spans" viewBox="0 0 {W} {height}" role="img"'
        f' aria-label="{escape(label)}">'
    ]
    for t in x.ticks:
        at = _x(x, t)
        parts.append(
            f'<line class="grid" x1="{at}" x2="{at}" y1="{TOP}" y2="{height - BOTTOM}"/><text'
            f' class="axis" x="{at}" y="{height - BOTTOM + 15}"'
            f' text-anchor="middle">{_tick(t)}</text>'
        )
    for i, row in enumerate(rows):
        y = TOP + 34 * i
        parts.append(f'<text class="name" x="0" y="{y + 11}">{escape(row.label)}</text>')
        for k, value in enumerate(row.values):
            if value is None:
                continue
            line = y + 21 + 5 * k
            if value[1] is not None and value[2] is not None:
                parts.append(
                    f'<line class="span s{k}" x1="{_x(x, value[1])}" x2="{_x(x, value[2])}"'
                    f' y1="{line}" y2="{line}"/>'
                )
            parts.append(
                f'<circle class="mark{" hollow" if k else ""}" cx="{_x(x, value[0])}" cy="{line}"'
                ' r="4"/>'
            )
    parts.append(
        f'<text class="axis" x="{(W + LEFT) / 2:.0f}" y="{height - 3}"'
        f' text-anchor="middle">{escape(x.title)}</text>'
    )
    return "".join([*parts, "</svg>"])


def heat(
    rows: Sequence[str],
    columns: Sequence[str],
    values: Sequence[Sequence[float | None]],
    label: str,
) -> str:
    """A matrix around one half as a table of nine steps (classes h0 to h8), the number in every
    cell; the diagonal is framed.
    """
    head = "".join(f'<th scope="col">{escape(c)}</th>' for c in columns)
    body = []
    for name, row in zip(rows, values, strict=True):
        cells = "".join(
            _heat_cell(v, name == column) for v, column in zip(row, columns, strict=True)
        )
        body.append(f'<tr><th scope="row">{escape(name)}</th>{cells}</tr>')
    return (
        f'<div class="sx" role="region" tabindex="0" aria-label="{escape(label)}"><table'
        ' class="heat"><thead><tr><th scope="col">trained on, tested'
        f" on</th>{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )


def _heat_cell(value: float | None, own: bool) -> str:
    if value is None:
        return f'<td class="mu{" own" if own else ""}">–</td>'
    step = min(8, max(0, round((value - 0.1) / 0.1)))
    return f'<td class="h{step}{" own" if own else ""}">{f"{value:.2f}".removeprefix("0")}</td>'


def critical(ranks: Sequence[tuple[str, float]], distance: float, label: str) -> str:
    """Mean ranks on a line with the critical distance (Demšar 2006); bars join those nearer than
    it.
    """
    ordered = sorted(ranks, key=lambda r: (r[1], r[0]))
    axis = Axis(1, max(2, len(ordered)), range(1, len(ordered) + 1), "mean rank (1 is best)")
    groups = _near(ordered, distance)
    head = 46 + 8 * len(groups)
    height = head + 17 * len(ordered) + 26
    parts = [
        f'<svg class="plot" viewBox="0 0 {W} {height}" role="img" aria-label="{escape(label)}">',
        f'<line class="span" x1="{_x(axis, 1)}" x2="{_x(axis, 1 + distance)}" y1="12" y2="12"/>',
        (
            f'<text class="axis" x="{float(_x(axis, 1 + distance)) + 6:.1f}" y="16">critical'
            f" distance {distance:.2f}</text>"
        ),
    ]
    parts += [
        f'<text class="axis" x="{_x(axis, t)}" y="34" text-anchor="middle">{t}</text>'
        for t in axis.ticks
    ]
    for i, (first, last) in enumerate(groups):
        y = 42 + 8 * i
        parts.append(
            f'<line class="tie" x1="{float(_x(axis, first)) - 4:.1f}"'
            f' x2="{float(_x(axis, last)) + 4:.1f}" y1="{y}" y2="{y}"/>'
        )
    for i, (name, rank) in enumerate(ordered):
        y, at, end = head + 17 * (i + 1), _x(axis, rank), axis.at(rank) > 0.6
        parts.append(
            f'<polyline class="grid" points="{at},38 {at},{y - 4}"/><circle class="mark" cx="{at}"'
            f' cy="{y - 4}" r="3.5"/><text class="name" x="{float(at) + (-7 if end else 7):.1f}"'
            f' y="{y}" text-anchor="{"end" if end else "start"}">{escape(name)} ({rank:.1f})</text>'
        )
    return "".join([*parts, "</svg>"])


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
