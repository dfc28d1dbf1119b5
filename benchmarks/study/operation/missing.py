"""What posts that are not in the data could do to a rank."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.study.operation.day_counts import Day


def margins(day: Day, item: int) -> tuple[int | None, int | None]:
    """Posts with the next item ahead and the next behind that it would take to pass: (up, down).

    `up` is how many more posts of this item would take it past the next one ahead, `down` how many
    more of the next one behind would take that past this one. None where there is no such item.
    """
    mine = day.posts[item]
    ahead, behind = day.posts[day.posts > mine], np.delete(day.posts, item)
    behind = behind[behind <= mine]
    return (
        int(ahead.min() - mine) + 1 if len(ahead) else None,
        int(mine - behind.max()) + 1 if len(behind) else None,
    )


def with_more_like_the_largest(
    day: Day, posts: NDArray[np.int64], accounts: int, draws: int, seed: int
) -> NDArray[np.int64]:
    """Ranks of the day's items if more accounts had posted as the largest did: [draws, items].

    `posts` is int64[members], what each posted in the whole window. A draw adds `accounts` members,
    drawn with replacement from the `accounts` largest, with what they posted on this day.
    """
    largest = np.lexsort((np.arange(len(posts)), -posts))[:accounts]
    place = np.full(len(posts), -1)
    place[largest] = np.arange(len(largest))
    of_largest = place[day.member] >= 0
    table = np.zeros((len(largest), len(day.items)))
    table[place[day.member[of_largest]], day.item[of_largest]] = day.n[of_largest]
    weights = np.random.default_rng(seed).multinomial(
        accounts, np.full(len(largest), 1 / len(largest)), size=draws
    )
    totals = day.posts + weights @ table
    return np.asarray(1 + (totals[:, None, :] > totals[:, :, None]).sum(axis=2), dtype=np.int64)
