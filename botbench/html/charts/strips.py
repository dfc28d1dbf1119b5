"""A strip for each name, one below the other over the same axis: ranks by day, rhythm by hour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from botbench.html.charts.elements import (
    Svg,
    circle,
    element,
    joined,
    line,
    path,
    polyline,
    text,
)
from botbench.html.charts.layout import WIDE, both, named, picture, spread_labels, text_width
from botbench.html.charts.timeline import (
    Frame,
    Optional,
    event_mark,
    lanes_of,
    runs,
    spread,
)

TITLE, BODY, GAP = 26, 44, 10
AXIS = 26


@dataclass(frozen=True)
class Strip:
    """A name, the words at its right, and a value at each position (None is a gap), with a band."""

    name: str
    told: str
    values: Optional
    low: Optional = ()
    high: Optional = ()


def strips(
    labels: Sequence[str],
    drawn: Sequence[Strip],
    label: str,
    *,
    events: Sequence[tuple[int, str]] = (),
    ranks: int | None = None,
    unit: str = "",
) -> Svg:
    """Each strip over the same positions; `events` are (position, words), through all strips.

    With `ranks` values are ranks, 1 on top and that many at the bottom, where bands are cut.
    Without it they are amounts from 0 to the largest of all strips.
    """
    return both(lambda width: _drawn(width, labels, drawn, label, events, ranks, unit))


def _drawn(  # noqa: PLR0917 (the parts of `strips`)
    width: int,
    labels: Sequence[str],
    drawn: Sequence[Strip],
    label: str,
    events: Sequence[tuple[int, str]],
    ranks: int | None,
    unit: str,
) -> Svg:
    top = max((v for s in drawn for v in s.values if v is not None), default=1.0) or 1.0
    left = AXIS if ranks else 0
    lanes = lanes_of(events, Frame(len(labels), 1.0, left, width - 2, 0, 1))
    head = 4 + 15 * (max(lanes, default=-1) + 1)
    base = head + len(drawn) * (TITLE + BODY + GAP)
    frame = Frame(len(labels), top, left, width - 2, 0, base)
    parts = [
        event_mark(at, words, frame, 13 + 15 * lane)
        for (at, words), lane in zip(events, lanes, strict=True)
    ]
    for k, strip in enumerate(drawn):
        floor = head + k * (TITLE + BODY + GAP) + TITLE
        own = Frame(len(labels), top, left, width - 2, floor, floor + BODY)
        parts.append(_strip(strip, own, width, ranks))
    said = [(frame.x(i), labels[i]) for i in _said(labels, width)]
    parts += spread_labels(said, base + 12, width)
    if unit:
        parts.append(named("axis", 0, base + 30, unit, width))
    return picture(parts, width, base + (38 if unit else 20), label)


def _said(labels: Sequence[str], width: int) -> Sequence[int]:
    """The positions whose labels are written: all short ones, else five or three of them."""
    if max(map(len, labels), default=0) <= 3:
        return range(len(labels))
    return spread(len(labels), 5 if width == WIDE else 3)


def _strip(strip: Strip, frame: Frame, width: int, ranks: int | None) -> Svg:
    """Name and words on a line, below them band and line; a dot where a value stands alone."""
    y = frame.y if ranks is None else lambda rank: _rank(rank, frame, ranks)
    room, over = text_width(strip.told), frame.head - TITLE + 15
    parts = [
        named("name", 0, over, strip.name, width - room - 16),
        named("told", width, over, strip.told, room + 2, anchor="end"),
    ]
    for edge in (frame.head, frame.base):
        at = f"{edge:.1f}"
        parts.append(line("grid", f"{frame.left:.1f}", f"{frame.right:.1f}", at, at))
    if ranks is not None:
        parts += [
            text("axis", 18, f"{at + 5:.1f}", rank, "end")
            for rank, at in ((1, frame.head), (ranks, frame.base))
        ]
    for run in runs(strip.low):
        up, down = (
            [(f"{frame.x(i):.1f}", f"{y(bound[i]):.1f}") for i in run]
            for bound in (strip.low, strip.high)
        )
        parts.append(element("polygon", class_="band c0", points=path([*up, *down[::-1]])))
    for run in runs(strip.values):
        points = [(f"{frame.x(i):.1f}", f"{y(strip.values[i]):.1f}") for i in run]
        alone = len(run) == 1
        parts.append(circle("mark c0", *points[0], 2.5) if alone else polyline("line c0", points))
    return joined(parts)


def _rank(rank: float | None, frame: Frame, ranks: int) -> float:
    """The y coordinate of a rank, 1 on top; ranks beyond the last are cut there."""
    down = (min(rank or 1.0, float(ranks)) - 1) / max(ranks - 1, 1)
    return frame.head + (frame.base - frame.head) * down
