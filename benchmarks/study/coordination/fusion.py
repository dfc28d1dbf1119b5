"""One network of all traces, with one false discovery rate.

A pair of accounts is a family of hypotheses, one for each trace: "they do this together by chance".
The p-values of a pair (Poisson, `coaction`) are combined by Simes' test, which holds where traces
depend on each other positively, as they do: who reposts the same post shares its link. Pairs are
then chosen among all pairs of accounts with a post (Benjamini and Hochberg), and in a chosen pair
the traces that tie it (Benjamini and Bogomolov). So of the ties drawn, at most the rate is expected
to be chance. Luceri et al. 2024 fuse traces by the union of networks that are cut one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.study.coordination import coaction
from benchmarks.study.coordination.chance import Floats, Ints
from benchmarks.study.coordination.coaction import Counted
from benchmarks.study.coordination.communities import communities
from benchmarks.study.coordination.network import TieNetwork
from benchmarks.study.coordination.traces import TRACES
from botbench.stats.multiple_comparisons import families

if TYPE_CHECKING:
    import duckdb

WINDOW, RATE = 60.0, 0.05
PROMISING = 0.01
"""p below which a pair of one trace is looked at in sketched traces too."""
TIES = 1_000_000
"""Ties up to which the network is that of all pairs (`weak`)."""


def fused(
    connection: duckdb.DuckDBPyConnection,
    posts: str,
    *,
    window: float = WINDOW,
    rate: float = RATE,
    of: Sequence[str] | None = None,
    done: Callable[[str], None] = lambda _: None,
) -> TieNetwork:
    """The network of accounts that act together beyond chance in `posts`, a relation.

    `posts` has the columns of the posts table. `window` is in seconds, `rate` the false discovery
    rate over all pairs, `of` the traces (`usual` by default). Raises UserError for an unknown one.
    """
    chosen = [TRACES.get(name) for name in dict.fromkeys(usual() if of is None else of)]
    numbered = coaction.accounts(connection, posts)
    ids = connection.execute(f"SELECT account_id FROM {numbered} ORDER BY i").fetchnumpy()
    accounts = np.asarray(ids["account_id"], dtype=object)
    least = weak(len(accounts), rate)
    counted: list[Counted] = []
    for trace in sorted(chosen, key=lambda t: t.sketched):
        near = _promising(counted) if trace.sketched else None
        counted.append(coaction.count(connection, posts, numbered, trace, window, near, least))
        done(trace.name)
    counted.sort(key=lambda c: c.trace)
    return joined(accounts, counted, rate)


def weak(accounts: int, rate: float) -> float:
    """The p of a pair's trace above which it can tie nothing, if there are at most `TIES` ties.

    With R ties among N pairs, the largest p that Benjamini and Hochberg reject is rate R / N; with
    Simes' test a pair needs a trace with a p of at most that. So pairs above need not be held.

    >>> weak(1000, 0.05), weak(100_000, 0.05)
    (1.0, 1.000010000100001e-05)
    """
    pairs = accounts * (accounts - 1) // 2
    return 1.0 if pairs <= TIES else rate * TIES / pairs


def usual() -> list[str]:
    """The traces of acting together in time. Those of behaving alike at any time are asked for."""
    return [name for name, trace in TRACES.all().items() if trace.timed]


def _promising(counted: Sequence[Counted]) -> tuple[Ints, Ints]:
    near = [c.p_values() <= PROMISING for c in counted]
    a = np.concatenate(
        [np.zeros(0, np.int64), *(c.a[n] for c, n in zip(counted, near, strict=True))]
    )
    b = np.concatenate(
        [np.zeros(0, np.int64), *(c.b[n] for c, n in zip(counted, near, strict=True))]
    )
    return a, b


def joined(accounts: NDArray[np.object_], counted: Sequence[Counted], rate: float) -> TieNetwork:
    """Fuse the counted traces of these accounts (object[n], their ids by number)."""
    n = len(accounts)
    a = _stacked(counted, lambda c: c.a).astype(np.int64)
    b = _stacked(counted, lambda c: c.b).astype(np.int64)
    trace = np.repeat(np.arange(len(counted)), [len(c.a) for c in counted])
    p = _stacked(counted, Counted.p_values)
    pairs, family = np.unique(a * max(n, 1) + b, return_inverse=True)
    q, meant = families(family, p, len(counted), max(n * (n - 1) // 2, 1), rate)
    chosen = np.flatnonzero(q <= rate)
    place = np.full(len(pairs), -1, dtype=np.int64)
    place[chosen] = np.arange(len(chosen))
    kept = np.flatnonzero(place[family] >= 0)
    kept = kept[np.lexsort((trace[kept], place[family][kept]))]
    tie = place[family][kept]
    overlap = np.where(meant, _stacked(counted, lambda c: c.overlap), 0.0)[kept]
    weight = np.asarray(np.bincount(tie, overlap, len(chosen)), dtype=np.float64)
    ends = pairs[chosen]
    network = TieNetwork(
        accounts=accounts,
        traces=tuple(c.trace for c in counted),
        a=ends // max(n, 1),
        b=ends % max(n, 1),
        q=q[chosen],
        weight=weight,
        tie=tie,
        trace=trace[kept],
        shared=_stacked(counted, lambda c: c.shared).astype(np.int64)[kept],
        expected=_stacked(counted, lambda c: c.expected)[kept],
        p=p[kept],
        meant=meant[kept],
        group=np.full(n, -1, dtype=np.int64),
        compared=len(pairs),
        actions=tuple(c.actions for c in counted),
        crowded=tuple(c.crowded for c in counted),
        met=tuple(c.met for c in counted),
    )
    network.group[:] = communities(n, network.a, network.b, network.weight)
    return network


def _stacked(counted: Sequence[Counted], column: Callable[[Counted], Ints | Floats]) -> Floats:
    return np.concatenate([np.zeros(0), *(column(c).astype(np.float64) for c in counted)])
