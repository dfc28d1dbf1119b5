"""Groups of accounts whose answers are not independent: how many accounts a share rests on."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from botbench.stats.proportions import Array

Codes: TypeAlias = npt.NDArray[np.intp]
"""The group of each account, as numbers from 0 in the order of the groups' first accounts."""

ALONE = -1
"""The number of an account that is in no group."""


def codes(numbers: npt.ArrayLike) -> Codes | None:
    """Number the groups of n accounts from 0 by their first account; None if each is alone.

    `numbers` [n] are equal within a group, and `ALONE` for an account without one. Their values
    do not matter.

    >>> codes([7, ALONE, 3, 7])
    array([0, 1, 2, 0])
    >>> codes([7, ALONE, 3, ALONE]) is None
    True
    """
    given = np.asarray(numbers, dtype=np.int64)
    own = np.where(given == ALONE, -2 - np.arange(len(given)), given)
    _, first, place = np.unique(own, return_index=True, return_inverse=True)
    if len(first) == len(given):
        return None
    rank = np.empty(len(first), dtype=np.intp)
    rank[np.argsort(first)] = np.arange(len(first))
    return np.asarray(rank[place])


def sums(values: Array, group: Codes) -> Array:
    """The sum of each group's values, float64[groups].

    >>> sums(np.array([1.0, 2.0, 4.0]), np.array([0, 1, 0])).tolist()
    [5.0, 2.0]
    """
    return np.asarray(np.bincount(group, weights=values), dtype=np.float64)


def repetition(trials: Array, group: Codes) -> float:
    """The design effect if all accounts of a group have one answer: Σ of groups² / Σ of accounts².

    `trials` [n] is each account's part in the sample (0 outside it). Kish 1965, *Survey Sampling*,
    sect. 5.4 and 11.7. 1 without groups or trials.

    >>> repetition(np.ones(6), np.array([0, 0, 0, 1, 1, 2]))
    2.3333333333333335
    """
    alone = float((trials**2).sum())
    return float((sums(trials, group) ** 2).sum()) / alone if alone else 1.0


def design_effect(hits: Array, trials: Array, group: Codes) -> float:
    """How many times the variance of a share of independent accounts a share in groups has.

    `hits` and `trials` are float64[n]: the part of each account in the numerator and in the
    denominator of the share. The observed effect is the linearised variance between groups over
    that between accounts (Kish and Frankel 1974, JRSS B 36:1), and never under 1: copies cannot
    tell more than independent accounts do, so an observed 0.9 is chance. Where few groups have the
    rarer answer, the observed effect says little. It is averaged with that of groups of one answer
    (`repetition`), which has the weight of one such group and is all that is left at 0 and at 1.
    So k copies of every account have the effect k, whatever the share.

    >>> design_effect(np.array([1.0, 1, 0, 1]), np.ones(4), np.array([0, 0, 1, 1]))
    1.5
    """
    n, one_answer = float(trials.sum()), repetition(trials, group)
    hits_of, trials_of = sums(hits, group), sums(trials, group)
    share = hits.sum() / n if n else 0.0
    alone = float(((hits - share * trials) ** 2).sum())
    together = float(((hits_of - share * trials_of) ** 2).sum())
    rarer = hits_of if share <= 0.5 else trials_of - hits_of
    weight = int((rarer > 1e-9).sum())
    if not weight or alone < 1e-12:
        return one_answer
    return (weight * max(together / alone, 1.0) + one_answer) / (weight + 1)
