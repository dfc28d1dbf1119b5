"""Metrics of the order of scores: no threshold is read, ties count as ties."""

from __future__ import annotations

import numpy as np

from benchmarks.metrics import Array, Weighted, metric
from benchmarks.metrics._judged import divide


@metric(
    "average-precision[bot]", title="Average precision", order=20, needs=("score",),
    formula="Σ (Rₙ − Rₙ₋₁) Pₙ over the cuts n, from the highest score down",
    description="Precision averaged over all cuts, weighted by the recall gained at each. No cut has to be chosen. "
    "The bot is the positive class.",
    trap="Guessing gives the share of bots, which differs between data sets: compare within a data set, not across.",
    source="the step sum of scikit-learn; Davis and Goadrich 2006, ICML, on why not the trapezoid", undefined="there is no bot",
)
def average_precision(judged: Weighted) -> Array:
    """The mean over bots of the precision at each bot's own score."""
    curve = judged.curve
    precision = curve.found / np.maximum(curve.found + curve.alarms, np.finfo(float).tiny)
    return divide(np.einsum("mb,mb->b", curve.weight, precision), judged.bots)


@metric(
    "roc-auc", title="ROC AUC", order=25, needs=("score",), guessing=0.5,
    formula="P(score of a bot > score of a person) + ½ P(equal)",
    description="The chance that a bot scores higher than a person, ties counting half. No cut has to be chosen.",
    trap="Looks good where bots are rare: at .95 the first page of alarms can still be mostly people.",
    source="Hanley and McNeil 1982, Radiology 143:29", undefined="one of the classes has no account",
)
def roc_auc(judged: Weighted) -> Array:
    """The share of pairs in the right order (Mann and Whitney's U)."""
    curve = judged.curve
    wrong = np.einsum("mb,mb->b", curve.weight, curve.alarms + curve.above) / 2
    bots, humans = judged.bots, judged.humans
    return np.asarray(1 - divide(wrong, bots * humans))
