"""What a cell's predictions look like: the confusion table, and curves over every threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from botbench.html.charts import plots
from botbench.html.charts.elements import Svg, ticks
from botbench.html.charts.layout import Axis

if TYPE_CHECKING:
    import pyarrow as pa

MOST = 60
"""Points of a curve that are drawn."""


@dataclass(frozen=True)
class Predictions:
    """Scores, labels and decisions of a cell; an account in two repeats is there twice."""

    p: NDArray[np.float64]
    y: NDArray[np.bool_]
    flagged: NDArray[np.bool_]
    thresholds: tuple[float, float]
    repeats: int

    @classmethod
    def of(cls, table: pa.Table) -> Predictions:
        """From a cell's table, without rows that have no finite score."""
        p = np.asarray(table["p_bot"].to_numpy(), dtype=np.float64)
        y = np.asarray(table["y"].to_numpy() == 1)
        at = np.asarray(table["threshold"].to_numpy(), dtype=np.float64)
        ends = (float(at.min()), float(at.max())) if len(at) else (0.5, 0.5)
        repeats = len(np.unique(table["repeat"].to_numpy()))
        return cls(p, y, np.asarray(p >= at), ends, max(repeats, 1))

    def confusion(self) -> dict[str, int]:
        """Predictions by label and answer."""
        pairs = (("tp", True, True), ("fn", True, False), ("fp", False, True), ("tn", False, False))
        return {n: int(np.sum((self.y == bot) & (self.flagged == said))) for n, bot, said in pairs}

    def points(self) -> NDArray[np.float64]:
        """Rows of (threshold, recall, precision, false alarm rate), from the highest threshold on.

        At most MOST of them, evenly spread over the distinct scores; empty if a class is missing.
        """
        known = np.isfinite(self.p)
        p, y = self.p[known], self.y[known]
        bots, people = int(y.sum()), int((~y).sum())
        if not bots or not people:
            return np.empty((0, 4))
        order = np.argsort(-p, kind="stable")
        p, y = p[order], y[order]
        last = np.flatnonzero(np.r_[p[1:] != p[:-1], True])
        hits, alarms = np.cumsum(y)[last], np.cumsum(~y)[last]
        chosen = np.unique(np.linspace(0, len(last) - 1, min(MOST, len(last))).round().astype(int))
        tp, fp = hits[chosen], alarms[chosen]
        return np.column_stack([p[last][chosen], tp / bots, tp / (tp + fp), fp / people])


def drawn(found: Predictions, points: NDArray[np.float64]) -> dict[str, Any]:
    """Precision by recall and recall by false alarms, each with a mark where the cell decides."""
    c = found.confusion()
    recall, alarms = c["tp"] / (c["tp"] + c["fn"]), c["fp"] / (c["fp"] + c["tn"])
    flagged = c["tp"] + c["fp"]
    falling = points[::-1]
    faint = (
        int(np.argmax(falling[:, 1] < plots.FAINT)) if (falling[:, 1] < plots.FAINT).any() else None
    )
    precision = plots.lines(
        [plots.Line("precision", _pairs(falling, 1, 2), faint=faint)],
        Axis(0, 1, ticks(0, 1), "recall: share of bots found"),
        Axis(0, 1, ticks(0, 1), "precision: share of alarms that are bots"),
        "Precision by recall",
        marked=plots.Marked(recall, [c["tp"] / flagged] if flagged else []),
    )
    roc = plots.lines(
        [plots.Line("recall", [(0.0, 0.0), *_pairs(points, 3, 1)])],
        Axis(0, 1, ticks(0, 1), "false alarms: share of people called bots"),
        Axis(0, 1, ticks(0, 1), "recall: share of bots found"),
        "Recall by false alarms; the broken line is guessing",
        diagonal=True,
        marked=plots.Marked(alarms, [recall]),
    )
    return {"precision": Svg(precision), "roc": Svg(roc)}


def _pairs(points: NDArray[np.float64], x: int, y: int) -> list[tuple[float, float]]:
    return [(float(a), float(b)) for a, b in points[:, (x, y)]]
