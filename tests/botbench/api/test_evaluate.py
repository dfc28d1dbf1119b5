"""`bb.evaluate`: a plain classifier is judged exactly as a detector is, behind the same fence."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

import botbench as bb
from benchmarks.detectors.adapter import given
from benchmarks.isolation import landlock

CV = "cross-validation(folds=3, repeats=1)"
FEW = ["balanced-accuracy", "roc-auc"]


class Spy(ClassifierMixin, BaseEstimator):
    """A class of this test, not installed anywhere; it looks for the labels where they are kept."""

    def __init__(self, place=""):
        self.place = place

    def fit(self, X, y):
        from pathlib import Path

        self.classes_ = np.unique(y)
        try:
            self.saw_ = 0.9 if list(Path(self.place).iterdir()) else 0.1
        except OSError:
            self.saw_ = 0.1
        return self

    def predict_proba(self, X):
        p = np.full(len(X), self.saw_)
        return np.column_stack([1 - p, p])


class Broken(Spy):
    def fit(self, X, y):
        raise ValueError("no such column: age")


@pytest.fixture(scope="module")
def evaluated(made):
    return bb.evaluate(
        {
            "plain tree": bb.DetectorAdapter(
                DecisionTreeClassifier(max_depth=4), features=["profile"]
            ),
            "spy": Spy(str(made.home / "releases" / "small" / "1")),
            "linear": LinearSVC(),
            "depth-4-tree": "depth-4-tree",
        },
        made.load("small"),
        protocol=CV,
        metrics=FEW,
        jobs=1,
        resamples=200,
    )


def test_the_frame_has_the_board_s_row_columns_and_the_floor_rows(evaluated):
    frame = evaluated.frame()
    columns = {
        *(
            "detector",
            "protocol",
            "train",
            "test",
            "metric",
            "value",
            "low",
            "high",
            "n",
            "unscored",
        ),
        *(
            "coverage",
            "value_decided",
            "groups",
            "few",
            "rank",
            "rank_low",
            "rank_high",
            "tie_group",
        ),
        *("rank_elsewhere", "tie_group_elsewhere", "fits", "refits"),
    }
    assert columns <= set(frame)
    assert set(frame["detector"]) == {
        *("plain tree", "spy", "linear", "depth-4-tree", "constant", "one-question-tree")
    }
    assert set(frame["metric"]) == set(FEW)
    assert (frame["n"] == 80).all()
    assert (frame["low"] <= frame["value"]).all()
    assert evaluated.to_dict()["rows"][0].keys() == set(frame)


def test_a_plain_tree_is_the_built_in_tree(evaluated):
    """The same classifier, features, folds, seeds and threshold rule give the same scores."""
    ours = evaluated.predictions()
    two = [
        ours[ours["detector"] == name].drop(columns="detector").reset_index(drop=True)
        for name in ("plain tree", "depth-4-tree")
    ]
    pd.testing.assert_frame_equal(*two)


@pytest.mark.skipif(not landlock.abi(), reason="this kernel has no Landlock to fence with")
def test_it_sees_no_file_of_the_store(evaluated):
    ours = evaluated.predictions()
    assert (ours[ours["detector"] == "spy"]["p_bot"] == 0.1).all()


def test_the_labels_are_the_release_s(evaluated, made):
    ours = evaluated.predictions()
    one = ours[ours["detector"] == "linear"].set_index("account_id")["y"]
    assert one.astype(int).to_dict() == made.load("small").labels().astype(int).to_dict()


def test_what_is_done_is_not_done_again_and_bench_knows_it(evaluated, made):
    from benchmarks.execution import runner
    from benchmarks.execution.suite import check

    suite = check(
        {"name": "mine", "releases": ["small"], "detectors": ["depth-4-tree"], "protocols": [CV]},
        "x",
    )
    assert runner.bench(made.home, suite, 1).counts.cached == 1


def test_boards_are_compared_on_the_same_accounts(evaluated, made):
    again = bb.evaluate("depth-4-tree", "small", protocol=CV, metrics=FEW, jobs=1, resamples=200)
    both = bb.compare(again, evaluated)
    assert both.detectors == evaluated.detectors
    pd.testing.assert_frame_equal(both.frame(), evaluated.frame())
    assert again.summary()["detector"].nunique() == 3
    assert "cross-validation" in repr(both)


def test_a_board_is_kept_as_the_command_keeps_it(evaluated, tmp_path):
    folder = evaluated.save(tmp_path / "board")
    kept = json.loads((folder / "leaderboard.json").read_text())
    for name in ("detector", "metric", "value", "low", "high", "rank", "tie_group", "cell"):
        assert [r[name] for r in kept["rows"]] == evaluated.frame()[name].tolist()
    assert (folder / "leaderboard.html").is_file()
    assert list(pd.read_csv(evaluated.save(tmp_path / "rows.csv"))) == list(evaluated.frame())


def test_a_classifier_that_fails_everywhere_is_a_sentence(made):
    with pytest.raises(
        bb.UserError, match=r"Broken has no score on small@1: ValueError: no such column"
    ):
        bb.evaluate(Broken(), "small", protocol=CV, metrics=FEW, jobs=1, resamples=200)


@pytest.mark.parametrize(
    ("detectors", "more", "sentence"),
    [
        (
            DecisionTreeClassifier,
            {},
            r"is a class; give an object of it: DecisionTreeClassifier\(\)",
        ),
        (LinearRegression(), {}, "neither predict_proba nor decision_function"),
        (5, {}, "int has no fit and no get_params"),
        ("random-forrest", {}, "Did you mean 'random-forest'"),
        ([], {}, "No detector was given"),
        ([Spy(), Spy()], {}, "Two classifiers are called 'Spy'"),
        (Spy(), {"name": "constant"}, "cannot name a classifier"),
        (Spy(), {"features": ["profil"]}, "Did you mean 'profile'"),
        (Spy(), {"protocol": "cross-valdation"}, "Did you mean 'cross-validation'"),
        (Spy(), {"protocol": "cross-validation(fold=5)"}, "Did you mean 'folds'"),
        (Spy(), {"metrics": ["acuracy"]}, "Did you mean 'accuracy'"),
        (Spy(), {"fits": 0}, "fits is 0"),
        (Spy(), {"resamples": 3}, "resamples is 3"),
    ],
)
def test_wrong_use_is_a_sentence_before_anything_runs(made, detectors, more, sentence):
    with pytest.raises(bb.UserError, match=sentence):
        bb.evaluate(detectors, made.load("small"), **more)


def test_wrong_releases_are_sentences(made):
    for release, sentence in (
        (made.load("small").split("train"), "limited to a part"),
        ("smal", "Did you mean 'small'"),
        ([], "No release was given"),
        (7, "int is no release"),
    ):
        with pytest.raises(bb.UserError, match=sentence):
            bb.evaluate(Spy(), release)
    with pytest.raises(bb.UserError, match="str is no evaluation"):
        bb.compare("x")


def test_the_identity_covers_parameters_code_and_features():
    first = given(Spy("a"))
    assert first.version == given(Spy("a")).version
    others = [
        given(Spy("b")),
        given(Broken("a")),
        given(bb.DetectorAdapter(Spy("a"), features=["profile"])),
        given(bb.DetectorAdapter(Spy("a"), threshold="fixed(0.5)")),
    ]
    assert len({first.version, *(o.version for o in others)}) == 5
    assert b"no such column" in given(Broken("a")).pickled
    assert given(make_pipeline(StandardScaler(), LogisticRegression())).name == (
        "StandardScaler+LogisticRegression"
    )


def test_an_adapter_fills_in_what_a_classifier_refuses_and_seeds_it():
    from benchmarks.data.accounts import Accounts

    values = np.array([[1.0, np.nan], [2.0, 1.0], [np.nan, np.nan], [3.0, 0.0], [4.0, 1.0]])
    seen = Accounts(("a", "b"), values)
    y = np.array([0, 0, 1, 1, 1], dtype=np.int8)
    adapter = bb.DetectorAdapter(LogisticRegression(), random_state=7).fit(seen, y)
    p = adapter.predict_proba(seen)
    assert p.shape == (5, 2) and not np.isnan(p).any()
    assert p[2, 1] == pytest.approx(0.6)  # nothing is known of it: the share of bots
    assert adapter.model_[-1].random_state == 7
    assert (
        bb.DetectorAdapter(LogisticRegression(random_state=3), random_state=7)
        ._model()[-1]
        .random_state
        == 3
    )


def test_a_script_needs_no_main_guard(made, tmp_path):
    """Workers must not run the user's script again."""
    script = tmp_path / "mine.py"
    script.write_text(
        "import botbench as bb\n"
        "print('begun')\n"
        f"bb.open({str(made.home)!r})\n"
        "r = bb.evaluate('depth-4-tree', 'small', 'cross-validation(folds=2, repeats=1)',"
        " metrics=['accuracy'], jobs=1, resamples=200)\n"
        "print(len(r.frame()))\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.split() == ["begun", "3"], done.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"seed": "x"}, "seed is 'x'"),
        ({"resamples": "x"}, "resamples is 'x'"),
        ({"fits": 0}, "fits is 0; give a whole number"),
        ({"jobs": -1}, "jobs is -1; give a whole number"),
        ({"timeout": float("nan")}, "timeout is nan; give seconds"),
        ({"protocol": 5}, "protocol is 5; give a name"),
    ],
)
def test_a_setting_that_is_none_costs_no_run(made, options, said):
    with pytest.raises(bb.UserError, match=said):
        bb.evaluate("constant", "small", **options)
