"""Plots of a board: dots, lines, mean ranks and a heat map. Tables contain every number too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from botbench.html.charts.elements import Svg, element, escape, joined, line, polyline, shape
from botbench.html.charts.elements import text as words_at
from botbench.html.charts.layout import (
    Across,
    Axis,
    both,
    end_labels,
    gutter,
    named,
    picture,
    text_width,
)
from botbench.html.charts.rows import Dot, Row, Tie, rows
from botbench.text.numbers import score

TOP, FOOT = 30, 42
FAINT = 0.1
"""Recall below which a precision rests on few accounts, and is drawn faint."""


@dataclass(frozen=True)
class Frame:
    """The area of a plot with its two axes, in units."""

    x: Across
    y: Axis
    height: float

    @property
    def base(self) -> float:
        """The y coordinate of the lower end."""
        return self.height - FOOT

    def up(self, value: float) -> float:
        """The y coordinate of a value."""
        return self.base - self.y.at(value) * (self.base - TOP)

    def drawn(self) -> list[Svg]:
        """Both axes, their ticks and titles."""
        parts = self.x.drawn(TOP, self.base)
        for t in self.y.ticks:
            at = f"{self.up(t):.1f}"
            parts += [
                line("grid", f"{self.x.left:.1f}", f"{self.x.right:.1f}", at, at),
                words_at(
                    "axis", f"{self.x.left - 7:.1f}", f"{self.up(t) + 4:.1f}", self.y.form(t), "end"
                ),
            ]
        return [*parts, named("axis", 0, 14, self.y.title, self.x.width)]


def framed(width: int, x: Axis, y: Axis, height: float, ends: float) -> Frame:
    """The frame of a plot with room for its labels: of the y axis, and `ends` at the right."""
    left = max(text_width(y.form(t)) for t in y.ticks) + 10
    return Frame(Across(x, left, width - (ends + 18 if ends else 12), width), y, height)


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
    """Dots, each named at the right by a leader; taller if the names need it."""
    tall = max(height, TOP + FOOT + 15 * len(points))
    return both(
        lambda width: _scatter(points, framed(width, x, y, tall, _ends(points, width)), label)
    )


def _ends(points: Sequence[Point], width: int) -> float:
    return gutter([p.name for p in points], width)


def _scatter(points: Sequence[Point], frame: Frame, label: str) -> Svg:
    width = frame.x.width
    ends = _ends(points, width)
    parts, named_ends = frame.drawn(), []
    for p in points:
        px, py = frame.x.at(p.x), frame.up(p.y)
        if p.low is not None and p.high is not None:
            across = f"{px:.1f}"
            parts.append(
                line("span c0", across, across, f"{frame.up(p.low):.1f}", f"{frame.up(p.high):.1f}")
            )
        parts.append(shape(f"mark c0{' hollow' if p.hollow else ''}", 0, px, py, 4.5))
        named_ends.append((px, py, p.name, 0))
    parts += end_labels(named_ends, width - ends, ends, TOP, frame.base)
    return picture(parts, width, frame.height, label)


@dataclass(frozen=True)
class Line:
    """A named line through points, by series 0 to 7; points from `faint` on are drawn faint."""

    name: str
    points: Sequence[tuple[float, float]]
    series: int = 0
    faint: int | None = None


@dataclass(frozen=True)
class Marked:
    """A vertical line at x, which a script of the page may move (class `now`), and a dot on each
    line there.
    """

    x: float
    heights: Sequence[float]


def lines(
    drawn: Sequence[Line],
    x: Axis,
    y: Axis,
    label: str,
    *,
    diagonal: bool = False,
    height: float = 300,
    marked: Marked | None = None,
) -> Svg:
    """Lines named at their ends, told apart by colour, dash and mark.

    `diagonal` draws where x = y (calibration, chance). `marked` draws a vertical line that has the
    data to be moved: data-left, data-right and, for dots, data-top and data-base.
    """
    tall = max(height, TOP + FOOT + 15 * len(drawn))
    return both(lambda width: _lines(width, drawn, x, y, label, diagonal, tall, marked))


def _lines(  # noqa: PLR0917 (the parts of `lines`)
    width: int,
    drawn: Sequence[Line],
    x: Axis,
    y: Axis,
    label: str,
    diagonal: bool,
    height: float,
    marked: Marked | None,
) -> Svg:
    ends = gutter([one.name for one in drawn], width) if len(drawn) > 1 else 0.0
    frame = framed(width, x, y, height, ends)
    parts = frame.drawn()
    if diagonal:
        corners = {"x1": frame.x.at(0), "y1": frame.up(0), "x2": frame.x.at(1), "y2": frame.up(1)}
        parts.append(
            element("line", class_="chance", **{k: f"{v:.1f}" for k, v in corners.items()})
        )
    parts += [_line(one, frame) for one in drawn]
    if marked:
        parts.append(_now(marked, frame))
    if ends:
        last = [
            (frame.x.at(one.points[-1][0]), frame.up(one.points[-1][1]), one.name, one.series)
            for one in drawn
        ]
        parts += end_labels(last, width - ends, ends, TOP, frame.base)
    return picture(parts, width, height, label)


def _line(one: Line, frame: Frame) -> Svg:
    places = [(frame.x.at(a), frame.up(b)) for a, b in one.points]
    at = len(places) if one.faint is None else one.faint
    parts = []
    # The point where it begins to be faint belongs to both parts.
    for part, faded in ((places[: at + 1], ""), (places[at:], " faded")):
        if len(part) > 1:
            parts.append(polyline(f"line c{one.series % 8}{faded}", _rounded(part)))
    step = 1 if len(places) <= 12 else max(1, len(places) // 5)
    first = 0 if len(places) <= 12 else one.series * step // 8
    parts += [
        shape(f"mark c{one.series % 8}{' faded' if i >= at else ''}", one.series, *places[i], 3)
        for i in range(first, len(places), step)
    ]
    return joined(parts)


def _rounded(places: Sequence[tuple[float, float]]) -> list[tuple[str, str]]:
    return [(f"{a:.1f}", f"{b:.1f}") for a, b in places]


def _now(marked: Marked, frame: Frame) -> Svg:
    at = f"{frame.x.at(marked.x):.1f}"
    bounds = {"data_left": f"{frame.x.left:.1f}", "data_right": f"{frame.x.right:.1f}"}
    bounds |= {"data_top": f"{TOP:.1f}", "data_base": f"{frame.base:.1f}"}
    upright = line("now", at, at, f"{TOP:.1f}", f"{frame.base:.1f}")
    dots = [
        element("circle", class_="now", cx=at, cy=f"{frame.up(h):.1f}", r=3.5)
        for h in marked.heights
    ]
    return element("g", upright, *dots, class_="moved", **bounds)


@dataclass(frozen=True)
class Spans:
    """One row: a label, and for each series a value with its interval, or None."""

    label: str
    values: Sequence[tuple[float, float | None, float | None] | None]
    told: str = ""


def spans(drawn: Sequence[Spans], x: Axis, label: str, reference: float | None = None) -> Svg:
    """Values with intervals, a row each; the first series is filled, the second hollow."""
    return rows(
        [
            Row(
                row.label,
                [
                    Dot(*v, series=2 if k else 0, hollow=k > 0)
                    for k, v in enumerate(row.values)
                    if v
                ],
                row.told,
            )
            for row in drawn
        ],
        x,
        label,
        reference=reference,
    )


def heat(
    names: Sequence[str],
    columns: Sequence[str],
    values: Sequence[Sequence[float | None]],
    label: str,
) -> str:
    """A matrix around one half as a table of nine steps (h0 to h8), with numbers and a diagonal."""
    head = "".join(f'<th scope="col">{escape(c)}</th>' for c in columns)
    body = []
    for name, row in zip(names, values, strict=True):
        cells = "".join(
            _heat_cell(v, name == column) for v, column in zip(row, columns, strict=True)
        )
        body.append(f'<tr><th scope="row">{escape(name)}</th>{cells}</tr>')
    return (
        f'<div class="sx" role="region" tabindex="0" aria-label="Table: {escape(label)}">'
        '<table class="heat"><thead><tr><th scope="col">trained on, tested on</th>'
        f"{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )


def _heat_cell(value: float | None, own: bool) -> str:
    if value is None:
        return f'<td class="mu{" own" if own else ""}">–</td>'
    step = min(8, max(0, round((value - 0.1) / 0.1)))
    return f'<td class="h{step}{" own" if own else ""}">{score(value, 2)}</td>'


def critical(ranks: Sequence[tuple[str, float]], distance: float, label: str) -> Svg:
    """Mean ranks, best first (Demšar 2006); bars at the right join ranks closer than the critical
    distance.
    """
    ordered = sorted(ranks, key=lambda r: (r[1], r[0]))
    most = max(2, len(ordered))
    title = f"mean rank, 1 is best; bars join ranks closer than {distance:.2f}"
    axis = Axis(1, most, range(1, most + 1), title)
    drawn = [Row(name, [Dot(rank)], f"{rank:.1f}") for name, rank in ordered]
    return rows(drawn, axis, label, ties=near([rank for _, rank in ordered], distance))


def near(ranks: Sequence[float], distance: float) -> list[Tie]:
    """The longest runs of sorted mean ranks within the distance, by position.

    >>> near([1.0, 1.5, 3.0], 1.0)
    [Tie(first=0, last=1)]
    """
    found: list[Tie] = []
    for i, first in enumerate(ranks):
        last = max(
            j for j, rank in enumerate(ranks) if (j >= i and rank - first < distance) or j == i
        )
        if last > i and not any(t.first <= i and last <= t.last for t in found):
            found.append(Tie(i, last))
    return found
