"""Metrics of the answers: accounts called bots at the cell's threshold, against labels."""

from __future__ import annotations

import numpy as np

from benchmarks.metrics import Array, ScoredRepeats, Weighted, metric
from benchmarks.metrics.scored_accounts import divide
from botbench.stats.proportions import mover_mean, wilson

CUT = "Cut at the threshold that was chosen on the training part."


def _share(trials: float, value: float) -> tuple[float, float]:
    low, high = wilson(value, trials)
    return float(low), float(high)


def _f1_interval(value: float, sample: ScoredRepeats) -> tuple[float, float]:
    """Wilson's interval on TP / (TP + FP + FN), transformed to F1.

    That is a share of accounts, and F1 is an increasing function of it.
    """
    share = value / (2 - value)
    low, high = _share(sample.trials(("tp",), ("fp", "fn")), share)
    return 2 * low / (1 + low), 2 * high / (1 + high)


def _balanced_interval(value: float, sample: ScoredRepeats) -> tuple[float, float]:
    """Wilson on both rates, put together by the distances of their bounds (MOVER)."""
    tp, fp, fn, tn = (float(np.sum(c)) for c in sample.counts)
    recall_bot, recall_human = tp / (tp + fn), tn / (tn + fp)
    bounds = [
        (recall_bot, *_share(sample.trials(("tp",), ("fn",)), recall_bot)),
        (recall_human, *_share(sample.trials(("tn",), ("fp",)), recall_human)),
    ]
    low, high = mover_mean(bounds)
    return value - (recall_bot + recall_human) / 2 + low, value - (
        recall_bot + recall_human
    ) / 2 + high


@metric(
    "balanced-accuracy",
    title="Balanced accuracy",
    order=10,
    needs=("threshold",),
    guessing=0.5,
    closed=_balanced_interval,
    method="wilson on both rates (MOVER)",
    formula="½ (TP / (TP + FN) + TN / (TN + FP))",
    description=(
        f"The share of bots that were found and the share of people left alone, averaged. {CUT} "
        "Guessing gives .5 however many bots there are."
    ),
    trap=(
        "Says nothing about how many of the accounts called bots are bots: where 2 % are bots, a"
        " balanced accuracy of .90 still means that most alarms are false."
    ),
    source="Brodersen et al. 2010, The balanced accuracy and its posterior distribution, ICPR",
    undefined="one of the classes has no account",
)
def balanced_accuracy(judged: Weighted) -> Array:
    """The mean of recall over both classes."""
    c = judged.counts
    return (divide(c.tp, judged.bots) + divide(c.tn, judged.humans)) / 2


@metric(
    "f1[bot]",
    title="F1 of the bot class",
    order=30,
    needs=("threshold",),
    closed=_f1_interval,
    method="wilson (indirect)",
    formula="2 TP / (2 TP + FP + FN)",
    description=f"The harmonic mean of precision and recall for bots. {CUT}",
    trap=(
        "Calling everyone a bot scores 2π / (1 + π), π the share of bots: .67 where half are bots."
        " Read it beside the constant."
    ),
    source=(
        "van Rijsbergen 1979, Information Retrieval; interval: Lam, Gopal and Qian 2023,"
        " arXiv:2309.14621 (indirect Wilson)"
    ),
    undefined="there is no bot, and nobody was called one",
)
def f1(judged: Weighted) -> Array:
    """Zero, by its formula, where bots are there and none is found."""
    c = judged.counts
    return divide(2 * c.tp, 2 * c.tp + c.fp + c.fn)


@metric(
    "mcc",
    title="Matthews correlation",
    order=40,
    needs=("threshold",),
    range=(-1.0, 1.0),
    guessing=0.0,
    scale="logit",
    formula="(TP·TN − FP·FN) / √((TP+FP)(TP+FN)(TN+FP)(TN+FN))",
    description=(
        f"The correlation between what was said and what is labelled. {CUT} "
        "An answer that is the same for everybody is set to 0, its limit."
    ),
    trap="Falls as bots become rarer, with the same detector.",
    source="Matthews 1975, BBA 405:442; the limit: Chicco and Jurman 2020, BMC Genomics 21:6",
    undefined="one of the classes has no account",
)
def mcc(judged: Weighted) -> Array:
    """Zero, by definition, where everybody gets the same answer."""
    c = judged.counts
    called = (c.tp + c.fp) * (c.tn + c.fn)
    labelled = judged.bots * judged.humans
    value = divide(c.tp * c.tn - c.fp * c.fn, np.sqrt(called) * np.sqrt(labelled))
    return np.where((called == 0) & (labelled > 0), 0.0, value)


@metric(
    "accuracy",
    title="Accuracy",
    order=50,
    needs=("threshold",),
    trials=lambda sample: sample.trials(("tp", "tn"), ("fp", "fn")),
    formula="(TP + TN) / n",
    description=f"The share of accounts that got the right answer. {CUT}",
    trap="Where 95 % are human, calling everyone human scores .95. Read it beside the constant.",
    source="interval: Wilson 1927, JASA 22:209",
    undefined="there is no account",
)
def accuracy(judged: Weighted) -> Array:
    """The share of right answers."""
    c = judged.counts
    return divide(c.tp + c.tn, judged.bots + judged.humans)


@metric(
    "precision[bot]",
    title="Precision of the bot class",
    order=60,
    needs=("threshold",),
    trials=lambda sample: sample.trials(("tp",), ("fp",)),
    formula="TP / (TP + FP)",
    description=f"Of the accounts called bots, the share that are labelled bots. {CUT}",
    trap=(
        "Holds for this mix of bots and people only: where bots are rarer, the same detector is"
        " less precise."
    ),
    source="van Rijsbergen 1979, Information Retrieval; interval: Wilson 1927, JASA 22:209",
    undefined="nobody was called a bot",
)
def precision(judged: Weighted) -> Array:
    """How many of the alarms are true."""
    c = judged.counts
    return divide(c.tp, c.tp + c.fp)


@metric(
    "recall[bot]",
    title="Recall of the bot class",
    order=70,
    needs=("threshold",),
    trials=lambda sample: sample.trials(("tp",), ("fn",)),
    formula="TP / (TP + FN)",
    description=f"Of the accounts labelled bots, the share that were called bots. {CUT}",
    trap="Calling everyone a bot scores 1. Read it beside precision.",
    source="van Rijsbergen 1979, Information Retrieval; interval: Wilson 1927, JASA 22:209",
    undefined="there is no bot",
)
def recall(judged: Weighted) -> Array:
    """How many of the bots are found."""
    return divide(judged.counts.tp, judged.bots)


@metric(
    "fpr[bot]",
    title="False alarms",
    order=75,
    needs=("threshold",),
    direction="lower",
    trials=lambda sample: sample.trials(("fp",), ("tn",)),
    formula="FP / (FP + TN)",
    description=f"Of the accounts labelled human, the share that were called bots. {CUT}",
    trap=(
        "Calling nobody a bot scores 0. One in a hundred sounds small; where bots are as rare, half"
        " of all alarms are false."
    ),
    source="interval: Wilson 1927, JASA 22:209",
    undefined="there is no human",
)
def false_positive_rate(judged: Weighted) -> Array:
    """How many people are called bots."""
    return divide(judged.counts.fp, judged.humans)
