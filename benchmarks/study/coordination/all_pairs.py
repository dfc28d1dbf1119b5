"""All pairs of accounts that share moments, counted a block of accounts at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.study.coordination.chance import Degrees, Floats, Ints, most_expected
from benchmarks.study.coordination.meetings import LEAST

if TYPE_CHECKING:
    from benchmarks.study.coordination.actions import Actions, Codes

BLOCK = 4_000_000
"""Meetings that are held at once."""
CELLS = 1_500_000
"""Counts that are held at once: they stay in the processor's cache."""
GROUP, TILE = 512, 2_048
"""Accounts whose expected numbers are computed at once, and those they are compared with."""
LAID_OUT = 50_000_000
"""Numbers of the most active accounts that are laid out whole, in single precision."""
PRODUCT = 256
"""Multiplications of a product of matrices that take as long as one of a sparse table."""
ROUNDING = 1e-3
"""How far sums of single precision may be off, by far."""
FINE = 2.0**-16
"""What a shared moment adds to a count, beside one, for each co-action that chance expects."""


@dataclass(frozen=True)
class Moments:
    """Who posted in which moment, once each, sorted by moment, then account; a row each.

    `who` and `moment` are numbers from 0 (int32), `end` is the row after the last of the same
    moment (int64), `stratum` is the moment's (int32), -1 where it lies in several.
    """

    who: Codes
    moment: Codes
    end: Ints
    stratum: Codes

    def table(self, accounts: int) -> Any:
        """Accounts by moments, 1 where an account posted (sparse, float64)."""
        from scipy.sparse import csr_array

        shape = (accounts, int(self.moment[-1]) + 1 if len(self.moment) else 0)
        return csr_array((np.ones(len(self.who)), (self.who, self.moment)), shape)


def moments(actions: Actions) -> Moments:
    """The moments in which the accounts posted."""
    cell = actions.cells()
    n, many = max(actions.accounts, 1), int(cell[-1]) + 1 if len(cell) else 0
    least = np.full(many, np.iinfo(np.int32).max, dtype=np.int32)
    most = np.full(many, -1, dtype=np.int32)
    np.minimum.at(least, cell, actions.stratum)
    np.maximum.at(most, cell, actions.stratum)
    seen = np.unique(cell.astype(np.int64) * n + actions.who)
    moment = (seen // n).astype(np.int32)
    end = np.cumsum(np.bincount(moment, minlength=many))[moment]
    stratum = np.where(least == most, most, -1).astype(np.int32)
    return Moments((seen % n).astype(np.int32), moment, end, stratum)


def all_pairs(of: Moments, degrees: Degrees, rates: Floats, weak: float) -> tuple[Ints, Ints, int]:
    """Pairs (a * accounts + b, sorted), their common moments; how many have `LEAST` or more.

    Accounts are counted from the most active on, each against those that are less so. Pairs that
    chance gives with a p surely above `weak` are counted, not kept.
    """
    n = degrees.table.shape[0]
    if not len(of.who):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), 0
    active = np.argsort(-degrees.of_all, kind="stable")
    counting = _Counting(of, active, degrees.table, rates, weak)
    expecting = _Expecting(degrees.table, active, rates)
    found, met = [], 0
    for first in range(0, n, GROUP):
        a, b, shared, twice = counting.group(first, min(first + GROUP, n))
        met += twice
        if weak < 1:
            keep = expecting.of_group(first, a, b) <= counting.limit[shared] * (1 + ROUNDING)
            a, b, shared = a[keep], b[keep], shared[keep]
        one, two = active[a], active[b]
        found.append((np.minimum(one, two) * n + np.maximum(one, two), shared))
    key, shared = (np.concatenate([f[k] for f in found]) for k in (0, 1))
    order = np.argsort(key)
    return key[order], shared[order], met


