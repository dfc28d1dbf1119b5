"""The charts that objects of the API show: scores and shares with their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from botbench.html.charts.elements import Svg, ticks
from botbench.html.charts.intervals import Span, intervals
from botbench.html.charts.layout import Axis
from botbench.html.charts.rows import Dot, Row, rows
from botbench.text import numbers

MOST = 14
"""Rows of a chart; a table holds the others."""


def scores(found: Sequence[Mapping[Any, Any]], name: str, title: str, guess: float | None) -> Svg:
    """A row for each score from 0 to 1 with its interval; `name` is the key of the row's label."""
    drawn = [r for r in found if r["value"] is not None and 0 <= r["value"] <= 1][:MOST]
    low = min((r["low"] if r["low"] is not None else r["value"] for r in drawn), default=0.0)
    start = 0.5 if low >= 0.5 and guess == 0.5 else 0.0
    axis = Axis(start, 1.0, ticks(start, 1.0), title)
    return rows(
        [
            Row(
                str(r[name]),
                [Dot(r["value"], r["low"], r["high"])],
                numbers.score_interval(r["value"], r["low"], r["high"]),
            )
            for r in drawn
        ],
        axis,
        title,
        reference=guess,
    )


def shares(found: Sequence[Mapping[str, Any]], title: str) -> Svg:
    """A row for each estimated share with its interval, and what the detector flags beside it."""
    return intervals(
        [
            Span(
                str(e["quantity"]).removeprefix("share of ")
                + (f" ({e['group']})" if e["group"] else ""),
                e["value"],
                e["low"],
                e["high"],
                e["naive"],
                told=numbers.share_interval(e["value"], e["low"], e["high"]),
            )
            for e in found[:MOST]
        ],
        title,
        title=title,
    )
