"""A cell's curves as one figure (SVG): ROC, precision over recall, and how often a score was right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.metrics import Array, Judged

if TYPE_CHECKING:
    import pyarrow as pa

SIDE, GAP, EDGE = 200, 60, 44
BINS = 10
TITLES = (
    ("ROC", "false alarms", "recall"),
    ("Precision and recall", "recall", "precision"),
    ("Calibration", "score", "share of bots"),
)


def svg(table: pa.Table, title: str) -> str:
    """The figure of a cell's predictions (`results.scored`), one line for each repeat and, where
    there are several, each fold.
    """
    panels: list[list[tuple[Array, Array]]] = [[], [], []]
    for judged in _parts(table):
        if 0 < judged.y.sum() < len(judged.y):
            for lines, line in zip(panels, (*_orders(judged), _calibration(judged)), strict=True):
                lines.append(line)
    width, height = EDGE + 3 * (SIDE + GAP), SIDE + 2 * EDGE
    drawn = "".join(
        _panel(i, *words, lines)
        for i, (words, lines) in enumerate(zip(TITLES, panels, strict=True))
    )
    safe = title.replace("&", "&amp;").replace("<", "&lt;")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
        ' font-family="sans-serif" font-size="11"><rect width="100%" height="100%"'
        f' fill="#fff"/><text x="{EDGE}" y="16" font-weight="bold">{safe}</text>{drawn}</svg>'
    )


def _parts(table: pa.Table) -> list[Judged]:
    """Each fold of each repeat: scores of two fits are not put on one curve."""
    repeat, fold, y, p = (np.asarray(table[c].to_numpy()) for c in ("repeat", "fold", "y", "p_bot"))
    keys = np.unique(np.stack([repeat, fold]), axis=1).T
    masks = [(repeat == r) & (fold == f) for r, f in keys]
    return [Judged(y[m], p[m], p[m] >= 0.5) for m in masks]


def _orders(judged: Judged) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """(false alarms, recall) and (recall, precision) at every cut, ties together."""
    order = np.argsort(-judged.p, kind="stable")
    last = np.append(np.flatnonzero(np.diff(judged.p[order])), len(order) - 1)
    found = np.cumsum(judged.y[order])[last].astype(np.float64)
    alarms = last + 1 - found
    recall, fpr = found / found[-1], alarms / alarms[-1]
    roc = np.insert(fpr, 0, 0.0), np.insert(recall, 0, 0.0)
    return roc, (recall, found / (found + alarms))


def _calibration(judged: Judged) -> tuple[Array, Array]:
    """Mean score and share of bots in each of ten bins that has accounts."""
    place = np.minimum((judged.p * BINS).astype(np.int64), BINS - 1)
    n = np.bincount(place, minlength=BINS)
    there = n > 0
    return (
        np.bincount(place, weights=judged.p, minlength=BINS)[there] / n[there],
        np.bincount(place, weights=judged.y, minlength=BINS)[there] / n[there],
    )


def _panel(number: int, title: str, across: str, up: str, lines: list[tuple[Array, Array]]) -> str:
    left, top = EDGE + number * (SIDE + GAP), EDGE
    frame = f'<rect x="{left}" y="{top}" width="{SIDE}" height="{SIDE}" fill="none" stroke="#999"/>'
    words = (
        f'<text x="{left}" y="{top - 6}">{title}</text><text x="{left}"'
        f' y="{top + SIDE + 24}">{across}, 0 to 1</text><text transform="translate({left - 8}'
        f' {top + SIDE}) rotate(-90)">{up}, 0 to 1</text>'
    )
    style = 'fill="none" stroke="#0b62a4" stroke-opacity="0.6"'
    paths = "".join(f'<polyline {style} points="{_points(x, y, left, top)}"/>' for x, y in lines)
    return frame + words + paths


def _points(x: Array, y: Array, left: int, top: int) -> str:
    """At most 400 points of a line in the panel's pixels."""
    kept = np.unique(np.linspace(0, len(x) - 1, min(len(x), 400)).astype(np.int64))
    return " ".join(
        f"{left + SIDE * a:.1f},{top + SIDE * (1 - b):.1f}"
        for a, b in zip(x[kept], y[kept], strict=True)
    )
