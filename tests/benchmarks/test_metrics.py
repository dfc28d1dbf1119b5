"""Metrics against scikit-learn on random data with ties and weights, against hand calculations, and where they are undefined."""

import math
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.metrics import METRICS, Judged, Metric, metric, ordered
from curation.errors import UserError

NAMES = ["accuracy", "average-precision[bot]", "balanced-accuracy", "brier[bot]", "f1[bot]", "mcc", "precision[bot]",
         "recall[bot]", "roc-auc"]


def value(name, y, p, hat, weight=None):
    return METRICS.get(name).function(y, p, hat, weight)


def test_the_names_are_canonical_and_say_the_positive_class():
    assert list(METRICS.all()) == NAMES
    assert [METRICS.get(m.name) for m in ordered()] == ordered()
    assert [m.name for m in ordered(["mcc", "accuracy", "mcc"])] == ["mcc", "accuracy"]
    with pytest.raises(UserError, match=r"Did you mean 'f1\[bot\]'"):
        ordered(["f1[bt]"])


@pytest.mark.parametrize("name", NAMES)
def test_a_metric_is_complete_data(name):
    m = METRICS.get(name)
    for field in ("title", "formula", "description", "trap", "source", "undefined"):
        assert getattr(m, field).strip(), field
    assert m.range[0] < m.range[1] and m.needs in (("threshold",), ("score",))
    assert m.guessing is None or m.range[0] <= m.guessing <= m.range[1]
    about = m.about()
    assert about["name"] == name and not {"measure", "closed"} & set(about)


# By hand: 4 bots, 6 humans. TP 3, FN 1, FP 2, TN 4.
Y = [1, 1, 1, 1, 0, 0, 0, 0, 0, 0]
P = [.9, .8, .7, .2, .8, .6, .3, .2, .1, .1]
HAT = [x >= .5 for x in P]
BY_HAND = {
    "accuracy": 7 / 10,
    "balanced-accuracy": (3 / 4 + 4 / 6) / 2,
    "precision[bot]": 3 / 5,
    "recall[bot]": 3 / 4,
    "f1[bot]": 6 / 9,
    "mcc": (3 * 4 - 2 * 1) / math.sqrt(5 * 4 * 6 * 5),
    # pairs in order: .9 beats 6; .8 beats 5 and ties 1; .7 beats 5; .2 beats 2 and ties 1: 18 + 2 halves of 24
    "roc-auc": (6 + 5.5 + 5 + 2.5) / 24,
    # precision at each bot's score: 1/1, 2/3 (tie with a human), 3/4, 4/8 (.2 ties with a human)
    "average-precision[bot]": (1 + 2 / 3 + 3 / 4 + 4 / 8) / 4,
    "brier[bot]": (.01 + .04 + .09 + .64 + .64 + .36 + .09 + .04 + .01 + .01) / 10,
}


@pytest.mark.parametrize("name", NAMES)
def test_by_hand(name):
    assert value(name, Y, P, HAT) == pytest.approx(BY_HAND[name], abs=1e-12)


def sklearn_values(y, p, hat, w):
    from sklearn import metrics as sk

    return {
        "accuracy": sk.accuracy_score(y, hat, sample_weight=w),
        "balanced-accuracy": sk.balanced_accuracy_score(y, hat, sample_weight=w),
        "precision[bot]": sk.precision_score(y, hat, sample_weight=w, zero_division=np.nan),
        "recall[bot]": sk.recall_score(y, hat, sample_weight=w),
        "f1[bot]": sk.f1_score(y, hat, sample_weight=w),
        "mcc": sk.matthews_corrcoef(y, hat, sample_weight=w),
        "roc-auc": sk.roc_auc_score(y, p, sample_weight=w),
        "average-precision[bot]": sk.average_precision_score(y, p, sample_weight=w),
        "brier[bot]": sk.brier_score_loss(y, p, sample_weight=w),
    }


accounts = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from([0.0, .1, .1 + 1e-9, .25, .5, .75, 1.0]), st.integers(1, 4)),
    min_size=2, max_size=40,
).filter(lambda rows: len({r[0] for r in rows}) == 2)


@settings(max_examples=120, deadline=None)
@given(accounts, st.sampled_from([0.0, .25, .5, 1.0, 1.1]))
def test_the_same_as_scikit_learn_with_ties_and_weights(rows, threshold):
    y, p, w = (np.array(column) for column in zip(*rows, strict=True))
    hat = p >= threshold
    for weight in (None, w):
        expected = sklearn_values(y, p, hat, weight)
        for name, m in METRICS.all().items():
            assert m.function(y, p, hat, weight) == pytest.approx(expected[name], abs=1e-9, nan_ok=True), name


