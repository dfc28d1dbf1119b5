"""Metrics against scikit-learn on random data with ties and weights, against hand calculations, and
where they are undefined.
"""

import json
import math
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.data.groups import GROUPS
from benchmarks.metrics import METRICS, Metric, ScoredAccounts, find, metric, ordered
from benchmarks.metrics.slopes import Near, condensed
from benchmarks.metrics.weightings import Weightings, running_sums
from botbench.core.errors import UserError

NAMES = [
    "accuracy",
    "average-precision[bot]",
    "balanced-accuracy",
    "brier[bot]",
    "f1[bot]",
    "fpr[bot]",
    "mcc",
    "precision[bot]",
    "recall[bot]",
    "roc-auc",
]
MORE = [
    "calibration-slope[bot]",
    "ece[bot]@bins=10",
    "fpr-gap[bot]",
    *(f"fpr-gap[bot]@group={g}" for g in GROUPS),
    *(f"fpr[bot]@group={g}" for g in GROUPS),
    "memory-per-1000",
    "precision[bot]@prevalence=0.01",
    "precision[bot]@prevalence=0.05",
    "recall[bot]@fpr=0.01",
    "seconds-per-1000",
]


def value(name, y, p, hat, weight=None):
    return METRICS.get(name).function(y, p, hat, weight)


def test_the_names_are_canonical_and_say_the_positive_class():
    assert list(METRICS.all()) == sorted(NAMES + MORE)
    assert [METRICS.get(m.name) for m in ordered()] == ordered()
    assert [m.name for m in ordered(["mcc", "accuracy", "mcc"])] == ["mcc", "accuracy"]
    with pytest.raises(UserError, match=r"Did you mean 'f1\[bot\]'"):
        ordered(["f1[bt]"])


@pytest.mark.parametrize("name", NAMES + MORE)
def test_a_metric_is_complete_data(name):
    m = METRICS.get(name)
    for field in ("title", "formula", "description", "trap", "source", "undefined"):
        assert getattr(m, field).strip(), field
    assert (
        m.range[0] < m.range[1]
        and set(m.needs) <= {"threshold", "score", "groups", "cost"}
        and m.needs
    )
    assert m.guessing is None or m.range[0] <= m.guessing <= m.range[1]
    about = m.about()
    assert about["name"] == name and not {"measure", "closed", "trials"} & set(about)
    assert "{value}" not in str(about) and json.dumps(about, allow_nan=False)


# By hand: 4 bots, 6 humans. TP 3, FN 1, FP 2, TN 4.
Y = [1, 1, 1, 1, 0, 0, 0, 0, 0, 0]
P = [0.9, 0.8, 0.7, 0.2, 0.8, 0.6, 0.3, 0.2, 0.1, 0.1]
HAT = [x >= 0.5 for x in P]
BY_HAND = {
    "accuracy": 7 / 10,
    "balanced-accuracy": (3 / 4 + 4 / 6) / 2,
    "precision[bot]": 3 / 5,
    "recall[bot]": 3 / 4,
    "fpr[bot]": 2 / 6,
    "f1[bot]": 6 / 9,
    "mcc": (3 * 4 - 2 * 1) / math.sqrt(5 * 4 * 6 * 5),
    # pairs in order: .9 beats 6; .8 beats 5 and ties 1; .7 beats 5; .2 beats 2 and ties 1: 18 + 2
    # halves of 24
    "roc-auc": (6 + 5.5 + 5 + 2.5) / 24,
    # precision at each bot's score: 1/1, 2/3 (tie with a human), 3/4, 4/8 (.2 ties with a human)
    "average-precision[bot]": (1 + 2 / 3 + 3 / 4 + 4 / 8) / 4,
    "brier[bot]": (0.01 + 0.04 + 0.09 + 0.64 + 0.64 + 0.36 + 0.09 + 0.04 + 0.01 + 0.01) / 10,
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
        "fpr[bot]": 1 - sk.recall_score(y, hat, sample_weight=w, pos_label=0),
        "f1[bot]": sk.f1_score(y, hat, sample_weight=w),
        "mcc": sk.matthews_corrcoef(y, hat, sample_weight=w),
        "roc-auc": sk.roc_auc_score(y, p, sample_weight=w),
        "average-precision[bot]": sk.average_precision_score(y, p, sample_weight=w),
        "brier[bot]": sk.brier_score_loss(y, p, sample_weight=w),
    }


