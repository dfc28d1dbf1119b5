"""Rank, rank interval and tie group of each cell among cells that differ in the detector only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from benchmarks.leaderboard.compute.ranks import ELSEWHERE, PairedScore, ranked
from benchmarks.leaderboard.compute.scores import MeasuredCell
from benchmarks.leaderboard.compute.summary import BoardLayout, rankable, score_of
from benchmarks.metrics import Metric

UNRANKED: dict[str, Any] = {
    "rank": None,
    "rank_low": None,
    "rank_high": None,
    "tie_group": None,
    "rank_elsewhere": None,
    "tie_group_elsewhere": None,
    "rank_doubt": None,
    "flips": None,
}
"""What a row has where nothing is ranked: no value, accounts that are few, too many filled-in
scores, or a metric without a better end.
"""
Places = dict[tuple[str, str], dict[str, Any]]


def cell_ranks(layout: BoardLayout, metrics: Sequence[Metric]) -> Places:
    """The places of UNRANKED by cell and metric.

    Cells with the same protocol, training and test releases are compared with each other on the
    same draws of accounts, with Holm's correction over all their pairs and Bonferroni's over the
    tests of the protocol. The places elsewhere are those of the detector's mean over the data sets
    of the board's mean, under the row's protocol.
    """
    fields: dict[tuple[Any, ...], list[MeasuredCell]] = defaultdict(list)
    for m in layout.measured:
        if rankable(m):
            fields[m.info["protocol"], tuple(sorted(m.info["train"])), m.info["test"]].append(m)
    elsewhere = {
        (protocol, metric.name): _elsewhere(layout, protocol, metric)
        for protocol in {key[0] for key in fields}
        for metric in metrics
        if metric.ranked
    }
    return {
        (own[name].info["cell_key"], metric.name): {
            **UNRANKED,
            **{key: place[key] for key in UNRANKED if key not in ELSEWHERE},
            **elsewhere[protocol, metric.name].get(name, {}),
        }
        for (protocol, _, _), cells in fields.items()
        for metric in metrics
        if metric.ranked
        for own in [
            {
                m.info["detector"]: m
                for m in cells
                if metric.name in m.scores and not m.few_for(metric)
            }
        ]
        for name, place in _ranked(own, metric, layout.alongside(protocol)).items()
    }


def _elsewhere(layout: BoardLayout, protocol: str, metric: Metric) -> dict[str, dict[str, Any]]:
    """Each detector's places elsewhere under one protocol; {} where it has no mean."""
    cells: dict[tuple[str, str], list[MeasuredCell]] = defaultdict(list)
    for m in layout.measured:
        if m.info["protocol"] == protocol and m.info["test"] in layout.core and rankable(m):
            cells[m.info["detector"], m.info["test"]].append(m)
    if any(len(own) > 1 for own in cells.values()):  # several trainings of one test have no mean
        return {}
    means = {
        d: score_of(
            [cells[d, t][0] if (d, t) in cells else None for t in layout.core],
            metric,
            layout.clusters(layout.core),
        )
        for d in layout.detectors
    }
    if any(s.few for s in means.values() if s is not None):
        return {}
    places = _places({d: s for d, s in means.items() if s is not None}, metric, 1)
    return {
        d: {key: place[key] for key in UNRANKED if key in ELSEWHERE} for d, place in places.items()
    }


def _ranked(
    own: dict[str, MeasuredCell], metric: Metric, alongside: int
) -> dict[str, dict[str, Any]]:
    spreads = {d: score_of([m], metric, ["0"]) for d, m in own.items()}
    return _places({d: s for d, s in spreads.items() if s is not None}, metric, alongside)


def _places(
    spreads: dict[str, PairedScore], metric: Metric, alongside: int
) -> dict[str, dict[str, Any]]:
    best_first = -1 if metric.direction == "higher" else 1
    names = sorted(spreads, key=lambda d: (best_first * spreads[d].score[0], d))
    return ranked(names, spreads, metric, alongside)
