"""Square panels side by side, each with curves over axes from 0 to 1, as one file.

The picture names its colours, because it is read without a page around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from botbench.html.charts.elements import Svg, element, joined, path

SIDE, GAP, EDGE = 200, 60, 44
Curve = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Panel:
    """One panel: its title, the titles of its axes, and its curves as (x, y), each from 0 to 1."""

    title: str
    across: str
    up: str
    curves: Sequence[Curve]


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
        element("text", f"{panel.across}, 0 to 1", x=left, y=base + 24),
        element(
            "text", f"{panel.up}, 0 to 1", transform=f"translate({left - 8} {base}) rotate(-90)"
        ),
    ]
    style = {"fill": "none", "stroke": "#0b62a4", "stroke_opacity": 0.6}
    lines = [
        element("polyline", **style, points=path(_points(curve, left, top)))
        for curve in panel.curves
    ]
    return joined([frame, *words, *lines])


def _points(curve: Curve, left: int, top: int) -> list[tuple[str, str]]:
    return [(f"{left + SIDE * x:.1f}", f"{top + SIDE * (1 - y):.1f}") for x, y in curve]
