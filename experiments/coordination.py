"""docs/study-questions.md: how well traces of coordination find groups planted in simulated posts.

`make experiments EXPERIMENT=coordination` simulates 1e5 accounts with 1e7 actions, and all pairs of
5,000 accounts; ARGS="--accounts 10000 --actions 1000000 --groups 40" takes a minute. The posts lie
in a Parquet file, as a store keeps them.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pages import markdown, number, write

from benchmarks.study.coordination import coaction, rhythms
from benchmarks.study.coordination.fusion import RATE, WINDOW, fused
from benchmarks.study.coordination.meetings import LEAST
from benchmarks.study.coordination.network import TieNetwork
from benchmarks.study.coordination.traces import TRACES, Trace
from benchmarks.study.simulation import operations
from botbench.core.duckdb_work import scratch_database
from botbench.stats.partitions import compare

Ints = NDArray[np.int64]
CLEAR = 1e-6
"""p below which a pair is no chance."""


def planted(connection: Any, setting: operations.Setting, file: Path) -> str:
    """What is found of the groups of each trace, and what it takes."""
    posts, groups = operations.simulate(connection, setting, file)
    rows, accounts = connection.execute(
        f"SELECT count(*), count(DISTINCT account_id) FROM {posts}"
    ).fetchone()
    begun = time.process_time()
    network = fused(connection, posts, done=lambda name: print(name, file=sys.stderr))
    seconds = time.process_time() - begun
    by = network.tied_by().sum(axis=0)
    lines: list[list[object]] = []
    for trace in (*operations.TRACES, None):
        found = operations.judged(connection, network, groups, trace)
        k = -1 if trace is None else network.traces.index(trace)
        counts = (
            (sum(network.actions), network.compared, len(network.a))
            if trace is None
            else (network.actions[k], network.met[k], int(by[k]))
        )
        lines.append(
            [
                "all" if trace is None else f"`{trace}`",
                *(f"{n:,}" for n in (*counts, found.planted)),
                number(found.recall_accounts, ".3f"),
                number(found.recall, ".3f"),
            ]
        )
    found = operations.judged(connection, network, groups)
    heads = (
        "trace",
        "actions",
        "pairs that met twice",
        "pairs it ties",
        "accounts planted with it",
        "of them grouped",
        "of their pairs tied by any trace",
    )
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    text = (
        f"{accounts:,} accounts, {rows:,} posts in {setting.days} days, {setting.groups} planted"
        f" groups that do {setting.together} things together. {found.ties:,} ties,"
        f" {found.ties - found.right:,} of them not within a planted group: precision"
        f" {number(found.precision, '.4f')} (a false discovery rate of {RATE} allows"
        f" {RATE * found.ties:,.0f}). {_agreement(connection, network, groups)}"
        f" {seconds:,.0f} s of processor time; the process took {memory:.1f} GiB at most."
    )
    return f"{text}\n\n{markdown(heads, lines)}"


def _agreement(connection: Any, network: TieNetwork, groups: str) -> str:
    known = dict(connection.execute(f"SELECT account_id, g FROM {groups}").fetchall())
    of = np.array([known.get(a, -1) for a in network.accounts], dtype=np.int64)
    both = (of >= 0) & (network.group >= 0)
    about = compare(network.group[both], of[both])
    if about is None:
        return ""
    rand = about.adjusted_rand
    return (
        f"Groups found and planted: adjusted Rand {rand.value:.3f} ({rand.low:.3f} to"
        f" {rand.high:.3f}), {rand.shuffled:.3f} with the planted ones shuffled."
    )


def all_pairs(connection: Any, setting: operations.Setting) -> str:
    """Recall against all pairs, which are compared without blocks, parts and minhashes."""
    posts, _ = operations.simulate(connection, setting)
    numbered = coaction.accounts(connection, posts)
    n = connection.execute(f"SELECT count(*) FROM {numbered}").fetchone()[0]
    lines = []
    for trace in map(TRACES.get, operations.TRACES):
        found = coaction.count(connection, posts, numbered, trace, WINDOW)
        wanted = _every_pair(connection, posts, numbered, trace)
        key = found.a * n + found.b
        mine = dict(zip(key.tolist(), found.shared.tolist(), strict=True))
        equal = sum(mine.get(pair) == shared for pair, shared in wanted.items())
        clear = set(key[found.p_values() <= CLEAR].tolist())
        lines.append([f"`{trace.name}`", f"{len(wanted):,}", f"{equal / len(wanted):.4f}"])
        lines[-1] += [f"{len(mine) - equal:,}", f"{len(clear):,}"]
        print(*lines[-1], file=sys.stderr)
    # The last one is rhythm or not: minhashes are asked for by name.
    rhythm = TRACES.get("rhythm")
    exact = coaction.count(connection, posts, numbered, rhythm, WINDOW)
    most, rhythms.MOST = rhythms.MOST, 0
    try:
        sketched = coaction.count(connection, posts, numbered, rhythm, WINDOW)
    finally:
        rhythms.MOST = most
    clear = set((exact.a * n + exact.b)[exact.p_values() <= CLEAR].tolist())
    there = set((sketched.a * n + sketched.b).tolist())
    heads = (
        "trace",
        "pairs with two co-actions",
        "found, with the same count",
        "others found",
        f"pairs with p under {CLEAR:g}",
    )
    part = len(clear & there) / len(clear) if clear else float("nan")
    return (
        f"All {n * (n - 1) // 2:,} pairs of {n:,} accounts, {setting.actions:,} posts and"
        f" {setting.groups} planted groups:\n\n{markdown(heads, lines)}\n\nAbove"
        f" {rhythms.MOST:,} meetings `rhythm` takes its pairs from minhashes and from other"
        f" traces. Minhashes alone find {part:.2f} of its {len(clear):,} pairs with p under"
        f" {CLEAR:g}."
    )


def _every_pair(connection: Any, posts: str, numbered: str, trace: Trace) -> dict[int, int]:
    """Co-actions by pair (a * n + b), from each thing's actions in order of time."""
    rows = connection.execute(f"""
        SELECT i, dense_rank() OVER (ORDER BY what) AS thing, t,
            dense_rank() OVER (ORDER BY hash("within")) AS stratum
        FROM (SELECT DISTINCT * FROM ({trace.actions(connection, posts)}))
        JOIN {numbered} USING (account_id) WHERE what IS NOT NULL ORDER BY thing, t""").fetchnumpy()
    who, thing, stratum = (rows[c].astype(np.int64) for c in ("i", "thing", "stratum"))
    t, n = rows["t"].astype(np.float64), int(rows["i"].max()) + 1
    if trace.sketched:
        return _moments(who, np.floor(t / WINDOW).astype(np.int64), n)
    axis = thing * (np.ptp(t) + 10 * WINDOW) + t - t.min()
    ends = np.searchsorted(axis, axis + WINDOW, side="right")
    many = ends - np.arange(len(t)) - 1
    first = np.repeat(np.arange(len(t)), many)
    second = first + 1 + np.arange(len(first)) - np.repeat(np.cumsum(many) - many, many)
    apart = who[first] != who[second]
    first, second = first[apart], second[apart]
    swapped = who[first] > who[second]
    a, b = np.where(swapped, second, first), np.where(swapped, first, second)
    pair = who[a] * n + who[b]
    if not trace.repeats:
        units = np.unique(np.stack([pair, thing[a]], axis=1), axis=0)[:, 0]
        return _twice(units)
    low = np.minimum(stratum[a], stratum[b])
    counts: list[Ints] = []
    for side in (a, b):
        moment = np.floor(t[side] / WINDOW).astype(np.int64)
        seen = np.unique(np.stack([pair, thing[a], low, moment], axis=1), axis=0)[:, :3]
        groups, times = np.unique(seen, axis=0, return_counts=True)
        counts.append(times)
    return _twice(np.repeat(groups[:, 0], np.minimum(*counts)))


