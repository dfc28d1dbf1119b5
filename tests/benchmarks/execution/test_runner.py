"""The bench as a whole: cells that fail alone, runs that go on where they were, the same
predictions however it ran.
"""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pyarrow.parquet as pq
import pytest

from benchmarks.data import release_arrays
from benchmarks.execution import cells, pools, results, runner
from benchmarks.execution.suite import check
from benchmarks.protocols import Plan
from botbench.core.errors import UserError

CV = "cross-validation(folds=2, repeats=1, seed=0)"


def suite(
    *releases, detectors=("constant", "one-question-tree", "rate-50"), protocols=(CV,), name="small"
):
    return check(
        {
            "name": name,
            "releases": list(releases),
            "detectors": list(detectors),
            "protocols": list(protocols),
        },
        "here",
    )


def content(home, run):
    """What the predictions say, without how long they took."""
    return {
        c.info["detector"] + c.test: pq.read_table(c.predictions).drop_columns(["seconds"])
        for c in results.cells(run)
        if c.status == "done"
    }


def test_a_run_and_what_is_left_of_it(make, home):
    make("a", 12, 12, seed=1)
    make("b", 10, 14, seed=2)
    make("bots", 8, 0, seed=3)
    wanted = suite("a", "b@1", "bots", protocols=(CV, "leave-one-data-set-out(seed=0)"))
    report = runner.bench(home, wanted, jobs=2)
    assert runner.as_json(report)["cells"] == {
        "done": 12,
        "cached": 0,
        "failed": 0,
        "not_applicable": 6,
    }
    run = results.load_run(home)
    assert run.run_id == report.run.run_id and run.suite["protocols"] == list(wanted.protocols)
    assert [r["path"] for r in run.releases] == ["releases/a/1", "releases/b/1", "releases/bots/1"]
    first = results.cells(run)[0]
    assert (first.detector, first.train, first.test, first.status) == (
        "constant",
        ("a@1",),
        "a@1",
        "done",
    )
    assert (
        first.info["floor"]
        and first.info["seed"] == 0
        and first.info["hashes"].keys() == {"a@1"}
        and first.info["simulated"]
    )
    scored = results.scored(first).to_pydict()
    assert (
        len(scored["y"]) == 24
        and sum(scored["y"]) == 12
        and scored["account_id"] == sorted(scored["account_id"])
    )
    assert set(scored["p_bot"]) == {0.5} and set(scored["threshold"]) == {0.5}
    transfer = [
        c for c in results.cells(run) if c.protocol.startswith("leave") and c.status == "done"
    ]
    assert {(c.train, c.test) for c in transfer} == {(("b@1",), "a@1"), (("a@1",), "b@1")}
    constant = next(c for c in transfer if c.detector == "constant" and c.test == "a@1")
    assert set(results.scored(constant)["p_bot"].to_pylist()) == {10 / 24}, (
        "the share of bots of the other data set"
    )

    again = runner.bench(home, wanted, jobs=2)
    assert runner.as_json(again)["cells"] == {
        "done": 0,
        "cached": 12,
        "failed": 0,
        "not_applicable": 6,
    }
    assert again.run.run_id == report.run.run_id and len(results.runs(home)) == 1

    more = runner.bench(home, suite("a", "b@1", "bots", detectors=("constant", "rate-72")), jobs=1)
    assert runner.as_json(more)["cells"] == {
        "done": 2,
        "cached": 2,
        "failed": 0,
        "not_applicable": 2,
    }
    assert results.load_run(home).run_id == more.run.run_id, "the newest"
    assert results.load_run(home, report.run.run_id).cells == report.run.cells
    with pytest.raises(UserError, match="Did you mean"):
        results.load_run(home, report.run.run_id + "x")


def test_releases_that_are_not_there(make, home):
    make("a", 5, 5)
    with pytest.raises(
        UserError, match=r"2 of the suite's 3 releases cannot be read.*'b'.*no version '9'"
    ):
        runner.bench(home, suite("a", "b", "a@9"))
    with pytest.raises(UserError, match="same release twice: a@1"):
        runner.bench(home, suite("a", "a@1"))


