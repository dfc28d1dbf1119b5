"""Resampling: bootstrap draws of accounts, and percentile intervals of what was drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from botbench.stats.account_groups import Codes
from botbench.stats.proportions import LEVEL, Array

RESAMPLES = 2000
CELLS = 1_000_000
"""Weights held at once: bounds memory, whatever the number of accounts and of resamples."""


def resamples(
    accounts: int,
    count: int,
    seed: Sequence[int],
    cells: int = CELLS,
    group: Codes | None = None,
) -> Iterator[Array]:
    """How often each account is in each of `count` draws, in chunks float64[b, accounts].

    Draws are with replacement. With a `group` of each account, whole groups are drawn, as many as
    there are, and an account is drawn as often as its group. Draws depend on the seed and the
    number of accounts or groups, never on the size of a chunk.
    """
    if group is not None:
        own = max(1, cells * (int(group.max(initial=0)) + 1) // max(accounts, 1))
        for drawn_groups in resamples(int(group.max(initial=-1)) + 1, count, seed, own):
            yield np.asarray(drawn_groups[:, group], order="F")
        return
    random = np.random.default_rng(list(seed))
    step = max(1, cells // max(accounts, 1))
    for start in range(0, count, step):
        b = min(step, count - start)
        drawn = random.integers(0, accounts, size=(b, accounts)) + np.arange(b)[:, None] * accounts
        often = np.bincount(drawn.ravel(), minlength=b * accounts).reshape(b, accounts)
        yield np.asarray(often, dtype=np.float64, order="F")


def percentiles(draws: Array) -> tuple[float, float] | None:
    """The middle 95 % of the draws that have a value; None if none has.

    >>> [round(bound, 3) for bound in percentiles(np.arange(1, 1000.0)) or ()]
    [25.95, 974.05]
    """
    valued = draws[~np.isnan(draws)]
    if not len(valued):
        return None
    low, high = np.quantile(valued, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