accounts = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.sampled_from([0.0, 0.1, 0.1 + 1e-9, 0.25, 0.5, 0.75, 1.0]),
        st.integers(1, 4),
    ),
    min_size=2,
    max_size=40,
).filter(lambda rows: len({r[0] for r in rows}) == 2)


@settings(max_examples=120, deadline=None)
@given(accounts, st.sampled_from([0.0, 0.25, 0.5, 1.0, 1.1]))
def test_the_same_as_scikit_learn_with_ties_and_weights(rows, threshold):
    y, p, w = (np.array(column) for column in zip(*rows, strict=True))
    hat = p >= threshold
    for weight in (None, w):
        expected = sklearn_values(y, p, hat, weight)
        for name in NAMES:
            m = METRICS.get(name)
            assert m.function(y, p, hat, weight) == pytest.approx(
                expected[name], abs=1e-9, nan_ok=True
            ), name


@settings(max_examples=40, deadline=None)
@given(accounts, st.randoms(use_true_random=False))
def test_a_weight_is_a_repeated_row_and_row_order_does_not_matter(rows, random):
    y, p, w = (np.array(column) for column in zip(*rows, strict=True))
    repeated = np.repeat(np.arange(len(y)), w)
    random.shuffle(repeated)
    facts = {g: y[::-1].astype(float) for g in GROUPS} | {"seconds": p, "memory_mb": p}
    again = {name: fact[repeated] for name, fact in facts.items()}
    for name, m in METRICS.all().items():
        once = m.function(y, p, p >= 0.5, w, facts=facts)
        # The largest gap is of groups with 30 people, who are counted as rows and not as weights.
        if name != "fpr-gap[bot]":
            other = m.function(y[repeated], p[repeated], p[repeated] >= 0.5, facts=again)
            assert other == pytest.approx(once, abs=1e-6, nan_ok=True), name


def test_many_weightings_at_once_equal_one_by_one():
    random = np.random.default_rng(3)
    y, p = random.integers(0, 2, 60), random.random(60).round(1)
    weight = random.integers(0, 3, (25, 60)).astype(float)
    more = {
        "fold": np.arange(60) % 3,
        "facts": {g: random.integers(0, 2, 60) for g in GROUPS} | {"seconds": p, "memory_mb": p},
    }
    for name, m in METRICS.all().items():
        together = m.function(y, p, p >= 0.4, weight, **more)
        assert together.shape == (25,)
        np.testing.assert_allclose(
            together,
            [m.function(y, p, p >= 0.4, row, **more) for row in weight],
            atol=1e-9,
            err_msg=name,
        )


@pytest.mark.parametrize(
    ("y", "hat", "defined"),
    [
        (
            [1, 1, 1],
            [True, True, False],
            {
                "accuracy": 2 / 3,
                "precision[bot]": 1,
                "recall[bot]": 2 / 3,
                "f1[bot]": 0.8,
                "average-precision[bot]": 1,
                "brier[bot]": 0.25,
            },
        ),
        (
            [0, 0, 0],
            [True, False, False],
            {
                "accuracy": 2 / 3,
                "precision[bot]": 0,
                "f1[bot]": 0,
                "brier[bot]": 0.25,
                "fpr[bot]": 1 / 3,
            },
        ),
        ([0, 0, 0], [False, False, False], {"accuracy": 1, "brier[bot]": 0.25, "fpr[bot]": 0}),
        # bots and people, the same answer for all: precision has no alarms; MCC is 0 by definition,
        # F1 by its formula
        (
            [1, 0, 0],
            [False, False, False],
            {
                "accuracy": 2 / 3,
                "balanced-accuracy": 0.5,
                "recall[bot]": 0,
                "f1[bot]": 0,
                "mcc": 0,
                "fpr[bot]": 0,
                "roc-auc": 0.5,
                "average-precision[bot]": 1 / 3,
                "brier[bot]": 0.25,
            },
        ),
        ([], [], {}),
    ],
)
def test_undefined_is_nan_and_never_zero_in_silence(y, hat, defined):
    for name in NAMES:
        found = value(name, y, [0.5] * len(y), hat)
        assert found == pytest.approx(defined.get(name, math.nan), nan_ok=True), name


