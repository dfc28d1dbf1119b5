"""Run all settings in blocks of a hundred campaigns, in one process or several.

Each block has its own seed, so the order of blocks and the number of processes change nothing.
Blocks that were kept are not run again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import astuple
from itertools import product
from multiprocessing import get_context
from pathlib import Path

from benchmarks.study.simulation import coverage, quantifiers
from benchmarks.study.simulation.coverage import DETECTORS, SHARES, Outcomes, Row
from benchmarks.study.simulation.worlds import Setting
from botbench.core.files import write_text
from botbench.terminal import streams

Task = tuple[Setting, int, int, int, Path | None]


def count(campaigns: int, quantified: int) -> int:
    """Blocks to be simulated."""
    return len(coverage.settings()) * len(coverage.blocks(campaigns)) + (
        len(SHARES) * len(DETECTORS) if quantified else 0
    )


def run(  # noqa: PLR0917 (what the command was asked)
    campaigns: int,
    quantified: int,
    seed: int,
    jobs: int,
    keep: Path | None = None,
    done: Callable[[], None] = lambda: None,
) -> list[Row]:
    """The rows of every setting, in order; finished blocks are read from and written to `keep`."""
    settings = coverage.settings()
    tasks: list[Task] = [(s, seed, *b, keep) for b in coverage.blocks(campaigns) for s in settings]
    outcomes: dict[Setting, list[Outcomes]] = {s: [] for s in settings}
    for (setting, *_), got in zip(tasks, _all(tasks, jobs), strict=True):
        outcomes[setting].append(got)
        done()
    rows = [row for s in settings for row in coverage.counted(s, outcomes[s])]
    for share, detector in product(SHARES, DETECTORS) if quantified else ():
        rows += quantifiers.simulate(share, detector, quantified, seed)
        done()
    return rows


def _all(tasks: Sequence[Task], jobs: int) -> Iterator[Outcomes]:
    if jobs == 1:
        yield from map(_one, tasks)
        return
    with ProcessPoolExecutor(jobs, get_context("spawn"), streams.guard_worker) as pool:
        yield from pool.map(_one, tasks)


def _one(task: Task) -> Outcomes:
    """A block, read from the folder if it was kept."""
    setting, seed, number, campaigns, keep = task
    name = "-".join(str(part) for part in (*astuple(setting), seed, number, campaigns))
    file = keep and keep / f"{name}.json"
    if file and file.is_file():
        kept: Outcomes = json.loads(file.read_text(encoding="utf-8"))
        return kept
    outcomes = coverage.block(setting, seed, number, campaigns)
    if file:
        write_text(file, json.dumps(outcomes))
    return outcomes
