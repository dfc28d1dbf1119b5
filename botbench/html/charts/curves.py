"""Square panels side by side, each with curves over axes from 0 to 1, as one file.

The picture names its colours, because it is read without a page around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from botbench.html.charts.elements import Svg, element, joined, path
from botbench.text.numbers import tick

SIDE, GAP, EDGE = 200, 70, 50
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
Curve = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Panel:
    """One panel: its title, the titles of its axes, and its curves as (x, y), each from 0 to 1."""

    title: str
    across: str
    up: str
    curves: Sequence[Curve]
    diagonal: bool = False
    """Whether a dashed line marks where both axes are equal (chance, or perfect calibration)."""


def panels(drawn: Sequence[Panel], title: str) -> Svg:
    """The panels as one SVG document."""
    return element(
        "svg",
        element("rect", width="100%", height="100%", fill="#fff"),
        element("text", title, x=EDGE, y=16, font_weight="bold"),
        *(_panel(panel, EDGE + i * (SIDE + GAP), EDGE) for i, panel in enumerate(drawn)),
        xmlns="http://www.w3.org/2000/svg",
        width=EDGE + len(drawn) * (SIDE + GAP),
        height=SIDE + 2 * EDGE,
        font_family="sans-serif",
        font_size=11,
    )


def _panel(panel: Panel, left: int, top: int) -> Svg:
    base = top + SIDE
    frame = element("rect", x=left, y=top, width=SIDE, height=SIDE, fill="none", stroke="#999")
    words = [
        element("text", panel.title, x=left, y=top - 6),
        element("text", panel.across, x=left + SIDE / 2, y=base + 30, text_anchor="middle"),
        element(
            "text",
            panel.up,
            transform=f"translate({left - 28} {base - SIDE / 2:g}) rotate(-90)",
            text_anchor="middle",
        ),
        *(part for t in TICKS for part in _tick(t, left, base)),
    ]
    if panel.diagonal:
        ends = {"x1": left, "y1": base, "x2": left + SIDE, "y2": top}
        words.append(element("line", **ends, stroke="#999", stroke_dasharray="4 4"))
    style = {"fill": "none", "stroke": "#0b62a4", "stroke_opacity": 0.6}
    lines = [
        element("polyline", **style, points=path(_points(curve, left, top)))
        for curve in panel.curves
    ]
    return joined([frame, *words, *lines])


def _tick(value: float, left: int, base: int) -> tuple[Svg, ...]:
    """A tick with its number on both axes."""
    x, y, said = left + SIDE * value, base - SIDE * value, tick(value)
    return (
        element("line", x1=x, y1=base, x2=x, y2=base + 4, stroke="#999"),
        element("text", said, x=x, y=base + 16, text_anchor="middle", fill="#555"),
        element("line", x1=left - 4, y1=y, x2=left, y2=y, stroke="#999"),
        element("text", said, x=left - 7, y=y + 4, text_anchor="end", fill="#555"),
    )


def _points(curve: Curve, left: int, top: int) -> list[tuple[str, str]]:
    return [(f"{left + SIDE * x:.1f}", f"{top + SIDE * (1 - y):.1f}") for x, y in curve]