def _moments(who: Ints, moment: Ints, n: int) -> dict[int, int]:
    from scipy.sparse import coo_array, triu

    column = np.unique(moment, return_inverse=True)[1]
    seen = np.unique(np.stack([who, column], axis=1), axis=0)
    table = coo_array((np.ones(len(seen), np.int64), (seen[:, 0], seen[:, 1]))).tocsr()
    both = triu(table @ table.T, k=1).tocoo()
    twice = both.data >= LEAST
    key = both.row[twice].astype(np.int64) * n + both.col[twice]
    return dict(zip(key.tolist(), both.data[twice].tolist(), strict=True))


def _twice(units: Ints) -> dict[int, int]:
    pairs, times = np.unique(units, return_counts=True)
    twice = times >= LEAST
    return dict(zip(pairs[twice].tolist(), times[twice].tolist(), strict=True))


def main() -> None:
    """Simulate both and write their tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--actions", type=int, default=10_000_000)
    parser.add_argument("--groups", type=int, default=80, help="planted groups")
    parser.add_argument("--sample", type=int, default=5_000, help="accounts of all pairs")
    asked = parser.parse_args()
    setting = operations.Setting(asked.accounts, asked.actions, groups=asked.groups)
    small = operations.Setting(asked.sample, 100 * asked.sample, groups=24, seed=1)
    with tempfile.TemporaryDirectory() as folder, scratch_database() as connection:
        text = planted(connection, setting, Path(folder) / "posts.parquet")
    with scratch_database() as connection:
        pairs = all_pairs(connection, small)
    command = " ".join(["python experiments/coordination.py", *sys.argv[1:]])
    parts = [f"Made by `{command}`; simulated.", text, pairs]
    write("study-questions.md", "coordination", "\n\n".join(parts))


if __name__ == "__main__":
    main()
