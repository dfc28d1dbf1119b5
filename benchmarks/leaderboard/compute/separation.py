"""How often a board separates detectors that are equal, and finds a gap, on simulated boards.

The detectors learn: nearest-mean classifiers, each on features of its own, of which every fit uses
a random half. So a fit varies with its seed and with its training accounts. The features of all
detectors are drawn alike. In one data set they separate bots equally well; between data sets their
strength varies, so that detectors are equal on average over data sets and not on each. Boards are
measured and ranked by the functions that make the leaderboard.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.leaderboard.compute.scores import MeasuredCell, Plan, Result, measure
from benchmarks.leaderboard.compute.summary import MEAN, BoardLayout, summarise
from benchmarks.metrics import Array, Metric, find
from botbench.core.errors import unknown
from botbench.stats import simulation
from botbench.stats.proportions import LEVEL
from botbench.stats.simulation import Bools

if TYPE_CHECKING:
    import pyarrow as pa

METRIC = "balanced-accuracy"
ACCOUNTS, SHARE, FEATURES, USED = 300, 0.4, 10, 5
IDS = [f"{i:06d}" for i in range(ACCOUNTS)]
STRENGTH: Array = np.linspace(0.1, 1.0, FEATURES, dtype=np.float64)
"""How far each feature of a detector moves bots, in standard deviations."""
BETWEEN_SETS, BETWEEN_RELATED = 0.35, 0.1
"""Standard deviation of a feature's strength between families, and between sets of one family."""
GAP = 0.05
TOGETHER = 25
"""Boards measured in one call."""
HERE, ELSEWHERE, UNRELATED = "here", "elsewhere", "elsewhere, relations not known"


@dataclass(frozen=True)
class Case:
    """The boards of one kind: sizes of the families of data sets, fits, folds, detectors.

    `folds` is (folds, repeats) of cross-validation; without it detectors learn from the other data
    sets (from one more, where there is a single one).
    """

    name: str
    families: tuple[int, ...] = (1,)
    fits: int = 1
    folds: tuple[int, int] | None = None
    detectors: int = 2

    @property
    def sets(self) -> int:
        """The number of data sets."""
        return sum(self.families)

    @property
    def views(self) -> tuple[str, ...]:
        """What is counted on these boards."""
        if self.sets == 1:
            return (HERE,)
        related = len(self.families) < self.sets
        return (HERE, ELSEWHERE, *((UNRELATED,) if related else ()))


CASES = {
    case.name: case
    for case in (
        Case("one data set, one fit"),
        Case("one data set, 5 fits", fits=5),
        Case("one data set, 5 folds", folds=(5, 1)),
        Case("one data set, 5 folds, 2 repeats", folds=(5, 2)),
        Case("9 data sets, one fit", (1,) * 9),
        Case("9 data sets, 5 fits", (1,) * 9, fits=5),
        Case("9 data sets in 5 families, one fit", (4, 2, 1, 1, 1)),
        Case("9 data sets, one fit, 5 detectors", (1,) * 9, detectors=5),
    )
}


class Settings(NamedTuple):
    """Boards for each cell, bootstrap draws of each, and the seed."""

    boards: int = 400
    draws: int = 200
    seed: int = 0


USUAL = Settings()


@dataclass(frozen=True)
class Cell:
    """How many of `boards` boards separate some pair, where detectors are equal or differ by `gap`.

    `error` is the Monte Carlo standard error of 5 %; `mean` the mean balanced accuracy of the
    first detector.
    """

    case: str
    view: str
    gap: float
    boards: int
    separated: float
    error: float
    mean: float

    @property
    def outcome(self) -> str:
        """`holds` at 5 % or within twice the Monte Carlo error above it; `power` with a gap."""
        if self.gap:
            return "power"
        return "holds" if self.separated <= 1 - LEVEL + 2 * self.error else "fails"


@dataclass(frozen=True)
class _DataSet:
    """Accounts of one data set: features float64[n, detectors, FEATURES], y bool[n]."""

    x: Array
    y: Bools


