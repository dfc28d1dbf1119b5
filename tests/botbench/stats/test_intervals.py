"""Intervals against published values and simulated coverage; the bootstrap against its definition."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.metrics import METRICS, Judged, Sample, find
from benchmarks.metrics.ranking import placements
from botbench.stats import intervals
from botbench.stats.intervals import (
    at_bound,
    bootstrap,
    clopper_pearson,
    few,
    holm,
    interval,
    logit_normal,
    over_sets,
    p_values,
    percentiles,
    ratio,
    resamples,
    shift,
    wilson,
)

# Newcombe 1998, Stat. Med. 17:857, table I, method 3 (Wilson's score without continuity
# correction).
NEWCOMBE = [
    (81, 263, 0.2553, 0.3662),
    (15, 148, 0.0624, 0.1605),
    (0, 20, 0.0, 0.1611),
    (1, 29, 0.0061, 0.1718),
]


@pytest.mark.parametrize(("hits", "trials", "low", "high"), NEWCOMBE)
def test_wilson_gives_the_published_bounds(hits, trials, low, high):
    found = wilson(hits / trials, trials)
    assert (round(float(found[0]), 4), round(float(found[1]), 4)) == (low, high)


@given(st.integers(1, 5000), st.floats(0, 1))
def test_wilson_holds_the_share_leaves_no_range_and_is_never_of_width_zero(trials, share):
    low, high = (float(bound) for bound in wilson(share, trials))
    assert 0 <= low <= share + 1e-12 and share - 1e-12 <= high <= 1 and high > low


def test_no_trials_say_nothing():
    assert [float(b) for b in wilson(0.0, 0)] == [0, 1]


def test_mover_of_one_value_is_its_own_interval_and_of_two_by_hand():
    assert shift([(0.5, 0.4, 0.7)]) == pytest.approx((0.4, 0.7))
    # mean .7; down sqrt(.1² + .2²)/2, up sqrt(.1² + .1²)/2
    assert shift([(0.5, 0.4, 0.6), (0.9, 0.7, 1.0)]) == pytest.approx(
        (0.7 - math.sqrt(0.05) / 2, 0.7 + math.sqrt(0.02) / 2)
    )


def test_the_interval_over_data_sets_is_students():
    assert over_sets([0.5, 0.7]) is None
    # mean .6, standard deviation .1, three sets: t(.975, 2) = 4.302653
    wide = 4.302653 * 0.1 / math.sqrt(3)
    assert over_sets([0.5, 0.6, 0.7]) == pytest.approx((0.6 - wide, 0.6 + wide), abs=1e-6)
    assert over_sets([0.5, 0.6, 1.0], (0, 1))[1] == 1


def test_every_draw_has_as_many_accounts_and_depends_on_the_seed_alone():
    one = np.concatenate(list(resamples(50, 40, [7], cells=10_000)))
    chunked = np.concatenate(list(resamples(50, 40, [7], cells=333)))
    np.testing.assert_array_equal(one, chunked)
    assert one.shape == (40, 50) and (one.sum(axis=1) == 50).all() and one.min() == 0
    assert not np.array_equal(one, np.concatenate(list(resamples(50, 40, [8]))))
    assert len(list(resamples(50, 40, [7], cells=333))) == 7


def test_the_bootstrap_is_the_metric_of_redrawn_accounts():
    y, p = np.array([1, 1, 0, 0, 0]), np.array([0.9, 0.4, 0.5, 0.2, 0.1])
    metric, draws = METRICS.get("accuracy"), next(resamples(5, 3, [11]))
    expected = []
    for draw in draws.astype(int):
        again = np.repeat(np.arange(5), draw)
        expected.append(np.mean(y[again] == (p[again] >= 0.45)))
    np.testing.assert_allclose(
        bootstrap(Judged(y, p, p >= 0.45), metric, count=3, seed=11), expected
    )


def test_percentiles_leave_out_draws_without_a_value():
    assert percentiles(np.array([math.nan, math.nan])) is None
    assert percentiles(np.array([0.5, math.nan, 0.5])) == (0.5, 0.5)


@pytest.mark.parametrize(
    ("value", "bounds", "expected"),
    [
        (0.0, (0, 1), (0, 0.1246)),
        (1.0, (0, 1), (0.8754, 1)),
        (1.0, (-1, 1), (0.7509, 1)),
        (0.5, (0, 1), None),
    ],
)
def test_a_value_at_its_bound_is_not_certain(value, bounds, expected):
    found = at_bound(value, bounds, 27)
    assert found == (expected if expected is None else pytest.approx(expected, abs=1e-4))


@pytest.mark.parametrize(
    ("bots", "humans", "expected"), [(30, 30, False), (29, 500, True), (500, 29, True)]
)
def test_few_is_under_thirty_of_a_class(bots, humans, expected):
    assert few(bots, humans) is expected


def test_p_of_a_difference():
    found = p_values(np.array([0.0, 0.0196, 0.2, 0.0]), np.array([0.01, 0.01, 0, 0]))
    assert found == pytest.approx([1, 0.05, 0, 1], abs=1e-4)


def test_holm_stops_at_the_first_that_stands():
    # .005 <= .05/4, .01 <= .05/3, .03 > .05/2: the rest stand, .04 too though it is under .05
    assert holm([0.01, 0.04, 0.03, 0.005]) == [True, False, False, True]
    assert holm([]) == []


def covered(name, truth, draw, sets, seed):
    """How often the metric's interval holds the truth, of `sets` simulated data sets."""
    random, metric, hits = np.random.default_rng(seed), METRICS.get(name), 0
    for i in range(sets):
        y, p = draw(random)
        judged = Judged(y, p, p >= 0.5)
        value = float(metric.values(judged.under())[0])
        closed = metric.closed or metric.trials
        draws = np.empty(0) if closed else bootstrap(judged, metric, 300, i)
        low, high, _ = interval(
            metric, value, Sample.of(judged), draws, (int(y.sum()), int((1 - y).sum()))
        )
        hits += low <= truth <= high
    return hits / sets


