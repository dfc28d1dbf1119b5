"""Lines with bands over time. Nothing is drawn over a moment without a value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from botbench.html.charts.elements import (
    Svg,
    element,
    joined,
    line,
    path,
    polyline,
    shape,
    text,
    ticks,
)
from botbench.html.charts.intervals import ceiling, percent
from botbench.html.charts.layout import (
    both,
    end_labels,
    gutter,
    named,
    picture,
    spread_labels,
    text_width,
)

Optional = Sequence[float | None]
HEAD, FOOT = 24, 26


@dataclass(frozen=True)
class Series:
    """A line over positions 0, 1, ... (None is a gap), with an optional band (`low`, `high`)."""

    name: str
    values: Optional
    low: Optional = ()
    high: Optional = ()
    series: int = 0
    dashed: bool = False


@dataclass(frozen=True)
class Frame:
    """Where positions and values are, in units."""

    n: int
    top: float
    left: float
    right: float
    head: float
    base: float

    def x(self, i: int) -> float:
        """The x coordinate of a position."""
        if self.n < 2:
            return (self.left + self.right) / 2
        return self.left + 4 + (self.right - self.left - 8) * i / (self.n - 1)

    def y(self, value: float | None) -> float:
        """The y coordinate of a value."""
        return self.base - min(max((value or 0.0) / self.top, 0.0), 1.0) * (self.base - self.head)


def timeline(  # noqa: PLR0917 (a chart's parts)
    labels: Sequence[str],
    series: Sequence[Series],
    label: str,
    events: Sequence[tuple[int, str]] = (),
    upper: float | None = None,
    height: int = 240,
    share: bool = True,
    unit: str = "",
) -> Svg:
    """Lines with bands over time; `events` are (position, text), drawn as marks from top to bottom.

    `share` says that values are shares of 1, and labels the axis in percent. `unit` stands above
    the axis; without it, a single series gives its name. Several series are named at their ends,
    so a page needs no legend.
    """
    values = [v for s in series for v in (*s.values, *s.high) if v is not None]
    top = upper or (ceiling(values) if share else (max(values, default=1.0) * 1.05 or 1.0))
    unit = unit or (series[0].name if len(series) == 1 else "")
    return both(
        lambda width: _drawn(width, labels, series, label, events, top, height, share, unit)
    )


def _drawn(  # noqa: PLR0917 (the parts of `timeline`)
    width: int,
    labels: Sequence[str],
    series: Sequence[Series],
    label: str,
    events: Sequence[tuple[int, str]],
    top: float,
    height: int,
    share: bool,
    unit: str,
) -> Svg:
    said = [(t, percent(t) if share else f"{t:,.0f}") for t in ticks(0, top, 5)]
    shown = [s for s in series if any(v is not None for v in s.values)]
    ends = gutter([s.name for s in shown], width) if len(shown) > 1 else 0.0
    left = max(text_width(words) for _, words in said) + 8
    right = width - (ends + 16 if ends else 6)
    lanes = lanes_of(events, Frame(len(labels), 1.0, left, right, 0, 1))
    head = HEAD + 15 * (max(lanes, default=-1) + 1)
    tall = height + head - HEAD
    frame = Frame(len(labels), top, left, right, head, tall - FOOT)
    parts = [named("axis", 0, 13, unit, width)] if unit else []
    for t, words in said:
        y = f"{frame.y(t):.1f}"
        parts += [
            line("grid", f"{left:.1f}", f"{right:.1f}", y, y),
            text("axis", f"{left - 6:.1f}", f"{frame.y(t) + 4:.1f}", words, "end"),
        ]
    parts += [_band(s, frame) for s in series]
    parts += [_line(s, frame) for s in series]
    parts += [
        event_mark(at, what, frame, 13 + (15 if unit else 0) + 15 * lane)
        for (at, what), lane in zip(events, lanes, strict=True)
    ]
    if ends:
        parts += end_labels(
            [_end(s, frame) for s in shown], width - ends, ends, frame.head, frame.base
        )
    dates = [(frame.x(i), labels[i]) for i in spread(len(labels), 5 if width > 400 else 3)]
    parts += spread_labels(dates, tall - 8, width)
    return picture(parts, width, tall, label)


def _end(s: Series, frame: Frame) -> tuple[float, float, str, int]:
    i = max(i for i, v in enumerate(s.values) if v is not None)
    return frame.x(i), frame.y(s.values[i]), s.name, s.series


def spread(n: int, most: int) -> list[int]:
    """At most so many evenly spread positions, with the first and the last.

    Of few positions those of a whole step are taken, because a rounded step is seen to be uneven.

    >>> spread(7, 5), spread(9, 5), spread(63, 5)
    ([0, 2, 4, 6], [0, 2, 4, 6, 8], [0, 16, 31, 46, 62])
    """
    if n <= most:
        return list(range(n))
    for m in range(most, 2, -1) if n <= 4 * most else ():
        if (n - 1) % (m - 1) == 0:
            return list(range(0, n, (n - 1) // (m - 1)))
    return [round(i * (n - 1) / (most - 1)) for i in range(most)]


def runs(values: Optional) -> list[list[int]]:
    """The runs of positions without a gap.

    >>> runs([1.0, None, 2.0, 3.0])
    [[0], [2, 3]]
    """
    found: list[list[int]] = []
    for i, v in enumerate(values):
        if v is None:
            continue
        if found and found[-1][-1] == i - 1:
            found[-1].append(i)
        else:
            found.append([i])
    return found


def _points(run: Sequence[int], values: Optional, frame: Frame) -> list[tuple[str, str]]:
    """The points of a run; a run of one is drawn six units wide, so that it can be seen."""
    if len(run) == 1:
        x, y = frame.x(run[0]), f"{frame.y(values[run[0]]):.1f}"
        return [(f"{x - 3:.1f}", y), (f"{x + 3:.1f}", y)]
    return [(f"{frame.x(i):.1f}", f"{frame.y(values[i]):.1f}") for i in run]


def _band(s: Series, frame: Frame) -> Svg:
    parts = []
    for run in runs(s.low):
        up, down = (_points(run, bound, frame) for bound in (s.high, s.low))
        points = path([*up, *down[::-1]])
        parts.append(element("polygon", class_=f"band c{s.series % 8}", points=points))
    return joined(parts)


def _line(s: Series, frame: Frame) -> Svg:
    kind = f"{'line dashed' if s.dashed else 'line'} c{s.series % 8}"
    parts = [polyline(kind, _points(run, s.values, frame)) for run in runs(s.values)]
    known = [i for i, v in enumerate(s.values) if v is not None]
    if s.series:
        step = max(1, len(known) // 6)
        parts += [
            shape(f"mark c{s.series % 8}", s.series, frame.x(i), frame.y(s.values[i]), 3)
            for i in known[step // 2 :: step]
        ]
    return joined(parts)


def lanes_of(events: Sequence[tuple[int, str]], frame: Frame) -> list[int]:
    """The line of text that each event's words stand on, so that none meets another."""
    ends: list[list[tuple[float, float]]] = []
    lanes = []
    for at, what in events:
        start, stop = _words(at, what, frame)
        free = (i for i, taken in enumerate(ends) if all(stop < a or start > b for a, b in taken))
        lane = next(free, len(ends))
        if lane == len(ends):
            ends.append([])
        ends[lane].append((start - 8, stop + 8))
        lanes.append(lane)
    return lanes


def _words(at: int, what: str, frame: Frame) -> tuple[float, float]:
    x, long = frame.x(at) + 4, text_width(what)
    start = x if x + long <= frame.right else max(x - 8 - long, 0.0)
    return start, start + long


def event_mark(at: int, what: str, frame: Frame, y: float) -> Svg:
    """A line at a position from its words, whose baseline is at y, to the base of the frame."""
    x = f"{frame.x(at):.1f}"
    start, _ = _words(at, what, frame)
    words = named("event", start, y, what, frame.right)
    return joined([line("event", x, x, f"{y - 9:.1f}", f"{frame.base:.1f}"), words])
