"""Means over data sets, paired differences, ranks and ties."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np

from benchmarks.leaderboard.compute.scores import MeasuredCell, Score
from benchmarks.metrics import Array, Metric
from benchmarks.protocols import Kind
from botbench.stats.means import student
from botbench.stats.multiple_comparisons import holm, normal_p_values
from botbench.stats.proportions import mover_mean
from botbench.stats.resampling import percentiles

ONE_QUESTION, CONSTANT = "one-question-tree", "constant"
FLOORS = (CONSTANT, ONE_QUESTION)
KINDS: tuple[Kind, ...] = ("transfer", "in distribution")
BESIDE: tuple[Kind, ...] = ("worst evasion", "prevalence")
"""Columns beside those: the same data sets, touched up or in another mix."""
MEAN = "mean"
SAME = 1e-9


@dataclass(frozen=True)
class BoardLayout:
    """The cells of a run on the board: one protocol a kind, one cell a detector and test."""

    measured: Sequence[MeasuredCell]
    metrics: Sequence[Metric]

    @cached_property
    def protocols(self) -> dict[Kind, str]:
        """The protocol shown of each kind: the one with most scored cells, then by name."""
        chosen: dict[Kind, str] = {}
        for kind in (*KINDS, *BESIDE):
            scored = Counter(
                m.info["protocol"]
                for m in self.measured
                if m.kind == kind and m.info["status"] == "done"
            )
            pairs = Counter(
                (m.info["protocol"], m.info["detector"], m.info["test"])
                for m in self.measured
                if m.kind == kind
            )
            several = {protocol for (protocol, _, _), n in pairs.items() if n > 1}
            fit = [p for p in scored if p not in several]
            if fit:
                chosen[kind] = min(fit, key=lambda p: (-scored[p], p))
        return chosen

    @cached_property
    def cells(self) -> dict[tuple[str, Kind, str], MeasuredCell]:
        """The cells shown, by detector, kind and test."""
        return {
            (m.info["detector"], m.kind, m.info["test"]): m
            for m in self.measured
            if self.protocols.get(m.kind) == m.info["protocol"]
        }

    @cached_property
    def main(self) -> Kind | None:
        """The kind that ranks: transfer where there is some."""
        return next((kind for kind in KINDS if kind in self.protocols), None)

    @cached_property
    def detectors(self) -> list[str]:
        """Every detector of the run, by name."""
        return sorted({m.info["detector"] for m in self.measured})

    @cached_property
    def tests(self) -> list[str]:
        """Every test of the cells shown."""
        return sorted({test for _, _, test in self.cells}) or sorted(
            {m.info["test"] for m in self.measured}
        )

    def scored(self, detector: str, kind: Kind, test: str) -> MeasuredCell | None:
        """The cell, where it was scored."""
        cell = self.cells.get((detector, kind, test))
        return cell if cell is not None and cell.info["status"] == "done" else None

    @cached_property
    def core(self) -> list[str]:
        """The tests that the mean covers.

        A test has enough accounts of both classes, a score of each floor row, and scores of at
        least half of the other scored detectors. Simulated and real data sets do not mix. If floor
        rows have scores of every kind on any test, tests without them are excluded, so all columns
        are means of the same data sets.
        """
        if self.main is None:
            return []
        both = [
            t
            for t in self._enough
            if all(
                self.scored(d, kind, t) for d in FLOORS for kind in KINDS if kind in self.protocols
            )
        ]
        return both or self._enough

    @cached_property
    def _enough(self) -> list[str]:
        """The tests fit for the mean of the kind that ranks."""
        if self.main is None:
            return []
        able = {
            d for d in self.detectors if any(self.scored(d, self.main, t) for t in self.tests)
        } - set(FLOORS)
        kept = []
        real = {m.info["test"] for m in self.cells.values() if not m.info.get("simulated")}
        for test in [t for t in self.tests if t in real or not real]:
            floors = [self.scored(d, self.main, test) for d in FLOORS]
            done = sum(self.scored(d, self.main, test) is not None for d in able)
            if all(f is not None and not f.few for f in floors) and 2 * done >= len(able):
                kept.append(test)
        return kept


@dataclass(frozen=True)
class PairedScore:
    """The score on one test or the mean of several, the values by data set, the paired draws."""

    score: Score
    values: list[float]
    draws: Array
    few: bool
    label_mean: float | None = None
    """The mean over draws of accounts and labels; None where no label is in doubt."""


def paired_score(
    layout: BoardLayout, metric: Metric, detector: str, kind: Kind, tests: Sequence[str]
) -> PairedScore | None:
    """The mean of the detector's scores over all of these tests; None where one is missing."""
    cells = [layout.scored(detector, kind, test) for test in tests]
    scores = [c.scores[metric.name] for c in cells if c is not None and metric.name in c.scores]
    if not scores or len(scores) < len(tests):
        return None
    values = [s[0] for s in scores]
    score = scores[0] if len(scores) == 1 else (float(np.mean(values)), *mover_mean(scores))
    draws = np.mean([c.draws[metric.name] for c in cells if c is not None], axis=0)
    doubted = [c.label_draws.get(metric.name, c.draws[metric.name]) for c in cells if c is not None]
    anywhere = any(metric.name in c.label_draws for c in cells if c is not None)
    doubt = (
        float(np.mean([np.nanmean(d) for d in doubted]))
        if anywhere and not any(np.isnan(d).all() for d in doubted)
        else None
    )
    return PairedScore(score, values, draws, any(c.few for c in cells if c is not None), doubt)


