"""Resampling against its definition."""

import math

import numpy as np

from botbench.stats.resampling import RESAMPLES, percentiles, resamples


def test_every_draw_has_as_many_accounts_and_depends_on_the_seed_alone():
    one = np.concatenate(list(resamples(50, 40, [7], cells=10_000)))
    chunked = np.concatenate(list(resamples(50, 40, [7], cells=333)))
    np.testing.assert_array_equal(one, chunked)
    assert one.shape == (40, 50) and (one.sum(axis=1) == 50).all() and one.min() == 0
    assert not np.array_equal(one, np.concatenate(list(resamples(50, 40, [8]))))
    assert len(list(resamples(50, 40, [7], cells=333))) == 7


def test_percentiles_leave_out_draws_without_a_value():
    assert percentiles(np.array([math.nan, math.nan])) is None
    assert percentiles(np.array([0.5, math.nan, 0.5])) == (0.5, 0.5)


def test_the_number_of_resamples_is_the_published_one():
    assert RESAMPLES == 2000
