"""Small charts as inline SVG: text out, no library, no script, no style attribute, so that a page
can forbid all of these.

Coordinates along the x axis are percentages, so a chart fits any width and its text keeps its size.
Colours come from the page's CSS: classes `axis`, `grid`, `mark`, `span`, `naive`, `band`, `line`,
`event`, with `c0` to `c7` for series.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape as _escape

from botbench.text.spreadsheet import plain

ROW, HEAD, FOOT = 44, 6, 24


def escape(text: object) -> str:
    """Text that is literal in SVG and HTML, with what is invisible or turns the line made visible.

    >>> escape('a <b> & "c"')
    'a &lt;b&gt; &amp; &quot;c&quot;'
    """
    return _escape(plain(str(text)), {'"': "&quot;"})


@dataclass(frozen=True)
class Span:
    """A value with its interval; `naive` is drawn beside it, `true` is what a simulation knows."""

    label: str
    value: float
    low: float
    high: float
    naive: float | None = None
    true: float | None = None
    series: int = 0
    told: str = ""
    """What stands at the right end of the label's line."""


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
    return [
        round((first + i) * step, 10) for i in range(math.floor(high / step + 1e-9) - first + 1)
    ]


def percent(value: float) -> str:
    """A share as a label.

    >>> percent(0.2), percent(0.005), percent(0)
    ('20 %', '0.5 %', '0 %')
    """
    return f"{100 * value:.3g} %"


def intervals(rows: Sequence[Span], label: str, upper: float | None = None) -> str:
    """Values with their intervals, one below the other: label above each bar, so that long ones fit
    a phone.
    """
    top = upper or _ceiling([v for r in rows for v in (r.high, r.naive or 0.0, r.true or 0.0)])
    height = HEAD + ROW * len(rows) + FOOT
    marks = ticks(0, top)
    parts = [_open(label, height)]
    for t in marks:
        x = _x(t, 0, top)
        parts.append(f'<line class="grid" x1="{x}" x2="{x}" y1="{HEAD}" y2="{height - FOOT}"/>')
        parts.append(
            f'<text class="axis" x="{x}" y="{height - 7}"{_anchor(t, marks)}>{percent(t)}</text>'
        )
    for i, r in enumerate(rows):
        parts.append(_row(r, HEAD + ROW * i, top))
    return "".join([*parts, "</svg>"])


def _row(r: Span, y: float, top: float) -> str:
    line = y + 31
    parts = [f'<text class="label" x="0" y="{y + 16}">{escape(r.label)}</text>']
    if r.told:
        parts.append(
            f'<text class="told" x="100%" y="{y + 16}" text-anchor="end">{escape(r.told)}</text>'
        )
    low, high, value = (_x(v, 0, top) for v in (r.low, r.high, r.value))
    parts.append(
        f'<line class="span c{r.series % 8}" x1="{low}" x2="{high}" y1="{line}" y2="{line}"/>'
    )
    if r.naive is not None:
        x = _x(r.naive, 0, top)
        parts.append(f'<line class="naive" x1="{x}" x2="{x}" y1="{line - 7}" y2="{line + 7}"/>')
    if r.true is not None:
        x = _x(r.true, 0, top)
        parts.append(f'<line class="true" x1="{x}" x2="{x}" y1="{line - 9}" y2="{line + 9}"/>')
    parts.append(f'<circle class="mark c{r.series % 8}" cx="{value}" cy="{line}" r="5"/>')
    return "".join(parts)


@dataclass(frozen=True)
class Series:
    """A line over positions 0, 1, ... (None leaves a gap), with a band where `low` and `high` are
    given.
    """

    name: str
    values: Sequence[float | None]
    low: Sequence[float | None] = ()
    high: Sequence[float | None] = ()
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
) -> str:
    """Lines with bands over time; `events` are (position, what) and drawn as marks from top to
    bottom with their words.
    """
    said = [v for s in series for v in (*s.values, *s.high) if v is not None]
    top = upper or (_ceiling(said) if share else (max(said, default=1.0) * 1.05 or 1.0))
    head, foot = (30, 26) if events else (10, 26)
    inner = height - head - foot
    n = len(labels)
    parts = [_open(label, height)]
    marks = ticks(0, top, 5)
    for t in marks:
        y = head + inner * (1 - t / top)
        parts.append(f'<line class="grid" x1="0" x2="100%" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(
            '<text class="axis" x="0"'
            f' y="{y - 3:.1f}">{percent(t) if share else f"{t:,.0f}"}</text>'
        )
    parts.append(
        f'<svg x="0" y="{head}" width="100%" height="{inner}" viewBox="0 0 1000 100"'
        ' preserveAspectRatio="none">'
    )
    parts += [_band(s, n, top) + _line(s, n, top) for s in series]
    parts.append("</svg>")
    parts += [_event(at, what, n, head, height - foot) for at, what in events]
    # On a phone, three dates fit beside each other.
    shown = _some(n, 3 if max(map(len, labels), default=0) > 6 else 5)
    parts += [
        f'<text class="axis" x="{_at(i, n) / 10:.2f}%"'
        f' y="{height - 8}"{_end(i, n)}>{escape(labels[i])}</text>'
        for i in shown
    ]
    return "".join([*parts, "</svg>"])