def difference(a: PairedScore, b: PairedScore) -> Score:
    """a − b with its paired interval.

    If every draw gives the same nonzero difference, the interval of unpaired values is used.
    """
    value, drawn = a.score[0] - b.score[0], a.draws - b.draws
    bounds = percentiles(drawn) or (value, value)
    if bounds[1] - bounds[0] < SAME and abs(value) > SAME:
        down = np.hypot(a.score[0] - a.score[1], b.score[2] - b.score[0])
        up = np.hypot(a.score[2] - a.score[0], b.score[0] - b.score[1])
        bounds = value - float(down), value + float(up)
    return value, min(bounds[0], value), max(bounds[1], value)


def _separated_here(pairs: Sequence[tuple[PairedScore, PairedScore]]) -> list[bool]:
    """Which pairs differ beyond the accounts drawn (Holm over all of them)."""
    if not pairs:
        return []
    values = np.array([a.score[0] - b.score[0] for a, b in pairs])
    drawn = [a.draws - b.draws for a, b in pairs]
    deviations = np.array([float(np.nanstd(d)) if not np.isnan(d).all() else 0.0 for d in drawn])
    p = normal_p_values(
        np.where(np.abs(values) < SAME, 0, values), np.where(deviations < SAME, 0, deviations)
    )
    # A constant difference has no spread, so it counts only if the values' intervals are disjoint.
    meet = np.array([not (a.score[1] > b.score[2] or b.score[1] > a.score[2]) for a, b in pairs])
    return holm(np.where((deviations < SAME) & meet, 1.0, p).tolist())


def _separated_elsewhere(pairs: Sequence[tuple[PairedScore, PairedScore]]) -> list[bool]:
    """Pairs that differ beyond these data sets: paired t over data sets, Holm over all pairs."""
    from scipy.special import stdtr

    p = []
    for a, b in pairs:
        d = np.array(a.values) - np.array(b.values)
        error = float(np.std(d, ddof=1)) / np.sqrt(len(d))
        p.append(1.0 if error < SAME else float(2 * stdtr(len(d) - 1, -abs(d.mean()) / error)))
    return holm(p)


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


def summarise(
    layout: BoardLayout, metric: Metric, scope: str, part: Sequence[str] | None = None
) -> list[dict[str, Any]]:
    """One entry for each detector with a score in the scope, best first.

    The scope is `mean`, the mean of a named part, or a test.
    """
    if layout.main is None:
        return []
    tests = (layout.core if part is None else part) if scope == MEAN else [scope]
    spreads = {
        kind: {
            d: s
            for d in layout.detectors
            if tests and (s := paired_score(layout, metric, d, kind, tests))
        }
        for kind in (*KINDS, *BESIDE)
    }
    main = spreads[layout.main]
    names = sorted(
        main,
        key=lambda d: (-main[d].score[0] if metric.direction == "higher" else main[d].score[0], d),
    )
    ranks = (
        {}
        if any(s.few for s in main.values()) or not metric.ranked
        else ranked(names, main, metric)
    )
    question = main.get(ONE_QUESTION)
    entries = []
    for name in names:
        own = main[name]
        entry: dict[str, Any] = {
            "scope": scope,
            "metric": metric.name,
            "detector": name,
            "few": own.few,
        }
        entry["scores"] = {
            k: list(spreads[k][name].score) for k in (*KINDS, *BESIDE) if name in spreads[k]
        }
        wide = {
            k: student(spreads[k][name].values, metric.range) for k in KINDS if name in spreads[k]
        }
        entry["wide"] = {k: list(bounds) for k, bounds in wide.items() if bounds}
        other = spreads["in distribution"].get(name) if layout.main == "transfer" else None
        entry["lost"] = list(difference(own, other)) if other else None
        above = question is not None and name != ONE_QUESTION
        entry["above"] = list(difference(own, question)) if question and above else None
        entry["above_wide"] = _over(own, question) if question and above else None
        entry["higher_on"] = (
            sum(map(metric.better, own.values, question.values)) if question and above else None
        )
        entries.append({**entry, **ranks.get(name, {"rank": None})})
    return entries


def _over(a: PairedScore, b: PairedScore) -> list[float] | None:
    wide = student([x - y for x, y in zip(a.values, b.values, strict=True)])
    return list(wide) if wide else None


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
    names: list[str], main: Mapping[str, PairedScore], metric: Metric
) -> dict[str, dict[str, Any]]:
    """Rank, rank intervals here and elsewhere, tie group, and the bars that each name is part of.

    `names` are best first. Equal values have equal ranks.
    """
    pairs = [(main[a], main[b]) for a, b in combinations(names, 2)]
    here = _beaten(names, main, metric, _separated_here(pairs))
    sets = len(main[names[0]].values) if names else 0
    elsewhere = _beaten(names, main, metric, _separated_elsewhere(pairs)) if sets >= 3 else None
    runs, groups = ties(names, here), tie_groups(names, here)
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
            "rank_elsewhere": (
                list(_range(name, names, elsewhere)) if elsewhere is not None else None
            ),
            "rank_doubt": doubted.get(name),
            "flips": name in doubted and doubted[name] != rank,
            "tie_group": groups[name],
            "ties": [i for i, run in enumerate(runs) if name in run],
        }
    return entries
