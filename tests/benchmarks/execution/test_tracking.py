"""MLflow holds one parent for a suite and one child for a cell, whatever is run again."""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.execution import results, runner, tracking
from benchmarks.execution.suite import check
from botbench.core import mlflow_store
from botbench.core.errors import ResourceFailure, UserError
from botbench.core.mlflow_store import tracking_uri
from curation.store.upkeep import processes

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
    assert parent.data.params["detectors"] == "one-question-tree flaky"
    assert {"mlflow.user", "mlflow.source.name"} <= parent.data.tags.keys()
    assert "simulated data are among them" in parent.data.tags["mlflow.note.content"]
    best = parent.data.metrics["in-distribution/balanced-accuracy"]
    assert best == parent.data.metrics["in-distribution/balanced-accuracy/one-question-tree"]
    assert parent.data.tags["botbench.best.in-distribution"].startswith("one-question-tree (")
    kind = client.get_experiment(experiment).tags["mlflow.experimentKind"]
    assert kind == "custom_model_development", "the view of models, not of language models"
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
    assert best == pytest.approx(child.data.metrics["balanced-accuracy"])
    assert (child.data.metrics["accounts.n"], child.data.metrics["accounts.bots"]) == (24, 10)
    assert child.data.params["kind"] == "in distribution"
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
    assert tracking.scrub(tracking_uri()) == "https://me:***@mlflow.example/x"
    assert tracking._local_folder(tracking_uri()) is None


def test_a_store_that_cannot_be_used_is_said(tmp_path, monkeypatch):
    (tmp_path / "mlruns").write_text("a file where the folder should be")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ResourceFailure, match=r"mlflow.db cannot be used.*--no-mlflow"):
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
        and found["accounts.unscored"] == cell.info["unscored"] == 0
        and np.isfinite(list(found.values())).all()
    )
    assert found["coverage"] == 1 and not [n for n in found if n.startswith("value_decided")]
    told = pq.read_table(cell.predictions)
    at = told.schema.get_field_index("abstained")
    # In each of the two repeats ten of the twenty accounts cannot be told.
    unsure = pa.array(np.arange(len(told)) % 2 == 0)
    pq.write_table(told.set_column(at, "abstained", unsure), cell.predictions)
    found = tracking.measures(cell)
    assert (found["coverage"], found["value_decided/brier.bot"]) == (0.5, 0.25)


SLEEPER = """
import sys, time
from curation.store.upkeep import processes
print(processes.this_process(), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def sleeper():
    """A living process and the name it gives itself."""
    with subprocess.Popen(
        [sys.executable, "-c", SLEEPER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process, process.stdout.readline().strip()
        process.kill()


def test_a_process_is_dead_only_if_that_is_known(sleeper):
    process, name = sleeper
    assert not processes.is_dead(name) and not processes.is_dead(processes.this_process())
    # The number is in use again, by another process.
    document = json.loads(name)
    assert processes.is_dead(json.dumps({**document, "start": "1"}))
    process.kill()
    process.wait()
    assert processes.is_dead(name)
    for other in ("host", "boot", "numbers"):
        assert not processes.is_dead(json.dumps({**document, other: "another"})), other
    for broken in ("", "[]", "{}", "null", '{"pid": "x", "start": 1}'):
        assert not processes.is_dead(broken)


@pytest.fixture
def store(tmp_path, make, home, mlflow_database):
    """A tracker of a store of its own, and a finished run of one cell."""
    (tmp_path / "mlruns").mkdir()
    (tmp_path / "mlruns" / "mlflow.db").write_bytes(mlflow_database)
    make("a", 10, 10)
    suite = check(
        {"name": "s", "releases": ["a"], "detectors": ["constant"], "protocols": [CV]}, ""
    )
    run = runner.bench(home, suite, jobs=1).run
    return tracking.Tracker.open(f"sqlite:///{tmp_path}/mlruns/mlflow.db"), run


def test_runs_of_dead_processes_are_closed_and_others_are_not(store, sleeper):
    tracker, run = store
    _, alive = sleeper
    with subprocess.Popen(
        [sys.executable, "-c", SLEEPER], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as ended:
        dead = ended.stdout.readline().strip()
    elsewhere = json.dumps({**json.loads(dead), "host": "another"})
    tags = {"dead": dead, "alive": alive, "elsewhere": elsewhere, "strange": None}
    made = {
        name: tracker.client.create_run(
            tracker.experiment, tags={tracking.PROCESS: tag} if tag else {}
        ).info.run_id
        for name, tag in tags.items()
    }
    assert tracker.sync(run) == 1
    status = {name: tracker.client.get_run(i).info.status for name, i in made.items()}
    assert status == {
        "dead": "KILLED",
        "alive": "RUNNING",
        "elsewhere": "RUNNING",
        "strange": "RUNNING",
    }


def test_a_killed_child_is_logged_again(store, sleeper):
    tracker, run = store
    assert tracker.sync(run) == 1
    (child,) = tracker.client.search_runs([tracker.experiment], "tags.`botbench.kind` = 'cell'")
    process, name = sleeper
    process.kill()
    process.wait()
    # As if the process had been killed while it logged the cell.
    tracker.client.set_tag(child.info.run_id, tracking.PROCESS, name)
    tracker.client.update_run(child.info.run_id, status="RUNNING")
    assert tracker.sync(run) == 1 and tracker.sync(run) == 0
    found = tracker.client.search_runs([tracker.experiment], "tags.`botbench.kind` = 'cell'")
    assert sorted(r.info.status for r in found) == ["FINISHED", "KILLED"]


def test_a_deleted_experiment_is_said(store, monkeypatch):
    tracker, _ = store
    tracker.client.delete_experiment(tracker.experiment)
    with pytest.raises(UserError) as raised:
        tracking.Tracker.open(tracker.uri)
    assert raised.value.exit_code == 2
    assert str(raised.value) == (
        "The experiment 'botbench' was deleted in MLflow. The cells are kept. Restore it: `mlflow"
        f" experiments restore --experiment-id {tracker.experiment}` (with MLFLOW_TRACKING_URI set"
        " to the store); or name another one in MLFLOW_EXPERIMENT_NAME; or use --no-mlflow."
    )
    # The same before any cell starts, without opening MLflow.
    monkeypatch.setenv("MLFLOW_TRACKING_URI", tracker.uri)
    with pytest.raises(UserError, match="was deleted in MLflow"):
        tracking.refuse_deleted()
    tracker.client.restore_experiment(tracker.experiment)
    tracking.refuse_deleted()
    assert tracking.Tracker.open(tracker.uri).experiment == tracker.experiment


def test_a_store_that_is_locked_while_it_is_written_is_said(store, monkeypatch):
    tracker, run = store
    monkeypatch.setattr(mlflow_store, "WAIT", 0.2)
    with sqlite3.connect(mlflow_store.database(tracker.uri), isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(ResourceFailure, match=r"is locked by another process.*cells are kept"):
            tracking.Tracker.open(tracker.uri)
        other.rollback()
    other.close()
    assert tracker.sync(run) == 1