def test_a_draw_without_one_class_is_nan_for_that_draw_alone():
    draws = METRICS.get("roc-auc").function(
        [1, 0], [0.9, 0.1], [True, False], [[1, 1], [2, 0], [0, 2]]
    )
    np.testing.assert_array_equal(draws, [1, math.nan, math.nan])


@pytest.mark.parametrize(
    ("y", "p", "message"),
    [
        ([1, 0], [0.5], "differ in shape"),
        ([1, 2], [0.5, 0.5], "neither 0"),
        ([1, 0], [0.5, math.nan], "NaN"),
        ([1, 0, 1], [math.inf, 0.5, -math.inf], "2 of 3 scores are infinite"),
    ],
)
def test_what_does_not_fit_is_refused(y, p, message):
    with pytest.raises(ValueError, match=message):
        ScoredAccounts(y, p, [False] * len(p))
    with pytest.raises(ValueError, match="3 weights for 2 accounts"):
        ScoredAccounts([1, 0], [0.5, 0.5], [True, False]).under([1, 1, 1])


TOY = '''"""A toy."""
from benchmarks.metrics import metric


@metric("called[bot]", title="Called bots", formula="(TP + FP) / bots", description="d", trap="t",
        source="s", undefined="there is no bot", needs=("threshold",))
def called(judged):
    """Accounts called bots for each bot there is."""
    return (judged.counts.tp + judged.counts.fp) / judged.bots
'''


def test_a_metric_is_one_file_and_nothing_else(tmp_path, monkeypatch):
    import benchmarks.metrics as package

    (tmp_path / "toy_share.py").write_text(TOY)
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    from botbench.core.registry import Registry

    fresh: Registry[Metric] = Registry("metric", "benchmarks.metrics")
    monkeypatch.setattr(package, "METRICS", fresh)
    try:
        fresh.all()
        assert (
            fresh.get("called[bot]").function([1, 0, 0], [0.9, 0.9, 0.1], [True, True, False]) == 2
        )
    finally:
        sys.modules.pop("benchmarks.metrics.toy_share", None)


def test_a_name_is_used_once():
    with pytest.raises(ValueError, match="two metrics are called 'accuracy'"):
        texts = dict.fromkeys(
            ("title", "formula", "description", "trap", "source", "undefined"), ""
        )
        metric("accuracy", needs=(), **texts)(lambda w: w.weight[:, 0])


# --- names with a parameter


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("precision[bot]@prevalence=0.05", "precision[bot]@prevalence=0.05"),
        ("precision[bot]@prevalence=.150", "precision[bot]@prevalence=0.15"),
        ("precision[bot]@prevalence=1e-3", "precision[bot]@prevalence=0.001"),
        ("recall[bot]@fpr=0.001", "recall[bot]@fpr=0.001"),
        ("recall[bot]@fpr=0", "recall[bot]@fpr=0"),
        ("ece[bot]@bins=15", "ece[bot]@bins=15"),
        ("fpr[bot]@group=new", "fpr[bot]@group=new"),
    ],
)
def test_names_with_a_parameter_round_trip(written, name):
    assert find(written).name == name and find(find(written).name).name == name
    assert list(find(name).parameters) == [name.partition("@")[2].partition("=")[0]]
    assert [m.name for m in ordered([written, name])] == [name], "one metric, however it is written"


@given(st.floats(1e-6, 1, exclude_max=True))
def test_any_prevalence_round_trips(prevalence):
    made = find(f"precision[bot]@prevalence={prevalence!r}")
    assert made.parameters == {"prevalence": prevalence} and find(made.name).name == made.name


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("precision[bot]@prevalence=1", "between 0 and 1"),
        ("precision[bot]@prevalence=few", "between 0 and 1"),
        ("ece[bot]@bins=2.5", "whole"),
        ("recall[bot]@fpr=1", "under 1"),
        ("fpr[bot]@group=rich", "verified, celebrity"),
        ("precision[bot]@prevalance=.05", "Did you mean"),
    ],
)
def test_mistakes_in_a_name_are_said(name, said):
    with pytest.raises(UserError, match=said):
        find(name)


