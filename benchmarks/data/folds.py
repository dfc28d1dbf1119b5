"""Stratified folds that keep a group together, without a loop over accounts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def smallest_class(y: NDArray[np.int8], group: Ints) -> int:
    """The number of groups with the rarer class: the most folds that can have both classes."""
    return min((len(np.unique(group[y == label])) for label in (0, 1)), default=0)


def grouped_folds(y: NDArray[np.int8], group: Ints, folds: int, rng: np.random.Generator) -> Ints:
    """The fold of each account, int64[n]: groups share a fold, classes are spread evenly.

    Groups of several accounts are dealt out first, largest first, forth and back. Single accounts
    then fill up what each fold lacks of their class, so class counts differ by at most one if
    groups are small.
    """
    _, code, size = np.unique(group, return_inverse=True, return_counts=True)
    bots = np.bincount(code, weights=y, minlength=len(size)).astype(np.int64)
    fold = np.empty(len(size), dtype=np.int64)
    shared = np.flatnonzero(size > 1)
    fold[shared] = _deal(size[shared], bots[shared], folds, rng)
    for label in (0, 1):
        single = rng.permutation(np.flatnonzero((size == 1) & (bots == label)))
        of_class = bots[shared] if label else size[shared] - bots[shared]
        taken = np.bincount(fold[shared], weights=of_class, minlength=folds).astype(np.int64)
        fold[single] = np.repeat(np.arange(folds), _fill(taken, len(single), rng))
    return fold[code]


def _deal(size: Ints, bots: Ints, folds: int, rng: np.random.Generator) -> Ints:
    """A fold for each group by class (majority), largest first, dealt forth and back."""
    order = np.lexsort((rng.random(len(size)), -size, 2 * bots > size))
    turn = np.arange(len(size)) % (2 * folds)
    dealt = np.empty(len(size), dtype=np.int64)
    dealt[order] = rng.permutation(folds)[np.minimum(turn, 2 * folds - 1 - turn)]
    return dealt


def _fill(taken: Ints, fresh: int, rng: np.random.Generator) -> Ints:
    """How many `fresh` accounts each fold gets for totals as even as possible, int64[folds].

    >>> _fill(np.array([5, 0, 1]), 6, np.random.default_rng(0)).sum()
    np.int64(6)
    """
    order = rng.permutation(len(taken))
    order = order[np.argsort(taken[order], kind="stable")]
    low = taken[order]
    # The water level over the k lowest folds, for the largest k whose folds all lie under it.
    room = np.arange(1, len(low) + 1) * low - np.cumsum(low)
    k = int(np.flatnonzero(room <= fresh)[-1]) + 1
    level, rest = divmod(int(low[:k].sum()) + fresh, k)
    given = np.zeros(len(taken), dtype=np.int64)
    given[order[:k]] = level - low[:k] + (np.arange(k) < rest)
    return given


def few(domains: Ints, y: NDArray[np.int8], most: int, seed: int | None) -> Ints:
    """At most `most` accounts of each domain and class, drawn with the seed; sorted rows, int64."""
    drawn = np.random.default_rng(seed).permutation(len(y))
    cell = np.unique(domains[drawn] * 2 + y[drawn], return_inverse=True)[1]
    order = np.argsort(cell, kind="stable")
    first = (
        np.searchsorted(cell[order], np.arange(cell.max() + 1))
        if len(cell)
        else np.empty(0, dtype=np.int64)
    )
    place = np.arange(len(y)) - first[cell[order]]
    return np.sort(drawn[order[place < most]])
