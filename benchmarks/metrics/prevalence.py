"""Precision at another prevalence: the same rates with another mix of bots and people."""

from __future__ import annotations

import numpy as np

from benchmarks.metrics import Array, ScoredRepeats, Weighted, family
from benchmarks.metrics.scored_accounts import divide
from botbench.stats.proportions import mover_ratio, wilson


def _check(prevalence: float | str) -> str | None:
    if isinstance(prevalence, float) and 0 < prevalence < 1:
        return None
    return "the prevalence must be a number between 0 and 1"


def _interval(value: float, sample: ScoredRepeats, parameter: float) -> tuple[float, float]:
    """From Wilson's intervals of both rates (MOVER of a ratio)."""
    tp, fp, fn, tn = (float(np.sum(c)) for c in sample.counts)
    recall_bot, alarms = tp / (tp + fn), fp / (fp + tn)
    low, high = (
        parameter * r / (parameter * r + 1 - parameter) if np.isfinite(r) else 1.0
        for r in mover_ratio(
            _bounded(recall_bot, sample.trials(("tp",), ("fn",))),
            _bounded(alarms, sample.trials(("fp",), ("tn",))),
        )
    )
    return min(low, value), max(high, value)


def _bounded(rate: float, trials: float) -> tuple[float, float, float]:
    low, high = wilson(rate, trials)
    return rate, float(low), float(high)


@family(
    "precision[bot]",
    "prevalence",
    (0.01, 0.05),
    _check,
    title="Precision where {value} are bots",
    order=65,
    needs=("threshold",),
    closed=_interval,
    method="wilson on both rates (MOVER of a ratio)",
    formula="π TPR / (π TPR + (1 − π) FPR), π = {value}",
    description=(
        "Of the accounts called bots, the share that are bots, were {value} of all accounts bots."
        " Cut at the threshold that was chosen on the training part."
    ),
    trap=(
        "Where no false alarm was seen the value is 1, and its interval says how little that may"
        " mean."
    ),
    assumption=(
        "Assumes the same bots and the same people as here in another mix: both rates stay what"
        " they are here."
    ),
    source=(
        "Bayes' rule; interval: Donner and Zou 2012, Stat. Methods Med. Res. 21:347, over Wilson"
        " 1927"
    ),
    undefined="one of the classes has no account, or nobody was called a bot",
)
def precision_at(judged: Weighted, parameter: float) -> Array:
    """Both rates as they are, the mix as it is said."""
    recall, alarms = divide(judged.counts.tp, judged.bots), divide(judged.counts.fp, judged.humans)
    return divide(parameter * recall, parameter * recall + (1 - parameter) * alarms)