# --- beyond the confusion matrix, by hand


def test_precision_at_a_prevalence_is_bayes_rule():
    # TPR 3/4, FPR 1/3: of 100 accounts with 5 bots 3.75 are found and 31.67 people are alarmed
    assert find("precision[bot]@prevalence=0.05").function(Y, P, HAT) == pytest.approx(
        3.75 / (3.75 + 95 / 3)
    )
    # at the data set's own mix it is precision itself
    assert find("precision[bot]@prevalence=0.4").function(Y, P, HAT) == pytest.approx(3 / 5)
    assert find("precision[bot]@prevalence=0.05").assumption
    for one_class in ([1, 1], [0, 0]):
        assert math.isnan(
            find("precision[bot]@prevalence=0.05").function(one_class, [0.9, 0.9], [True, True])
        )


def test_recall_at_a_rate_allows_that_many_people_and_ties_are_not_broken():
    # people from the top: .8 .6 .3 .2 .1 .1; at 0 only the bot at .9 is above all; at 1/6 also .8
    # (its tie is the one) and .7
    assert [
        find(f"recall[bot]@fpr={r}").function(Y, P, HAT) for r in ("0", "0.17", "0.34", "0.67")
    ] == [0.25, 0.75, 0.75, 1]


def test_means_over_folds_give_a_constant_a_half():
    """Four folds whose constants differ: pooled, the folds' shares of bots order the accounts; by
    fold nothing does.
    """
    y, p, fold = (
        [1, 0, 1, 0, 0, 1, 1, 0],
        [0.4, 0.4, 0.5, 0.5, 0.6, 0.6, 0.3, 0.3],
        [0, 0, 1, 1, 2, 2, 3, 3],
    )
    assert value("roc-auc", y, p, [True] * 8) == 0.5
    y[4] = 1  # the third fold has bots only and no AUC; the mean is of the other three
    assert METRICS.get("roc-auc").function(y, p, [True] * 8, fold=fold) == 0.5
    assert METRICS.get("average-precision[bot]").function(
        y, p, [True] * 8, fold=fold
    ) == pytest.approx((0.5 * 3 + 1) / 4)
    assert METRICS.get("accuracy").function(y, p, [True] * 8, fold=fold) == 5 / 8, (
        "answers are of all folds together"
    )


@pytest.mark.parametrize("columns", [1, 99, 100, 300])
@pytest.mark.parametrize("rows", [0, 1, 7])
@pytest.mark.parametrize("kind", [np.float64, np.uint16])
def test_running_sums_are_numpy_s_bit_by_bit(rows, columns, kind):
    values = (9000 * np.random.default_rng(rows).random((rows, columns))).astype(kind)
    sums = running_sums(values, np.empty_like(values))
    assert np.array_equal(sums, np.cumsum(values, axis=0))
    assert sums.dtype == kind


@pytest.mark.parametrize(
    ("n", "skill"), [(200, 1.5), (60, 4.0), (30, 9.0), (1500, 0.0), (1500, 1.5), (1500, -2.5)]
)
def test_calibration_slopes_of_many_draws_are_those_of_each_alone(n, skill):
    """Draws start where all of them together end; one that a cut parts has no slope either way."""
    random = np.random.default_rng(n)
    y = (np.arange(n) % 3 == 0).astype(int)
    p = 1 / (1 + np.exp(-random.normal(skill * (y - 0.5), 1)))
    weight = random.multinomial(n, np.full(n, 1 / n), 400)
    slope = METRICS.get("calibration-slope[bot]")
    together = slope.function(y, p, p > 0.5, weight)
    alone = np.array([slope.function(y, p, p > 0.5, w) for w in weight])
    assert np.isnan(together).tolist() == np.isnan(alone).tolist()
    assert together == pytest.approx(alone, rel=1e-9, nan_ok=True)
    parted = {60: (0, 400), 30: (399, 400)}.get(n, (0, 0))
    assert parted[0] <= np.isnan(alone).sum() <= parted[1]