TROUBLE = """
import os, threading
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

@detector("forever", cites="x", about="x", threshold="fixed(0.5)")
class Forever(Base):
    def fit(self, accounts, y): threading.Event().wait()

@detector("dies", cites="x", about="x", threshold="fixed(0.5)")
class Dies(Base):
    def fit(self, accounts, y): os._exit(3)

@detector("nan", cites="x", about="x", threshold="fixed(0.5)")
class Nan(Base):
    def predict_proba(self, accounts): return np.full((len(accounts), 2), np.nan)

@detector("short", cites="x", about="x", threshold="fixed(0.5)")
class Short(Base):
    def predict_proba(self, accounts): return np.full((3, 2), 0.5)

@detector("endless", cites="x", about="x", threshold="fixed(0.5)")
class Endless(Base):
    def predict_proba(self, accounts): return np.full((len(accounts), 2), np.inf)

@detector("beyond", cites="x", about="x", threshold="fixed(0.5)")
class Beyond(Base):
    def predict_proba(self, accounts): return np.full((len(accounts), 2), 1.5)
"""
NAMES = ("raises", "forever", "dies", "nan", "short", "beyond", "endless")


def test_a_failing_detector_fails_its_cell_only(plugin, make, home):
    plugin(TROUBLE, **{name: name.capitalize() for name in NAMES})
    make("a", 10, 10)
    report = runner.bench(
        home, suite("a", detectors=(*(n for n in NAMES if n != "forever"), "constant")), jobs=2
    )
    assert runner.as_json(report)["cells"] == {
        "done": 1,
        "cached": 0,
        "failed": 6,
        "not_applicable": 0,
    }
    late = runner.bench(home, suite("a", detectors=("forever", "constant")), jobs=1, timeout=1)
    assert [c["reason"] for c in late.failures] == ["out of time: more than 1 seconds"]
    assert runner.as_json(late)["cells"] == {
        "done": 0,
        "cached": 1,
        "failed": 1,
        "not_applicable": 0,
    }
    reasons = {c["detector"]: c["reason"] for c in report.failures}
    assert reasons == {
        "raises": "ZeroDivisionError: no such luck",
        "dies": "its process died (exit code 3)",
        "nan": "ValueError: 10 of 10 scores are missing or outside 0 to 1; every account needs one",
        "short": "ValueError: predict_proba returned shape (3, 2) for 10 accounts; expected n x 2",
        "endless": "ValueError: 10 of 10 scores of Endless are infinite",
        "beyond": (
            "ValueError: 10 of 10 scores are missing or outside 0 to 1; every account needs one"
        ),
    }
    again = runner.bench(home, suite("a", detectors=("raises", "constant")), jobs=1)
    assert runner.as_json(again)["cells"] == {
        "done": 0,
        "cached": 1,
        "failed": 1,
        "not_applicable": 0,
    }, "tried again"


def task(home, detector, test, train=None, protocol=CV):
    return cells.Task(home, "k", detector, protocol, Plan(train or (test,), (test,)))


def test_not_applicable_says_why(make, home):
    make("full", 12, 12, seed=1, posts=3)
    make("profiles", 12, 12, seed=2)
    make("ids", 12, 12, seed=3, profile=False)
    make("telling", 12, 12, seed=4, posts=3, posters="bot")
    lodo = "leave-one-data-set-out(seed=0)"

    def reason(detector, test, *training):
        outcome = cells.compute(
            task(home, detector, test, training, lodo) if training else task(home, detector, test)
        )
        assert outcome.status == "not applicable" and outcome.predictions is None
        return outcome.reason

    assert reason("one-question-tree", "ids@1") == "ids@1 has no profile."
    assert reason("rate-72", "ids@1") == "ids@1 has no posts_total_per_day."
    assert reason("gradient-boosting-posts", "profiles@1") == "profiles@1 has no timing."
    told = "telling@1 has timing of bots only: whether it is there would be the label."
    assert reason("gradient-boosting-posts", "telling@1") == told
    assert (
        reason("gradient-boosting", "ids@1") == "ids@1 has none of profile, timing, text, content."
    )
    assert (
        reason("gradient-boosting-posts", "full@1", "profiles@1")
        == "the training part (profiles@1) has no timing."
    )
    assert cells.compute(task(home, "constant", "ids@1")).status == "done", "it needs nothing"


