"""What ranks become when members are removed: at random, by their posterior, or the heaviest.

A list of linked accounts is a claim, and some of its accounts may not be what it says. Removing
members asks how much of a rank depends on which accounts are on the list.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.study.operation.day_counts import Day

DRAWS = 500
SHARES = np.arange(1, 100) / 100
"""The shares of the members that are removed: 1 % to 99 %."""
WRONG = (0.05, 0.1, 0.2)
"""The shares of wrong members at which a rank is given with its interval."""
AT_ONCE = 8_000_000
"""Counts (draws x shares x items) held at a time."""
Ranks = NDArray[np.int16]
Floats = NDArray[np.float64]


def removed_at(members: int, size: int, draws: int = DRAWS, seed: int = 0) -> NDArray[np.uint8]:
    """For each draw, at which share each member is removed: uint8[draws, members].

    The value is a place in `SHARES`, or its length where the member stays throughout. A draw is one
    random order of all `size` members of the cohort, of which the first `members` places are those
    that posted; the first round(share x size) of the order are removed, so more are removed at a
    larger share, never others.
    """
    gone = np.floor(SHARES * size + 0.5)
    random = np.random.default_rng(seed)
    result = np.empty((draws, members), dtype=np.uint8)
    for draw in range(draws):
        order = random.permutation(size)[:members]
        result[draw] = np.searchsorted(gone, order, side="right")
    return result


def ranks_after(day: Day, removed: NDArray[np.uint8], shown: int) -> Ranks:
    """Ranks of the first `shown` items after removals: int16[draws, shares, shown].

    Equal counts have equal ranks, as in the ranking itself.
    """
    m, steps = len(day.items), len(SHARES) + 1
    at_once = max(1, AT_ONCE // (steps * m))
    parts = [
        _ranks(_left(day, removed[first : first + at_once], m, steps), shown)
        for first in range(0, len(removed), at_once)
    ]
    return np.concatenate(parts)


def _left(day: Day, removed: NDArray[np.uint8], m: int, steps: int) -> NDArray[np.int32]:
    """Posts that are left: int32[draws, shares, items]."""
    draws = len(removed)
    cell = (np.arange(draws)[:, None] * steps + removed[:, day.member]) * m + day.item
    posts = np.bincount(cell.ravel(), np.tile(day.n, draws), minlength=draws * steps * m)
    by_step = posts.astype(np.int32).reshape(draws, steps, m)
    # A member that is removed at place s still counts at every smaller share.
    return np.asarray(by_step[:, ::-1].cumsum(axis=1, dtype=np.int32)[:, ::-1][:, 1:])


def _ranks(left: NDArray[np.int32], shown: int) -> Ranks:
    mine = left[:, :, :shown]
    ranks = np.ones(mine.shape, dtype=np.int16)
    for other in range(left.shape[2]):
        ranks += left[:, :, other, None] > mine
    return ranks


def falls_at(ranks: Ranks, low: NDArray[np.int64], high: NDArray[np.int64]) -> list[float | None]:
    """The smallest share at which the median rank leaves its interval; None where none does.

    `ranks` is int16[draws, shares, items], `low` and `high` are int64[items].
    """
    median = np.median(ranks, axis=0)
    outside = (median < low) | (median > high)
    first = outside.argmax(axis=0)
    return [
        float(SHARES[at]) if outside[at, item] else None for item, at in enumerate(first.tolist())
    ]


@dataclass(frozen=True)
class MedianRank:
    """A rank when members are wrong: median and 95 % interval over the draws."""

    median: float
    low: int
    high: int


def median_rank(ranks: NDArray[np.integer]) -> MedianRank:
    """Of one item's ranks: int[draws]."""
    low, high = np.quantile(ranks, [0.025, 0.975], method="inverted_cdf")
    return MedianRank(float(np.median(ranks)), int(low), int(high))


def at_shares(ranks: Ranks, item: int) -> list[MedianRank]:
    """The rank of one item with each share of `WRONG` removed."""
    places = [int(np.argmin(abs(SHARES - share))) for share in WRONG]
    return [median_rank(ranks[:, place, item]) for place in places]


def by_posterior(day: Day, posterior: Floats, item: int, draws: int, seed: int) -> MedianRank:
    """The rank of one item if each member is one with its own probability: float64[members]."""
    present, posts = day.by_member()
    kept = np.random.default_rng(seed).random((draws, len(present))) < posterior[present]
    left = kept.astype(np.float64) @ posts
    return median_rank(1 + (left > left[:, [item]]).sum(axis=1))


def carriers(day: Day, item: int) -> NDArray[np.int64]:
    """The fewest members without whom the item loses its rank, the heaviest first: places.

    Empty where no removal of members makes another item overtake it. For each item behind, the
    members are taken in the order of how much more they posted of this one; the item that overtakes
    first decides, which is the smallest set for one item to overtake.
    """
    present, posts = day.by_member()
    behind = np.flatnonzero(day.posts <= day.posts[item])
    behind = behind[behind != item]
    if not len(behind):
        return np.zeros(0, dtype=np.int64)
    lead = posts[:, [item]] - posts[:, behind]
    order = np.argsort(-lead, axis=0, kind="stable")
    taken = np.cumsum(np.maximum(np.take_along_axis(lead, order, axis=0), 0), axis=0)
    enough = taken > (day.posts[item] - day.posts[behind])
    needed = np.where(enough.any(axis=0), enough.argmax(axis=0) + 1, len(present) + 1)
    first = int(needed.argmin())
    if needed[first] > len(present):
        return np.zeros(0, dtype=np.int64)
    return np.asarray(present[order[: needed[first], first]], dtype=np.int64)
