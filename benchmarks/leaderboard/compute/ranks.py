"""Ranks of detectors on a board: separated pairs, rank intervals, tie groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from benchmarks.leaderboard.compute import pairs
from benchmarks.leaderboard.compute.fits import FitValues
from benchmarks.leaderboard.compute.pairs import SAME
from benchmarks.leaderboard.compute.scores import Score
from benchmarks.metrics import Array, Metric
from botbench.stats import means, refits
from botbench.stats.multiple_comparisons import holm
from botbench.stats.proportions import LEVEL
from botbench.stats.refits import Variance
from botbench.stats.resampling import percentiles

LEAST_CLUSTERS = 3
"""With fewer clusters of data sets nothing is said of other data sets."""
ELSEWHERE = ("rank_elsewhere", "tie_group_elsewhere", "ties_elsewhere")


@dataclass(frozen=True)
class PairedScore:
    """The score on one test or the mean of several, the values by data set, the paired draws.

    `clusters` names the cluster of each data set (none: each is its own); the mean is one over
    clusters of their means. `fits` has the values of every fit on each data set, None for one fit.
    """

    score: Score
    values: list[float]
    draws: Array
    few: bool
    filled_in: bool = False
    """Whether too many accounts have a filled-in score on one of the tests."""
    label_mean: float | None = None
    """The mean over draws of accounts and labels; None where no label is in doubt."""
    clusters: tuple[str, ...] = ()
    fits: tuple[FitValues | None, ...] = ()
    freedom: float = np.inf
    """The degrees of freedom of the draws' deviation (`refits.of_classes`)."""

    @property
    def by_cluster(self) -> list[float]:
        """The mean of each cluster of related data sets."""
        return means.cluster_means(self.values, self._labels)

    @property
    def weights(self) -> list[float]:
        """The weight of each data set in the mean."""
        return means.cluster_weights(self._labels)

    @property
    def _labels(self) -> Sequence[Any]:
        return self.clusters or range(len(self.values))


def difference(a: PairedScore, b: PairedScore) -> Score:
    """a − b with its paired interval.

    If every draw gives the same nonzero difference, the interval of unpaired values is used. Where
    several fits stand behind the scores, the variance between fits is in it.
    """
    value, drawn = a.score[0] - b.score[0], a.draws - b.draws
    bounds = percentiles(drawn) or (value, value)
    if bounds[1] - bounds[0] < SAME and abs(value) > SAME:
        down = np.hypot(a.score[0] - a.score[1], b.score[2] - b.score[0])
        up = np.hypot(a.score[2] - a.score[0], b.score[0] - b.score[1])
        bounds = value - float(down), value + float(up)
    low, high = min(bounds[0], value), max(bounds[1], value)
    variance, freedom, resampled = pairs.between_fits([a, b])
    between, with_accounts = Variance(float(variance[0]), float(freedom[0])), bool(resampled[0])
    endless = (-np.inf, np.inf)
    if with_accounts:
        alone = refits.widened(value, value, value, between, endless)
        return value, min(low, alone[0]), max(high, alone[1])
    return value, *refits.widened(value, low, high, between, endless)


def _separated_here(scores: Sequence[PairedScore], alongside: int) -> list[bool]:
    """Which pairs differ beyond the accounts drawn, and beyond the fits where several are known.

    Holm over all of them, and Bonferroni over the `alongside` rankings that are shown together.
    """
    return holm(pairs.p_here(scores).tolist(), (1 - LEVEL) / alongside)


def _separated_elsewhere(scores: Sequence[PairedScore]) -> list[bool]:
    """Which pairs differ beyond these data sets: Holm over all of them."""
    return holm(pairs.p_elsewhere(scores).tolist())


def _beaten(
    names: Sequence[str], of: Mapping[str, PairedScore], metric: Metric, separated: Iterable[bool]
) -> set[tuple[str, str]]:
    """Pairs (better, worse) that are separated."""
    beaten = set()
    for (a, b), apart in zip(combinations(names, 2), separated, strict=True):
        if apart:
            beaten.add((a, b) if metric.better(of[a].score[0], of[b].score[0]) else (b, a))
    return beaten


