"""docs/intervals.md: accounts in duplicate groups, equal detectors on them, and coverage.

`make experiments EXPERIMENT=groups` takes about ten minutes of processor. With ARGS="--minutes 2"
it makes as many data sets as two minutes allow, in addition to half a minute for measuring that.
"""

from __future__ import annotations

import argparse
import time

from pages import markdown, write

from benchmarks.leaderboard.compute.equal_detectors import Runs, separated
from benchmarks.leaderboard.compute.interval_coverage import METRICS, Cell, Settings, World, cover

ACCOUNTS, MEMBERS = 500, 5
ALIKE = {1.0: "copies", 0.5: "correlated .5", 0.0: "independent"}
SEPARATED = ("balanced-accuracy", "roc-auc")
SLOW = ("calibration-slope[bot]", "ece[bot]@bins=10")
PREVALENCE, AUCS = 0.4, (0.7, 0.9, 0.99)


def equal_detectors(pairs: int) -> str:
    """The share of pairs that are separated, with groups known and unknown."""
    lines = []
    for alike, name in ALIKE.items():
        world = World(ACCOUNTS, PREVALENCE, 0.9, MEMBERS, alike)
        shares = [
            separated(world, metric, Runs(pairs), known)
            for metric in SEPARATED
            for known in (True, False)
        ]
        lines.append([name, *(f"{100 * share:.1f} %" for share in shares)])
    heads = [f"{metric}, groups {state}" for metric in SEPARATED for state in ("known", "unknown")]
    return markdown(["answers in a group", *heads], lines)


def coverage(sets: int) -> str:
    """How often intervals hold the truth, one column for each AUC and likeness in groups."""
    worlds = [World(ACCOUNTS, PREVALENCE, a, MEMBERS, alike) for alike in ALIKE for a in AUCS]
    metrics = [m for m in METRICS if m not in SLOW]
    columns = list(cover(worlds, metrics, Settings(sets)))
    heads = [f"{ALIKE[w.alike]}, {f'{w.auc:g}'.removeprefix('0')}" for w in worlds]
    lines = [
        [f"`{row[0].metric}`", row[0].interval, *map(_shown, row)]
        for row in zip(*columns, strict=True)
    ]
    return markdown(["metric", "interval", *heads], lines)


def _shown(cell: Cell) -> str:
    text = "" if cell.covered is None else f"{cell.covered:.3f}".removeprefix("0")
    return {"fails": f"**{text}**", "few": f"{text} (few)"}.get(cell.outcome, text)


def main() -> None:
    """Run both simulations and write their tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=1000, help="pairs of equal detectors")
    parser.add_argument("--sets", type=int, default=2000, help="data sets for each coverage")
    parser.add_argument("--minutes", type=float, help="processor time at most, about")
    asked = parser.parse_args()
    pairs, sets = asked.pairs, asked.sets
    if asked.minutes:
        start = time.process_time()
        equal_detectors(5)
        middle = time.process_time()
        coverage(5)
        half = 30 * asked.minutes
        pairs = min(pairs, int(5 * half / (middle - start)))
        sets = min(sets, int(5 * half / (time.process_time() - middle)))
    text = (
        f"{ACCOUNTS} accounts in groups of {MEMBERS} with one label, {100 * PREVALENCE:g} % bots."
        f" Two equal detectors that are separated, of {pairs:,} pairs at AUC .9 (right: 5 %, Monte"
        f" Carlo error {100 * (0.05 * 0.95 / pairs) ** 0.5:.1f}):"
    )
    below = (
        f"Coverage, {sets:,} data sets a cell, 200 draws each (Monte Carlo error"
        f" {(0.95 * 0.05 / sets) ** 0.5:.3f}), by likeness in a group and AUC:"
    )
    parts = [text, equal_detectors(pairs), below, coverage(sets)]
    write("intervals.md", "groups", "\n\n".join(parts))


if __name__ == "__main__":
    main()
