"""Prediction-powered estimates against the reference implementation; labels in doubt, by hand."""

import numpy as np
import pytest

from benchmarks.study.estimators.label_uncertainty import open_variance, unbiased, worst_case
from botbench.stats.design_based import (
    SIMPLE,
    Draw,
    ratio,
    sample,
)
from botbench.stats.prediction_powered import best_tuning, powered


def drawn(probability, *, stratum=None, wave=None, answered=None, joint=(SIMPLE,)):
    n = len(probability)
    whole = np.zeros(n, dtype=np.int64)
    return Draw(
        whole if wave is None else np.asarray(wave),
        whole if stratum is None else np.asarray(stratum),
        np.asarray(probability, float),
        np.ones(n, bool) if answered is None else np.asarray(answered),
        joint,
    )


def _scores(random, n):
    y = (random.random(n) < 0.2).astype(float)
    return y, 1 / (1 + np.exp(-(2 * y - 1 + random.normal(size=n))))


@pytest.mark.parametrize("tuning", [0, 0.6, 1, None])
def test_ppi_is_the_reference_implementations(tuning):
    ppi = pytest.importorskip("ppi_py")
    random = np.random.default_rng(3)
    n, everybody = 400, 400_000
    y, f = _scores(random, n)
    _, rest = _scores(random, everybody)
    s = sample(drawn([n / everybody] * n))
    found = powered(s, np.ones(n), y, f, rest.mean(), tuning)
    assert found.value == pytest.approx(
        ppi.ppi_mean_pointestimate(y, f, rest, lam=tuning).item(), abs=3e-4
    )
    low, high = ppi.ppi_mean_ci(y, f, rest, alpha=0.05, lam=tuning)
    assert 2 * 1.96 * found.variance**0.5 == pytest.approx(float((high - low)[0]), rel=0.01)


def test_weighted_ppi_is_the_reference_implementations():
    ppi = pytest.importorskip("ppi_py")
    random = np.random.default_rng(4)
    n, everybody = 500, 100_000
    y, f = _scores(random, n)
    _, rest = _scores(random, everybody)
    size, size_rest = random.lognormal(size=n), random.lognormal(size=everybody)
    s = sample(drawn([n / everybody] * n))
    found = powered(s, size, y, f, (size_rest @ rest) / size_rest.sum(), 1.0)
    reference = ppi.ppi_mean_pointestimate(y, f, rest, lam=1, w=size, w_unlabeled=size_rest)
    assert found.value == pytest.approx(reference.item())


def test_scores_without_spread_leave_the_sample_alone():
    s = sample(drawn([0.1] * 10))
    y = np.array([1.0, 0] * 5)
    found = powered(s, np.ones(10), y, np.full(10, 0.3), 0.3)
    assert (found.tuning, found.value) == (0, 0.5)
    assert best_tuning(s, *(ratio(s, np.ones(10), v)[1] for v in (y, -y))) == 0


def test_posteriors_add_what_they_leave_open():
    s = sample(drawn([0.5] * 4))
    p, wide = np.array([0.5, 0.5, 1, 0]), np.array([0.098, 0, 0, 0])
    # whole = 8; own: 2 x (.25 + .25) / 64; shared: (2 x .196 / 3.92 / 8)^2
    added = open_variance(s, np.ones(4), p * (1 - p), p - wide, p + wide)
    assert added == pytest.approx(1 / 64 + (2 * 0.05 / 8) ** 2, rel=1e-3)


def test_posteriors_made_unbiased_are_right_in_every_group_and_not_only_on_average():
    random = np.random.default_rng(5)
    heavy = random.random(200_000) < 0.2
    y = (random.random(200_000) < np.where(heavy, 0.5, 0.05)).astype(float)
    vote = random.random(200_000) < np.where(y == 1, 0.8, 0.1)
    p = np.where(vote, y[vote].mean(), y[~vote].mean())
    z, _, _, noise = unbiased(p, p, p, np.ones(200_000, bool))
    assert p[heavy].mean() < y[heavy].mean() - 0.1, "the posterior itself leans towards the average"
    assert z[heavy].mean() == pytest.approx(y[heavy].mean(), abs=0.01)
    assert z.mean() == pytest.approx(y.mean(), abs=0.005)
    assert noise[0] == pytest.approx((z - y).var(), rel=0.05)


def test_certain_labels_add_nothing():
    s = sample(drawn([0.5] * 3))
    y = np.array([1.0, 0, 1])
    assert open_variance(s, np.ones(3), np.zeros(3), y, y) == 0


def test_the_worst_case_counts_everybody_drawn():
    draw = drawn([0.5] * 4, answered=[True, True, True, False])
    found = worst_case(draw, np.ones(4), np.array([1.0, 0, 0, np.nan]))
    assert (found.low, found.high) == (0.25, 0.5)
