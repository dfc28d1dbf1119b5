"""A metric that is added later is computed from the predictions that are there: nothing is fitted
again.
"""

import pytest

from benchmarks.detectors import DETECTORS
from benchmarks.execution import runner
from benchmarks.execution.suite import check
from benchmarks.leaderboard.compute import table
from benchmarks.leaderboard.compute.scores import Plan
from benchmarks.metrics import METRICS, metric

CV = "cross-validation(folds=2, repeats=1, seed=0)"


def test_an_added_metric_needs_no_refit(make, home, monkeypatch):
    make("a", 40, 40, seed=1)
    suite = check(
        {
            "name": "s",
            "releases": ["a"],
            "detectors": ["constant", "one-question-tree"],
            "protocols": [CV],
        },
        "",
    )
    run = runner.bench(home, suite, jobs=1).run
    before = table.from_run(run, Plan(200))

    monkeypatch.setattr(METRICS, "_found", dict(METRICS.all()))
    about = dict.fromkeys(
        ("title", "formula", "description", "trap", "source", "undefined"), "made up for a test"
    )

    @metric("called[bot]", needs=("threshold",), **about)
    def called(judged):
        return (judged.counts.tp + judged.counts.fp) / judged.weight.sum(axis=1)

    def never(*_):
        raise AssertionError("a detector was made again")

    monkeypatch.setattr(DETECTORS, "get", never)
    after = table.from_run(run, Plan(200))
    added = {r["detector"]: r["value"] for r in after["rows"] if r["metric"] == "called[bot]"}
    assert added.keys() == {"constant", "one-question-tree"} and all(
        0 <= v <= 1 for v in added.values()
    )
    assert [r for r in after["rows"] if r["metric"] != "called[bot]"] == before["rows"], (
        "the others stay what they were"
    )
    assert runner.as_json(runner.bench(home, suite, jobs=1))["cells"] == {
        "done": 0,
        "cached": 2,
        "failed": 0,
        "not_applicable": 0,
    }


def test_a_suite_may_ask_for_any_value_of_a_parameter(make, home):
    make("a", 40, 40, seed=1)
    document = {
        "name": "s",
        "releases": ["a"],
        "detectors": ["constant", "one-question-tree"],
        "protocols": [CV],
        "metrics": ["roc-auc", "precision[bot]@prevalence=0.002"],
    }
    run = runner.bench(home, check(document, ""), jobs=1).run
    board = table.from_run(run, Plan(200))
    assert [m["name"] for m in board["metrics"]] == ["roc-auc", "precision[bot]@prevalence=0.002"]
    (auc,) = (r for r in board["rows"] if (r["detector"], r["metric"]) == ("constant", "roc-auc"))
    assert auc["value"] == pytest.approx(0.5, abs=1e-9), (
        "two folds' constants are not compared with each other"
    )
    assert board["metrics"][1]["assumption"].startswith("Assumes the same bots")
