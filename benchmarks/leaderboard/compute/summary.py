"""The summary of a board: each detector's mean over data sets, with its rank and differences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from benchmarks.data.floor_rows import FLOORS, ONE_QUESTION
from benchmarks.leaderboard.compute import clusters
from benchmarks.leaderboard.compute.ranks import PairedScore, difference, ranked
from benchmarks.leaderboard.compute.scores import MeasuredCell, Score
from benchmarks.metrics import Array, Metric
from benchmarks.protocols import Kind
from botbench.stats import refits
from botbench.stats.means import cluster_weights, student
from botbench.stats.proportions import mover_mean
from botbench.stats.refits import Variance

KINDS: tuple[Kind, ...] = ("transfer", "in distribution")
BESIDE: tuple[Kind, ...] = ("worst evasion", "prevalence")
"""Columns beside those: the same data sets, touched up or in another mix."""
MEAN = "mean"


@dataclass(frozen=True)
class BoardLayout:
    """The cells of a run on the board: one protocol a kind, one cell a detector and test."""

    measured: Sequence[MeasuredCell]
    metrics: Sequence[Metric]
    families: Mapping[str, str] = field(default_factory=dict)
    """The cluster of each release (`name@version`); one that is not named is its own."""

    def clusters(self, tests: Sequence[str]) -> list[str]:
        """The cluster of each test. A pair of releases joins the clusters of both."""
        own = tuple(tests)
        if own not in self._clusters:
            self._clusters[own] = clusters.of_tests(own, self.families)
        return self._clusters[own]

    @cached_property
    def _clusters(self) -> dict[tuple[str, ...], list[str]]:
        """What was asked of `clusters`: every detector, metric and kind asks the same."""
        return {}

    def alongside(self, protocol: str) -> int:
        """How many tests a protocol ranks: their rankings are shown together."""
        return len({m.info["test"] for m in self._rankable if m.info["protocol"] == protocol}) or 1

    @cached_property
    def _rankable(self) -> list[MeasuredCell]:
        return [m for m in self.measured if rankable(m)]

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
        """The kind that ranks: transfer if there is any."""
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
        """The cell, or None without a score."""
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


def rankable(m: MeasuredCell) -> bool:
    """Whether a cell can have a place: enough accounts of both classes with scores of their own."""
    return m.info["status"] == "done" and not m.few and not m.filled_in


def paired_score(
    layout: BoardLayout, metric: Metric, detector: str, kind: Kind, tests: Sequence[str]
) -> PairedScore | None:
    """The mean of the detector's scores over all of these tests; None if one is missing."""
    cells = [layout.scored(detector, kind, test) for test in tests]
    return score_of(cells, metric, layout.clusters(tests))


def score_of(
    found: Sequence[MeasuredCell | None], metric: Metric, clustered: Sequence[str]
) -> PairedScore | None:
    """The mean over clusters of the means of their cells; None if one has no value.

    `clustered` names the cluster of each cell's test.
    """
    cells = [c for c in found if c is not None and metric.name in c.scores]
    if not cells or len(cells) < len(found):
        return None
    scores = [c.scores[metric.name] for c in cells]
    weights = np.array(cluster_weights(clustered))
    draws = weights @ np.array([c.draws[metric.name] for c in cells])
    doubted = [c.label_draws.get(metric.name, c.draws[metric.name]) for c in cells]
    anywhere = any(metric.name in c.label_draws for c in cells)
    doubt = (
        float(weights @ [np.nanmean(d) for d in doubted])
        if anywhere and not any(np.isnan(d).all() for d in doubted)
        else None
    )
    return PairedScore(
        scores[0] if len(scores) == 1 else _mean(scores, clustered),
        [s[0] for s in scores],
        draws,
        any(c.few_for(metric) for c in cells),
        any(c.filled_in for c in cells),
        doubt,
        tuple(clustered),
        tuple(c.fit_values.get(metric.name) for c in cells),
        _freedom(cells, metric, weights),
    )


def _freedom(cells: Sequence[MeasuredCell], metric: Metric, weights: Array) -> float:
    """The degrees of freedom of the variance of the weighted sum of the cells' draws."""
    parts = [
        Variance(
            c.variances[metric.name] * w**2,
            refits.of_classes(c.independent, len(c.draws[metric.name])),
        )
        for c, w in zip(cells, weights.tolist(), strict=True)
        if not np.isnan(c.variances[metric.name])
    ]
    return refits.total(parts).freedom


def _mean(scores: Sequence[Score], clustered: Sequence[str]) -> Score:
    """The mean over clusters of their means, with its interval (MOVER, cluster by cluster)."""
    members: dict[str, list[Score]] = {}
    for score, cluster in zip(scores, clustered, strict=True):
        members.setdefault(cluster, []).append(score)
    means = [
        own[0] if len(own) == 1 else (float(np.mean([v for v, _, _ in own])), *mover_mean(own))
        for own in members.values()
    ]
    if len(means) == 1:
        return means[0]
    return float(np.mean([v for v, _, _ in means])), *mover_mean(means)


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
        else ranked(
            [d for d in names if not main[d].filled_in],
            main,
            metric,
            layout.alongside(layout.protocols[layout.main]) if len(tests) == 1 else 1,
        )
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
            k: student(spreads[k][name].by_cluster, metric.range)
            for k in KINDS
            if name in spreads[k]
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
    wide = student([x - y for x, y in zip(a.by_cluster, b.by_cluster, strict=True)])
    return list(wide) if wide else None
