"""Where the decision threshold comes from: the training part only, by a named rule.

Rules are canonical strings: `fixed(0.5)`, and `best-balanced-accuracy(folds=3)`, which maximises
balanced accuracy over inner out-of-fold predictions (0.5 where the training part holds fewer than
two of a class, by group).
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from benchmarks.data.accounts import Accounts, Floats
from benchmarks.data.folds import grouped_folds, smallest_class
from botbench.core.errors import UserError

Fit = Callable[[Accounts, NDArray[np.int8]], Callable[[Accounts], Floats]]


def choose(
    rule: str,
    fit: Fit,
    accounts: Accounts,
    y: NDArray[np.int8],
    *,
    group: NDArray[np.int64],
    seed: int,
) -> float:
    """The threshold that `rule` picks on a training part: bot where p_bot >= threshold.

    `fit(accounts, y)` trains a fresh detector and returns its scoring function. Raises UserError
    for an unknown rule.
    """
    if fixed := re.fullmatch(r"fixed\((\d*\.?\d+)\)", rule):
        return float(fixed[1])
    if best := re.fullmatch(r"best-balanced-accuracy\(folds=(\d+)\)", rule):
        folds = min(int(best[1]), smallest_class(y, group))
        if folds < 2:
            return 0.5
        return best_balanced_accuracy(
            out_of_fold(fit, accounts, y, group=group, folds=folds, seed=seed), y
        )
    raise UserError(
        f"There is no threshold rule {rule!r}. Known: fixed(0.5), best-balanced-accuracy(folds=3)."
    )


def out_of_fold(
    fit: Fit,
    accounts: Accounts,
    y: NDArray[np.int8],
    *,
    group: NDArray[np.int64],
    folds: int,
    seed: int,
) -> Floats:
    """Scores float64[n], each from a detector that has not seen the account nor its group."""
    scores = np.empty(len(y))
    fold = grouped_folds(y, group, folds, np.random.default_rng(seed))
    for k in range(folds):
        held = np.flatnonzero(fold == k)
        kept = np.flatnonzero(fold != k)
        scores[held] = fit(accounts.take(kept), y[kept])(accounts.take(held))
    return scores


def balanced_accuracy(bot: NDArray[np.bool_], y: NDArray[np.int8]) -> Floats:
    """The mean of both classes' recall of each row of answers, float64[...]; `bot` is bool[..., n].

    NaN where a class is absent.

    >>> y = np.array([0, 0, 0, 0, 1], dtype=np.int8)
    >>> balanced_accuracy(np.array([True, False, False, False, True]), y)
    array(0.875)
    """
    right = bot == y
    each = []
    for of in (y == 1, y == 0):
        counted = np.count_nonzero(right[..., of], axis=-1)
        each.append(counted / n if (n := np.count_nonzero(of)) else counted * np.nan)
    return np.asarray((each[0] + each[1]) / 2, dtype=np.float64)


def best_balanced_accuracy(p: Floats, y: NDArray[np.int8]) -> float:
    """The threshold of highest balanced accuracy, midway between two scores; ties: nearest to 0.5.

    >>> y = np.array([0, 0, 1, 1], dtype=np.int8)
    >>> best_balanced_accuracy(np.array([0.1, 0.4, 0.35, 0.8]), y)
    0.6000000000000001
    """
    scores, place = np.unique(p, return_inverse=True)
    bots = np.bincount(place, weights=y)
    humans = np.bincount(place, weights=1 - y)
    # Candidate i flags accounts that score at least scores[i]; the last candidate flags none.
    caught = np.append(np.cumsum(bots[::-1])[::-1], 0) / max(bots.sum(), 1)
    spared = np.append(0, np.cumsum(humans)) / max(humans.sum(), 1)
    candidates = np.concatenate(
        [[scores[0]], (scores[1:] + scores[:-1]) / 2, [np.nextafter(scores[-1], np.inf)]]
    )
    value = caught + spared
    good = candidates[value >= value.max() - 1e-12]
    return float(good[np.argmin(np.abs(good - 0.5))])
