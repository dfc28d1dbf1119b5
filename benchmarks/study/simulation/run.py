"""All settings, in one process or several; each draws from its own seed, so their order and number of processes change nothing."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import product
from multiprocessing import get_context

from benchmarks.study.simulation import coverage, quantifiers
from benchmarks.study.simulation.coverage import DETECTORS, SHARES, Row


def count(quantified: int) -> int:
    """Settings to be simulated."""
    return len(coverage.settings()) + (len(SHARES) * len(DETECTORS) if quantified else 0)


def run(campaigns: int, quantified: int, seed: int, jobs: int, done: Callable[[], None] = lambda: None) -> list[Row]:
    """The rows of every setting, in the order of the settings."""
    work: list[Callable[[], list[Row]]] = [partial(coverage.simulate, s, campaigns, seed) for s in coverage.settings()]
    if quantified:
        work += [partial(quantifiers.simulate, share, detector, quantified, seed) for share, detector in product(SHARES, DETECTORS)]
    rows: list[Row] = []
    if jobs == 1:
        for part in work:
            rows += part()
            done()
        return rows
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for future in [pool.submit(part) for part in work]:
            rows += future.result()
            done()
    return rows
