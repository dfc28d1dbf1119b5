"""The axis of a metric on the board."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from benchmarks.leaderboard.render.summary_text import entries


def scale(board: Mapping[str, Any], metric: Mapping[str, Any]) -> dict[str, Any]:
    """The axis of a metric from a to b, in steps of a tenth or more, wide enough for all values."""
    bottom, top = (
        end if bound is None else bound
        for bound, end in zip(metric["range"], (-math.inf, math.inf), strict=True)
    )
    rows = [
        row for row in board["rows"] if row["metric"] == metric["name"] and row["value"] is not None
    ]
    values = [row[k] for row in rows for k in ("low", "value", "high") if row[k] is not None]
    values += [metric["guessing"]] if metric["guessing"] is not None else []
    values += [
        bound
        for e in entries(board, metric["name"])
        for wide in e["wide"].values()
        for bound in wide
    ]
    best = top if metric["direction"] == "higher" else bottom
    values += [best if math.isfinite(best) else 0.0]
    low, high = min(values), max(values)
    a = max(bottom, math.floor(low * 10 + 1e-9) / 10)
    b = min(top, math.ceil(high * 10 - 1e-9) / 10)
    a, b = (a, b) if b - a > 0.05 else (max(bottom, a - 0.1), min(top, b + 0.1))
    step = next(
        s
        for power in range(-1, 12)
        for s in (10**power, 2 * 10**power, 5 * 10**power)
        if (b - a) / s <= 9
    )
    first = math.ceil(a / step - 1e-9)
    count = math.floor(b / step + 1e-9) - first + 1
    return {
        "a": round(a, 1),
        "b": round(b, 1),
        "ticks": [round((first + i) * step, 1) for i in range(count)],
        "chance": metric["guessing"],
    }