def test_one_class_to_learn_from(make, home):
    make("a", 12, 12, seed=1)
    make("bots", 12, 0, seed=2)
    outcome = cells.compute(
        task(home, "one-question-tree", "a@1", ("bots@1",), "leave-one-data-set-out(seed=0)")
    )
    assert (
        outcome.status == "not applicable" and "the training part holds bots only" in outcome.reason
    )


def test_code_that_changed_meanwhile(make, home):
    make("a", 12, 12, seed=1)
    outcome = cells.compute(
        cells.Task(home, "k", "constant", CV, Plan(("a@1",), ("a@1",)), "another version")
    )
    assert (
        outcome.status == "failed" and "code changed while the bench was running" in outcome.reason
    )


def test_only_features_that_both_sides_have(plugin, make, home):
    plugin(
        """
import numpy as np
from benchmarks.detectors import Detector, detector
class Names(Detector):
    def fit(self, accounts, y):
        self.classes_, self.names = np.array([0, 1]), accounts.names
        return self
    def predict_proba(self, accounts):
        assert accounts.names == self.names
        return np.full((len(accounts), 2), 0.5)
    def explain(self):
        return str(len(self.names)) + (" with timing" if "gap_median" in self.names else "")
@detector("names", needs=("profile",), uses=("timing",), cites="x", about="x")
def names(): return Names()
""",
        names="names",
    )
    make("full", 12, 12, seed=1, posts=3)
    make("profiles", 12, 12, seed=2)
    lodo = "leave-one-data-set-out(seed=0)"
    assert "with timing" in cells.compute(task(home, "names", "full@1")).learnt
    assert (
        "with timing"
        not in cells.compute(task(home, "names", "profiles@1", ("full@1",), lodo)).learnt
    )


def test_a_release_with_nothing_to_teach_is_left_out(make, home):
    make("a", 12, 12, seed=1)
    make("b", 12, 12, seed=2)
    make("ids", 12, 12, seed=3, profile=False)
    lodo = "leave-one-data-set-out(seed=0)"
    outcome = cells.compute(task(home, "depth-4-tree", "a@1", ("b@1", "ids@1"), lodo))
    alone = cells.compute(task(home, "depth-4-tree", "a@1", ("b@1",), lodo))
    assert outcome.excluded_from_training == ("ids@1",) and alone.excluded_from_training == ()
    assert (
        cells.compute(task(home, "constant", "a@1", ("b@1", "ids@1"), lodo)).excluded_from_training
        == ()
    ), "the constant learns from anybody"


def test_the_same_account_in_two_releases(make, home):
    """No profiles: some of those made here share a bio and a minute, which makes groups too."""
    shared = [f"{i:05d}" for i in range(20)]
    others = [*shared[:5], *[f"9{i:04d}" for i in range(15)]]
    make("a", 10, 10, seed=1, ids=shared, profile=False)
    make("b", 10, 10, seed=2, ids=others, profile=False)
    make(
        "c",
        10,
        10,
        seed=3,
        ids=shared,
        profile=False,
        platform="elsewhere",
        groups=["g"] * 3 + [f"g{i}" for i in range(17)],
    )
    loaded = [release_arrays.load(home, f"{name}@1") for name in "abc"]
    pool = pools.pooled(loaded, np.repeat([True, False, False], 20))
    same = pool.identity[:, None] == pool.identity[None, :20]
    assert same[20:40].sum() == 5 and same[40:].sum() == 0
    assert len(set(pool.group)) == 60 - 5 - 2, (
        "shared accounts are one group, and so are duplicates"
    )


def test_results_do_not_depend_on_threads_or_processes(make, home, tmp_path):
    make("a", 25, 25, seed=1, posts=3)
    names = ("gradient-boosting", "logistic-regression", "random-forest")
    run = runner.bench(home, suite("a", detectors=names), jobs=2).run
    for cell in results.cells(run):
        plan = Plan(cell.train, (cell.test,))
        here = cells.compute(
            cells.Task(home, cell.key, cell.detector, cell.protocol, plan)
        ).predictions.drop_columns(["seconds"])
        assert here.equals(content(home, run)[cell.detector + cell.test]), cell.detector


