"""What chance expects of a pair: the configuration model of a two-mode network.

In each stratum (the actions of equal `within`) every account keeps its number of actions d, and
which accounts meet is chance. C, the number of co-actions of the stratum, then falls on pairs in
proportion to d_i d_j, so a pair's co-actions are Poisson with mean
sum over strata of 2 C d_i d_j / (M^2 - sum of d^2), M being the sum of d (Neal 2014,
doi:10.1016/j.socnet.2014.06.001). C is counted, so the model fits the window and the popularity of
the things as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from benchmarks.study.coordination.actions import Actions

AT_ONCE = 200_000
"""Pairs whose expected numbers are computed at once."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Degrees:
    """How many actions each account has in each stratum, a moment of a thing counting once.

    `table` is a sparse matrix float64[accounts, strata]; `of_all` is its sum by account, and
    `pairs` is M^2 - sum of d^2 by stratum (float64).
    """

    table: Any
    of_all: Floats
    pairs: Floats

    def rates(self, totals: Ints) -> Floats:
        """2 C / (M^2 - sum of d^2) by stratum, of the co-actions C (int64[strata])."""
        none = np.zeros(len(self.pairs), dtype=np.float64)
        rates = np.divide(2.0 * totals, self.pairs, out=none, where=self.pairs > 0)
        return np.asarray(rates, dtype=np.float64)

    def expected(self, a: Ints, b: Ints, rates: Floats) -> Floats:
        """The co-actions of each pair by chance: float64[pairs]."""
        found = np.zeros(len(a))
        for first in range(0, len(a), AT_ONCE):
            part = slice(first, first + AT_ONCE)
            found[part] = self.table[a[part]].multiply(self.table[b[part]]) @ rates
        return found

    def overlap(self, a: Ints, b: Ints, shared: Ints) -> Floats:
        """shared / sqrt(d_a d_b), at most 1: float64[pairs]."""
        share = shared / np.sqrt(self.of_all[a] * self.of_all[b])
        return np.asarray(np.minimum(share, 1.0), dtype=np.float64)


def degrees(actions: Actions) -> Degrees:
    """Count the actions of each account in each stratum."""
    from scipy.sparse import csr_array

    who, stratum = _once(actions)
    key, d = np.unique(who.astype(np.int64) * max(actions.strata, 1) + stratum, return_counts=True)
    who, stratum = key // max(actions.strata, 1), key % max(actions.strata, 1)
    table = csr_array(
        (d.astype(np.float64), (who, stratum)), shape=(actions.accounts, actions.strata)
    )
    weighted = d.astype(np.float64)
    sums = np.bincount(stratum, weighted, actions.strata)
    squares = np.bincount(stratum, weighted * weighted, actions.strata)
    pairs = np.asarray(sums * sums - squares, dtype=np.float64)
    return Degrees(table, np.asarray(table.sum(axis=1), dtype=np.float64), pairs)


def _once(actions: Actions) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Who did something in which stratum, once for a thing, moment and stratum."""
    key = actions.cells().astype(np.int64) * max(actions.accounts, 1) + actions.who
    order = np.lexsort((actions.stratum, key))
    key, stratum = key[order], actions.stratum[order]
    first = np.ones(len(key), dtype=np.bool_)
    first[1:] = (key[1:] != key[:-1]) | (stratum[1:] != stratum[:-1])
    return actions.who[order][first], stratum[first]


def most_expected(shared: int, p: float) -> Floats:
    """The largest Poisson mean at which k co-actions or more have a chance of at most `p`.

    float64[shared + 1], by k; infinite for k = 0 and where `p` is 1 or more.
    """
    from scipy.special import gammaincinv

    k = np.arange(shared + 1, dtype=np.float64)
    if p >= 1:
        return np.full(shared + 1, np.inf)
    # P(Poisson(m) >= k) is the regularised lower incomplete gamma function at k and m.
    k[1:] = gammaincinv(k[1:], p)
    k[0] = np.inf
    return k
