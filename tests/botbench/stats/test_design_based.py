"""Survey estimators against every sample that a small design can draw, and textbook values."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from botbench.stats.design_based import (
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


def test_waves_count_for_what_they_tell_of_a_quantity():
    from botbench.stats.design_based import wave_weights

    size = np.array([1.0, 1.0, 10.0, 10.0])
    draw = drawn(
        [0.1, 0.1, 0.2, 0.2], wave=[0, 0, 1, 1], stratum=[0, 0, 1, 1], joint=(SIMPLE, INDEPENDENT)
    )
    # (2 x 10)^2 / (2 x 10^2 x .9) and (2 x 50)^2 / (2 x 50^2 x .8)
    assert wave_weights(draw, size).tolist() == pytest.approx([2 / 0.9, 2 / 0.8])
    assert sample(draw, np.array([1.0, 3.0])).factor.tolist() == [0.25, 0.75]
    assert wave_weights(draw, np.array([0.0, 0, 1, 1])).tolist() == pytest.approx([2.5e-3, 2.5])