def simulate(
    cases: Sequence[str] = tuple(CASES),
    how: Settings = USUAL,
    tick: Callable[[str], object] = print,
) -> Iterator[Cell]:
    """The cells of each case, equal detectors first. Raises UserError for an unknown case.

    With a gap, the last detector gives the other answer to so many accounts, drawn at random, that
    its mean balanced accuracy is GAP lower.
    """
    for name in cases:
        if name not in CASES:
            raise unknown("case", name, CASES)
        number, case = list(CASES).index(name), CASES[name]
        flipped, mean = 0.0, 0.0
        for gap in (0.0, GAP):
            flipped = gap / (2 * mean - 1) if gap else 0.0
            found = _Counted(case)
            for start in range(0, how.boards, TOGETHER):
                numbers = range(start, min(start + TOGETHER, how.boards))
                found.add(flipped, how, [[how.seed, number, int(gap > 0), i] for i in numbers])
                tick(name)
            mean = mean or found.mean
            yield from found.cells(gap)


@dataclass
class _Counted:
    case: Case
    boards: int = 0
    total: float = 0.0
    separated: dict[str, int] = field(default_factory=dict)

    def add(self, flipped: float, how: Settings, seeds: Sequence[list[int]]) -> None:
        """Make a board for each seed and count its separations."""
        metric, case = find(METRIC), self.case
        results = [
            result
            for seed in seeds
            for result in _results(case, flipped, np.random.default_rng(seed), seed[-1])
        ]
        boards: dict[str, list[MeasuredCell]] = defaultdict(list)
        for m in measure(results, [metric], Plan(how.draws, how.seed)):
            boards[m.info["board"]].append(m)
        for measured in boards.values():
            self._count(measured, metric)

    def _count(self, measured: list[MeasuredCell], metric: Metric) -> None:
        case = self.case
        sizes = np.repeat(np.arange(len(case.families)), case.families)
        tests = sorted({m.info["test"] for m in measured}, key=lambda test: int(_number(test)))
        families = {t: f"family-{f}" for t, f in zip(tests, sizes, strict=True)}
        for view in case.views:
            layout = BoardLayout(measured, [metric], {} if view == UNRELATED else families)
            entries = summarise(layout, metric, MEAN, tests)
            places = [
                [e["rank_low"], e["rank_high"]] if view == HERE else e["rank_elsewhere"]
                for e in entries
            ]
            apart = any(own != [1, len(entries)] for own in places)
            self.separated[view] = self.separated.get(view, 0) + apart
        first = [m.scores[METRIC][0] for m in measured if m.info["detector"] == "detector-0"]
        self.total += float(np.mean(first))
        self.boards += 1

    @property
    def mean(self) -> float:
        """The first detector's mean score over boards."""
        return self.total / self.boards

    def cells(self, gap: float) -> Iterator[Cell]:
        """The case's cells, one a view."""
        error = float(np.sqrt(LEVEL * (1 - LEVEL) / self.boards))
        for view, count in self.separated.items():
            share = count / self.boards
            yield Cell(
                self.case.name, view, gap, self.boards, share, round(error, 4), round(self.mean, 4)
            )


def _number(test: str) -> str:
    """The number of a data set of a board, from its reference."""
    return test.partition("@")[0].rpartition("-")[2]


def _results(case: Case, flipped: float, random: np.random.Generator, board: int) -> list[Result]:
    """The cells of one board."""
    sets = list(_data_sets(case, random))
    results = []
    for i, tested in enumerate(sets[: case.sets]):
        others = [s for j, s in enumerate(sets) if j != i]
        tables = (
            _cross_validated(case.folds, tested, random)
            if case.folds
            else _transferred(case.fits, others, tested, random)
        )
        for d in range(case.detectors):
            low = flipped if d == case.detectors - 1 else 0.0
            results.append(_result(case, board, i, d, _table(tables, d, low, random)))
    return results


def _data_sets(case: Case, random: np.random.Generator) -> Iterator[_DataSet]:
    """The data sets of a board, and one more to learn from where there is a single one."""
    shape = (case.detectors, FEATURES)
    alone = case.sets == 1
    for size in (*case.families, *((1,) if alone and not case.folds else ())):
        family = STRENGTH + (0 if alone else BETWEEN_SETS) * random.standard_normal(shape)
        for _ in range(size):
            strength = family + (0 if alone else BETWEEN_RELATED) * random.standard_normal(shape)
            y = simulation.bots(random, ACCOUNTS, SHARE)
            x = random.standard_normal((ACCOUNTS, *shape)) + y[:, None, None] * strength
            yield _DataSet(x, y)


def _fit_and_score(train: _DataSet, tested: Array, random: np.random.Generator) -> Array:
    """Each detector's scores of the tested accounts, float64[n, detectors], 0 at its threshold."""
    detectors = train.x.shape[1]
    scores = np.empty((len(tested), detectors))
    for d in range(detectors):
        used = random.permutation(FEATURES)[:USED]
        own, bot = train.x[:, d, used], train.y
        bots, people = own[bot].mean(axis=0), own[~bot].mean(axis=0)
        scores[:, d] = (tested[:, d, used] - (bots + people) / 2) @ (bots - people)
    return scores