def _range(name: str, names: Sequence[str], beaten: set[tuple[str, str]]) -> tuple[int, int]:
    """1 + how many are better, to k − how many are worse."""
    return 1 + sum((o, name) in beaten for o in names), len(names) - sum(
        (name, o) in beaten for o in names
    )


def ties(order: Sequence[str], beaten: set[tuple[str, str]]) -> list[list[str]]:
    """The longest runs in rank order of which no two are separated; runs of one are no ties.

    >>> ties(["a", "b", "c"], {("a", "c")})
    [['a', 'b'], ['b', 'c']]
    """
    runs: list[list[str]] = []
    end = 0
    for start in range(len(order)):
        stop = start + 1
        while stop < len(order) and not any(
            (a, order[stop]) in beaten or (order[stop], a) in beaten for a in order[start:stop]
        ):
            stop += 1
        if stop > end and stop - start > 1:
            runs.append(list(order[start:stop]))
        end = max(end, stop)
    return runs


def _ranks_under_label_noise(main: Mapping[str, PairedScore], metric: Metric) -> dict[str, int]:
    """Ranks by the means under label doubt; {} where no label is in doubt."""
    means = {name: s.label_mean for name, s in main.items() if s.label_mean is not None}
    if len(means) < len(main):
        return {}
    return {
        name: 1 + sum(metric.better(o, value) and abs(o - value) > SAME for o in means.values())
        for name, value in means.items()
    }


def tie_groups(order: Sequence[str], beaten: set[tuple[str, str]]) -> dict[str, int]:
    """The tie group of each name, best first.

    Group 1 is the leader and all that are not separated from it. Group 2 is the best of the rest
    and all of the rest that are not separated from that one, and so on.

    >>> tie_groups(["a", "b", "c", "d"], {("a", "c"), ("a", "d"), ("b", "d")})
    {'a': 1, 'b': 1, 'c': 2, 'd': 2}
    """
    groups: dict[str, int] = {}
    left, number = list(order), 0
    while left:
        number += 1
        lead = left[0]
        groups.update(
            (name, number)
            for name in left
            if (lead, name) not in beaten and (name, lead) not in beaten
        )
        left = [name for name in left if name not in groups]
    return groups


def ranked(
    names: list[str], main: Mapping[str, PairedScore], metric: Metric, alongside: int = 1
) -> dict[str, dict[str, Any]]:
    """Rank, rank intervals and tie groups here and elsewhere, and the bars of each name.

    `names` are best first. Equal values have equal ranks. `alongside` is the number of rankings
    that a page shows together, such as one for each data set.
    """
    scores = [main[name] for name in names]
    here = _beaten(names, main, metric, _separated_here(scores, alongside) if scores else [])
    clusters = len(main[names[0]].by_cluster) if names else 0
    elsewhere = (
        _beaten(names, main, metric, _separated_elsewhere(scores))
        if clusters >= LEAST_CLUSTERS
        else None
    )
    runs, groups = ties(names, here), tie_groups(names, here)
    places_elsewhere = _places_elsewhere(names, elsewhere)
    entries = {}
    doubted = _ranks_under_label_noise(main, metric)
    for name in names:
        value = main[name].score[0]
        rank = 1 + sum(
            metric.better(main[o].score[0], value) and abs(main[o].score[0] - value) > SAME
            for o in names
        )
        low, high = _range(name, names, here)
        entries[name] = {
            "rank": rank,
            "rank_low": min(low, rank),
            "rank_high": max(high, rank),
            "rank_doubt": doubted.get(name),
            "flips": name in doubted and doubted[name] != rank,
            "tie_group": groups[name],
            "ties": [i for i, run in enumerate(runs) if name in run],
            **places_elsewhere[name],
        }
    return entries


def _places_elsewhere(
    names: list[str], beaten: set[tuple[str, str]] | None
) -> dict[str, dict[str, Any]]:
    """The place of each name if other data sets were drawn; None where too few are there."""
    if beaten is None:
        return {name: dict.fromkeys(ELSEWHERE) for name in names}
    runs, groups = ties(names, beaten), tie_groups(names, beaten)
    return {
        name: {
            "rank_elsewhere": list(_range(name, names, beaten)),
            "tie_group_elsewhere": groups[name],
            "ties_elsewhere": [i for i, run in enumerate(runs) if name in run],
        }
        for name in names
    }
