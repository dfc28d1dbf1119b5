"""The parts of every chart: escaped SVG elements, the outer picture, ticks of an axis."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from xml.sax.saxutils import escape as _escape

from botbench.text.escaping import visible

Value = str | float
_UNSAFE = re.compile(r"[^ !#-%\'-;=?-~]")
"""Everything but printable ASCII without `"`, `&`, `<` and `>`."""


class Svg(str):
    """Markup that is not escaped again."""

    __slots__ = ()

    def __html__(self) -> Svg:
        return self


def escape(text: object) -> str:
    """Text that is literal in SVG and HTML, with what is invisible or turns the line made visible.

    >>> escape('a <b> & "c"')
    'a &lt;b&gt; &amp; &quot;c&quot;'
    """
    escaped = str(text)
    if not _UNSAFE.search(escaped):
        return escaped
    return _escape(visible(escaped), {'"': "&quot;"})


def element(name: str, *content: object, **attributes: object) -> Svg:
    """One element; its text and attributes are escaped, content that is `Svg` stays as it is.

    A trailing underscore of an attribute goes, other underscores become dashes; an attribute that
    is None is left out.

    >>> element("text", "a < b", class_="axis", text_anchor="end")
    '<text class="axis" text-anchor="end">a &lt; b</text>'
    >>> element("circle", r=3, fill=None)
    '<circle r="3"/>'
    """
    parts = [
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
        if value is not None
    ]
    if not content:
        return Svg(f"<{name}{''.join(parts)}/>")
    inner = "".join(c if isinstance(c, Svg) else escape(c) for c in content)
    return Svg(f"<{name}{''.join(parts)}>{inner}</{name}>")


def joined(parts: Iterable[str]) -> Svg:
    """Elements one after the other."""
    return Svg("".join(parts))


def line(class_: str, x1: Value, x2: Value, y1: Value, y2: Value) -> Svg:
    """A straight line."""
    return element("line", class_=class_, x1=x1, x2=x2, y1=y1, y2=y2)


def text(class_: str, x: Value, y: Value, words: object, anchor: str | None = None) -> Svg:
    """A piece of text; `anchor` is start (None), middle or end."""
    return element("text", words, class_=class_, x=x, y=y, text_anchor=anchor)


def circle(class_: str, cx: Value, cy: Value, r: Value) -> Svg:
    """A dot."""
    return element("circle", class_=class_, cx=cx, cy=cy, r=r)


def polyline(class_: str, points: Iterable[tuple[Value, Value]], **attributes: Value) -> Svg:
    """A line through points."""
    return element("polyline", class_=class_, **attributes, points=path(points))


def path(points: Iterable[tuple[Value, Value]]) -> str:
    """Points as the attribute `points` has them.

    >>> path([(1, 2), ("3.0", 4)])
    '1,2 3.0,4'
    """
    return " ".join(f"{x},{y}" for x, y in points)


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers from low to high, at most `most`.

    >>> ticks(0, 0.37)
    [0.0, 0.1, 0.2, 0.3]
    """
    if not high > low:
        return [low]
    rough = (high - low) / max(most - 1, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * m for m in (1, 2, 5, 10) if power * m >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    count = math.floor(high / step + 1e-9) - first + 1
    return [round((first + i) * step, 10) for i in range(count)]


def shape(class_: str, series: int, x: float, y: float, r: float) -> Svg:
    """The mark of a series (0 to 7): circle, square, triangle, diamond, and these turned."""
    if series % 8 == 0:
        return circle(class_, f"{x:.1f}", f"{y:.1f}", f"{r:g}")
    return element("polygon", class_=class_, points=path(_corners(series % 8, x, y, r)))


SHAPES = {
    1: ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)),
    2: ((0, -1.2), (1.15, 0.9), (-1.15, 0.9)),
    3: ((0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)),
    4: ((0, 1.2), (1.15, -0.9), (-1.15, -0.9)),
    5: ((-1.3, -0.45), (1.3, -0.45), (1.3, 0.45), (-1.3, 0.45)),
    6: ((1.2, 0), (-0.9, 1.15), (-0.9, -1.15)),
    7: ((-1.2, 0), (0.9, 1.15), (0.9, -1.15)),
}
"""Corners around 0 of the marks of the series from 1 on."""


def _corners(series: int, x: float, y: float, r: float) -> list[tuple[str, str]]:
    return [(f"{x + r * a:.1f}", f"{y + r * b:.1f}") for a, b in SHAPES[series]]
