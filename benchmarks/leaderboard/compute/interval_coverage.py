"""Coverage of the board's intervals on simulated data sets with known rates and curves.

Scores are normal with equal spread, around 0 for people and around d for bots, so AUC = Φ(d / √2).
p is the true probability of a bot; the threshold is at d / 2. An account is a bot with the
prevalence of the cell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from benchmarks.metrics import Array, Metric, ScoredAccounts, find
from benchmarks.metrics.cell_values import ScoredCell
from benchmarks.metrics.intervals import interval
from botbench.stats import simulation
from botbench.stats.account_groups import Codes, codes
from botbench.stats.proportions import LEVEL, few
from botbench.stats.resampling import resamples

ACCOUNTS, PREVALENCES, AUCS = (200, 2000), (0.05, 0.2, 0.5), (0.7, 0.9, 0.99)
METRICS = (
    "recall[bot]",
    "precision[bot]",
    "fpr[bot]",
    "accuracy",
    "balanced-accuracy",
    "f1[bot]",
    "mcc",
    "precision[bot]@prevalence=0.05",
    "roc-auc",
    "average-precision[bot]",
    "recall[bot]@fpr=0.01",
    "brier[bot]",
    "calibration-slope[bot]",
    "ece[bot]@bins=10",
)
ENOUGH = 0.93
GRID = 200_001


@dataclass(frozen=True)
class World:
    """The parameters of a cell's simulated data sets.

    Accounts are in duplicate groups of `members`, with one label. `alike` is the correlation of the
    scores within a class and group: 1 are copies, 0 are independent answers.
    """

    accounts: int
    prevalence: float
    auc: float
    members: int = 1
    alike: float = 1.0

    @property
    def distance(self) -> float:
        """How far bots' scores lie above people's, in standard deviations."""
        from scipy.special import ndtri

        return float(np.sqrt(2) * ndtri(self.auc))

    def drawn(self, random: np.random.Generator) -> ScoredAccounts:
        """One data set."""
        return self.judged(random, self.labels(random))

    def labels(self, random: np.random.Generator) -> npt.NDArray[np.bool_]:
        """Which accounts are bots, bool[accounts]."""
        groups = -(-self.accounts // self.members)
        return np.repeat(simulation.bots(random, groups, self.prevalence), self.members)[
            : self.accounts
        ]

    def judged(self, random: np.random.Generator, y: npt.NDArray[np.bool_]) -> ScoredAccounts:
        """The scores that one detector gives accounts with these labels."""
        x = simulation.raw_scores(random, y, self.distance)
        if self.group is not None:
            own, shift = x - self.distance * y, self.distance * y
            shared = random.standard_normal(int(self.group.max()) + 1)[self.group]
            x = np.sqrt(self.alike) * shared + np.sqrt(1 - self.alike) * own + shift
        return ScoredAccounts(y, self.score(x), x >= self.distance / 2)

    @property
    def group(self) -> Codes | None:
        """The duplicate group of each account; None where each is alone."""
        return codes(np.arange(self.accounts) // self.members)

    def score(self, x: Array) -> Array:
        """The probability of a bot at x."""
        return simulation.calibrated(x, self.distance, self.prevalence)

    def truths(self) -> dict[str, float]:
        """Every metric's value in an endless data set."""
        from scipy.special import ndtr, ndtri

        d, pi = self.distance, self.prevalence
        tpr, fpr = float(ndtr(d / 2)), float(ndtr(-d / 2))
        tp, fp, fn, tn = pi * tpr, (1 - pi) * fpr, pi * (1 - tpr), (1 - pi) * (1 - fpr)
        truths = {
            "recall[bot]": tpr,
            "fpr[bot]": fpr,
            "precision[bot]": tp / (tp + fp),
            "accuracy": tp + tn,
            "balanced-accuracy": (tpr + 1 - fpr) / 2,
            "f1[bot]": 2 * tp / (2 * tp + fp + fn),
            "roc-auc": self.auc,
            "mcc": (tp * tn - fp * fn) / np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)),
            "precision[bot]@prevalence=0.05": 0.05 * tpr / (0.05 * tpr + 0.95 * fpr),
            "recall[bot]@fpr=0.01": float(ndtr(d - ndtri(0.99))),
            "calibration-slope[bot]": 1.0,
            "ece[bot]@bins=10": 0.0,
        }
        return {**truths, **self._integrals()}

    def _integrals(self) -> dict[str, float]:
        """Average precision and Brier score, summed over a fine grid of scores."""
        from scipy.special import ndtr

        d, pi = self.distance, self.prevalence
        x: Array = np.linspace(-9, 9 + d, GRID, dtype=np.float64)
        bots, people, p = _density(x - d), _density(x), self.score(x)
        precision = pi * ndtr(d - x) / (pi * ndtr(d - x) + (1 - pi) * ndtr(-x))
        step = x[1] - x[0]
        return {
            "average-precision[bot]": float((precision * bots).sum() * step),
            "brier[bot]": float((pi * bots * (1 - p) ** 2 + (1 - pi) * people * p**2).sum() * step),
        }


def _density(x: Array) -> Array:
    return np.asarray(np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi))


class Settings(NamedTuple):
    """Number of data sets per cell, number of bootstrap draws for each, and the seed."""

    sets: int = 2000
    draws: int = 200
    seed: int = 0


USUAL = Settings()


class Bounds(NamedTuple):
    """One data set's interval (NaN: none), how it was made, and whether it rests on too few."""

    low: float
    high: float
    method: str
    few: bool