def _open(label: str, height: float) -> str:
    return (
        f'<svg class="chart" role="img" width="100%" height="{height:g}"'
        f' aria-label="{escape(label)}">'
    )


def _ceiling(values: Sequence[float]) -> float:
    most = max(values, default=1.0)
    return min(1.0, most * 1.08) if most > 0 else 1.0


def _x(value: float, low: float, high: float) -> str:
    return f"{1 + 98 * min(max((value - low) / (high - low), 0), 1):.2f}%"


def _anchor(t: float, marks: Sequence[float]) -> str:
    return (
        ""
        if t == marks[0]
        else ' text-anchor="middle"'
        if t < marks[-1] or len(marks) < 2
        else ' text-anchor="end"'
    )


def _at(i: int, n: int) -> float:
    """The position of a point, of a thousand."""
    return 500.0 if n < 2 else 45 + 945 * i / (n - 1)


def _end(i: int, n: int) -> str:
    return ' text-anchor="middle"' if n < 2 or 0 < i < n - 1 else ' text-anchor="end"' if i else ""


def _some(n: int, most: int) -> list[int]:
    """At most so many evenly spread positions, with the first and the last."""
    if n <= most:
        return list(range(n))
    return [round(i * (n - 1) / (most - 1)) for i in range(most)]


def _runs(values: Sequence[float | None]) -> list[list[int]]:
    runs: list[list[int]] = []
    for i, v in enumerate(values):
        if v is None:
            continue
        if runs and runs[-1][-1] == i - 1:
            runs[-1].append(i)
        else:
            runs.append([i])
    return runs


def _band(s: Series, n: int, top: float) -> str:
    if not s.low:
        return ""
    parts = []
    for run in _runs(s.low):
        up = [f"{_at(i, n):.1f},{_y(s.high[i], top)}" for i in run]
        down = [f"{_at(i, n):.1f},{_y(s.low[i], top)}" for i in reversed(run)]
        if len(run) == 1:
            x, low, high = _at(run[0], n), _y(s.low[run[0]], top), _y(s.high[run[0]], top)
            up, down = (
                [f"{x - 3:.1f},{high}", f"{x + 3:.1f},{high}"],
                [
                    f"{x + 3:.1f},{low}",
                    f"{x - 3:.1f},{low}",
                ],
            )
        parts.append(f'<polygon class="band c{s.series % 8}" points="{" ".join([*up, *down])}"/>')
    return "".join(parts)


def _line(s: Series, n: int, top: float) -> str:
    parts = []
    for run in _runs(s.values):
        points = " ".join(f"{_at(i, n):.1f},{_y(s.values[i], top)}" for i in run)
        if len(run) == 1:
            x = _at(run[0], n)
            points = (
                f"{x - 3:.1f},{_y(s.values[run[0]], top)} {x + 3:.1f},{_y(s.values[run[0]], top)}"
            )
        kind = "line dashed" if s.dashed else "line"
        parts.append(
            f'<polyline class="{kind} c{s.series % 8}" vector-effect="non-scaling-stroke"'
            f' points="{points}"/>'
        )
    return "".join(parts)


def _y(value: float | None, top: float) -> str:
    return f"{100 * (1 - min(max((value or 0.0) / top, 0), 1)):.2f}"


def _event(at: int, what: str, n: int, y1: float, y2: float) -> str:
    x = f"{_at(at, n) / 10:.2f}%"
    side = ' text-anchor="end"' if n > 1 and at > (n - 1) / 2 else ""
    return (
        f'<line class="event" x1="{x}" x2="{x}" y1="{y1 - 6}" y2="{y2}"/>'
        f'<text class="event" x="{x}" y="{y1 - 10}"{side}>{escape(what)}</text>'
    )
