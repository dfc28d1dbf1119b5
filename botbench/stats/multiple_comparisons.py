"""Many comparisons at once: Holm, Benjamini and Hochberg, Friedman and Nemenyi."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botbench.stats.proportions import LEVEL, Array

LEAST_SETS = 10
"""Under so many data sets the distribution of Friedman's test is a poor approximation (Demšar 2006,
JMLR 7:1).
"""


def normal_p_values(difference: Array, error: Array) -> Array:
    """Two-sided p of differences with these bootstrap standard errors, by the normal approximation.

    The share of draws beyond zero cannot be used: its least value is 1 / draws, which is above
    Holm's limit if there are many pairs.
    """
    from scipy.special import ndtr

    z = np.divide(
        np.abs(difference), error, out=np.where(difference == 0, 0.0, np.inf), where=error > 0
    )
    return np.asarray(2 * ndtr(-z))


def holm(p: Sequence[float], alpha: float = 1 - LEVEL) -> list[bool]:
    """Hypotheses rejected at a familywise error of alpha (Holm 1979, Scand. J. Stat. 6:65).

    >>> holm([0.01, 0.04, 0.03, 0.005])
    [True, False, False, True]
    """
    rejected = [False] * len(p)
    for i, place in enumerate(sorted(range(len(p)), key=lambda j: p[j])):
        if p[place] > alpha / (len(p) - i):
            break
        rejected[place] = True
    return rejected


def benjamini_hochberg(p: Array, tests: int) -> Array:
    """Adjusted p-values for the false discovery rate (Benjamini and Hochberg 1995, JRSS B 57:289).

    p holds the smallest of `tests` p-values; the others are 1.

    >>> benjamini_hochberg(np.array([0.01, 0.04, 0.03]), 4).round(4).tolist()
    [0.04, 0.0533, 0.0533]
    """
    order = np.argsort(p)
    scaled = p[order] * tests / np.arange(1, len(p) + 1)
    adjusted = np.empty_like(p, dtype=np.float64)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return adjusted


def families(
    family: NDArray[np.int64], p: Array, tests: int, among: int, rate: float
) -> tuple[Array, NDArray[np.bool_]]:
    """Families of hypotheses at one false discovery rate, and which hypotheses in them are meant.

    `family` (int64[m], from 0, without gaps) is the family of each p-value; a family has `tests`
    hypotheses, and `among` families were looked at: those not listed have p = 1. Returns each
    family's q (Benjamini and Hochberg's adjustment of its Simes p-value; Simes 1986, Biometrika
    73:751) and, for each p, whether its hypothesis is rejected in a family with q <= `rate`
    (Benjamini and Bogomolov 2014, JRSS B 76:297). A family with q <= `rate` has at least one.

    >>> q, meant = families(np.array([0, 0, 1]), np.array([0.001, 0.4, 0.03]), 2, 2, 0.05)
    >>> q.round(3).tolist(), meant.tolist()
    ([0.004, 0.06], [True, False, False])
    """
    if not len(p):
        return np.zeros(0), np.zeros(0, dtype=np.bool_)
    order = np.lexsort((p, family))
    _, first, size = np.unique(family[order], return_index=True, return_counts=True)
    rank = np.arange(len(p)) - np.repeat(first, size) + 1
    scaled = p[order] * tests / rank
    simes = np.minimum(np.minimum.reduceat(scaled, first), 1.0)
    q = benjamini_hochberg(simes, among)
    level = rate * np.count_nonzero(q <= rate) / among
    last = np.maximum.reduceat(np.where(scaled <= level, rank, 0), first)
    meant = np.zeros(len(p), dtype=np.bool_)
    meant[order] = rank <= np.repeat(np.where(q <= rate, last, 0), size)
    return q, meant


def nemenyi_distance(detectors: int, sets: int) -> float:
    """Nemenyi's critical distance of mean ranks at 95 % (Demšar 2006, JMLR 7:1, section 3.2.2).

    >>> round(nemenyi_distance(4, 14), 2)
    1.25
    """
    from scipy.stats import studentized_range

    return float(studentized_range.ppf(LEVEL, detectors, np.inf) / np.sqrt(2)) * _rank_error(
        detectors, sets
    )


def _rank_error(detectors: int, sets: int) -> float:
    """The standard error of a difference of two mean ranks."""
    return float(np.sqrt(detectors * (detectors + 1) / (6 * sets)))


def _beyond_range(distance: Array, k: int) -> Array:
    """The chance that the range of k standard normal values is above each distance, float64[n].

    Tukey's studentized range with infinite degrees of freedom, by Gauss and Legendre's rule; SciPy
    integrates one distance after the other.

    >>> _beyond_range(np.array([0.0, 3.314493]), 3).round(6).tolist()
    [1.0, 0.05]
    """
    from scipy.special import ndtr

    node, weight = np.polynomial.legendre.leggauss(200)
    low = 9 * node
    inside = ndtr(low + distance[:, None]) - ndtr(low)
    share = 9 * weight * np.exp(-(low**2) / 2) / np.sqrt(2 * np.pi)
    return np.asarray(np.clip(1 - k * inside ** (k - 1) @ share, 0.0, 1.0))


def friedman(values: Mapping[str, Sequence[float]], higher: bool = True) -> dict[str, Any]:
    """Friedman's p, and Nemenyi's for each pair, of detectors' values on the same data sets.

    Keys: sets, p, mean_ranks (1 is best; ties share ranks), pairs ([better, worse, p] in order of
    name), reason if there are under three detectors or under ten data sets (then p is None).
    """
    names = sorted(values)
    table = np.array([values[name] for name in names], dtype=np.float64).T
    sets = table.shape[0] if table.ndim == 2 else 0
    if sets < LEAST_SETS or len(names) < 3:
        shortage = f"{sets} data sets" if sets < LEAST_SETS else f"{len(names)} detectors"
        return {
            "sets": sets,
            "p": None,
            "mean_ranks": {},
            "pairs": [],
            "reason": f"needs {LEAST_SETS} data sets and three detectors; there are {shortage}.",
        }
    from scipy.stats import friedmanchisquare, rankdata

    ranks = rankdata(-table if higher else table, axis=1).mean(axis=0)
    same = np.ptp(table, axis=1).max() == 0
    p = 1.0 if same else float(friedmanchisquare(*table.T).pvalue)
    k = len(names)
    error = _rank_error(k, sets)
    one, other = np.triu_indices(k, 1)
    distances = np.abs(ranks[one] - ranks[other]) / error * np.sqrt(2)
    pairs: list[tuple[str, str, float]] = [
        (*((names[i], names[j]) if ranks[i] <= ranks[j] else (names[j], names[i])), p_pair)
        for i, j, p_pair in zip(one, other, _beyond_range(distances, k).tolist(), strict=True)
    ]
    return {
        "sets": sets,
        "p": p,
        "mean_ranks": dict(zip(names, ranks.tolist(), strict=True)),
        "pairs": [list(pair) for pair in pairs],
        "separated": [[a, b] for a, b, q in pairs if p < 1 - LEVEL and q < 1 - LEVEL],
        "reason": None,
    }
