"""Metrics of the order of scores: no threshold; ties count as ties; folds are never mixed."""

from __future__ import annotations

from bisect import bisect

import numpy as np

from benchmarks.metrics import Array, ScoredAccounts, ScoredRepeats, Weighted, family, metric
from benchmarks.metrics.scored_accounts import divide
from benchmarks.metrics.weightings import Numbers
from botbench.stats.account_groups import Codes, sums
from botbench.stats.means import logit_normal

LEAST_ALARMS = 3
"""False alarms that a rate must allow for its recall to have an interval: with two, two people
decide where the cut is, and the bootstrap covers .89 (docs/intervals.md)."""
FOLDS = "In cross-validation it is the mean over folds, whose scores come from different fits."


@metric(
    "average-precision[bot]",
    title="Average precision",
    order=20,
    needs=("score",),
    by_fold=True,
    scale="logit",
    formula="Σ (Rₙ − Rₙ₋₁) Pₙ over the cuts n, from the highest score down",
    description=(
        "Precision averaged over all cuts, weighted by the recall gained at each. No cut has to be"
        f" chosen. The bot is the positive class. {FOLDS}"
    ),
    trap=(
        "Guessing gives the share of bots, which differs between data sets: compare within a data"
        " set, not across."
    ),
    source=(
        "the step sum of scikit-learn; Davis and Goadrich 2006, ICML, on why not the trapezoid;"
        " interval on the logit scale: Boyd, Eng and Page 2013, ECML PKDD"
    ),
    undefined="there is no bot",
)
def average_precision(judged: Weighted) -> Array:
    """The mean over bots of the precision at each bot's own score."""
    cuts = judged.cuts
    called = cuts.found + cuts.alarms
    whole = np.issubdtype(called.dtype, np.integer)
    np.maximum(called, 1 if whole else np.finfo(float).tiny, out=called)
    precision = np.divide(cuts.found, called, dtype=np.float64)
    return divide(np.einsum("mb,mb->b", cuts.weight, precision), cuts.bots)


def placements(judged: ScoredAccounts, group: Codes | None = None) -> Array:
    """Each account's part of the AUC's error, float64[n]; its sum of squares is DeLong's variance.

    A bot's placement is the share of people it scores above, a human's the share of bots above;
    centred by class and divided by the root of m (m − 1). All folds have equal weight. With the
    `group` [n] of each account, the sum of squares of the groups' sums is the variance.
    """
    total: Array = np.zeros(len(judged.y))
    folds = [(part, rows) for part, rows in judged.by_fold if 0 < part.y.sum() < len(part.y)]
    for part, rows in folds:
        bots, humans = part.p[part.y == 1], part.p[part.y == 0]
        for label, own, others, sign in ((1, bots, humans, 1), (0, humans, bots, -1)):
            order = np.sort(others)
            below = (np.searchsorted(order, own, "left") + np.searchsorted(order, own, "right")) / (
                2 * len(others)
            )
            m, at = len(own), rows[part.y == label]
            g = m if group is None else len(np.unique(group[at]))
            scale = np.sqrt(m * max(m - 1, 1)) if g == m else m * np.sqrt(max(g - 1, 1) / g)
            total[at] = sign * (below - below.mean()) / scale / len(folds)
    return total


def _delong(value: float, sample: ScoredRepeats) -> tuple[float, float]:
    """DeLong's error on the logit scale, stabilised by Hanley and McNeil's.

    In groups, placements are summed over each group first (Obuchowski 1997, Biometrics 53:567), and
    Hanley and McNeil's formula counts each group as one answer. Groups never narrow the interval.

    Near 1 a few misplaced accounts are all of DeLong's variance, which is then often too small
    (coverage .90 at AUC .99 with 100 bots). Hanley and McNeil's formula takes the variance from the
    AUC alone and is too wide there; its weight is one misplaced account of the smaller class.
    """
    error = max(_error(sample, None), _error(sample, sample.group))
    if not 0 < value < 1 or error < 1e-12:
        return value, value
    bots, humans = sample.of_class(1), sample.of_class(0)
    misplaced = min(bots, humans) * (1 - value)
    model = np.sqrt(_hanley(value, bots, humans))
    return logit_normal(
        value, float(np.exp((misplaced * np.log(error) + np.log(model)) / (misplaced + 1)))
    )