class _Counting:
    """Common moments of accounts by rank, and which of them chance could not easily give.

    A shared moment adds to its count, times `FINE`, its rate times d of the more active account:
    chance expects at least the sum of these. All moments of an account add up to less than one, so
    that the whole part of a sum stays the count.
    """

    def __init__(self, of: Moments, active: Ints, table: Any, rates: Floats, weak: float) -> None:
        self.accounts = len(active)
        rank = np.empty_like(active)
        rank[active] = np.arange(len(active))
        who = rank[of.who].astype(np.int32)
        self.who = who[np.lexsort((who, of.moment))]
        self.rows = np.argsort(self.who, kind="stable")
        size = np.bincount(self.who, minlength=len(active))
        self.begin = np.concatenate([[0], np.cumsum(size)])
        self.later = (of.end - np.arange(len(self.who)) - 1)[self.rows]
        self.work = np.concatenate([[0], np.cumsum(self.later)])[self.begin]
        self.limit = most_expected(int(size.max(initial=0)), weak)
        self.weight = 1 + np.minimum(
            FINE * self._least(of, active, table, rates), 0.5 / max(int(size.max(initial=0)), 1)
        )

    def _least(self, of: Moments, active: Ints, table: Any, rates: Floats) -> Floats:
        """d of the account in the stratum of the moment times its rate; 0 where it has several."""
        strata = max(table.shape[1], 1)
        stratum = of.stratum[of.moment[self.rows]].astype(np.int64)
        one = stratum >= 0
        key = np.repeat(np.arange(table.shape[0]), np.diff(table.indptr)) * strata + table.indices
        wanted = active[self.who[self.rows]] * strata + stratum
        least = np.zeros(len(stratum))
        least[one] = table.data[np.searchsorted(key, wanted[one])] * rates[stratum[one]]
        return least

    def group(self, first: int, last: int) -> tuple[Ints, Ints, Ints, int]:
        """Pairs of ranks (those from `first` to `last`, and any after), their common moments.

        And how many pairs have `LEAST` or more.
        """
        parts, met = [], 0
        while first < last:
            end = int(np.searchsorted(self.work, self.work[first] + BLOCK, side="right")) - 1
            end = min(max(end, first + 1), first + max(1, CELLS // (self.accounts - first)), last)
            width = self.accounts - first
            counts = self._counts(first, end)
            place = np.flatnonzero(counts >= LEAST)
            value = counts[place]
            shared = value.astype(np.int64)
            met += len(place)
            keep = (value - shared) / FINE <= self.limit[shared]
            place = place[keep]
            parts.append((place // width + first, place % width + first, shared[keep]))
            first = end
        a, b, shared = (np.concatenate([p[k] for p in parts]) for k in range(3))
        return a, b, shared, met

    def _counts(self, first: int, last: int) -> Floats:
        """Weights of the moments that ranks `first` to `last` share with those from `first` on.

        Float64, a row of accounts - first for each.
        """
        part = slice(self.begin[first], self.begin[last])
        rows, many = self.rows[part], self.later[part]
        width = self.accounts - first
        ends = np.cumsum(many)
        met = int(ends[-1]) if len(ends) else 0
        other = np.arange(met) + np.repeat(rows + 1 - (ends - many), many)
        cell = np.repeat((self.who[rows] - first).astype(np.int64) * width - first, many)
        cell += self.who[other]
        weight = np.repeat(self.weight[part], many)
        return np.asarray(np.bincount(cell, weight, (last - first) * width), dtype=np.float64)


class _Expecting:
    """What chance expects of pairs of ranks, in single precision.

    The most active accounts are laid out whole: where many pairs of two parts are asked for, one
    product of matrices gives all. Elsewhere the strata of the less active account are looked up.
    """

    def __init__(self, table: Any, active: Ints, rates: Floats) -> None:
        self.table = table[active]
        self.rates = rates
        self.top = min(len(active), LAID_OUT // max(table.shape[1], 1))
        self.whole = self.table[: self.top].toarray().astype(np.float32)

    def of_group(self, first: int, a: Ints, b: Ints) -> Floats:
        """Of pairs of ranks, a from `first` to `first + GROUP`: float64[pairs]."""
        mine = (self.table[first : first + GROUP].toarray() * self.rates).astype(np.float32)
        size = np.diff(self.table.indptr)
        found = np.zeros(len(a))
        tile = b // TILE
        order = np.argsort(tile, kind="stable")
        cost = np.bincount(tile, size[b], minlength=1) * PRODUCT
        dense = cost > mine.size * TILE
        dense[self.top // TILE :] = False
        ends = np.cumsum(np.bincount(tile, minlength=1))
        for k in np.flatnonzero(dense).tolist():
            some = order[ends[k - 1] if k else 0 : ends[k]]
            product = mine @ self.whole[k * TILE : (k + 1) * TILE].T
            found[some] = product[a[some] - first, b[some] - k * TILE]
        rest = order[~dense[tile[order]]]
        for part in np.array_split(rest, 1 + int(size[b[rest]].sum()) // BLOCK):
            found[part] = self._looked_up(mine, a[part] - first, b[part])
        return found

    def _looked_up(self, mine: NDArray[np.float32], a: Ints, b: Ints) -> Floats:
        many = np.diff(self.table.indptr)[b].astype(np.int64)
        ends = np.cumsum(many)
        entry = np.arange(int(ends[-1]) if len(ends) else 0)
        entry += np.repeat(self.table.indptr[b] - (ends - many), many)
        pair = np.repeat(np.arange(len(a)), many)
        product = mine[a[pair], self.table.indices[entry]] * self.table.data[entry]
        return np.asarray(np.bincount(pair, product, len(a)), dtype=np.float64)
