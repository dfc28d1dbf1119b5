"""Where things stand in a chart: sizes for page and phone, widths of text, axes, labels kept apart.

A chart is drawn twice, for a page (720 units wide) and for a phone (340); the style sheet
`charts.css` shows the one that fits. So text has the same size in both, and none is ever shrunk.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from botbench.html.charts.elements import Svg, element, joined, line, shape, text
from botbench.text.escaping import visible
from botbench.text.numbers import tick

WIDE, NARROW = 720, 340
SIZE = 12.5
"""The size of text, in units; `charts.css` sets it."""
SLIM, BROAD = set("fijlrt.,:;'|!()[]- "), set("mwMW@%—…")


def both(draw: Callable[[int], Svg]) -> Svg:
    """The picture for a page and for a phone; `draw` gets the width in units."""
    return joined([draw(WIDE), draw(NARROW)])


def picture(parts: Sequence[str], width: int, height: float, label: str) -> Svg:
    """The outer picture of one width."""
    return element(
        "svg",
        joined(parts),
        class_=f"chart {'wide' if width == WIDE else 'narrow'}",
        role="img",
        viewBox=f"0 0 {width} {height:.0f}",
        aria_label=label,
    )


def text_width(words: object, size: float = SIZE) -> float:
    """A width that the text does not exceed in the fonts of `base.css`, in units."""
    ems = sum(
        0.42
        if c in SLIM
        else 1.0
        if c in BROAD or ord(c) > 0x2E7F
        else 0.78
        if c.isupper()
        else 0.64
        for c in visible(str(words))
    )
    return ems * size


def fitted(words: str, room: float) -> str:
    """The text, cut with an ellipsis if it is wider than the room.

    >>> fitted("one-question-tree", 200), fitted("one-question-tree", 80)
    ('one-question-tree', 'one-quest…')
    """
    if text_width(words) <= room:
        return words
    kept = words
    while kept and text_width(kept + "…") > room:
        kept = kept[:-1]
    return kept + "…"


def named(
    class_: str, x: float, y: float, words: str, room: float, *, anchor: str | None = None
) -> Svg:
    """A text of at most `room` units; one that is cut has the whole as its tooltip."""
    shown = fitted(words, room)
    whole = [element("title", words)] if shown != words else []
    return element(
        "text", shown, *whole, class_=class_, x=f"{x:.1f}", y=f"{y:.1f}", text_anchor=anchor
    )


def apart(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """The places moved as little as needed to stand `gap` apart, in their order, low to high.

    >>> apart([10.0, 12.0, 50.0], 14, 0, 100)
    [4.0, 18.0, 50.0]
    """
    order = sorted(range(len(places)), key=lambda i: places[i])
    blocks: list[tuple[float, list[int]]] = []
    for i in order:
        blocks.append((places[i], [i]))
        while len(blocks) > 1 and _meet(blocks[-2], blocks[-1], gap):
            (_, a), (_, b) = blocks[-2:]
            blocks[-2:] = [_merged(places, a + b, gap)]
    moved = [0.0] * len(places)
    floor = low
    for center, members in blocks:
        first = max(center - gap * (len(members) - 1) / 2, floor)
        for k, i in enumerate(members):
            moved[i] = first + gap * k
        floor = first + gap * len(members)
    ceiling = high
    for i in reversed(order):
        moved[i] = min(moved[i], ceiling)
        ceiling = moved[i] - gap
    return moved


def _meet(a: tuple[float, list[int]], b: tuple[float, list[int]], gap: float) -> bool:
    last = a[0] + gap * (len(a[1]) - 1) / 2
    return b[0] - gap * (len(b[1]) - 1) / 2 < last + gap


def _merged(places: Sequence[float], members: list[int], gap: float) -> tuple[float, list[int]]:
    middle = gap * (len(members) - 1) / 2
    center = sum(places[i] - gap * k for k, i in enumerate(members)) / len(members) + middle
    return center, members


@dataclass(frozen=True)
class Axis:
    """A straight or logarithmic axis: ends, ticks, its title with the unit, how ticks are said."""

    low: float
    high: float
    ticks: Sequence[float]
    title: str
    log: bool = False
    form: Callable[[float], str] = tick

    def at(self, value: float) -> float:
        """The position of a value on the axis, 0 to 1."""
        ends = (self.low, self.high, max(value, self.low) if self.log else value)
        low, high, v = (math.log10(x) if self.log else x for x in ends)
        return min(max((v - low) / ((high - low) or 1), 0.0), 1.0)


@dataclass(frozen=True)
class Across:
    """An axis laid from left to right, in units."""

    axis: Axis
    left: float
    right: float
    width: int

    def at(self, value: float) -> float:
        """The x coordinate of a value."""
        return self.left + self.axis.at(value) * (self.right - self.left)

    def drawn(self, top: float, base: float) -> list[Svg]:
        """Grid lines from top to base, labels of as many ticks as have room, and the title."""
        parts = [
            line("grid", f"{self.at(t):.1f}", f"{self.at(t):.1f}", f"{top:.1f}", f"{base:.1f}")
            for t in self.axis.ticks
        ]
        said = [(self.at(t), self.axis.form(t)) for t in self.axis.ticks]
        parts += spread_labels(said, base + 16, self.width)
        middle, room = (self.left + self.right) / 2, self.width - 4
        half = min(text_width(self.axis.title), room) / 2
        at = min(max(middle, half), self.width - half)
        return [*parts, named("axis", at, base + 34, self.axis.title, room, anchor="middle")]


def spread_labels(said: Sequence[tuple[float, str]], y: float, width: float) -> list[Svg]:
    """Labels of an axis, thinned evenly until none meets another, and kept inside the picture."""
    most = max((text_width(words) for _, words in said), default=0.0)
    step = 1
    while step < len(said) and any(
        abs(b[0] - a[0]) < most + 6 for a, b in zip(said[::step], said[step::step], strict=False)
    ):
        step += 1
    parts = []
    for x, words in said[::step]:
        half = text_width(words) / 2
        parts.append(
            text("axis", f"{min(max(x, half), width - half):.1f}", f"{y:.1f}", words, "middle")
        )
    return parts


def end_labels(
    ends: Sequence[tuple[float, float, str, int]], x: float, room: float, low: float, high: float
) -> list[Svg]:
    """Names at the right ends (x, y, name, series), apart from each other, each with a leader and
    the mark of its series.
    """
    places = apart([y for _, y, _, _ in ends], 15, low, high)
    parts = []
    for (end, y, name, series), at in zip(ends, places, strict=True):
        parts += [
            element(
                "line",
                class_="leader",
                x1=f"{end + 5:.1f}",
                y1=f"{y:.1f}",
                x2=f"{x - 3:.1f}",
                y2=f"{at:.1f}",
            ),
            shape(f"mark c{series % 8}", series, x + 4, at, 3.5),
            named("name", x + 12, at + 4, name, room - 12),
        ]
    return parts


def gutter(names: Sequence[str], width: int) -> float:
    """The width that end labels get: what they need, at most a quarter of a page, a third of a
    phone.
    """
    need = max((text_width(n) for n in names), default=0.0) + 14
    return min(need, 200.0 if width == WIDE else 124.0)