def _error(sample: ScoredRepeats, group: Codes | None) -> float:
    """DeLong's standard error, from accounts or from the sums of groups."""
    parts = sample.mean(
        [
            placements(judged, group if group is None or at is None else group[at])
            for judged, at in zip(sample.repeats, sample.places, strict=True)
        ]
    )
    together = parts if group is None else sums(parts, group)
    return float(np.sqrt((together**2).sum()))


def _hanley(auc: float, bots: float, humans: float) -> float:
    """Hanley and McNeil's variance with Newcombe's symmetric weights.

    Newcombe 2006, Stat. Med. 25:559, method 5.
    """
    half = (bots + humans) / 2 - 1
    return (
        auc * (1 - auc) * (1 + half * ((1 - auc) / (2 - auc) + auc / (1 + auc))) / (bots * humans)
    )


@metric(
    "roc-auc",
    title="ROC AUC",
    order=25,
    needs=("score",),
    guessing=0.5,
    by_fold=True,
    closed=_delong,
    method="delong on the logit scale",
    formula="P(score of a bot > score of a person) + ½ P(equal)",
    description=(
        "The chance that a bot scores higher than a person, ties counting half. No cut has to be"
        f" chosen. {FOLDS}"
    ),
    trap=(
        "Looks good where bots are rare: at .95 the first page of alarms can still be mostly"
        " people."
    ),
    source=(
        "Hanley and McNeil 1982, Radiology 143:29; interval: DeLong, DeLong and Clarke-Pearson"
        " 1988, Biometrics 44:837, on the logit scale (Qin and Hotilovac 2008, Stat. Methods Med."
        " Res. 17:207), steadied by Hanley and McNeil's"
    ),
    undefined="one of the classes has no account",
)
def roc_auc(judged: Weighted) -> Array:
    """The share of pairs in the right order (Mann and Whitney's U)."""
    cuts = judged.cuts
    # Bots times humans: where their sum is a uint16, that is a uint32.
    kind = np.uint32 if np.issubdtype(cuts.found.dtype, np.integer) else np.float64
    wrong = np.einsum("mb,mb->b", cuts.weight, cuts.alarms, dtype=kind) / 2
    if cuts.above is cuts.alarms:
        wrong *= 2
    else:
        wrong += np.einsum("mb,mb->b", cuts.weight, cuts.above, dtype=kind) / 2
    return np.asarray(1 - divide(wrong, cuts.bots * cuts.humans))


def _rate(fpr: float | str) -> str | None:
    return (
        None
        if isinstance(fpr, float) and 0 <= fpr < 1
        else "the rate must be a number from 0 to under 1"
    )


def _people_of_a_fold(sample: ScoredRepeats) -> float:
    """The independent people behind each cut: every fold has one of its own."""
    return sample.of_class(0) / max(len(judged.by_fold) for judged in sample.repeats)


@family(
    "recall[bot]",
    "fpr",
    (0.01,),
    _rate,
    title="Recall at {value} false alarms",
    order=72,
    needs=("score",),
    by_fold=True,
    few=lambda sample, parameter: parameter * _people_of_a_fold(sample) < LEAST_ALARMS,
    formula="the largest TP / (TP + FN) of any cut with FP / (FP + TN) ≤ {value}",
    description=(
        "Of the bots, the share that score above the cut at which at most {value} of the people"
        f" do. The cut is found on these very accounts. {FOLDS}"
    ),
    trap=(
        "With fewer people than one over the rate, no false alarm at all is allowed: few people"
        " decide it, and it can jump."
    ),
    source=(
        "the partial ROC curve at one point; Hays et al. 2023 and others on why the tail is what"
        " counts"
    ),
    undefined="one of the classes has no account",
)
def recall_at(judged: Weighted, parameter: float) -> Array:
    """Cuts at the scores of bots are enough: between two of them no bot is gained."""
    cuts = judged.cuts
    most: Numbers = parameter * cuts.humans + 1e-9
    if np.issubdtype(cuts.alarms.dtype, np.integer):
        most = most.astype(cuts.alarms.dtype)
    # Alarms only grow from cut to cut, so few cuts are in any draw's reach.
    reach = bisect(range(len(cuts.alarms)), 0, key=lambda cut: (cuts.alarms[cut] > most).all())
    best = np.where(cuts.alarms[:reach] <= most, cuts.found[:reach], 0).max(axis=0, initial=0)
    return np.where(cuts.humans > 0, divide(best.astype(np.float64), cuts.bots), np.nan)