@pytest.mark.parametrize(("level", "slope"), [(0.0, 0.5), (1.0, -1.5), (-2.0, 3.0)])
def test_a_few_nodes_have_the_sums_of_all_logistic_curves_near(level, slope):
    random = np.random.default_rng(1)
    x = np.unique(np.round(random.normal(0, 1.5, 5000) * 64) / 64)
    both = random.poisson(3.0, (len(x), 5)).astype(float)
    near = Near.of(x, both[:, 0], np.array([level, slope]))
    nodes, weight = condensed(x, both, near)
    assert len(nodes) < len(x) / 10
    assert set(nodes.tolist()) < set(x.tolist())
    for up in np.linspace(-near.levels, near.levels, 7):
        for steeper in np.linspace(-near.slopes, near.slopes, 7):
            whole, few = (
                1 / (1 + np.exp(-(near.level + up + (slope + steeper) * (at - near.centre))))
                for at in (x, nodes)
            )
            assert whole @ both == pytest.approx(few @ weight, rel=1e-11)
            assert (whole * x) @ both == pytest.approx((few * nodes) @ weight, rel=1e-10, abs=1e-8)


def test_a_neighbourhood_is_four_standard_errors_wide():
    """Ten bots and ten humans at 1 and at -1 have p = 1/2 everywhere: information 1/4 each."""
    near = Near.of(np.array([-1.0, 1.0]), np.array([20.0, 20.0]), np.zeros(2))
    assert near == (0.0, 0.0, 0.0, pytest.approx(4 / 10**0.5), pytest.approx(4 / 10**0.5))
    level, slope = np.array([1.2, 1.3, 0.0, 0.0]), np.array([1.2, 0.0, 1.3, -1.2])
    assert near.holds(level, slope).tolist() == [True, False, False, True]
    steep = near._replace(levels=20.0, slopes=20.0)
    assert steep.holds(np.array([5.0, 7.0, 0.0]), np.array([5.0, 0.0, 7.0])).tolist() == [
        True,
        False,
        False,
    ], "beyond 6, steps from nothing need not arrive"


@pytest.mark.parametrize("points", [1, 9, 30])
def test_few_points_are_their_own_nodes(points):
    """Rounding can give all weightings together a slope where there is one point only."""
    x, both = np.linspace(-1.7, 1, points), np.ones((points, 2))
    nodes, weight = condensed(x, both, Near(0.0, 0.0, 1.0, 1.0, 1.0))
    assert nodes is x
    assert weight is both


def test_counts_are_kept_in_two_bytes_and_other_weights_as_they_are():
    counts = np.random.default_rng(1).multinomial(50, np.full(50, 0.02), 100).astype(float)
    made = Weightings.of(counts)
    assert made.compact.dtype == np.uint16
    assert np.array_equal(made.compact, counts.T)
    halves, few, negative, many = counts / 2, counts[:99], counts.copy(), counts.copy()
    negative[3, 4], many[5, 6] = -1, 2**16
    for other in (halves, few, negative, many):
        assert Weightings.of(other).compact.dtype == np.float64


@pytest.mark.parametrize("name", ["average-precision[bot]", "roc-auc", "recall[bot]@fpr=0.01"])
@pytest.mark.parametrize("grid", [7, 10**6])
@pytest.mark.parametrize("most", [1, 64])
def test_scores_are_ordered_alike_in_two_bytes_and_in_eight(name, grid, most):
    """Half of each weight is no count, and moves none of these metrics by a bit.

    `most` times a thousand accounts nearly fill two bytes.
    """
    random = np.random.default_rng(grid)
    y = random.integers(0, 2, 1000)
    p = np.round(random.normal(y, 1) * grid) / grid
    judged = ScoredAccounts(y, p, p > 0.5, np.arange(1000) % 3)
    weight = random.multinomial(1000, np.full(1000, 0.001), 120) * float(most)
    own = find(name)
    assert judged.under(weight).compact.dtype == np.uint16
    found = own.values(judged.under(weight))
    assert np.array_equal(found, own.values(judged.under(weight / 2)))
    assert found.std() > 0


