"""Pictures of a campaign: ranks over time, posts by weekday and hour, a network."""

from __future__ import annotations

from collections.abc import Sequence

from botbench.html.charts.elements import Svg, circle, element, joined, line, polyline, text

W = 720
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def ranks(
    labels: Sequence[str], lines: Sequence[tuple[str, Sequence[int | None]]], label: str, most: int
) -> Svg:
    """Rank by day, 1 on top: one line each, named at its last ranked day; ranks up to `most`."""
    height, step = 26 + 26 * most, (W - 230) / max(len(labels) - 1, 1)
    parts = []
    for r in range(1, most + 1):
        y = 26 * r
        parts += [line("grid", 26, W - 200, y, y), text("axis", 2, y + 4, r)]
    for k, (name, by_day) in enumerate(lines):
        points = [
            (28 + step * i, 26 * r) for i, r in enumerate(by_day) if r is not None and r <= most
        ]
        if not points:
            continue
        places = [(f"{x:.1f}", y) for x, y in points]
        last_x, last_y = points[-1]
        parts += [
            polyline(f"line c{k % 8}", places),
            *(circle(f"mark c{k % 8}", x, y, 3.5) for x, y in places),
            text("label", f"{last_x + 8:.1f}", last_y + 4, name[:28]),
        ]
    parts += [
        text("axis", f"{28 + step * i:.1f}", height + 10, labels[i], "middle")
        for i in sorted({0, len(labels) // 2, len(labels) - 1})
    ]
    return _chart(parts, height + 18, label)


def week(counts: Sequence[Sequence[int]], label: str) -> Svg:
    """Posts by weekday (7 rows, Monday first) and hour (24, UTC), as squares by area."""
    top = max((n for row in counts for n in row), default=0) or 1
    parts = []
    for d, row in enumerate(counts):
        parts.append(text("axis", 2, 24 * d + 22, DAYS[d]))
        for h, n in enumerate(row):
            side = 22 * (n / top) ** 0.5
            if side > 0:
                x, y = 38 + 28 * h + 12 - side / 2, 24 * d + 18 - side / 2
                box = {"x": f"{x:.1f}", "y": f"{y:.1f}"}
                size = {"width": f"{side:.1f}", "height": f"{side:.1f}"}
                parts.append(element("rect", class_="mark c0", **box, **size))
    parts += [text("axis", 38 + 28 * h + 12, 192, f"{h}h", "middle") for h in range(0, 24, 3)]
    return _chart(parts, 200, label)


def network(
    places: Sequence[tuple[float, float]],
    ties: Sequence[tuple[int, int]],
    group: Sequence[int],
    label: str,
) -> Svg:
    """Accounts as dots at places in 0 to 1, ties between them as lines, colours by group."""
    at = [(f"{12 + (W - 24) * x:.1f}", f"{12 + 396 * y:.1f}") for x, y in places]
    parts = []
    for a, b in ties:
        (x1, y1), (x2, y2) = at[a], at[b]
        parts.append(element("line", class_="grid", x1=x1, y1=y1, x2=x2, y2=y2))
    parts += [circle(f"mark c{g % 8}", *at[i], 4) for i, g in enumerate(group)]
    return _chart(parts, 420, label)


def _chart(parts: Sequence[str], height: int, label: str) -> Svg:
    return element(
        "svg",
        joined(parts),
        class_="chart",
        role="img",
        viewBox=f"0 0 {W} {height}",
        width="100%",
        aria_label=label,
    )
