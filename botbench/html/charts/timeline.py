"""Lines with bands over time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from botbench.html.charts.elements import Svg, element, joined, line, path, polyline, text, ticks
from botbench.html.charts.intervals import ceiling, chart, percent

Optional = Sequence[float | None]


@dataclass(frozen=True)
class Series:
    """A line over positions 0, 1, ... (None is a gap), with an optional band (`low`, `high`)."""

    name: str
    values: Optional
    low: Optional = ()
    high: Optional = ()
    series: int = 0
    dashed: bool = False


def timeline(  # noqa: PLR0917 (a chart's parts)
    labels: Sequence[str],
    series: Sequence[Series],
    label: str,
    events: Sequence[tuple[int, str]] = (),
    upper: float | None = None,
    height: int = 240,
    share: bool = True,
) -> Svg:
    """Lines with bands over time; `events` are (position, text), drawn as marks from top to bottom.

    `share` says that values are shares of 1, and labels the axis in percent.
    """
    values = [v for s in series for v in (*s.values, *s.high) if v is not None]
    top = upper or (ceiling(values) if share else (max(values, default=1.0) * 1.05 or 1.0))
    head, foot = (30, 26) if events else (10, 26)
    inner = height - head - foot
    n = len(labels)
    parts = []
    for t in ticks(0, top, 5):
        y = head + inner * (1 - t / top)
        parts += [
            line("grid", 0, "100%", f"{y:.1f}", f"{y:.1f}"),
            text("axis", 0, f"{y - 3:.1f}", percent(t) if share else f"{t:,.0f}"),
        ]
    drawn = joined(part for s in series for part in (*_band(s, n, top), *_line(s, n, top)))
    parts.append(
        element(
            "svg",
            drawn,
            x=0,
            y=head,
            width="100%",
            height=inner,
            viewBox="0 0 1000 100",
            preserveAspectRatio="none",
        )
    )
    parts += [_event(at, what, n, head, height - foot) for at, what in events]
    # Three dates fit side by side on a phone.
    parts += [
        text("axis", f"{_at(i, n) / 10:.2f}%", height - 8, labels[i], _anchor(i, n))
        for i in _spread(n, 3 if max(map(len, labels), default=0) > 6 else 5)
    ]
    return chart(parts, height, label)


def _at(i: int, n: int) -> float:
    """The position of a point, of a thousand."""
    return 500.0 if n < 2 else 45 + 945 * i / (n - 1)


def _anchor(i: int, n: int) -> str | None:
    return "middle" if n < 2 or 0 < i < n - 1 else "end" if i else None


def _spread(n: int, most: int) -> list[int]:
    """At most so many evenly spread positions, with the first and the last."""
    if n <= most:
        return list(range(n))
    return [round(i * (n - 1) / (most - 1)) for i in range(most)]


def _runs(values: Optional) -> list[list[int]]:
    """The runs of positions without a gap."""
    runs: list[list[int]] = []
    for i, v in enumerate(values):
        if v is None:
            continue
        if runs and runs[-1][-1] == i - 1:
            runs[-1].append(i)
        else:
            runs.append([i])
    return runs


def _points(run: Sequence[int], values: Optional, n: int, top: float) -> list[tuple[str, str]]:
    """The points of a run; a run of one is drawn six units wide, so that it can be seen."""
    if len(run) == 1:
        x, y = _at(run[0], n), _y(values[run[0]], top)
        return [(f"{x - 3:.1f}", y), (f"{x + 3:.1f}", y)]
    return [(f"{_at(i, n):.1f}", _y(values[i], top)) for i in run]


def _band(s: Series, n: int, top: float) -> Iterator[Svg]:
    for run in _runs(s.low):
        up, down = (_points(run, bound, n, top) for bound in (s.high, s.low))
        yield element("polygon", class_=f"band c{s.series % 8}", points=path([*up, *down[::-1]]))


def _line(s: Series, n: int, top: float) -> Iterator[Svg]:
    kind = "line dashed" if s.dashed else "line"
    for run in _runs(s.values):
        yield polyline(
            f"{kind} c{s.series % 8}",
            _points(run, s.values, n, top),
            vector_effect="non-scaling-stroke",
        )


def _y(value: float | None, top: float) -> str:
    return f"{100 * (1 - min(max((value or 0.0) / top, 0), 1)):.2f}"


def _event(at: int, what: str, n: int, y1: float, y2: float) -> Svg:
    x = f"{_at(at, n) / 10:.2f}%"
    anchor = "end" if n > 1 and at > (n - 1) / 2 else None
    return joined([line("event", x, x, y1 - 6, y2), text("event", x, y1 - 10, what, anchor)])