class _Scored(NamedTuple):
    """One fit's scores of some accounts, float64[n, detectors], with repeat and fold."""

    rows: NDArray[np.int64]
    y: Bools
    scores: Array
    repeat: int
    fold: int


def _transferred(
    fits: int, others: Sequence[_DataSet], tested: _DataSet, random: np.random.Generator
) -> list[_Scored]:
    x, y = (np.concatenate([getattr(s, part) for s in others]) for part in ("x", "y"))
    rows = np.arange(len(tested.y))
    scored = []
    for k in range(fits):
        drawn = random.integers(0, len(y), len(y)) if k else np.arange(len(y))
        scores = _fit_and_score(_DataSet(x[drawn], y[drawn]), tested.x, random)
        scored.append(_Scored(rows, tested.y, scores, k, 0))
    return scored


def _cross_validated(
    folds: tuple[int, int], tested: _DataSet, random: np.random.Generator
) -> list[_Scored]:
    scored = []
    for repeat in range(folds[1]):
        order = random.permutation(len(tested.y))
        ends = np.linspace(0, len(order), folds[0] + 1).astype(int)
        for fold, (start, end) in enumerate(pairwise(ends)):
            test = np.sort(order[start:end])
            train = np.setdiff1d(order, test)
            taught = _DataSet(tested.x[train], tested.y[train])
            scores = _fit_and_score(taught, tested.x[test], random)
            scored.append(_Scored(test, tested.y[test], scores, repeat, fold))
    return scored


def _table(
    scored: Sequence[_Scored], detector: int, flipped: float, random: np.random.Generator
) -> pa.Table:
    """The predictions of one detector, as `results.scored` gives them."""
    import pyarrow as pa

    scores = np.concatenate([s.scores[:, detector] for s in scored])
    scores = np.where(random.random(len(scores)) < flipped, -scores, scores)
    rows, y = (np.concatenate([getattr(s, part) for s in scored]) for part in ("rows", "y"))
    sizes = [len(s.rows) for s in scored]
    return pa.table(
        {
            "dataset": pa.array(["set"] * len(rows)),
            "account_id": pa.array(IDS).take(pa.array(rows)),
            "repeat": np.repeat([s.repeat for s in scored], sizes),
            "fold": np.repeat([s.fold for s in scored], sizes),
            "p_bot": 1 / (1 + np.exp(-scores)),
            "threshold": np.full(len(rows), 0.5),
            "y": y.astype(np.int8),
        }
    )


def _result(case: Case, board: int, number: int, detector: int, table: pa.Table) -> Result:
    test = f"board-{board}-set-{number}@1"
    info = {
        "board": str(board),
        "cell_key": f"{test}-{detector}",
        "detector": f"detector-{detector}",
        "protocol": "cross-validation" if case.folds else "leave-one-data-set-out",
        "train": [test] if case.folds else ["others@1"],
        "test": test,
        "hashes": {test: test},
        "status": "done",
        "accounts": ACCOUNTS,
        "simulated": True,
        "training_draws": case.fits,
    }
    return Result(info, lambda: table)


def as_json(cells: Sequence[Cell], settings: dict[str, Any]) -> dict[str, Any]:
    """The document of the command: every cell, and the names of those that fail."""
    rows = [{**asdict(c), "outcome": c.outcome} for c in cells]
    failing = [f"{c.case}: {c.view}" for c in cells if c.outcome == "fails"]
    return {"simulated": True, **settings, "gap": GAP, "failing": failing, "cells": rows}


def as_markdown(document: dict[str, Any]) -> str:
    """The table: a row for each case and view; failing shares bold."""
    lines = [
        f"| boards | view | equal: separated | differ by {document['gap']:g}: separated |",
        "| --- | --- | ---: | ---: |",
    ]
    rows: dict[tuple[str, str], list[str]] = {}
    for cell in document["cells"]:
        text = f"{100 * cell['separated']:.1f} %"
        rows.setdefault((cell["case"], cell["view"]), []).append(
            f"**{text}**" if cell["outcome"] == "fails" else text
        )
    lines += [f"| {case} | {view} | {' | '.join(own)} |" for (case, view), own in rows.items()]
    return "\n".join(lines)
