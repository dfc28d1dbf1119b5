"""Pictures that only studies need: ranks over time, an hour-by-weekday field, a network. Inline SVG
without styles or scripts.
"""

from __future__ import annotations

from collections.abc import Sequence

from botbench.html.svg import escape

W = 720
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def ranks(
    labels: Sequence[str], lines: Sequence[tuple[str, Sequence[int | None]]], label: str, most: int
) -> str:
    """Rank by day, 1 on top: one line each with its name at the last day it is ranked; ranks beyond
    `most` are left out.
    """
    height, step = 26 + 26 * most, (W - 230) / max(len(labels) - 1, 1)
    parts = [
        f'<svg class="chart" role="img" viewBox="0 0 {W} {height + 18}" width="100%"'
        f' aria-label="{escape(label)}">'
    ]
    for r in range(1, most + 1):
        y = 26 * r
        parts.append(
            f'<line class="grid" x1="26" x2="{W - 200}" y1="{y}" y2="{y}"/><text class="axis" x="2"'
            f' y="{y + 4}">{r}</text>'
        )
    for k, (name, line) in enumerate(lines):
        points = [
            (28 + step * i, 26 * r) for i, r in enumerate(line) if r is not None and r <= most
        ]
        if not points:
            continue
        path = " ".join(f"{x:.1f},{y}" for x, y in points)
        x, y = points[-1]
        parts.append(
            f'<polyline class="line c{k % 8}" points="{path}"/>'
            + "".join(
                f'<circle class="mark c{k % 8}" cx="{a:.1f}" cy="{b}" r="3.5"/>' for a, b in points
            )
            + f'<text class="label" x="{x + 8:.1f}" y="{y + 4}">{escape(name[:28])}</text>'
        )
    shown = {0, len(labels) // 2, len(labels) - 1}
    parts += [
        f'<text class="axis" x="{28 + step * i:.1f}" y="{height + 10}"'
        f' text-anchor="middle">{escape(labels[i])}</text>'
        for i in sorted(shown)
    ]
    return "".join([*parts, "</svg>"])


def week(counts: Sequence[Sequence[int]], label: str) -> str:
    """Posts by weekday (7 rows, Monday first) and hour (24, UTC): a square's area goes with the
    number.
    """
    top = max((n for row in counts for n in row), default=0) or 1
    parts = [
        f'<svg class="chart" role="img" viewBox="0 0 {W} 200" width="100%"'
        f' aria-label="{escape(label)}">'
    ]
    for d, row in enumerate(counts):
        parts.append(f'<text class="axis" x="2" y="{24 * d + 22}">{DAYS[d]}</text>')
        for h, n in enumerate(row):
            side = 22 * (n / top) ** 0.5
            if side > 0:
                parts.append(
                    f'<rect class="mark c0" x="{38 + 28 * h + 12 - side / 2:.1f}"'
                    f' y="{24 * d + 18 - side / 2:.1f}" width="{side:.1f}" height="{side:.1f}"/>'
                )
    parts += [
        f'<text class="axis" x="{38 + 28 * h + 12}" y="192" text-anchor="middle">{h}h</text>'
        for h in range(0, 24, 3)
    ]
    return "".join([*parts, "</svg>"])


def network(
    places: Sequence[tuple[float, float]],
    ties: Sequence[tuple[int, int]],
    group: Sequence[int],
    label: str,
) -> str:
    """Accounts as dots at places in 0 to 1, ties between them as lines, colours by group."""

    def at(i: int) -> tuple[str, str]:
        return f"{12 + (W - 24) * places[i][0]:.1f}", f"{12 + 396 * places[i][1]:.1f}"

    parts = [
        f'<svg class="chart" role="img" viewBox="0 0 {W} 420" width="100%"'
        f' aria-label="{escape(label)}">'
    ]
    for a, b in ties:
        (x1, y1), (x2, y2) = at(a), at(b)
        parts.append(f'<line class="grid" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>')
    for i, g in enumerate(group):
        x, y = at(i)
        parts.append(f'<circle class="mark c{g % 8}" cx="{x}" cy="{y}" r="4"/>')
    return "".join([*parts, "</svg>"])
