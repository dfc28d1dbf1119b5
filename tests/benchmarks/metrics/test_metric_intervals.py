"""Intervals of metrics: simulated coverage, DeLong by definition, few accounts."""

import math

import numpy as np
import pytest

from benchmarks.metrics import METRICS, ScoredAccounts, ScoredRepeats, find
from benchmarks.metrics.intervals import interval
from benchmarks.metrics.ranking import placements
from botbench.stats.proportions import clopper_pearson
from botbench.stats.resampling import resamples


def bootstrap(accounts, metric, count, seed):
    """The metric's values over `count` resamples of the accounts."""
    return np.concatenate(
        [metric.values(accounts.under(w)) for w in resamples(len(accounts.y), count, [seed])]
    )


def test_the_bootstrap_is_the_metric_of_redrawn_accounts():
    y, p = np.array([1, 1, 0, 0, 0]), np.array([0.9, 0.4, 0.5, 0.2, 0.1])
    metric, draws = METRICS.get("accuracy"), next(resamples(5, 3, [11]))
    expected = []
    for draw in draws.astype(int):
        again = np.repeat(np.arange(5), draw)
        expected.append(np.mean(y[again] == (p[again] >= 0.45)))
    np.testing.assert_allclose(
        bootstrap(ScoredAccounts(y, p, p >= 0.45), metric, count=3, seed=11), expected
    )


def covered(name, truth, draw, sets, seed):
    """How often the metric's interval holds the truth, of `sets` simulated data sets."""
    random, metric, hits = np.random.default_rng(seed), METRICS.get(name), 0
    for i in range(sets):
        y, p = draw(random)
        judged = ScoredAccounts(y, p, p >= 0.5)
        value = float(metric.values(judged.under())[0])
        closed = metric.closed or metric.trials
        draws = np.empty(0) if closed else bootstrap(judged, metric, 300, i)
        low, high, _ = interval(
            metric, value, ScoredRepeats.of(judged), draws, (int(y.sum()), int((1 - y).sum()))
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
    assert (placements(ScoredAccounts(y, p, p > 0)) ** 2).sum() == pytest.approx(variance, rel=1e-9)
    assert METRICS.get("roc-auc").function(y, p, p > 0) == pytest.approx(auc)
    # two folds: the mean of both, with a quarter of the sum of their variances
    halves = [delong_by_definition(y[k::2], p[k::2])[1] for k in (0, 1)]
    folded = ScoredAccounts(y, p, p > 0, np.arange(80) % 2)
    assert (placements(folded) ** 2).sum() == pytest.approx(sum(halves) / 4, rel=1e-9)


def test_repeats_of_the_same_predictions_do_not_narrow_delong():
    y, p = normals(np.random.default_rng(9), 100)
    one = ScoredAccounts(y, p, p > 0.5)
    closed = METRICS.get("roc-auc").closed
    assert closed(0.8, ScoredRepeats.of(one)) != (0.8, 0.8)
    assert closed(0.8, ScoredRepeats.of(one)) == pytest.approx(
        closed(0.8, ScoredRepeats([one, one, one], [None] * 3, 100))
    )


@pytest.mark.parametrize("prevalence", ["0.01", "0.05", "0.5"])
def test_precision_without_a_false_alarm_is_not_certain(prevalence):
    """60 of 80 bots found, none of 100 people alarmed: the value is 1, its lower bound what the
    people allow.
    """
    y = np.r_[np.ones(80, int), np.zeros(100, int)]
    hat = np.r_[np.ones(60), np.zeros(120)].astype(bool)
    metric = find(f"precision[bot]@prevalence={prevalence}")
    value = metric.function(y, hat, hat)
    low, high, how = interval(
        metric, value, ScoredRepeats.of(ScoredAccounts(y, hat, hat)), np.empty(0), (80, 100)
    )
    assert (value, high) == (1, 1) and how.startswith("wilson on both rates")
    # Wilson: 75 % of 80 from .6452; 0 of 100 to .0370
    pi, least = float(prevalence), math.sqrt(0.6452 * (1.5 - 0.6452)) / 0.0370
    assert low == pytest.approx(pi * least / (pi * least + 1 - pi), abs=2e-3) and low < 0.99


def test_few_get_exact_intervals_or_none():
    y, p = np.r_[np.ones(12, int), np.zeros(60, int)], np.r_[np.full(12, 0.9), np.full(60, 0.1)]
    sample, draws = ScoredRepeats.of(ScoredAccounts(y, p, p > 0.5)), np.ones(50)
    assert interval(METRICS.get("recall[bot]"), 1.0, sample, draws, (12, 60)) == (
        *(float(b) for b in clopper_pearson(1, 12)),
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
