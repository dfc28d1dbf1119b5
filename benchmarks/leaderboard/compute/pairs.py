"""How surely each pair of detectors differs: all pairs of a ranking at once.

Pairs are in the order of `itertools.combinations`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.leaderboard.compute import fits
from benchmarks.metrics import Array
from botbench.stats import refits

if TYPE_CHECKING:
    from benchmarks.leaderboard.compute.ranks import PairedScore

SAME = 1e-9
"""Values closer than this are equal."""


def between_fits(scores: Sequence[PairedScore]) -> tuple[Array, Array, NDArray[np.bool_]]:
    """The variance of each pair's mean difference that comes from fitting, float64[pairs].

    Also its degrees of freedom, and whether the accounts are in it.
    """
    pairs = len(scores) * (len(scores) - 1) // 2
    value: Array = np.zeros(pairs)
    uncertain: Array = np.zeros(pairs)
    with_accounts = np.full(pairs, bool(scores and scores[0].fits))
    for test, weight in enumerate(scores[0].weights if scores and scores[0].fits else ()):
        own, freedom, resampled = fits.differences([s.fits[test] for s in scores])
        own = own * weight**2
        value = value + own
        uncertain = uncertain + own**2 / freedom
        with_accounts &= resampled
    return value, refits.joined_freedom(value, uncertain), with_accounts


def p_here(scores: Sequence[PairedScore]) -> Array:
    """The p of each pair on these accounts, with the variance between fits where it is known.

    Student's t with the degrees of freedom of the accounts (or their groups) and of the draws. With
    the fits it is never under that of accounts alone.
    """
    value, deviation = _differences([s.score[0] for s in scores]), _deviations(scores)
    value = np.where(np.abs(value) < SAME, 0.0, value)
    a, b = np.triu_indices(len(scores), 1)
    freedoms = np.array([s.freedom for s in scores])
    freedom = np.minimum(freedoms[a], freedoms[b])
    variance = np.where(deviation < SAME, 0.0, deviation**2)
    p = refits.p_values(value, variance, freedom)
    # A constant difference has no spread, so it counts only if the values' intervals are disjoint.
    low, high = (np.array([s.score[end] for s in scores]) for end in (1, 2))
    meet = ~((low[a] > high[b]) | (low[b] > high[a]))
    p = np.where((deviation < SAME) & meet, 1.0, p)
    between, free, with_accounts = between_fits(scores)
    whole = np.where(with_accounts, between, variance + between)
    joined = refits.joined_freedom(whole, variance**2 / freedom + between**2 / free)
    with_fits = refits.p_values(value, whole, np.where(with_accounts, free, joined))
    return np.where(between <= SAME**2, p, np.maximum(p, with_fits))


def p_elsewhere(scores: Sequence[PairedScore]) -> Array:
    """The p of each pair beyond these data sets: paired t over their clusters."""
    means = np.array([s.by_cluster for s in scores])
    a, b = np.triu_indices(len(scores), 1)
    difference = means[a] - means[b]
    count = difference.shape[1]
    variance = np.var(difference, axis=1, ddof=1) / count
    p = refits.p_values(difference.mean(axis=1), variance, np.full(len(a), count - 1.0))
    return np.where(variance > SAME**2, p, 1.0)


def _differences(values: Sequence[float]) -> Array:
    own = np.array(values)
    a, b = np.triu_indices(len(own), 1)
    return np.asarray(own[a] - own[b])


def _deviations(scores: Sequence[PairedScore]) -> Array:
    """The standard deviation of each pair's drawn differences; 0 where none has a value."""
    drawn = np.array([s.draws for s in scores])
    known = not np.isnan(drawn).any()
    found: list[Array] = [np.zeros(0)]
    for i in range(len(drawn) - 1):
        difference = drawn[i] - drawn[i + 1 :]
        if known:
            found.append(np.std(difference, axis=1))
        else:
            nowhere = np.isnan(difference).all(axis=1)
            difference[nowhere] = 0.0
            found.append(np.nanstd(difference, axis=1))
    return np.concatenate(found)
