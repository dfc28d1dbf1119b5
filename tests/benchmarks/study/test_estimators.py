"""Prediction-powered estimates against the reference implementation; labels in doubt, by hand."""

from statistics import NormalDist
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.study.estimators.estimate import THIN, Sized, estimates
from benchmarks.study.estimators.label_uncertainty import (
    missed_by_all,
    open_variance,
    quantile_between,
    unbiased,
    worst_case,
)
from benchmarks.study.estimators.labelled_sample import LabelledSample
from benchmarks.study.study import Study
from botbench.stats.design_based import (
    INDEPENDENT,
    SIMPLE,
    Draw,
    inclusion_probabilities,
    ratio,
    sample,
    share_interval,
    variance,
)
from botbench.stats.prediction_powered import best_tuning, powered
from botbench.stats.proportions import wilson


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
    assert (found.persons, found.bots) == (0.25, 0.5)
    assert found.low < 0.25 and found.high > 0.5


def test_the_limits_of_imbens_and_manski_by_their_equation():
    # Phi(c + 2) - Phi(-c) = .95 at a width of two standard errors
    c = quantile_between(0.2, 0.1, 500)
    phi = NormalDist().cdf
    assert phi(c + 2) - phi(-c) == pytest.approx(0.95) and 1.645 < c < 1.66
    assert quantile_between(0.05, 0.1, 500) == pytest.approx(1.96, abs=1e-3), "too small to count"
    draw = drawn([0.1] * 500, answered=np.arange(500) >= 50)
    y = np.where(np.arange(500) < 50, np.nan, np.arange(500) % 5 == 0)
    found = worst_case(draw, np.ones(500), y)
    # 90 of 500 and 140 of 500, with Wilson's bound at n / (1 - .1) accounts and 1.645
    n = 500 / 0.9
    assert found.low == pytest.approx(float(wilson(0.18, n, 1.6449)[0]), abs=2e-4)
    assert found.high == pytest.approx(float(wilson(0.28, n, 1.6449)[1]), abs=2e-4)


def test_the_worst_case_holds_where_three_in_a_hundred_are_missing_at_random():
    random = np.random.default_rng(7)
    held = 0
    for _ in range(300):
        y = (random.random(500) < 0.15).astype(float)
        answered = random.random(500) >= 0.03
        found = worst_case(
            drawn([0.01] * 500, answered=answered), np.ones(500), np.where(answered, y, np.nan)
        )
        held += found.low <= 0.15 <= found.high
    assert held / 300 >= 0.93 - 3 * (0.93 * 0.07 / 300) ** 0.5


def test_heavy_accounts_that_answer_less_often_are_a_response_class():
    random = np.random.default_rng(8)
    posts = np.floor(np.exp(1.5 + 1.2 * random.standard_normal(20_000))) + 1
    y = (random.random(20_000) < np.where(posts > 20, 0.5, 0.1)).astype(float)
    chance, true = inclusion_probabilities(posts, 500), float(posts @ y / posts.sum())
    held = 0
    for _ in range(200):
        at = np.flatnonzero(random.random(20_000) < chance)
        answered = random.random(len(at)) < np.where(posts[at] > 20, 0.6, 0.95)
        s = sample(drawn(chance[at], answered=answered, joint=(INDEPENDENT,)))
        share, linear = ratio(s, posts[at][answered], y[at][answered])
        low, high = share_interval(share, float(variance(s, linear)), np.inf)
        held += low <= true <= high
    # .67 with one response class.
    assert held / 200 >= 0.93 - 3 * (0.93 * 0.07 / 200) ** 0.5


def test_bots_that_fool_everybody_are_in_the_band_and_not_in_the_interval():
    random = np.random.default_rng(9)
    plain = inside = 0
    for _ in range(200):
        y = random.random(500) < 0.3
        seen = (y & (random.random(500) >= 0.2)).astype(float)
        share, linear = ratio(s := sample(drawn([0.01] * 500)), np.ones(500), seen)
        low, high = share_interval(share, float(variance(s, linear)), np.inf)
        plain += low <= 0.3 <= high
        inside += missed_by_all(low, 0.2) <= 0.3 <= missed_by_all(high, 0.2)
    assert plain / 200 < 0.3 and inside / 200 >= 0.93 - 3 * (0.93 * 0.07 / 200) ** 0.5


def _thin(probability, joint):
    """The default's warning on the share of accounts, where every fifth account is a bot."""
    n = len(probability)
    y = np.tile([1.0, 0, 0, 0, 0], n // 5)
    draw, zero = drawn(probability, joint=(joint,)), np.zeros(n)
    labelled = LabelledSample(
        (), draw, sample(draw), y, y, y, zero, y == 1, zero, np.ones(n, bool), {}, {}, ()
    )
    whole = float((1 / np.asarray(probability)).sum())
    (found,) = estimates(labelled, Sized("accounts", None, np.ones(n), whole), score=False)
    return [said for said in found.assumptions if said.startswith(THIN)]


def test_a_share_of_accounts_from_a_draw_by_size_says_that_light_ones_were_seldom_drawn():
    # Kish: (90 x 10 + 10 x 1,000)^2 / (90 x 10^2 x .9 + 10 x 1,000^2 x .999), about 12 of 100.
    (said,) = _thin([0.1] * 90 + [0.001] * 10, INDEPENDENT)
    assert "the 100 labelled ones tell no more than 12 of equal weight would" in said
    assert _thin([0.1] * 90 + [0.05] * 10, INDEPENDENT) == []
    # In strata, each class of weights is counted by itself.
    assert _thin([0.1] * 100, SIMPLE) == []


@pytest.mark.parametrize(("quantity", "is_told"), [("accounts", False), ("posts", True)])
def test_no_account_is_heavy_for_the_share_of_accounts(quantity, is_told):
    """A sample whose weights stand for 20 of 300 squares: too light by far, whatever is counted."""
    size = np.ones(10)
    seen = sample(drawn(np.full(10, 0.5), joint=(INDEPENDENT,)))
    labelled = SimpleNamespace(answered=np.ones(10, bool), sample_for=lambda _: seen)
    frame = SimpleNamespace(query=lambda _: [(171, 1.0, 171.0)], table="frame")
    study = SimpleNamespace(labelled=labelled, frame=frame)
    told = Study.heavy_accounts(study, Sized(quantity, None, size, 300.0, squares=300.0))
    assert (told is not None and "171 accounts with 1 or more posts" in told) is is_told
