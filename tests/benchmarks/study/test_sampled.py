"""Design-based estimators against every sample a small design can draw, textbook values and the
reference implementation.
"""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.study.estimators.label_uncertainty import open_variance, unbiased, worst_case
from benchmarks.study.estimators.prediction_powered import best_tuning, powered
from botbench.stats.survey import (
    INDEPENDENT,
    SIMPLE,
    Draw,
    effective_size,
    ratio,
    sample,
    share_interval,
    total,
    variance,
)

VALUES = np.array([3.0, 1.0, 4.0, 1.0, 5.0, 9.0])


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


def moments(cases):
    """Mean and variance of the estimate and mean of its estimated variance, over (probability,
    estimate, estimated variance).
    """
    p, e, v = (np.array(c, float) for c in zip(*cases, strict=True))
    assert p.sum() == pytest.approx(1)
    return p @ e, p @ (e - p @ e) ** 2, p @ v


def test_simple_draws_are_unbiased_over_every_sample():
    cases = []
    for chosen in itertools.combinations(range(6), 3):
        s = sample(drawn([0.5] * 3))
        u = VALUES[list(chosen)]
        cases.append((1 / 20, total(s, u), variance(s, u)))
    mean, true, said = moments(cases)
    assert (mean, said) == (pytest.approx(VALUES.sum()), pytest.approx(true))


def test_strata_are_unbiased_over_every_sample():
    cases = []
    for a in itertools.combinations(range(2), 2):  # all of the first stratum
        for b in itertools.combinations(range(2, 6), 2):
            s = sample(drawn([1, 1, 0.5, 0.5], stratum=[0, 0, 1, 1]))
            u = VALUES[[*a, *b]]
            cases.append((1 / 6, total(s, u), variance(s, u)))
    mean, true, said = moments(cases)
    assert (mean, said) == (pytest.approx(VALUES.sum()), pytest.approx(true))


def test_independent_draws_are_unbiased_over_every_sample():
    pi = np.array([0.2, 0.9, 0.5, 0.4, 1.0, 0.7])
    cases = []
    for hits in itertools.product([False, True], repeat=6):
        hit = np.array(hits)
        chance = np.where(hit, pi, 1 - pi).prod()
        if not chance:
            continue
        s = sample(drawn(pi[hit], joint=(INDEPENDENT,))) if hit.any() else None
        cases.append(
            (chance, total(s, VALUES[hit]) if s else 0, variance(s, VALUES[hit]) if s else 0)
        )
    mean, true, said = moments(cases)
    assert (mean, said) == (pytest.approx(VALUES.sum()), pytest.approx(true))


def test_two_waves_are_unbiased_over_every_pair_of_samples():
    cases = []
    for first in itertools.combinations(range(6), 2):
        rest = [i for i in range(6) if i not in first]
        for second in itertools.combinations(rest, 2):
            s = sample(
                drawn(
                    [2 / 6] * 2 + [2 / 4] * 2,
                    wave=[0, 0, 1, 1],
                    stratum=[0, 0, 1, 1],
                    joint=(SIMPLE, SIMPLE),
                )
            )
            u = VALUES[[*first, *second]]
            cases.append((1 / 15 / 6, total(s, u), variance(s, u)))
    mean, true, said = moments(cases)
    # Des Raj: uncorrelated, so the variances of the waves add up.
    assert (mean, said) == (pytest.approx(VALUES.sum()), pytest.approx(true))


def test_who_did_not_answer_is_like_their_stratum():
    s = sample(
        drawn([0.5, 0.5, 0.25, 0.25], stratum=[0, 0, 1, 1], answered=[True, False, True, True])
    )
    assert s.weight.tolist() == [4, 4, 4]
    one = sample(drawn([0.5, 0.5, 0.5], answered=[True, True, False], joint=(INDEPENDENT,)))
    assert one.weight.tolist() == [3, 3] and one.probability.tolist() == [pytest.approx(1 / 3)] * 2


def test_a_probability_of_nothing_is_refused():
    with pytest.raises(ValueError, match="above 0"):
        sample(drawn([0.0, 0.5]))


def test_the_ratio_by_hand_and_its_variance():
    s = sample(drawn([0.1] * 4))
    size, y = np.array([1.0, 2, 3, 4]), np.array([1.0, 0, 0, 1])
    share, u = ratio(s, size, y)
    assert share == 0.5
    # u = size (y - .5) / 100; s^2 of (.005, -.01, -.015, .02) x 40^2 (1 - 4/40) / 4
    assert variance(s, u) == pytest.approx(
        1600 * 0.9 / 4 * np.var([0.005, -0.01, -0.015, 0.02], ddof=1)
    )


def test_a_lone_answer_in_a_stratum_borrows_its_variance():
    s = sample(drawn([0.5, 0.5, 0.1], stratum=[0, 0, 1]))
    u = np.array([1.0, 0.0, 1.0])
    own = 16 * 0.5 * 0.5 / 2 + 100 * 0.9 * np.var(u, ddof=1)
    assert variance(s, u) == pytest.approx(own)


@given(st.integers(1, 400), st.integers(0, 400))
def test_bounds_are_wilsons_where_draws_are_simple(n, hits):
    from botbench.stats.proportions import wilson

    share = min(hits, n) / n
    low, high = share_interval(share, share * (1 - share) / n, float(n))
    assert (low, high) == tuple(pytest.approx(float(b)) for b in wilson(share, n))


def test_no_bots_still_leaves_an_interval():
    s = sample(drawn([0.01] * 200))
    assert effective_size(s, np.ones(200)) == pytest.approx(200 / 0.99)
    low, high = share_interval(0.0, 0.0, effective_size(s, np.ones(200)))
    assert low == 0 and 0.015 < high < 0.02


def test_everybody_drawn_leaves_none():
    s = sample(drawn([1.0] * 5))
    share, u = ratio(s, np.ones(5), np.array([1.0, 0, 0, 0, 0]))
    assert share_interval(share, float(variance(s, u)), effective_size(s, np.ones(5))) == (0.2, 0.2)


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


def test_waves_count_for_what_they_tell_of_a_quantity():
    from botbench.stats.survey import wave_weights

    size = np.array([1.0, 1.0, 10.0, 10.0])
    draw = drawn(
        [0.1, 0.1, 0.2, 0.2], wave=[0, 0, 1, 1], stratum=[0, 0, 1, 1], joint=(SIMPLE, INDEPENDENT)
    )
    # (2 x 10)^2 / (2 x 10^2 x .9) and (2 x 50)^2 / (2 x 50^2 x .8)
    assert wave_weights(draw, size).tolist() == pytest.approx([2 / 0.9, 2 / 0.8])
    assert sample(draw, np.array([1.0, 3.0])).factor.tolist() == [0.25, 0.75]
    assert wave_weights(draw, np.array([0.0, 0, 1, 1])).tolist() == pytest.approx([2.5e-3, 2.5])
