"""Rank, rank interval and tie group of each cell among cells that differ in the detector only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from benchmarks.leaderboard.compute.ranks import PairedScore, ranked
from benchmarks.leaderboard.compute.scores import MeasuredCell
from benchmarks.metrics import Metric

UNRANKED: dict[str, Any] = {
    "rank": None,
    "rank_low": None,
    "rank_high": None,
    "tie_group": None,
    "rank_doubt": None,
    "flips": None,
}
"""What a row has where nothing is ranked: no value, a class that is few, too many filled-in
scores, or a metric without a better end.
"""


def cell_ranks(
    measured: Iterable[MeasuredCell], metrics: Sequence[Metric]
) -> dict[tuple[str, str], dict[str, Any]]:
    """rank, rank_low, rank_high and tie_group by cell and metric.

    Cells with the same protocol, training and test releases are compared with each other on the
    same draws of accounts, with Holm's correction over all their pairs.
    """
    fields: dict[tuple[Any, ...], list[MeasuredCell]] = defaultdict(list)
    for m in measured:
        if m.info["status"] == "done" and not m.few and not m.filled_in:
            fields[m.info["protocol"], tuple(sorted(m.info["train"])), m.info["test"]].append(m)
    return {
        (own[name].info["cell_key"], metric.name): {key: place[key] for key in UNRANKED}
        for cells in fields.values()
        for metric in metrics
        if metric.ranked
        for own in [{m.info["detector"]: m for m in cells if metric.name in m.scores}]
        for name, place in _ranked(own, metric).items()
    }


def _ranked(own: dict[str, MeasuredCell], metric: Metric) -> dict[str, dict[str, Any]]:
    spreads = {
        d: PairedScore(
            m.scores[metric.name],
            [m.scores[metric.name][0]],
            m.draws[metric.name],
            False,
            label_mean=_label_mean(m, metric),
        )
        for d, m in own.items()
    }
    best_first = -1 if metric.direction == "higher" else 1
    return ranked(
        sorted(spreads, key=lambda d: (best_first * spreads[d].score[0], d)), spreads, metric
    )


def _label_mean(m: MeasuredCell, metric: Metric) -> float | None:
    drawn = m.label_draws.get(metric.name)
    return None if drawn is None or np.isnan(drawn).all() else float(np.nanmean(drawn))
