"""A board from predictions: 20 detectors, 10 data sets, 5 protocols, all metrics, 2,000 draws; and
its bootstrap beside SciPy's.

`BOTBENCH_SPEED_DETECTORS=5 pytest -m speed tests/speed/test_board_speed.py -s` prints the figures.
Predictions are simulated (`tests/boards.py`).
"""

import os
import resource
import time

import numpy as np
import pytest

from benchmarks import metrics
from benchmarks.leaderboard.compute.scores import Plan, draw
from benchmarks.leaderboard.compute.table import board
from benchmarks.metrics import ScoredAccounts
from benchmarks.metrics.cell_values import ScoredCell
from tests.boards import ABOUT, cells, release

DETECTORS = int(os.environ.get("BOTBENCH_SPEED_DETECTORS", "20"))
PROTOCOLS = (
    *(f"cross-validation(folds=5, repeats=2, seed={seed})" for seed in range(3)),
    *(f"leave-one-data-set-out(seed={seed})" for seed in range(2)),
)
DRAWS = 2000

pytestmark = pytest.mark.speed


def test_a_board_of_a_thousand_cells(capsys):
    releases = [release(f"set-{i}", 180 + 20 * i, 320 + 30 * i) for i in range(10)]
    names = ("constant", "one-question-tree", *(f"detector-{i}" for i in range(DETECTORS - 2)))
    found = cells(releases, names, PROTOCOLS)
    before, used = time.perf_counter(), time.process_time()
    document = board(ABOUT, found, releases, Plan(DRAWS, 0))
    wall, processor = time.perf_counter() - before, time.process_time() - used
    assert len(document["rows"]) == len(found) * len(document["metrics"])
    with capsys.disabled():
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / 1024
        print(
            f"\n{len(found):,} cells, {len(document['metrics'])} metrics: {wall:.1f} s, processor"
            f" {processor:.1f} s ({1000 * processor / len(found):.0f} ms a cell), peak {peak:.2f}"
            " GB"
        )


@pytest.mark.parametrize("name", ["balanced-accuracy", "average-precision[bot]"])
def test_the_bootstrap_beside_scipy_s(name, capsys):
    """SciPy's is given the metric as scikit-learn has it, and a twentieth of the draws."""
    from scipy.stats import bootstrap
    from sklearn.metrics import average_precision_score, balanced_accuracy_score

    random = np.random.default_rng(0)
    y = (random.random(1000) < 0.4).astype(np.int8)
    p = 1 / (1 + np.exp(-random.normal(1.5 * (y - 0.5), 1)))
    theirs = {
        "balanced-accuracy": lambda y, p: balanced_accuracy_score(y, p >= 0.5),
        "average-precision[bot]": average_precision_score,
    }[name]
    used = time.process_time()
    one = bootstrap(
        (y, p),
        theirs,
        n_resamples=DRAWS // 20,
        paired=True,
        vectorized=False,
        method="percentile",
        rng=np.random.default_rng(0),
    )
    scipy_s = 20 * (time.process_time() - used)
    used = time.process_time()
    cell = ScoredCell({}, [(ScoredAccounts(y, p, p >= 0.5), None)])
    (drawn,) = draw([cell], metrics.ordered([name]), len(y), DRAWS, [0])
    ours = time.process_time() - used
    low, high = np.quantile(drawn[name], [0.025, 0.975])
    interval = one.confidence_interval
    assert (low, high) == pytest.approx((interval.low, interval.high), abs=0.015)
    with capsys.disabled():
        print(f"\n{name}: ours {ours:.2f} s, SciPy's {scipy_s:.1f} s, {scipy_s / ours:.0f} times")
