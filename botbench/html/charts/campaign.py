"""Pictures of a campaign: ranks over time, posts by weekday and hour, a network."""

from __future__ import annotations

from collections.abc import Sequence

from botbench.html.charts.elements import (
    Svg,
    element,
    line,
    polyline,
    shape,
    text,
)
from botbench.html.charts.layout import (
    both,
    end_labels,
    gutter,
    named,
    picture,
    spread_labels,
)
from botbench.html.charts.timeline import runs

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def ranks(
    labels: Sequence[str], lines: Sequence[tuple[str, Sequence[int | None]]], label: str, most: int
) -> Svg:
    """Rank by day, 1 on top: one line each, named at its last ranked day; ranks up to `most`.

    A day without a rank up to `most` has no mark and no line.
    """
    within = [
        (name, [float(r) if r is not None and r <= most else None for r in by_day])
        for name, by_day in lines
    ]
    drawn = [(name, by_day) for name, by_day in within if any(r is not None for r in by_day)]
    return both(lambda width: _ranks(width, labels, drawn, label, most))


def _ranks(
    width: int,
    labels: Sequence[str],
    lines: Sequence[tuple[str, Sequence[float | None]]],
    label: str,
    most: int,
) -> Svg:
    ends = gutter([name for name, _ in lines], width)
    top, step_y = 34, max(24, 15 * len(lines) // max(most, 1) + 1)
    left, right = 30, width - ends - 16
    base = top + step_y * (most - 1)
    step = (right - left) / max(len(labels) - 1, 1)
    parts = [named("axis", 0, 13, "rank by posts of the day", width)]
    for r in range(1, most + 1):
        y = top + step_y * (r - 1)
        parts += [line("grid", left - 4, f"{right:.1f}", y, y), text("axis", 16, y + 4, r, "end")]
    named_ends = []
    for k, (name, by_day) in enumerate(lines):
        series, last = k % 8, 0
        for run in runs(by_day):
            places = [(left + step * i, top + step_y * ((by_day[i] or 1) - 1)) for i in run]
            if len(places) > 1:
                at = [(f"{x:.1f}", f"{y:.1f}") for x, y in places]
                parts.append(polyline(f"line c{series}", at))
            parts += [shape(f"mark c{series}", series, x, y, 3.5) for x, y in places]
            last = run[-1]
        end = top + step_y * ((by_day[last] or 1) - 1)
        named_ends.append((left + step * last, end, name, series))
    parts += end_labels(named_ends, width - ends, ends, top, max(base, top + 15 * len(lines)))
    shown = sorted({0, len(labels) // 2, len(labels) - 1})
    foot = max(base, top + 15 * len(lines)) + 24
    parts += spread_labels([(left + step * i, labels[i]) for i in shown], foot, width)
    return picture(parts, width, foot + 8, label)


def week(counts: Sequence[Sequence[int]], label: str) -> Svg:
    """Posts by weekday (7 rows, Monday first) and hour (24, UTC), as squares by area."""
    return both(lambda width: _week(width, counts, label))


def _week(width: int, counts: Sequence[Sequence[int]], label: str) -> Svg:
    top = max((n for row in counts for n in row), default=0) or 1
    left = 38
    step = (width - left - 6) / 24
    tall = min(step, 24.0)
    parts = []
    for d, row in enumerate(counts):
        parts.append(text("axis", 0, f"{20 * d + 16}", DAYS[d]))
        for h, n in enumerate(row):
            side = min(tall, 18.0) * (n / top) ** 0.5
            if side > 0:
                x, y = left + step * (h + 0.5) - side / 2, 20 * d + 12 - side / 2
                box = {"x": f"{x:.1f}", "y": f"{y:.1f}"}
                size = {"width": f"{side:.1f}", "height": f"{side:.1f}"}
                parts.append(element("rect", class_="mark c0", **box, **size))
    hours = [(left + step * (h + 0.5), str(h)) for h in range(0, 24, 3)]
    parts += spread_labels(hours, 158, width)
    title = f"hour of the day, UTC; the largest square is {top:,} post{'s' if top > 1 else ''}"
    parts.append(named("axis", left, 176, title, width - left))
    return picture(parts, width, 182, label)


def network(
    places: Sequence[tuple[float, float]],
    ties: Sequence[tuple[int, int]],
    colour: Sequence[int],
    label: str,
    names: Sequence[str] = (),
) -> Svg:
    """Accounts as dots at places in 0 to 1, ties between them as lines.

    `colour` is a number for each account; `names` says below what each colour and shape means.
    """
    return both(lambda width: _network(width, places, ties, colour, label, names))


def _network(  # noqa: PLR0917 (what is drawn)
    width: int,
    places: Sequence[tuple[float, float]],
    ties: Sequence[tuple[int, int]],
    colour: Sequence[int],
    label: str,
    names: Sequence[str],
) -> Svg:
    at = [(12 + (width - 24) * x, 12 + 396 * y) for x, y in places]
    parts = []
    for a, b in ties:
        (x1, y1), (x2, y2) = ((f"{x:.1f}", f"{y:.1f}") for x, y in (at[a], at[b]))
        parts.append(element("line", class_="grid", x1=x1, y1=y1, x2=x2, y2=y2))
    parts += [shape(f"mark c{c % 8}", c % 8, *at[i], 3.5) for i, c in enumerate(colour)]
    across = max(1, width // 230)
    step = width / across
    for k, name in enumerate(names):
        x, y = 8 + step * (k % across), 436 + 20 * (k // across)
        parts += [
            shape(f"mark c{k % 8}", k % 8, x, y, 5),
            named("label", x + 12, y + 4, name, step - 24),
        ]
    return picture(parts, width, 424 + 20 * -(-len(names) // across), label)