def test_sums_that_were_asked_for_before_are_made_together_and_are_the_same():
    random = np.random.default_rng(2)
    y = random.integers(0, 2, 40)
    judged = ScoredAccounts(y, random.random(40), random.random(40) < 0.5)
    weight = random.poisson(1.0, (7, 40)).astype(float)
    names = [m.name for m in ordered() if not m.by_fold]
    fresh = [
        find(name).values(ScoredAccounts(y, judged.p, judged.hat).under(weight)) for name in names
    ]
    for name in names:
        find(name).values(judged.under())
    under = judged.under(weight)
    for name, alone in zip(names, fresh, strict=True):
        assert find(name).values(under) == pytest.approx(alone, rel=1e-13, nan_ok=True)
    assert set(judged.asked) == {"counts", "brier", "off in 10 bins", "bots and their points"} | {
        "seconds",
        "memory_mb",
    }


def test_calibration_slope_is_the_logistic_regression_of_the_label():
    from sklearn.linear_model import LogisticRegression

    random = np.random.default_rng(4)
    logit = random.normal(0, 2, 4000)
    y = (random.random(4000) < 1 / (1 + np.exp(-0.5 - 0.6 * logit))).astype(int)
    p = 1 / (1 + np.exp(-logit))
    model = LogisticRegression(C=1e9, tol=1e-10, max_iter=1000).fit(logit[:, None], y)
    assert value("calibration-slope[bot]", y, p, p > 0.5) == pytest.approx(
        model.coef_[0, 0], abs=2e-3
    )
    assert math.isnan(value("calibration-slope[bot]", [1, 0], [0.5, 0.5], [True, True])), (
        "a constant has no slope"
    )
    assert math.isnan(
        value("calibration-slope[bot]", [1, 1, 0, 0], [0.9, 0.8, 0.2, 0.1], [True] * 4)
    ), "parted classes have none"


def test_calibration_error_by_hand():
    # bins [.2, .3): .2 bot, .25 human; [.9, 1]: 1 human: (|.225 - .5| * 2 + |1 - 0|) / 3
    assert value("ece[bot]@bins=10", [1, 0, 0], [0.2, 0.25, 1.0], [True] * 3) == pytest.approx(
        (0.55 + 1) / 3
    )


def test_false_alarms_of_groups_by_hand():
    facts = {"verified": [1, 1, 0, 0, 1, math.nan]}
    y, hat = [0, 0, 0, 0, 1, 0], [True, False, False, False, True, True]
    group, gap = find("fpr[bot]@group=verified"), find("fpr-gap[bot]@group=verified")
    # people in the group: one of two; outside: none of two; the unknown one is in neither
    assert (group.function(y, hat, hat, facts=facts), gap.function(y, hat, hat, facts=facts)) == (
        0.5,
        0.5,
    )
    assert math.isnan(group.function(y, hat, hat)), "nothing is known of anybody"
    # 30 on both sides: new ones 10 of 30, others 20 of 30; verified ones are too few to count
    many = {"new": [1.0] * 30 + [0.0] * 30, "verified": [1.0] + [0.0] * 59}
    hat = [True] * 10 + [False] * 20 + [True] * 20 + [False] * 10
    assert find("fpr-gap[bot]").function([0] * 60, hat, hat, facts=many) == pytest.approx(1 / 3)
    assert find("fpr-gap[bot]@group=new").function([0] * 60, hat, hat, facts=many) == pytest.approx(
        -1 / 3
    )


def test_cost_is_of_a_thousand_accounts():
    facts = {"seconds": [0.001, 0.003], "memory_mb": [0.02, 0.02]}
    assert find("seconds-per-1000").function(
        [1, 0], [0.1, 0.2], [True, False], facts=facts
    ) == pytest.approx(2)
    assert find("memory-per-1000").function(
        [1, 0], [0.1, 0.2], [True, False], facts=facts
    ) == pytest.approx(20)
