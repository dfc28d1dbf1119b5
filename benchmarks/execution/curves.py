"""A cell's curves as one figure (SVG): ROC, precision over recall, and calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.metrics import Array, ScoredAccounts
from botbench.html.charts.curves import Curve, Panel, panels

if TYPE_CHECKING:
    import pyarrow as pa

BINS = 10
TITLES = (
    ("ROC", "false alarm rate", "recall", True),
    ("Precision and recall", "recall", "precision", False),
    ("Calibration", "score", "share of bots", True),
)


def svg(table: pa.Table, title: str) -> str:
    """The figure of a cell's predictions (`results.scored`), one line for each repeat and fold."""
    curves: tuple[list[Curve], ...] = ([], [], [])
    for judged in _parts(table):
        if 0 < judged.y.sum() < len(judged.y):
            for drawn, (x, y) in zip(curves, (*_orders(judged), _calibration(judged)), strict=True):
                drawn.append(_thinned(x, y))
    drawn_panels = [
        Panel(name, across, up, drawn, diagonal)
        for (name, across, up, diagonal), drawn in zip(TITLES, curves, strict=True)
    ]
    return panels(drawn_panels, title)


def _parts(table: pa.Table) -> list[ScoredAccounts]:
    """Each fold of each repeat: scores of two fits are not put on one curve."""
    repeat, fold, y, p = (np.asarray(table[c].to_numpy()) for c in ("repeat", "fold", "y", "p_bot"))
    keys = np.unique(np.stack([repeat, fold]), axis=1).T
    masks = [(repeat == r) & (fold == f) for r, f in keys]
    return [ScoredAccounts(y[m], p[m], p[m] >= 0.5) for m in masks]


def _orders(judged: ScoredAccounts) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """(false alarms, recall) and (recall, precision) at every cut, ties together."""
    order = np.argsort(-judged.p, kind="stable")
    last = np.append(np.flatnonzero(np.diff(judged.p[order])), len(order) - 1)
    hits = np.cumsum(judged.y[order])[last].astype(np.float64)
    alarms = last + 1 - hits
    recall, fpr = hits / hits[-1], alarms / alarms[-1]
    roc = np.insert(fpr, 0, 0.0), np.insert(recall, 0, 0.0)
    return roc, (recall, hits / (hits + alarms))


def _calibration(judged: ScoredAccounts) -> tuple[Array, Array]:
    """Mean score and share of bots in each of ten bins that has accounts."""
    place = np.minimum((judged.p * BINS).astype(np.int64), BINS - 1)
    n = np.bincount(place, minlength=BINS)
    there = n > 0
    return (
        np.bincount(place, weights=judged.p, minlength=BINS)[there] / n[there],
        np.bincount(place, weights=judged.y, minlength=BINS)[there] / n[there],
    )


def _thinned(x: Array, y: Array) -> Curve:
    """At most 400 points of a line."""
    kept = np.unique(np.linspace(0, len(x) - 1, min(len(x), 400)).astype(np.int64))
    return list(zip(x[kept].tolist(), y[kept].tolist(), strict=True))
