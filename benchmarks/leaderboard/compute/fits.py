"""The fits behind a cell: their number, and each metric's value for every fit.

A fold is one fit: one draw of training accounts, one seed. In cross-validation each fit is tested
on accounts of its own; in transfer, the official split and `temporal`, all fits of a cell are
tested on the same accounts.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from botbench.stats import refits
from botbench.stats.refits import NOTHING, Variance

if TYPE_CHECKING:
    from benchmarks.metrics import Array, Metric, Weighted
    from benchmarks.metrics.cell_values import ScoredCell

IN_BOTH, IN_RANK, NOT_MEASURED = "in interval and rank", "in rank", "not measured"
"""Where a row has the variance between fits. One fit tells nothing of it: not measured."""


class FitValues(NamedTuple):
    """One metric's value for each fit (NaN: undefined), and what the fits share.

    `shared` is as in `botbench.stats.refits.of_mean`; `resampled` says that each fit is tested on
    accounts of its own, so that their variance includes that of the accounts.
    """

    values: Array
    shared: float
    resampled: bool

    @property
    def variance(self) -> Variance:
        """The variance of the mean over fits that comes from fitting."""
        return refits.of_mean(self.values, self.shared)


def count(info: dict[str, Any], cell: ScoredCell) -> int:
    """How many fits stand behind a cell; cells of earlier versions did not count them."""
    if counted := info.get("fits"):
        return int(counted)
    folds = [1 if s.fold is None else len(np.unique(s.fold)) for s, _ in cell.repeats]
    # Moves and mixes are tested with the same fits in every repeat.
    together = cell.worst or info.get("kind") == "prevalence"
    return max(folds) if together else sum(folds)


def of_cell(cell: ScoredCell, metrics: Sequence[Metric], number: int) -> dict[str, FitValues]:
    """The fits' values by metric; empty for one fit, and where the worst of several trials counts.

    Metrics that rank nothing are left out.
    """
    if number < 2 or cell.worst:
        return {}
    inside = set(cell.info["train"]) == set(str(cell.info["test"]).split("+"))
    folded = inside and any(len(scored.by_fold) > 1 for scored, _ in cell.repeats)
    parts = [
        [one.under() for one in ([own for own, _ in scored.by_fold] if folded else [scored])]
        for scored, _ in cell.repeats
    ]
    shared = 1.0 if int(cell.info.get("training_draws") or 1) > 1 else 0.0
    if folded:
        sizes = [(len(rows), len(s.y)) for s, _ in cell.repeats for _, rows in s.by_fold]
        shared = float(np.mean([test / max(n - test, 1) for test, n in sizes]))
    return {
        metric.name: FitValues(_values(parts, metric, number), shared, folded)
        for metric in metrics
        if metric.ranked
    }


def _values(parts: Sequence[Sequence[Weighted]], metric: Metric, number: int) -> Array:
    """The metric of each fit; a fit that is used in several repeats has the mean over them."""
    values = [[float(metric.values(one)[0]) for one in own] for own in parts]
    whole: Array = np.concatenate([np.asarray(v, dtype=np.float64) for v in values])
    if number < len(whole) and len({len(v) for v in values}) == 1:
        return np.asarray(np.mean(np.asarray(values, dtype=np.float64), axis=0))
    return whole


def differences(own: Sequence[FitValues | None]) -> tuple[Array, Array, npt.NDArray[np.bool_]]:
    """`difference` of every pair, in the order of `itertools.combinations`.

    The variances and their degrees of freedom, float64[pairs], and whether they include accounts.
    """
    known = [one for one in own if one is not None]
    like = {(len(one.values), one.resampled) for one in known}
    if len(known) < len(own) or len(like) != 1 or any(np.isnan(one.values).any() for one in known):
        found = [difference(a, b) for a, b in combinations(own, 2)]
        variances = np.array([variance for variance, _ in found]).reshape(-1, 2)
        return variances[:, 0], variances[:, 1], np.array([r for _, r in found], dtype=bool)
    ((number, resampled),) = like
    a, b = np.triu_indices(len(own), 1)
    values, shared = np.array([one.values for one in known]), np.array([o.shared for o in known])
    alike = np.full(len(a), resampled)
    if number < 2:
        return np.zeros(len(a)), np.full(len(a), np.inf), alike
    variance = np.var(values[a] - values[b], axis=1, ddof=1)
    together = 1 / number + np.maximum(shared[a], shared[b])
    return variance * together, np.full(len(a), number - 1.0), alike


def difference(a: FitValues | None, b: FitValues | None) -> tuple[Variance, bool]:
    """The variance of a − b that comes from fitting, and whether it includes the accounts.

    Fits with the same number are paired: they had the same training draw. Where one side has a
    single fit, only the other's variance is known. Where only one side's fits have accounts of
    their own (transfer less in distribution), that side's variance is not separate, and left out.
    """
    if a is None or b is None:
        known = a or b
        return (NOTHING, False) if known is None or known.resampled else (known.variance, False)
    if a.resampled != b.resampled:
        return (b if a.resampled else a).variance, False
    resampled, shared = a.resampled, max(a.shared, b.shared)
    if len(a.values) == len(b.values):
        return refits.of_mean(a.values - b.values, shared), resampled
    return refits.total([a.variance, b.variance]), resampled