def test_the_key_is_made_of_all_that_counts(make, home):
    from benchmarks.detectors import get

    plan = Plan(("a@1",), ("a@1",))
    keys = {
        cells.cell_key(get("constant"), CV, plan, {"a@1": "h"}, "f"),
        cells.cell_key(get("rate-50"), CV, plan, {"a@1": "h"}, "f"),
        cells.cell_key(get("constant"), CV.replace("seed=0", "seed=1"), plan, {"a@1": "h"}, "f"),
        cells.cell_key(get("constant"), CV, plan, {"a@1": "other"}, "f"),
        cells.cell_key(get("constant"), CV, plan, {"a@1": "h"}, "g"),
        cells.cell_key(
            get("constant"), CV, Plan(("b@1",), ("a@1",)), {"a@1": "h", "b@1": "h"}, "f"
        ),
    }
    assert len(keys) == 6
    same = cells.cell_key(get("constant"), CV, Plan(("a@2",), ("a@2",)), {"a@2": "h"}, "f")
    assert same in keys, "a version of equal content is the same cell"


GATE = """
import os, threading
import numpy as np
from benchmarks.detectors import Detector, detector

@detector("gate", needs=("profile",), cites="x", about="x", floor=True, threshold="fixed(0.5)")
class Gate(Detector):
    def fit(self, accounts, y):
        if os.environ.get("GATE"):
            open("here", "w").close()
            threading.Event().wait()
        self.classes_ = np.array([0, 1])
        return self
    def predict_proba(self, accounts):
        p = np.linspace(0, 1, 7)[accounts.feature("followers").astype(int) % 7]
        return np.column_stack([1 - p, p])
"""


@pytest.fixture
def gated(plugin, make, home, tmp_path):
    """Start a bench in a process of its own that stands still inside the detector `gate`; the
    process and its gate.
    """
    folder = plugin(GATE, gate="Gate")
    for name, seed in (("a", 1), ("b", 2)):
        make(name, 12, 12, seed=seed)
    document = tmp_path / "gated.yaml"
    document.write_text(
        json.dumps(
            {
                "name": "gated",
                "releases": ["a", "b"],
                "detectors": ["depth-4-tree", "gate", "rate-50"],
                "protocols": [CV],
            }
        )
    )
    gate = tmp_path / "scratch"
    gate.mkdir()

    def command(*more, **environment):
        path = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
        return subprocess.Popen(
            [
                sys.executable,
                "-m",
                "botbench.commands.main",
                "bench",
                str(document),
                "--jobs",
                "1",
                "--no-mlflow",
                *more,
            ],
            env={
                **os.environ,
                "PYTHONPATH": path,
                "BOTBENCH_STORE": str(home),
                "TMPDIR": str(gate),
                **environment,
            },
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    return command, gate


def _until(done):
    """Wait until something is true, at most two minutes."""
    end = time.monotonic() + 120
    while not done():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize(("blow", "code"), [(signal.SIGKILL, -9), (signal.SIGINT, 130)])
def test_a_run_cut_off_goes_on_where_it_was(gated, home, tmp_path, blow, code):
    command, gate = gated
    process = command(GATE="closed")
    # The detector's process stands in the gate, in a folder of its own.
    _until(lambda: list(gate.glob("botbench-fold-*/here")))
    os.killpg(process.pid, blow) if blow == signal.SIGINT else process.send_signal(blow)
    # The nursery outlives the bench until it has ended that process and removed its folder.
    _until(lambda: not list(gate.glob("botbench-fold-*")))
    _, said = process.communicate()
    assert process.returncode == code and "Traceback" not in said
    assert not results.runs(home)
    kept = sorted(p.name for p in (home / "bench" / "cells").glob("*/cell.json"))
    assert kept, "what was done is kept"
    if blow == signal.SIGINT:
        assert "interrupted; every finished cell is kept" in said
        return

    second = command("--json")
    told = json.loads(second.communicate()[0])
    assert told["cells"] == {
        "done": 10 - len(kept),  # the floor rows are added: two detectors more
        "cached": len(kept),
        "failed": 0,
        "not_applicable": 0,
    }
    resumed = content(home, results.load_run(home, told["run_id"]))

    (home / "bench").rename(tmp_path / "first")
    third = command("--json")
    fresh = json.loads(third.communicate()[0])
    assert fresh["cells"]["done"] == 10 and fresh["run_id"] == told["run_id"]
    undisturbed = content(home, results.load_run(home))
    assert resumed.keys() == undisturbed.keys() and all(
        resumed[k].equals(undisturbed[k]) for k in resumed
    )
