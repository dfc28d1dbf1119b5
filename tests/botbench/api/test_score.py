"""`bb.score`: the board's own numbers from arrays, and a sentence for each wrong input."""

import json
import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn import metrics as sk

import botbench as bb
from benchmarks.leaderboard.compute.scores import Plan, Result, measure
from benchmarks.metrics import ordered

SOME = ["accuracy", "f1[bot]", "roc-auc", "brier[bot]"]


@pytest.fixture(scope="module")
def accounts():
    rng = np.random.default_rng(5)
    y = rng.integers(0, 2, 200)
    return y, np.clip(0.35 * y + 0.65 * rng.random(200), 0, 1)


def test_the_values_are_those_of_scikit_learn(accounts):
    y, p = accounts
    frame = bb.score(y, p, metrics=SOME, threshold=0.4).frame().set_index("metric")["value"]
    assert frame["accuracy"] == pytest.approx(sk.accuracy_score(y, p >= 0.4))
    assert frame["f1[bot]"] == pytest.approx(sk.f1_score(y, p >= 0.4))
    assert frame["roc-auc"] == pytest.approx(sk.roc_auc_score(y, p))
    assert frame["brier[bot]"] == pytest.approx(sk.brier_score_loss(y, p))


def test_the_frame_has_the_columns_of_the_contract(accounts):
    y, p = accounts
    frame = bb.score(y, p).frame()
    assert list(frame) == ["metric", "value", "low", "high", "n", "few"]
    assert list(frame.dtypes.astype(str))[1:] == ["float64", "float64", "float64", "int64", "bool"]
    assert list(frame["metric"]) == [
        m.name for m in ordered() if not {"cost", "groups"} & set(m.needs)
    ]
    assert (frame["n"] == 200).all()
    # Three false alarms among 300 people are the least that 1 % can be told by.
    few = frame[frame["few"]]
    assert list(few["metric"]) == ["recall[bot]@fpr=0.01"] and few[["low", "high"]].isna().all(None)
    rest = frame[~frame["few"]]
    assert ((rest["low"] <= rest["value"]) & (rest["value"] <= rest["high"])).all()


def test_intervals_are_the_board_s(accounts):
    """The same accounts as a cell of the board, with the ids of a release."""
    y, p = accounts
    n = len(y)
    table = pa.table(
        {
            "dataset": ["d"] * n,
            "account_id": [f"{i:03}" for i in range(n)],
            "repeat": np.zeros(n, int),
            "fold": np.zeros(n, int),
            "y": y.astype(np.int8),
            "p_bot": p,
            "threshold": np.full(n, 0.5),
        }
    )
    info = dict.fromkeys(("detector", "protocol", "cell_key"), "x")
    info |= {"train": ["a@1"], "test": "given", "status": "done", "hashes": {}}
    (cell,) = measure([Result(info, lambda: table)], ordered(SOME), Plan())
    ours = {
        row["metric"]: (row["value"], row["low"], row["high"])
        for row in bb.score(y, p, metrics=SOME).rows
    }
    assert ours == cell.scores


@pytest.mark.parametrize(
    "kind",
    [
        list,
        pd.Series,
        lambda y: pd.Series(y, dtype="Int64"),
        lambda y: pd.Series(y.astype(bool), dtype="boolean"),
        lambda y: y.astype(bool),
        lambda y: y.astype(float),
        lambda y: np.where(y == 1, "bot", "human"),
        lambda y: pd.Series(np.where(y == 1, "bot", "human"), dtype="category"),
        lambda y: pa.array(np.where(y == 1, "bot", "human")),
        lambda y: y[:, None],
    ],
)
def test_labels_of_every_kind_mean_the_same(accounts, kind):
    y, p = accounts
    assert (
        bb.score(kind(y), list(p), metrics=["accuracy"]).rows
        == bb.score(y, p, metrics=["accuracy"]).rows
    )