@dataclass(frozen=True)
class Cell:
    """One metric in one world: of `sets` data sets with an interval, how many held the truth.

    `few` are data sets with too few accounts, which have exact intervals or none; `error` is the
    Monte Carlo standard error of .95; `width` the median width.
    """

    accounts: int
    prevalence: float
    auc: float
    metric: str
    interval: str
    truth: float
    sets: int
    few: int
    covered: float | None
    width: float | None
    error: float

    @property
    def outcome(self) -> str:
        """`holds`, `fails`, or `few` if most data sets were few.

        Holds means .93 or more, or within twice the Monte Carlo error of .95.
        """
        if self.covered is None or 2 * self.few > self.sets:
            return "few"
        return "holds" if self.covered >= min(ENOUGH, LEVEL - 2 * self.error) else "fails"


def worlds() -> list[World]:
    """The published table's columns."""
    return [World(n, p, a) for n in ACCOUNTS for p in PREVALENCES for a in AUCS]


def cover(
    some: Sequence[World],
    metrics: Sequence[str] = METRICS,
    how: Settings = USUAL,
    tick: Callable[[str], object] = print,
) -> Iterator[list[Cell]]:
    """Compute the cells of each world. The seed and a data set's number determine its draws."""
    for number, world in enumerate(some):
        yield _world(world, [find(m) for m in metrics], how, number)
        tick(f"n = {world.accounts}, {world.prevalence:g}, AUC {world.auc:g}")


def _world(world: World, metrics: Sequence[Metric], how: Settings, number: int) -> list[Cell]:
    intervals: list[list[Bounds]] = [[] for _ in metrics]
    for i in range(how.sets):
        judged = world.drawn(np.random.default_rng([how.seed, number, i]))
        cell = ScoredCell({}, [(judged, None)], group=world.group)
        is_few = few(cell.groups(1), cell.groups(0))
        found = _intervals(cell, metrics, how.draws, [how.seed, number, i, 1])
        for own, metric, bounds in zip(intervals, metrics, found, strict=True):
            own.append(Bounds(*bounds, is_few or metric.rests_on_few(cell.sample(metric))))
    truth = world.truths()
    return [
        _counted(world, m.name, truth[m.name], own)
        for m, own in zip(metrics, intervals, strict=True)
    ]


def _intervals(
    cell: ScoredCell,
    metrics: Sequence[Metric],
    draws: int,
    seed: list[int],
) -> Iterator[tuple[float, float, str]]:
    """The board's intervals for this data set, by metric."""
    ((judged, _),) = cell.repeats
    weighted, classes = judged.under(), (cell.groups(1), cell.groups(0))
    drawn = [m for m in metrics if not (m.trials or m.closed or few(*classes))]
    weight = (
        np.concatenate(list(resamples(len(judged.y), draws, seed, group=cell.group)))
        if drawn
        else np.ones((1, len(judged.y)))
    )
    under = judged.under(weight)
    for m in metrics:
        value = float(m.values(weighted)[0])
        if not np.isfinite(value):
            yield np.nan, np.nan, "undefined"
            continue
        values = m.values(under) if m in drawn else np.empty(0)
        yield interval(m, value, cell.sample(m), values, classes)


def _counted(world: World, metric: str, truth: float, found: Sequence[Bounds]) -> Cell:
    there = [b for b in found if not np.isnan(b.low)]
    n, slack = len(there), 1e-12
    methods = [b.method for b in there if not b.few]
    return Cell(
        world.accounts,
        world.prevalence,
        world.auc,
        metric,
        methods[0] if methods else "none: few",
        round(truth, 4),
        n,
        sum(b.few for b in found),
        (
            round(float(np.mean([b.low - slack <= truth <= b.high + slack for b in there])), 4)
            if n
            else None
        ),
        round(float(np.median([b.high - b.low for b in there])), 4) if n else None,
        round(float(np.sqrt(LEVEL * (1 - LEVEL) / max(n, 1))), 4),
    )


def as_json(cells: Sequence[Cell], settings: dict[str, Any]) -> dict[str, Any]:
    """The document of the command: every cell, and the names of those that fail."""
    rows = [{**asdict(c), "outcome": c.outcome} for c in cells]
    failing = sorted({c.metric for c in cells if c.outcome == "fails"})
    return {
        "simulated": True,
        **settings,
        "level": LEVEL,
        "enough": ENOUGH,
        "failing": failing,
        "cells": rows,
    }


def as_markdown(document: dict[str, Any]) -> str:
    """The table: a row for each metric, a column for each world; failing cells bold."""
    worlds = list(
        dict.fromkeys((c["accounts"], c["prevalence"], c["auc"]) for c in document["cells"])
    )
    heads = [f"{n:,}, {100 * p:g} %, {f'{a:g}'.removeprefix('0')}" for n, p, a in worlds]
    lines = [
        f"| metric | interval | {' | '.join(heads)} |",
        f"| --- | --- |{' ---: |' * len(worlds)}",
    ]
    for name in dict.fromkeys(c["metric"] for c in document["cells"]):
        own = {
            (c["accounts"], c["prevalence"], c["auc"]): c
            for c in document["cells"]
            if c["metric"] == name
        }
        how = next(
            (c["interval"] for c in own.values() if not c["interval"].startswith("none")),
            "none: few",
        )
        lines.append(f"| `{name}` | {how} | {' | '.join(_written(own[w]) for w in worlds)} |")
    return "\n".join(lines)


def _written(cell: dict[str, Any]) -> str:
    if cell["covered"] is None:
        return "few"
    text = f"{cell['covered']:.3f}".removeprefix("0")
    return {"fails": f"**{text}**", "few": f"{text} (few)"}.get(cell["outcome"], text)
