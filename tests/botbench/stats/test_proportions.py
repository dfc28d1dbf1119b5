"""Intervals of proportions against published values and by hand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botbench.stats.proportions import (
    FEW,
    LEVEL,
    Z,
    clopper_pearson,
    few,
    mover_difference,
    mover_mean,
    mover_ratio,
    wilson,
    wilson_at_bound,
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


def test_clopper_pearson_is_the_binomial_test_turned_round():
    from scipy.stats import binomtest

    for hits, trials in ((0, 12), (3, 12), (12, 12), (1, 29)):
        found = binomtest(hits, trials).proportion_ci(0.95, "exact")
        assert clopper_pearson(hits / trials, trials) == pytest.approx(
            (found.low, found.high), abs=1e-9
        )


def test_mover_of_one_value_is_its_own_interval_and_of_two_by_hand():
    assert mover_mean([(0.5, 0.4, 0.7)]) == pytest.approx((0.4, 0.7))
    # mean .7; down sqrt(.1² + .2²)/2, up sqrt(.1² + .1²)/2
    assert mover_mean([(0.5, 0.4, 0.6), (0.9, 0.7, 1.0)]) == pytest.approx(
        (0.7 - math.sqrt(0.05) / 2, 0.7 + math.sqrt(0.02) / 2)
    )


def test_a_ratio_by_hand():
    # only the numerator is in doubt: the bounds over the denominator
    assert mover_ratio((0.6, 0.5, 0.8), (0.2, 0.2, 0.2)) == pytest.approx((2.5, 4.0))
    low, high = mover_ratio((0.9, 0.8, 0.95), (0, 0, 0.05))
    assert low == pytest.approx(math.sqrt(0.8 * (1.8 - 0.8)) / 0.05) and high == math.inf


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
    found = wilson_at_bound(value, bounds, 27)
    assert found == (expected if expected is None else pytest.approx(expected, abs=1e-4))


@pytest.mark.parametrize(
    ("bots", "humans", "expected"), [(30, 30, False), (29, 500, True), (500, 29, True)]
)
def test_few_is_under_thirty_of_a_class(bots, humans, expected):
    assert few(bots, humans) is expected


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [(81, 263, 0.2527, 0.3676), (15, 148, 0.0578, 0.1617), (0, 20, 0, 0.1684)],
)
def test_clopper_pearson_gives_newcombes_published_bounds(hits, n, low, high):
    # Newcombe 1998, Stat. Med. 17:857, table I, method 5.
    bounds = clopper_pearson(hits / n, n)
    assert [round(float(b), 4) for b in bounds] == [low, high]


def test_newcombes_difference_of_shares():
    # Newcombe 1998, Stat. Med. 17:873, table II, method 10: 56/70 - 48/80 and 9/10 - 3/10.
    for (a, m, b, n), bounds in (
        ((56, 70, 48, 80), (0.0524, 0.3339)),
        ((9, 10, 3, 10), (0.1705, 0.8090)),
    ):
        low, high = wilson([a / m, b / n], [m, n])
        found = mover_difference((a / m, low[0], high[0]), (b / n, low[1], high[1]))
        assert found == pytest.approx(bounds, abs=1e-4)


def test_a_correlation_of_one_leaves_the_difference_of_the_distances():
    # down: .2 - .1, up: .3 - .1
    low, high = mover_difference((0.5, 0.3, 0.8), (0.4, 0.3, 0.5), 1.0)
    assert (low, high) == pytest.approx((0.1 - 0.1, 0.1 + 0.2))


def test_clopper_pearson_takes_arrays():
    low, high = clopper_pearson([0.0, 0.25, 1.0], [12, 12, 0])
    assert low[2] == 0 and high[2] == 1
    assert (low[1], high[1]) == tuple(float(b) for b in clopper_pearson(0.25, 12))


def test_the_level_and_the_least_class_are_the_published_ones():
    assert (LEVEL, FEW) == (0.95, 30)
    assert pytest.approx(1.959964, abs=1e-6) == Z