@pytest.mark.parametrize(
    ("y", "p", "sentence"),
    [
        ([1, 0], [0.5], "y has 2 values and p 1"),
        ([1, 0], [0.5, float("nan")], r"p\[1\] is missing"),
        ([1, 0], [0.5, None], r"p\[1\] is missing"),
        ([1, 0], [0.5, "high"], r"p\[1\] is 'high'"),
        ([1, 0], [0.5, float("inf")], r"p\[1\] is inf"),
        ([1, 0], [0.5, 1.5], r"p\[1\] is 1\.5; a score is the probability of bot, from 0 to 1"),
        ([1, 2], [0.5, 0.5], r"y\[1\] is 2; a label is 'bot' or 'human'"),
        ([1, float("nan")], [0.5, 0.5], r"y\[1\] is missing"),
        (["bot", None], [0.5, 0.5], r"y\[1\] is missing"),
        (["bot", "cyborg\x1b"], [0.5, 0.5], r"y\[1\] is 'cyborg\\x1b'"),
        (["bot", ["human"]], [0.5, 0.5], r"y\[1\] is \['human'\]"),
        ([1, 0], [0.5, [0.1, 0.2]], r"p\[1\] is \[0.1, 0.2\]"),
        ([], [], "y holds nothing"),
        ("bot", [0.5], "y is 'bot'; give an array"),
        (1, [0.5], "y is 1; give an array"),
        ([1, 0], np.ones((2, 2)), r"p has the shape \(2, 2\).*p\[:, 1\]"),
        ([1, 0], np.ones((2, 3)), r"p has the shape \(2, 3\); give one value an account\.$"),
        (pd.Series([1, 0], ["a", "b"]), pd.Series([0.5, 0.1], ["b", "a"]), "different orders"),
    ],
)
def test_wrong_input_is_a_sentence(y, p, sentence):
    with pytest.raises(bb.UserError, match=sentence):
        bb.score(y, p)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"metrics": ["acuracy"]}, "Did you mean 'accuracy'"),
        ({"metrics": []}, "metrics names none"),
        ({"groups": [1]}, "y has 200 values and groups 1"),
        ({"threshold": "x"}, "threshold is 'x'"),
        ({"people": {"verfied": [1] * 200}}, "Did you mean 'verified'"),
        ({"people": {"verified": [1]}}, "y has 200 values and people"),
        ({"resamples": 5}, "resamples is 5"),
    ],
)
def test_wrong_settings_are_a_sentence(accounts, given, sentence):
    with pytest.raises(bb.UserError, match=sentence):
        bb.score(*accounts, **given)


def test_few_accounts_are_shown_and_marked():
    row = bb.score([1, 0, 1, 0], [0.9, 0.2, 0.8, 0.6], metrics=["roc-auc"]).rows[0]
    assert row["few"] and row["value"] == 1 and row["low"] is None


def test_one_class_alone_has_no_value_where_the_metric_has_none():
    scores = bb.score([1] * 40, [0.9] * 40, metrics=["recall[bot]", "roc-auc"])
    assert scores["recall[bot]"] == 1
    assert math.isnan(scores["roc-auc"])


def test_groups_widen_the_interval_and_count_as_few(accounts):
    y, p = accounts
    alone = bb.score(y, p, metrics=["accuracy"]).rows[0]
    order = np.argsort(y, kind="stable")
    pairs = bb.score(y[order], p[order], groups=np.arange(200) // 10, metrics=["accuracy"]).rows[0]
    assert pairs["value"] == alone["value"]
    assert pairs["few"] and not alone["few"]
    nobody = bb.score(y, p, groups=[None] * 200, metrics=["accuracy"]).rows[0]
    assert nobody == alone


def test_groups_of_people_get_their_false_alarms(accounts):
    y, p = accounts
    verified = np.where(
        np.arange(200) % 3 == 0, 1.0, np.where(np.arange(200) % 3 == 1, 0.0, np.nan)
    )
    scores = bb.score(y, p, people={"verified": verified})
    asked = (verified == 1) & (y == 0)
    assert scores["fpr[bot]@group=verified"] == pytest.approx((p[asked] >= 0.5).mean())


def test_it_is_kept_as_json_csv_and_parquet_and_nothing_else(accounts, tmp_path):
    scores = bb.score(*accounts, metrics=SOME)
    document = json.loads(scores.save(tmp_path / "s.json").read_text())
    assert document == scores.to_dict()
    assert set(document["rows"][0]) == {"metric", "value", "low", "high", "n", "few"}
    assert pd.read_csv(scores.save(tmp_path / "s.csv")).equals(scores.frame())
    assert pd.read_parquet(scores.save(tmp_path / "s.parquet")).equals(scores.frame())
    for bad, said in (("s.xlsx", "ends in .xlsx"), ("no/s.json", "There is no folder")):
        with pytest.raises(bb.UserError, match=said):
            scores.save(tmp_path / bad)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"p": np.ma.masked_greater(np.full(200, 0.5), 0.4)}, r"p\[0\] is missing"),
        ({"p": np.full(200, 0.5j)}, "values of the type complex128"),
        ({"y": pd.to_timedelta(np.ones(200))}, "values of the type timedelta64"),
        ({"y": [10**400] * 200}, "a label is"),
        ({"p": [10**400] * 200}, "every account needs a number"),
        ({"metrics": 5}, "metrics is 5; give names"),
        ({"people": ["verified"]}, "people is no mapping"),
        ({"people": {"verified": [5] * 200}}, r"people\['verified'\]\[0\] is 5; give 1"),
        ({"people": {"verified": ["yes"] * 200}}, r"people\['verified'\]\[0\] is 'yes'"),
        ({"resamples": "a"}, "resamples is 'a'; draw at least 200"),
        ({"resamples": 10**9}, "at most 100,000 times"),
        ({"seed": -1}, "seed is -1; give a whole number"),
    ],
)
def test_values_of_odd_types_are_refused_and_never_read_as_others(accounts, options, said):
    y, p = accounts
    with pytest.raises(bb.UserError, match=said):
        bb.score(options.pop("y", y), options.pop("p", p), **options)
