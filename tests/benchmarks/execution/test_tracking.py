"""MLflow holds one parent for a suite and one child for a cell, whatever is run again."""

import json
import os
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from benchmarks.execution import results, runner, tracking
from benchmarks.execution.suite import check
from botbench.core.errors import UserError
from botbench.core.mlflow_store import tracking_uri

CV = "cross-validation(folds=2, repeats=2, seed=0)"
FLAKY = """
import os
import numpy as np
from benchmarks.detectors import Detector, detector
@detector("flaky", cites="x", about="x", threshold="fixed(0.5)")
class Flaky(Detector):
    def fit(self, accounts, y):
        if os.environ.get("FLAKY"): raise RuntimeError("out of order")
        self.classes_ = np.array([0, 1]); return self
    def predict_proba(self, accounts): return np.full((len(accounts), 2), 0.5)
"""


def test_one_parent_and_one_child_for_each_cell(plugin, make, home, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("FLAKY", "1")
    plugin(FLAKY, flaky="Flaky")
    release = make("a", 10, 14, seed=1)
    make("bots", 6, 0, seed=2)
    suite = check(
        {
            "name": "small",
            "releases": ["a", "bots"],
            "detectors": ["one-question-tree", "flaky"],
            "protocols": [CV],
        },
        "",
    )
    report = runner.bench(home, suite, jobs=1, track=True)
    assert (tmp_path / "mlruns" / "mlflow.db").is_file()
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"

    tracker = tracking.Tracker.open()
    client, experiment = tracker.client, tracker.experiment

    def children():
        return {
            (r.data.params["detector"], r.data.params["test"], r.info.status): r
            for r in client.search_runs([experiment], "tags.`botbench.kind` = 'cell'")
        }

    (parent,) = client.search_runs([experiment], "tags.`botbench.kind` = 'suite'")
    assert parent.data.tags["botbench.suite"] == "small" and parent.data.metrics["cells.done"] == 1
    assert parent.data.tags["botbench.run_id"] == report.run.run_id
    logged = children()
    assert set(logged) == {
        ("one-question-tree", "a@1", "FINISHED"),
        ("flaky", "a@1", "FAILED"),
        ("one-question-tree", "bots@1", "FINISHED"),
        ("flaky", "bots@1", "FINISHED"),
    }
    assert all(r.data.tags["mlflow.parentRunId"] == parent.info.run_id for r in logged.values())
    assert (
        logged["flaky", "a@1", "FAILED"].data.tags["botbench.reason"]
        == "RuntimeError: out of order"
    )
    assert logged["flaky", "bots@1", "FINISHED"].data.tags["botbench.status"] == "not applicable"

    child = logged["one-question-tree", "a@1", "FINISHED"]
    cell = next(c for c in results.cells(results.load_run(home)) if c.status == "done")
    assert cell.info["mlflow_run_id"] == child.info.run_id
    assert (
        child.data.params["protocol"] == CV
        and child.data.params["threshold_rule"] == cell.info["threshold_rule"]
    )
    (given,) = child.inputs.dataset_inputs
    assert (
        given.dataset.name == "a@1"
        and release.content_hash.startswith(given.dataset.digest)
        and len(given.dataset.digest) == 36
    )
    assert json.loads(given.dataset.source)["tags"] == {
        "release": "a@1",
        "content_hash": release.content_hash,
    }
    assert [t.value for t in given.tags] == ["train and test"]

    scored = results.scored(cell).to_pandas()
    scored["right"] = (scored["p_bot"] >= scored["threshold"]) == (scored["y"] == 1)
    assert child.data.metrics["accuracy"] == pytest.approx(
        scored.groupby("repeat")["right"].mean().mean()
    )
    assert {"f1.bot", "roc-auc", "seconds.fit"} <= child.data.metrics.keys()
    kept = client.download_artifacts(child.info.run_id, "predictions.parquet", str(tmp_path))
    assert pq.read_table(kept).equals(pq.read_table(cell.predictions))
    figure = Path(
        client.download_artifacts(child.info.run_id, "curves.svg", str(tmp_path))
    ).read_text()
    # two repeats of two folds, in each of three panels
    assert figure.count("<polyline") == 12 and "one-question-tree on a@1 (simulated)" in figure
    assert str(tmp_path / "mlruns" / "artifacts") in child.info.artifact_uri

    # Again: the failed cell is still failed, and nothing is logged twice.
    runner.bench(home, suite, jobs=1, track=True)
    assert set(children()) == set(logged) and len(client.search_runs([experiment])) == 5
    # Without the memory beside the cells, MLflow itself tells what is there.
    for file in (home / "bench" / "tracked").iterdir():
        file.unlink()
    assert tracker.sync(results.load_run(home)) == 0 and len(client.search_runs([experiment])) == 5
    # The failed cell gets done: that is news.
    monkeypatch.delenv("FLAKY")
    runner.bench(home, suite, jobs=1, track=True)
    assert set(children()) == {*logged, ("flaky", "a@1", "FINISHED")}
    assert len(client.search_runs([experiment], "tags.`botbench.kind` = 'suite'")) == 1


def test_another_store_is_respected(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert tracking_uri() == f"sqlite:///{tmp_path}/mlruns/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://me:secret@mlflow.example/x")
    assert tracking_uri() == "https://me:secret@mlflow.example/x"
    assert tracking._shown(tracking_uri()) == "https://me:***@mlflow.example/x"
    assert tracking._local_folder(tracking_uri()) is None


def test_a_store_that_cannot_be_used_is_said(tmp_path, monkeypatch):
    (tmp_path / "mlruns").write_text("a file where the folder should be")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"mlflow.db cannot be used.*--no-mlflow"):
        tracking.Tracker.open(f"sqlite:///{tmp_path}/mlruns/mlflow.db")


def test_measures_are_the_mean_over_repeats(make, home):
    make("a", 10, 10)
    suite = check(
        {"name": "s", "releases": ["a"], "detectors": ["constant"], "protocols": [CV]}, ""
    )
    (cell,) = results.cells(runner.bench(home, suite, jobs=1).run)
    found = tracking.measures(cell)
    assert (
        found["accuracy"] == 0.5
        and found["brier.bot"] == 0.25
        and np.isfinite(list(found.values())).all()
    )
