"""The other scores of a confusion matrix, implied by precision, recall and the share of bots.

All arguments are float64 arrays of one shape (fractions); pi is the share of bots among the
accounts.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def _divide(a: Floats, b: Floats, where_zero: float) -> Floats:
    quotient: Floats = np.divide(
        a, b, out=np.full(np.broadcast(a, b).shape, where_zero), where=b != 0
    )
    return quotient


def f1(precision: Floats, recall: Floats) -> Floats:
    """2PR / (P + R), and 0 where both are 0.

    >>> f1(np.array([0.5092]), np.array([0.1173])).round(4).tolist()
    [0.1907]
    """
    return _divide(2 * precision * recall, precision + recall, 0.0)


def false_positives(precision: Floats, recall: Floats, pi: Floats) -> Floats:
    """FP / n = pi R (1 - P) / P, at most 1 - pi; NaN if P is 0, because no bot was detected."""
    return np.minimum(_divide(pi * recall * (1 - precision), precision, np.nan), 1 - pi)


def fpr(precision: Floats, recall: Floats, pi: Floats) -> Floats:
    """False positive rate, FP / (n - bots)."""
    return _divide(false_positives(precision, recall, pi), 1 - pi, np.nan)


def accuracy(precision: Floats, recall: Floats, pi: Floats) -> Floats:
    """1 - pi (1 - R) - FP / n.

    >>> accuracy(np.array([0.8]), np.array([0.5]), np.array([0.1])).round(4).tolist()
    [0.9375]
    """
    return 1 - pi * (1 - recall) - false_positives(precision, recall, pi)


def balanced_accuracy(precision: Floats, recall: Floats, pi: Floats) -> Floats:
    """(R + 1 - FPR) / 2."""
    return (recall + 1 - fpr(precision, recall, pi)) / 2


def mcc(precision: Floats, recall: Floats, pi: Floats) -> Floats:
    """Matthews correlation of the rebuilt matrix; 0 where everybody got the same answer."""
    tp, fp, fn = pi * recall, false_positives(precision, recall, pi), pi * (1 - recall)
    tn = 1 - tp - fp - fn
    with np.errstate(invalid="ignore"):
        denominator = np.sqrt(np.clip((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn), 0, None))
    return _divide(tp * tn - fp * fn, denominator, 0.0)


def macro_f1(precision: Floats, recall: Floats, pi: Floats) -> Floats:
    """The mean of both classes' F1."""
    return (f1(precision, recall) + human_f1(precision, recall, pi)) / 2


def weighted_f1(precision: Floats, recall: Floats, pi: Floats) -> Floats:
    """Both classes' F1, weighted by their accounts."""
    return pi * f1(precision, recall) + (1 - pi) * human_f1(precision, recall, pi)


def human_f1(precision: Floats, recall: Floats, pi: Floats) -> Floats:
    """The F1 of the other class: 2 TN / (2 TN + FP + FN)."""
    fp, fn = false_positives(precision, recall, pi), pi * (1 - recall)
    tn = 1 - pi - fp
    return _divide(2 * tn, 2 * tn + fp + fn, 0.0)


def least_precision(recall: Floats, pi: Floats) -> Floats:
    """The precision when every human is called a bot: it cannot be lower at this recall."""
    return _divide(pi * recall, pi * recall + 1 - pi, 0.0)


def prevalence(precision: Floats, recall: Floats, accuracy: Floats) -> Floats:
    """The share of bots at which precision, recall and accuracy agree; NaN if any share would do.

    It is (1 - accuracy) / ((1 - R) + R (1 - P) / P).

    >>> prevalence(np.array([0.8]), np.array([0.5]), np.array([0.9375])).round(4).tolist()
    [0.1]
    """
    return _divide(
        1 - accuracy, (1 - recall) + _divide(recall * (1 - precision), precision, np.nan), np.nan
    )