def rates(random, n=200, share=0.3, tpr=0.9, fpr=0.1):
    """Accounts whose answers have these rates; the score is the answer."""
    y = (random.random(n) < share).astype(int)
    return y, np.where(random.random(n) < np.where(y == 1, tpr, fpr), 0.9, 0.1)


# prevalence .3, TPR .9, FPR .1: TP .27, FN .03, FP .07, TN .63
RATES = {
    "accuracy": 0.9,
    "balanced-accuracy": 0.9,
    "recall[bot]": 0.9,
    "precision[bot]": 0.27 / 0.34,
    "f1[bot]": 0.54 / 0.64,
}


@pytest.mark.parametrize("name", RATES)
def test_closed_intervals_cover(name):
    """3,000 sets: the Monte Carlo error of .95 is .004; Wilson's own coverage swings by a point or
    two at n = 200.
    """
    assert 0.93 <= covered(name, RATES[name], rates, 3000, 1) <= 0.975


def normals(random, n=200):
    y = (random.random(n) < 0.4).astype(int)
    return y, random.normal(y * 1.0, 1.0)


def test_delong_covers():
    """Scores of bots one standard deviation above those of humans: AUC = Φ(1/√2) = .7602. 2,000
    sets: error .005.
    """
    assert 0.93 <= covered("roc-auc", 0.76025, normals, 2000, 2) <= 0.97


def squeezed(random, n=200):
    """The same as probabilities: Brier's score is one of numbers between 0 and 1."""
    y, x = normals(random, n)
    return y, 1 / (1 + np.exp(-x))


def test_the_bootstrap_covers():
    """Brier of such scores, by a large simulation. 500 sets: error .01."""
    y, p = squeezed(np.random.default_rng(0), 2_000_000)
    assert 0.92 <= covered("brier[bot]", float(np.mean((p - y) ** 2)), squeezed, 500, 3) <= 0.98


def test_the_settings_are_the_published_ones():
    assert (intervals.LEVEL, intervals.FEW, intervals.RESAMPLES) == (0.95, 30, 2000)
    assert pytest.approx(1.959964, abs=1e-6) == intervals.Z


def test_clopper_pearson_is_the_binomial_test_turned_round():
    from scipy.stats import binomtest

    for hits, trials in ((0, 12), (3, 12), (12, 12), (1, 29)):
        found = binomtest(hits, trials).proportion_ci(0.95, "exact")
        assert clopper_pearson(hits / trials, trials) == pytest.approx(
            (found.low, found.high), abs=1e-9
        )


