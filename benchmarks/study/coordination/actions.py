"""A trace's dated actions as sorted arrays, and which of them lie within the window of each other.

Actions are sorted by thing, then time (sort and sweep): those that one action can meet stand in one
stretch of rows beside it, so nothing is joined and nothing is compared across things.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import duckdb

    from benchmarks.study.coordination.traces import Trace

MOST = 200_000_000
"""Meetings of two actions in a trace above which its most crowded moments are left out too."""
SECOND = 1_000_000
UNTIMED = "0"

Ints = NDArray[np.int64]
Codes = NDArray[np.int32]


@dataclass(frozen=True)
class Actions:
    """Dated actions of one trace, sorted by thing, then time; a row each.

    `who` is a number of an account below `accounts` (int32), `thing` and `stratum` are numbers from
    0 (int32; strata in an order that accounts' names do not change), `t` microseconds since 1970
    and `moment` the window that it falls in (int64; 0 in a trace that is not timed).
    """

    accounts: int
    strata: int
    who: Codes
    thing: Codes
    t: Ints
    moment: Ints
    stratum: Codes

    def of(self, rows: NDArray[np.bool_] | Ints) -> Actions:
        """Some of the actions, in the same order."""
        return replace(
            self,
            who=self.who[rows],
            thing=self.thing[rows],
            t=self.t[rows],
            moment=self.moment[rows],
            stratum=self.stratum[rows],
        )

    def cells(self) -> Codes:
        """The number of each action's thing and moment, from 0 without gaps: int32[rows]."""
        new = np.ones(len(self.who), dtype=np.bool_)
        new[1:] = (self.thing[1:] != self.thing[:-1]) | (self.moment[1:] != self.moment[:-1])
        return np.cumsum(new, dtype=np.int32) - np.int32(1)


def read(
    connection: duckdb.DuckDBPyConnection, posts: str, numbered: str, trace: Trace, window: float
) -> Actions:
    """The actions of a trace in `posts`; `numbered` is the table of accounts (account_id, i)."""
    import pandas as pd

    time = f"t * {SECOND}" if trace.timed else UNTIMED
    dated = f"(SELECT * FROM {posts} WHERE created_at IS NOT NULL)"
    rows: dict[str, Any] = connection.execute(f"""
        SELECT i::INTEGER AS who, hash(what) AS what, ({time})::DOUBLE AS at,
            hash("within") AS stratum
        FROM ({trace.actions(connection, dated)}) JOIN {numbered} USING (account_id)
        WHERE what IS NOT NULL""").fetchnumpy()
    t = np.rint(rows.pop("at")).astype(np.int64)
    what = rows.pop("what")
    order = np.lexsort((t, what))
    what, t = what[order], t[order]
    thing = np.zeros(len(t), dtype=np.int32)
    np.cumsum(what[1:] != what[:-1], out=thing[1:])
    stratum, names = pd.factorize(rows.pop("stratum"), sort=True)
    count = connection.execute(f"SELECT count(*) FROM {numbered}").fetchone()
    return Actions(
        accounts=int(count[0]) if count else 0,
        strata=len(names),
        who=rows.pop("who")[order],
        thing=thing,
        t=t,
        moment=t // microseconds(window),
        stratum=stratum.astype(np.int32)[order],
    )


def microseconds(window: float) -> int:
    """A window of seconds in microseconds, at least one.

    >>> microseconds(60.0)
    60000000
    """
    return max(1, round(window * SECOND))


def without_trends(actions: Actions, crowd: int) -> tuple[int, Actions]:
    """How many moments are left out as trends, and the other actions.

    A trend is a moment in which more than `crowd` accounts did the same.
    """
    cell = actions.cells()
    size = np.bincount(cell)
    if not (size > crowd).any():
        return 0, actions
    near = (size > crowd)[cell]
    pairs = np.unique(cell[near].astype(np.int64) * actions.accounts + actions.who[near])
    many = np.bincount(pairs // actions.accounts, minlength=len(size)) > crowd
    return int(many.sum()), actions.of(~many[cell])


def reach(actions: Actions, window: float, timed: bool) -> tuple[Ints, Ints]:
    """For each action, the rows from and to which actions of the same thing lie within `window`.

    int64[rows] each; the second is exclusive. Without time it is all of the thing.
    """
    things = int(actions.thing[-1]) + 1 if len(actions.thing) else 0
    if not timed:
        ends = np.searchsorted(actions.thing, np.arange(things + 1))
        return ends[actions.thing], ends[actions.thing + 1]
    within = microseconds(window)
    since = actions.t - actions.t.min() if things else actions.t
    width = int(since.max(initial=0)) + within + 1
    low, high = np.empty_like(actions.t), np.empty_like(actions.t)
    # Things are laid on one axis, as many at once as 63 bits hold.
    at_once = max(1, 2**62 // width)
    for first in range(0, things, at_once):
        begin, end = np.searchsorted(actions.thing, [first, first + at_once])
        axis = (actions.thing[begin:end].astype(np.int64) - first) * width + since[begin:end]
        low[begin:end] = begin + np.searchsorted(axis, axis - within)
        high[begin:end] = begin + np.searchsorted(axis, axis + within, side="right")
    return low, high


def bounded(
    actions: Actions, window: float, timed: bool, most: int | None = None
) -> tuple[int, Actions, Ints, Ints]:
    """How many moments are left out, the other actions, and their `reach`.

    There are at most `most` meetings (`MOST`): where there are more, the moments with most actions
    are left out until there are not. So a thing that everybody does all the time bounds itself, as
    a cut-off by document frequency does elsewhere (Pacheco et al. 2021), but no more than needed.
    """
    left, limit = 0, MOST if most is None else most
    while True:
        low, high = reach(actions, window, timed)
        span = high - low - 1
        if int(span.sum()) // 2 <= limit:
            return left, actions, low, high
        cell = actions.cells()
        size = np.bincount(cell)
        by_size = np.cumsum(np.bincount(size[cell], span))
        largest = int(np.searchsorted(by_size, 2 * limit, side="right")) - 1
        keep = size <= min(max(largest, 1), int(size.max()) - 1)
        left += int((~keep).sum())
        actions = actions.of(keep[cell])


def meeting(actions: Actions, low: Ints, high: Ints) -> tuple[Actions, Ints, Ints]:
    """The actions that meet others, and their reach in rows of these."""
    there = high - low > 1
    place = np.concatenate([[0], np.cumsum(there)])
    return actions.of(there), place[low[there]], place[high[there]]
