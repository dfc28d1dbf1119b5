"""Shared moments of accounts: all pairs, or pairs from minhashes where too many meet by chance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.study.coordination.all_pairs import Moments, all_pairs, moments
from benchmarks.study.coordination.chance import Degrees, Floats, Ints
from benchmarks.study.coordination.communities import Colours, mixed
from benchmarks.study.coordination.meetings import LEAST, Pairs

if TYPE_CHECKING:
    from benchmarks.study.coordination.actions import Actions

BANDS, ROWS = 36, 2
"""Of 72 minhashes: accounts of whose moments a third are shared (Jaccard) meet in a band with
probability .98, those with a tenth with .30.
"""
WIDE = 4
"""Windows of a moment for minhashes, so that a delay of seconds seldom parts two accounts."""
FEWEST = 10
"""Moments an account needs to have a rhythm."""
MOST = 3_000_000_000
"""Meetings above which pairs come from minhashes."""
BUCKET = 200
"""Accounts in one band's bucket above which it tells nothing."""
BLOCK = 4_000_000
"""Numbers that are held at once."""
ROUNDS, CLEAR = 2, 1e-4
"""Where pairs come from minhashes: accounts with a common neighbour by ties of so small a p are
compared too, so often.
"""
FEW = 200_000
"""Accounts up to which all pairs are counted in rows."""


def alike(
    actions: Actions, degrees: Degrees, others: tuple[Ints, Ints] | None, weak: float
) -> Pairs:
    """The pairs that share moments, sorted, with the totals of the strata.

    Two accounts share a moment where both posted in the same window. Totals are counted over all
    pairs: s accounts in a moment are s (s - 1) / 2 meetings. Up to `MOST` meetings all pairs are
    counted, and those kept whose p may be at most `weak`; else those that share a band of
    minhashes, and `others`.
    """
    of = moments(actions)
    totals = _totals(actions, of)
    rates = degrees.rates(totals)
    n = max(actions.accounts, 1)
    if int(totals.sum()) <= MOST and n <= FEW:
        key, shared, met = all_pairs(of, degrees, rates, weak)
        return Pairs(key // n, key % n, shared, totals, met)
    table = of.table(n)
    key = _banded(actions)
    if others is not None:
        key = np.union1d(key, others[0] * n + others[1])
    key, shared = shared_moments(table, key, n)
    for _ in range(ROUNDS):
        p = _p(degrees.expected(key // n, key % n, rates), shared)
        near = np.setdiff1d(closed(key[p <= CLEAR], n), key)
        more, often = shared_moments(table, near, n)
        order = np.argsort(np.concatenate([key, more]))
        key = np.concatenate([key, more])[order]
        shared = np.concatenate([shared, often])[order]
    return Pairs(key // n, key % n, shared, totals, len(key))


def _totals(actions: Actions, of: Moments) -> Ints:
    """Meetings by stratum: int64[strata]."""
    if (of.stratum >= 0).all():
        size = np.bincount(of.moment, minlength=len(of.stratum))
        met = np.bincount(of.stratum, size * (size - 1) // 2, actions.strata)
        return np.asarray(met, dtype=np.int64)
    cell = actions.cells().astype(np.int64) * max(actions.strata, 1) + actions.stratum
    moments, place = np.unique(cell, return_inverse=True)
    seen = np.unique(place * max(actions.accounts, 1) + actions.who)
    size = np.bincount(seen // max(actions.accounts, 1), minlength=len(moments))
    stratum = moments % max(actions.strata, 1)
    return np.bincount(stratum, size * (size - 1) // 2, actions.strata).astype(np.int64)


def shared_moments(table: Any, key: Ints, n: int) -> tuple[Ints, Ints]:
    """The pairs with `LEAST` common moments or more, and how many they have."""
    shared = np.zeros(len(key), dtype=np.int64)
    for first in range(0, len(key), BLOCK // 20):
        part = slice(first, first + BLOCK // 20)
        both = table[key[part] // n].multiply(table[key[part] % n])
        shared[part] = np.asarray(both.sum(axis=1)).astype(np.int64)
    return key[shared >= LEAST], shared[shared >= LEAST]


def _p(expected: Floats, shared: Ints) -> Floats:
    from scipy.special import pdtrc

    return np.asarray(pdtrc(shared - 1, expected))


def closed(key: Ints, n: int) -> Ints:
    """The pairs that both are tied to a third account by these pairs."""
    from scipy.sparse import coo_array, triu

    a, b = key // n, key % n
    ties = coo_array((np.ones(len(a)), (a, b)), shape=(n, n)).tocsr()
    ties = ties + ties.T
    both = triu(ties @ ties, k=1).tocoo()
    return np.asarray(both.row.astype(np.int64) * n + both.col, dtype=np.int64)


def _banded(actions: Actions) -> Ints:
    """Pairs (a * accounts + b, sorted) that share a band of minhashes."""
    n = max(actions.accounts, 1)
    wide = actions.moment // WIDE
    wide = wide - wide.min(initial=0)
    places = int(wide.max(initial=0)) + 1
    seen = np.unique(actions.who.astype(np.int64) * places + wide)
    who, begin, size = np.unique(seen // places, return_index=True, return_counts=True)
    if not len(who):
        return np.zeros(0, dtype=np.int64)
    hashed = mixed((seen % places).astype(np.uint64))
    salts = mixed(np.arange(BANDS * ROWS, dtype=np.uint64))
    busy = size >= FEWEST
    pairs: list[Ints] = []
    for band in range(BANDS):
        bucket: Colours = np.zeros(int(busy.sum()), dtype=np.uint64)
        for row in range(ROWS):
            least = np.minimum.reduceat(mixed(hashed ^ salts[band * ROWS + row]), begin)
            bucket = mixed(bucket ^ least[busy])
        pairs.append(_together(who[busy], bucket, n))
    return np.asarray(np.unique(np.concatenate(pairs)), dtype=np.int64)


def _together(who: Ints, bucket: NDArray[np.uint64], n: int) -> Ints:
    """The pairs of accounts in the same bucket, where that has at most `BUCKET`."""
    order = np.lexsort((who, bucket))
    who, bucket = who[order], bucket[order]
    _, place, size = np.unique(bucket, return_inverse=True, return_counts=True)
    keep = (size[place] > 1) & (size[place] <= BUCKET)
    who, place = who[keep], place[keep]
    ends = np.searchsorted(place, place, side="right")
    many = ends - np.arange(len(who)) - 1
    first = np.repeat(np.arange(len(who)), many)
    second = np.arange(len(first)) - np.repeat(np.cumsum(many) - many, many) + first + 1
    return np.asarray(who[first] * n + who[second], dtype=np.int64)