def delong_by_definition(y, p):
    """DeLong's variance from the placements of every pair, as in the paper."""
    bots, humans = p[y == 1], p[y == 0]
    psi = (bots[:, None] > humans) + 0.5 * (bots[:, None] == humans)
    return psi.mean(), psi.mean(1).var(ddof=1) / len(bots) + psi.mean(0).var(ddof=1) / len(humans)


def test_placements_add_up_to_delongs_variance():
    random = np.random.default_rng(8)
    y = (random.random(80) < 0.4).astype(int)
    p = (random.normal(y, 1)).round(1)
    auc, variance = delong_by_definition(y, p)
    assert (placements(Judged(y, p, p > 0)) ** 2).sum() == pytest.approx(variance, rel=1e-9)
    assert METRICS.get("roc-auc").function(y, p, p > 0) == pytest.approx(auc)
    # two folds: the mean of both, with a quarter of the sum of their variances
    halves = [delong_by_definition(y[k::2], p[k::2])[1] for k in (0, 1)]
    folded = Judged(y, p, p > 0, np.arange(80) % 2)
    assert (placements(folded) ** 2).sum() == pytest.approx(sum(halves) / 4, rel=1e-9)


def test_repeats_of_the_same_predictions_do_not_narrow_delong():
    y, p = normals(np.random.default_rng(9), 100)
    one = Judged(y, p, p > 0.5)
    closed = METRICS.get("roc-auc").closed
    assert closed(0.8, Sample.of(one)) != (0.8, 0.8)
    assert closed(0.8, Sample.of(one)) == pytest.approx(
        closed(0.8, Sample([one, one, one], [None] * 3, 100))
    )


def test_a_ratio_by_hand():
    # only the numerator is in doubt: the bounds over the denominator
    assert ratio((0.6, 0.5, 0.8), (0.2, 0.2, 0.2)) == pytest.approx((2.5, 4.0))
    low, high = ratio((0.9, 0.8, 0.95), (0, 0, 0.05))
    assert low == pytest.approx(math.sqrt(0.8 * (1.8 - 0.8)) / 0.05) and high == math.inf


@pytest.mark.parametrize("prevalence", ["0.01", "0.05", "0.5"])
def test_precision_without_a_false_alarm_is_not_certain(prevalence):
    """60 of 80 bots found, none of 100 people alarmed: the value is 1, its lower bound what the
    people allow.
    """
    y = np.r_[np.ones(80, int), np.zeros(100, int)]
    hat = np.r_[np.ones(60), np.zeros(120)].astype(bool)
    metric = find(f"precision[bot]@prevalence={prevalence}")
    value = metric.function(y, hat, hat)
    low, high, how = interval(metric, value, Sample.of(Judged(y, hat, hat)), np.empty(0), (80, 100))
    assert (value, high) == (1, 1) and how.startswith("wilson on both rates")
    # Wilson: 75 % of 80 from .6452; 0 of 100 to .0370
    pi, least = float(prevalence), math.sqrt(0.6452 * (1.5 - 0.6452)) / 0.0370
    assert low == pytest.approx(pi * least / (pi * least + 1 - pi), abs=2e-3) and low < 0.99


def test_few_get_exact_intervals_or_none():
    y, p = np.r_[np.ones(12, int), np.zeros(60, int)], np.r_[np.full(12, 0.9), np.full(60, 0.1)]
    sample, draws = Sample.of(Judged(y, p, p > 0.5)), np.ones(50)
    assert interval(METRICS.get("recall[bot]"), 1.0, sample, draws, (12, 60)) == (
        *clopper_pearson(1, 12),
        "clopper-pearson",
    )
    for name in (
        "roc-auc",
        "mcc",
        "brier[bot]",
        "balanced-accuracy",
        "average-precision[bot]",
        "f1[bot]",
    ):
        low, high, how = interval(METRICS.get(name), 1.0, sample, draws, (12, 60))
        assert math.isnan(low) and math.isnan(high) and how == "none: few"


def test_the_normal_interval_on_the_logit_scale_by_hand():
    # logit .8 = 1.3863, error .04 / .16 = .25: 1.3863 -+ .49
    assert logit_normal(0.8, 0.04) == pytest.approx(
        (1 / (1 + math.exp(-0.8963)), 1 / (1 + math.exp(-1.8763))), abs=1e-4
    )
    assert logit_normal(1.0, 0.04) == (1, 1) and logit_normal(0.8, 0) == (0.8, 0.8)
