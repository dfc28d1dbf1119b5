"""How often two equal detectors are separated, where accounts come in duplicate groups."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from benchmarks.leaderboard.compute.interval_coverage import World
from benchmarks.leaderboard.compute.ranks import PairedScore, ranked
from benchmarks.leaderboard.compute.scores import draw
from benchmarks.metrics import find
from benchmarks.metrics.cell_values import ScoredCell, mean_over_repeats
from benchmarks.metrics.intervals import interval
from botbench.stats import refits


class Runs(NamedTuple):
    """The number of simulated pairs, of bootstrap draws for each, and the seed."""

    pairs: int = 1000
    draws: int = 400
    seed: int = 0


def separated(world: World, metric: str, runs: Runs, grouped: bool = True) -> float:
    """The share of pairs of equal detectors that are not in one tie group.

    Both score the same accounts, independently of each other and equally well, so 5 % is right. If
    not `grouped`, every account counts as independent.
    """
    return float(np.mean([_apart(world, metric, runs, i, grouped) for i in range(runs.pairs)]))


def _apart(world: World, name: str, runs: Runs, number: int, grouped: bool) -> bool:
    metric, random = find(name), np.random.default_rng([runs.seed, number])
    y, group = world.labels(random), world.group if grouped else None
    cells = [ScoredCell({}, [(world.judged(random, y), None)], group=group) for _ in range(2)]
    drawn = draw(cells, [metric], world.accounts, runs.draws, [runs.seed, number, 1])
    scores = {}
    for detector, cell, draws in zip("ab", cells, drawn, strict=True):
        value = float(mean_over_repeats(cell, [metric], None)[0, 0])
        classes = cell.groups(1), cell.groups(0)
        low, high, _ = interval(metric, value, cell.sample(metric), draws[name], classes)
        scores[detector] = PairedScore(
            (value, low, high),
            [value],
            draws[name],
            False,
            freedom=refits.of_classes(classes, runs.draws),
        )
    order = sorted(scores, key=lambda detector: -scores[detector].score[0])
    return bool(ranked(order, scores, metric)[order[1]]["tie_group"] == 2)
