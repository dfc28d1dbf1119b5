"""docs/detectors.md: what the process of each fold costs, beside the same folds in one process.

`python experiments/fence_cost.py [FOLDS]`, on Linux. Accounts are noise; processor time is that of
the bench, of the process that children are forked from, and of the children.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pages import markdown, write

from benchmarks.data.accounts import Accounts
from benchmarks.detectors import learning, registry
from benchmarks.isolation.children import Child, current

Labels = NDArray[np.int8]
DETECTORS = ("constant", "one-question-tree", "logistic-regression", "gradient-boosting")
TRAINED, TESTED, FEATURES = 320, 80, 60
"""Accounts of a fold, as in the simulated data sets of `botbench demo`."""
TICK = os.sysconf("SC_CLK_TCK")


def accounts(n: int, seed: int) -> tuple[Accounts, Labels]:
    """Noise with labels."""
    random = np.random.default_rng(seed)
    values = random.random((n, FEATURES))
    y = (values[:, 0] + 0.5 * random.random(n) > 0.75).astype(np.int8)
    return Accounts(tuple(f"noise{i}" for i in range(FEATURES)), values, {}), y


def in_child(name: str, seen: Accounts, y: Labels, new: Accounts, rule: str) -> None:
    """A fold in a process of its own, as the bench runs it."""
    with Child() as child:
        labels = {"y": y, "group": np.arange(len(y))}
        child.fit(name, {}, seen, labels, rule=rule, own=1, inner=2)
        child.score(new)


def here(name: str, seen: Accounts, y: Labels, new: Accounts, rule: str) -> None:
    """The same fold in this process."""
    spec = registry.one(name, {})
    _, fitted = learning.learn_with_threshold(
        spec, seen, y, group=np.arange(len(y)), rule=rule, own=1, inner=2
    )
    learning.scores(fitted, new.to_score())


def used() -> float:
    """Seconds of processor time of this process, of those that it has started, and of theirs."""
    own = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split()
    total = time.process_time()
    for process in own:
        fields = (
            Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        )
        total += sum(int(fields[i]) for i in range(11, 15)) / TICK
    return total


def cost(run: Callable[..., None], name: str, folds: int) -> float:
    """Milliseconds of a fold, over so many."""
    seen, y = accounts(TRAINED, 0)
    new, _ = accounts(TESTED, 1)
    rule = registry.one(name, {}).threshold
    begun = used()
    for _ in range(folds):
        run(name, seen, y, new, rule)
    return 1000 * (used() - begun) / folds


def main() -> None:
    """Measure both and write the table."""
    folds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    current()
    rows = []
    for name in DETECTORS:
        for run in (in_child, here):
            cost(run, name, 1)
        there, alone = cost(in_child, name, folds), cost(here, name, folds)
        rows.append((f"`{name}`", f"{alone:.0f}", f"{there:.0f}", f"{there - alone:.0f}"))
    columns = ("detector", "in one process, ms a fold", "in a process of its own", "more")
    write("detectors.md", "fence", markdown(columns, rows))


if __name__ == "__main__":
    main()
