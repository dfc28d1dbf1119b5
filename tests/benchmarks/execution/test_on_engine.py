"""Cells on an engine: the same predictions as here, a failing cell fails alone, and what a killed
worker was at is computed by another. On Sail; `make spark` runs the same on Spark itself.
"""

import importlib.util
import os
import sys

import pyarrow.parquet as pq
import pytest

from benchmarks.execution import cells, results, runner
from benchmarks.execution.suite import check
from benchmarks.protocols import Plan
from botbench.core.errors import UserError
from curation import engines

SPARK = importlib.util.find_spec("py4j") is not None
ENGINE = engines.LOCAL_SPARK if SPARK else engines.SAIL
CV = "cross-validation(folds=2, repeats=1, seed=0)"
TROUBLE = """
import os
import numpy as np
from benchmarks.detectors import Detector, detector

class Base(Detector):
    def fit(self, accounts, y):
        self.classes_ = np.array([0, 1]); return self
    def predict_proba(self, accounts):
        return np.full((len(accounts), 2), 0.5)

@detector("raises", cites="x", about="x", threshold="fixed(0.5)")
class Raises(Base):
    def fit(self, accounts, y): raise ZeroDivisionError("no such luck\\nsecond line")

@detector("dies", cites="x", about="x", threshold="fixed(0.5)")
class Dies(Base):
    def fit(self, accounts, y): os._exit(3)
"""


SLOW = """
import time
import numpy as np
from benchmarks.detectors import Detector, detector

@detector("slow", cites="x", about="x", threshold="fixed(0.5)")
class Slow(Detector):
    def fit(self, accounts, y):
        time.sleep(2); self.classes_ = np.array([0, 1]); return self
    def predict_proba(self, accounts):
        return np.full((len(accounts), 2), 0.5)
"""


@pytest.fixture
def reachable(plugin, monkeypatch):
    """Installs detectors for this process and for the workers of a Spark on this machine."""

    def install(source, **points):
        folder = plugin(source, **points)
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), *sys.path]))

    return install


def test_cells_on_an_engine_are_those_computed_here(reachable, make, home):
    reachable(TROUBLE, raises="Raises", dies="Dies")
    make("a", 20, 20, seed=1, posts=2)
    suite = check(
        {
            "name": "small",
            "releases": ["a"],
            "detectors": ["constant", "logistic-regression", "raises", "dies"],
            "protocols": [CV, "leave-one-data-set-out(seed=0)"],
        },
        "here",
    )
    report = runner.bench(home, suite, jobs=2, engine=ENGINE)
    counts = {"done": 2, "cached": 0, "failed": 2, "not_applicable": 4}
    assert runner.as_json(report)["cells"] == counts
    assert {c["detector"]: c["reason"] for c in report.failures} == {
        "raises": "ZeroDivisionError: no such luck",
        "dies": "its process died (exit code 3)",
    }
    done = [c for c in results.cells(report.run) if c.status == "done"]
    assert len(done) == 2
    for cell in done:
        plan = Plan(cell.train, (cell.test,))
        task = cells.Task(home, cell.key, cell.detector, cell.protocol, plan)
        here = cells.compute(task).predictions.drop_columns(["seconds"])
        assert here.equals(pq.read_table(cell.predictions).drop_columns(["seconds"]))
    assert not list((home / "tmp").glob("cell-*")), "nothing is left of the workers"


def test_an_unknown_engine_is_told_before_anything_is_computed(make, home):
    make("a", 10, 10)
    suite = check(
        {"name": "s", "releases": ["a"], "detectors": ["constant"], "protocols": [CV]}, "here"
    )
    with pytest.raises(UserError, match="no engine 'spork'"):
        runner.bench(home, suite, engine="spork")
    assert not (home / "runs").exists()


if SPARK:

    def test_what_a_killed_executor_was_at_is_computed_again(
        reachable, make, home, spark_executors
    ):
        reachable(SLOW, slow="Slow")
        for number, name in enumerate("abc"):
            make(name, 10, 10, seed=number)
        suite = check(
            {
                "name": "slow",
                "releases": ["a", "b", "c"],
                "detectors": ["slow"],
                "protocols": [CV],
            },
            "here",
        )

        def computes_a_cell(executor):
            """A cell has a process of its own beside the worker, for some four seconds."""
            return spark_executors.with_words(b"spawn_main", engines.children(executor))

        with spark_executors.killing(computes_a_cell) as killed:
            report = runner.bench(home, suite, engine=spark_executors.CLUSTER)
        assert len(killed) == 1, "no executor was seen with a cell"
        assert report.failures == []
        assert runner.as_json(report)["cells"]["done"] == 3