@settings(max_examples=40, deadline=None)
@given(accounts, st.randoms(use_true_random=False))
def test_a_weight_is_a_repeated_row_and_row_order_does_not_matter(rows, random):
    y, p, w = (np.array(column) for column in zip(*rows, strict=True))
    repeated = np.repeat(np.arange(len(y)), w)
    random.shuffle(repeated)
    for name, m in METRICS.all().items():
        once = m.function(y, p, p >= .5, w)
        assert m.function(y[repeated], p[repeated], p[repeated] >= .5) == pytest.approx(once, abs=1e-9, nan_ok=True), name


def test_many_weightings_at_once_equal_one_by_one():
    random = np.random.default_rng(3)
    y, p = random.integers(0, 2, 60), random.random(60).round(1)
    weight = random.integers(0, 3, (25, 60)).astype(float)
    for name, m in METRICS.all().items():
        together = m.function(y, p, p >= .4, weight)
        assert together.shape == (25,)
        np.testing.assert_allclose(together, [m.function(y, p, p >= .4, row) for row in weight], atol=1e-12, err_msg=name)


@pytest.mark.parametrize(("y", "hat", "defined"), [
    ([1, 1, 1], [True, True, False], {"accuracy": 2 / 3, "precision[bot]": 1, "recall[bot]": 2 / 3, "f1[bot]": .8,
                                      "average-precision[bot]": 1, "brier[bot]": .25}),
    ([0, 0, 0], [True, False, False], {"accuracy": 2 / 3, "precision[bot]": 0, "f1[bot]": 0, "brier[bot]": .25}),
    ([0, 0, 0], [False, False, False], {"accuracy": 1, "brier[bot]": .25}),
    # bots and people, the same answer for all: precision has no alarms; MCC is 0 by definition, F1 by its formula
    ([1, 0, 0], [False, False, False], {"accuracy": 2 / 3, "balanced-accuracy": .5, "recall[bot]": 0, "f1[bot]": 0, "mcc": 0,
                                        "roc-auc": .5, "average-precision[bot]": 1 / 3, "brier[bot]": .25}),
    ([], [], {}),
])
def test_undefined_is_nan_and_never_zero_in_silence(y, hat, defined):
    for name in NAMES:
        found = value(name, y, [.5] * len(y), hat)
        assert found == pytest.approx(defined.get(name, math.nan), nan_ok=True), name


def test_a_draw_without_one_class_is_nan_for_that_draw_alone():
    draws = METRICS.get("roc-auc").function([1, 0], [.9, .1], [True, False], [[1, 1], [2, 0], [0, 2]])
    np.testing.assert_array_equal(draws, [1, math.nan, math.nan])


@pytest.mark.parametrize(("y", "p", "message"), [
    ([1, 0], [.5], "differ in shape"), ([1, 2], [.5, .5], "neither 0"), ([1, 0], [.5, math.nan], "NaN"),
])
def test_what_does_not_fit_is_refused(y, p, message):
    with pytest.raises(ValueError, match=message):
        Judged(y, p, [False] * len(p))
    with pytest.raises(ValueError, match="3 weights for 2 accounts"):
        Judged([1, 0], [.5, .5], [True, False]).under([1, 1, 1])


TOY = '''"""A toy."""
from benchmarks.metrics import metric


@metric("called[bot]", title="Called bots", formula="(TP + FP) / bots", description="d", trap="t", source="s",
        undefined="there is no bot", needs=("threshold",))
def called(judged):
    """Accounts called bots for each bot there is."""
    return (judged.counts.tp + judged.counts.fp) / judged.bots
'''


def test_a_metric_is_one_file_and_nothing_else(tmp_path, monkeypatch):
    import benchmarks.metrics as package

    (tmp_path / "toy_share.py").write_text(TOY)
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    from curation.registry import Registry

    fresh: Registry[Metric] = Registry("metric", "benchmarks.metrics")
    monkeypatch.setattr(package, "METRICS", fresh)
    try:
        fresh.all()
        assert fresh.get("called[bot]").function([1, 0, 0], [.9, .9, .1], [True, True, False]) == 2
    finally:
        sys.modules.pop("benchmarks.metrics.toy_share", None)


def test_a_name_is_used_once():
    with pytest.raises(ValueError, match="two metrics are called 'accuracy'"):
        texts = dict.fromkeys(("title", "formula", "description", "trap", "source", "undefined"), "")
        metric("accuracy", needs=(), **texts)(lambda w: w.weight[:, 0])
