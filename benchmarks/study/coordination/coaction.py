"""Pairs of accounts that do the same more often than chance allows, for one trace.

A co-action of two accounts is the same action within the window (at any time where the trace is not
timed). Actions are swept in the order of thing and time (`actions`, `meetings`), so only pairs with
a common action are compared; what chance expects of a pair is in `chance`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.study.coordination import actions, meetings, rhythms
from benchmarks.study.coordination.chance import Floats, Ints, degrees
from botbench.core.duckdb_work import materialise

if TYPE_CHECKING:
    import duckdb

    from benchmarks.study.coordination.traces import Trace


@dataclass(frozen=True)
class Counted:
    """The pairs of one trace with two co-actions or more: a row each, sorted.

    `a` < `b` are numbers of accounts (int64), `shared` co-actions (int64), `expected` their number
    by chance (float64), `overlap` shared / sqrt(d_a d_b), from 0 to 1 (float64). `actions` counts
    the trace's dated actions, `crowded` the moments left out as trends, `met` the pairs with two
    co-actions, of which those are not listed that chance gives too easily (`count`).
    """

    trace: str
    a: Ints
    b: Ints
    shared: Ints
    expected: Floats
    overlap: Floats
    actions: int
    crowded: int
    met: int

    def of(self, rows: NDArray[np.bool_]) -> Counted:
        """Some of the pairs."""
        return replace(
            self,
            a=self.a[rows],
            b=self.b[rows],
            shared=self.shared[rows],
            expected=self.expected[rows],
            overlap=self.overlap[rows],
        )

    def p_values(self) -> Floats:
        """The chance of as many co-actions or more (Poisson), float64[pairs]."""
        from scipy.special import pdtrc

        return np.asarray(np.where(self.shared > 0, pdtrc(self.shared - 1, self.expected), 1.0))


def accounts(connection: duckdb.DuckDBPyConnection, posts: str) -> str:
    """The table (account_id, i) of the accounts with a dated post; i counts from 0 by id."""
    return materialise(
        connection,
        "coaction_accounts",
        f"""
        SELECT account_id, row_number() OVER (ORDER BY account_id) - 1 AS i
        FROM (SELECT DISTINCT account_id FROM {posts} WHERE created_at IS NOT NULL)""",
    )


def count(  # noqa: PLR0917 (a relation, its accounts, a trace and what it asks)
    connection: duckdb.DuckDBPyConnection,
    posts: str,
    numbered: str,
    trace: Trace,
    window: float,
    candidates: tuple[Ints, Ints] | None = None,
    weak: float = 1.0,
) -> Counted:
    """Co-actions of all pairs in one trace, within `window` seconds.

    `numbered` is the table of `accounts`. `candidates` are pairs of other traces, of interest to a
    sketched trace alone. Pairs whose p is sure to be above `weak` need not be listed.
    """
    done = actions.read(connection, posts, numbered, trace, window)
    if trace.sketched:
        of = degrees(done)
        crowded, pairs = 0, rhythms.alike(done, of, candidates, weak)
    else:
        trends, kept = actions.without_trends(done, trace.crowd)
        crowds, kept, low, high = actions.bounded(kept, window, trace.timed)
        crowded, of = trends + crowds, degrees(kept)
        pairs = meetings.swept(
            *actions.meeting(kept, low, high), of, repeats=trace.repeats, weak=weak
        )
    found = Counted(
        trace.name,
        pairs.a,
        pairs.b,
        pairs.shared,
        of.expected(pairs.a, pairs.b, of.rates(pairs.totals)),
        of.overlap(pairs.a, pairs.b, pairs.shared),
        len(done.who),
        crowded,
        pairs.met,
    )
    return found if weak >= 1 else found.of(found.p_values() <= weak)
