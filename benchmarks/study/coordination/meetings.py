"""Co-actions of pairs in one trace, swept through sorted actions, a part of the accounts at once.

A co-action of two accounts is the same thing within the window. A thing counts once for a pair; in
a trace that repeats it counts once for each moment of the account with fewer moments.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.study.coordination.actions import Actions
from benchmarks.study.coordination.chance import Degrees, Floats, Ints, most_expected

LEAST = 2
"""Co-actions a pair needs: one may always be chance."""
BLOCK = 3_000_000
"""Meetings of two actions that are held at once; more are counted in several parts."""


@dataclass(frozen=True)
class Units:
    """Co-actions of pairs in strata; all of a pair's are in one `Units`.

    `pair` is a * accounts + b, a before b (int64), `n` how often (int64), `stratum` int32. `sure`
    (int64) adds up, over the rows of a pair and stratum, to at most d_a d_b: so often both did
    something in this stratum. It is 0 where one did it before the stratum's border and the other
    after.
    """

    pair: Ints
    stratum: NDArray[np.int32]
    n: Ints
    sure: Ints


def units(actions: Actions, low: Ints, high: Ints, repeats: bool) -> Iterator[Units]:
    """The co-actions of all pairs, in parts; `low` and `high` are the reach of each action."""
    meetings = int((high - low - 1).sum()) // 2
    parts = max(1, -(-meetings // BLOCK))
    for part in range(parts):
        begin = np.flatnonzero(actions.who % parts == part) if parts > 1 else np.arange(len(low))
        many = high[begin] - low[begin]
        first = np.repeat(begin, many)
        ends = np.cumsum(many)
        second = np.arange(len(first)) + np.repeat(low[begin] - (ends - many), many)
        after = actions.who[second] > actions.who[first]
        yield _units(actions, first[after], second[after], repeats)


def _units(actions: Actions, first: Ints, second: Ints, repeats: bool) -> Units:
    """Of meetings of the actions at these rows."""
    import pandas as pd

    pair = actions.who[first].astype(np.int64) * actions.accounts + actions.who[second]
    thing, one, two = actions.thing[first], actions.stratum[first], actions.stratum[second]
    stratum, inside = np.minimum(one, two), one == two
    place = _numbered(pd.factorize(pair)[0], thing)
    if repeats:
        place = _numbered(place, stratum)
    rows = np.zeros(int(place.max(initial=-1)) + 1, dtype=np.int64)
    rows[place] = np.arange(len(place))
    if repeats:
        moments = [_distinct(place, actions.moment[side], len(rows)) for side in (first, second)]
        n = np.minimum(*moments)
        crossing = np.bincount(place, ~inside, len(rows)) > 0
        return Units(pair[rows], stratum[rows], n, np.where(crossing, 0, n * n))
    least = np.full(len(rows), np.iinfo(np.int32).max, dtype=np.int32)
    np.minimum.at(least, place, stratum)
    sure = np.bincount(place, inside & (stratum == least[place]), len(rows)) > 0
    return Units(pair[rows], least, np.ones(len(rows), np.int64), sure.astype(np.int64))


def _numbered(place: NDArray[np.integer], code: NDArray[np.int32]) -> Ints:
    """Numbers from 0 of the pairs of a number and a code."""
    import pandas as pd

    codes = int(code.max(initial=0)) + 1
    return np.asarray(pd.factorize(place.astype(np.int64) * codes + code)[0], dtype=np.int64)


def _distinct(place: Ints, moment: Ints, places: int) -> Ints:
    """How many moments each place has: int64[places]."""
    if not len(place):
        return np.zeros(places, dtype=np.int64)
    since = moment - moment.min()
    width = int(since.max()) + 1
    return np.bincount(np.unique(place * width + since) // width, minlength=places)


@dataclass(frozen=True)
class Pairs:
    """Pairs with `LEAST` co-actions or more that chance could not easily give: a row each, sorted.

    `a` before `b`, `shared` co-actions, all int64; `met` counts all pairs with `LEAST` or more, and
    `totals` is int64[strata].
    """

    a: Ints
    b: Ints
    shared: Ints
    totals: Ints
    met: int


def swept(  # noqa: PLR0917 (actions and their reach, what chance keeps, what counts)
    actions: Actions,
    low: Ints,
    high: Ints,
    degrees: Degrees,
    repeats: bool,
    weak: float = 1.0,
) -> Pairs:
    """The pairs of a trace. Those whose p is sure to be above `weak` are counted, not kept.

    Where the meetings do not fit at once they are swept twice: first for the totals of the strata,
    then for the pairs.
    """
    totals = np.zeros(actions.strata, dtype=np.int64)
    parts, held = 0, []
    for some in units(actions, low, high, repeats):
        totals += np.bincount(some.stratum, some.n, actions.strata).astype(np.int64)
        parts, held = parts + 1, [some]
    rates = degrees.rates(totals)
    again = held if parts == 1 else units(actions, low, high, repeats)
    found = [_kept(some, rates, weak) for some in again]
    pair, shared = (np.concatenate([f[k] for f in found]) for k in (0, 1))
    order = np.argsort(pair)
    pair, n = pair[order], max(actions.accounts, 1)
    return Pairs(pair // n, pair % n, shared[order], totals, sum(f[2] for f in found))


def _kept(some: Units, rates: Floats, weak: float) -> tuple[Ints, Ints, int]:
    """Pairs that may have a p of at most `weak`, their co-actions; how many have `LEAST`."""
    import pandas as pd

    place, pairs = pd.factorize(some.pair)
    shared = np.bincount(place, some.n, len(pairs)).astype(np.int64)
    met = shared >= LEAST
    if weak < 1:
        # Both did something in the strata where they met, so chance expects at least this.
        least = np.bincount(place, rates[some.stratum] * some.sure, len(pairs))
        keep = met & (least <= most_expected(int(shared.max(initial=0)), weak)[shared])
        return pairs[keep], shared[keep], int(met.sum())
    return pairs[met], shared[met], int(met.sum())
