"""Duplicate groups: their numbers, design effects by hand, and draws of whole groups."""

import numpy as np
import pytest

from botbench.stats.account_groups import ALONE, codes, design_effect, repetition, sums
from botbench.stats.resampling import resamples


def test_numbers_of_groups_follow_their_first_accounts():
    assert codes([9, 4, ALONE, 4, 9, ALONE]).tolist() == [0, 1, 2, 1, 0, 3]
    assert codes([1, 2, 3]) is None, "every group is of one account"
    assert codes([]) is None


def test_sums_and_repetition_by_hand():
    """Groups of 3, 2 and 1: (9 + 4 + 1) / 6. In a part of two of the three and the last: (4 + 1) / 3."""
    group = np.array([0, 0, 0, 1, 1, 2])
    assert sums(np.arange(6.0), group).tolist() == [3, 7, 5]
    assert repetition(np.ones(6), group) == pytest.approx(14 / 6)
    assert repetition(np.array([1.0, 1, 0, 0, 0, 1]), group) == pytest.approx(5 / 3)
    assert repetition(np.zeros(6), group) == 1


def test_a_design_effect_by_hand():
    """Four groups of two, share 5/8. Residuals .375 (hit) and -.625: of accounts 5 × .140625 + 3 ×
    .390625 = 1.875; sums of groups .75, .75, -.25, -1.25: 1.125 + .0625 + 1.5625 = 2.75. Observed
    2.75 / 1.875; two groups hold the rarer answer (a miss); as copies the effect would be 2.
    """
    hits = np.array([1.0, 1, 1, 1, 1, 0, 0, 0])
    group = np.arange(8) // 2
    assert design_effect(hits, np.ones(8), group) == pytest.approx((2 * 2.75 / 1.875 + 2) / 3)


def test_answers_that_balance_out_count_as_independent():
    """Each group has one hit and one miss: between groups nothing varies, which is chance."""
    hits = np.tile([1.0, 0.0], 10)
    assert design_effect(hits, np.ones(20), np.arange(20) // 2) == pytest.approx((10 + 2) / 11)


@pytest.mark.parametrize("share", [0, 0.02, 0.3, 0.5, 1])
def test_copies_count_once(share):
    hits = np.repeat((np.arange(50) < 50 * share).astype(float), 5)
    assert design_effect(hits, np.ones(250), np.arange(250) // 5) == pytest.approx(5, rel=1e-12)


def test_accounts_alone_have_no_effect():
    hits = (np.arange(40) % 3 == 0).astype(float)
    assert design_effect(hits, np.ones(40), np.arange(40)) == pytest.approx(1, rel=1e-12)


def test_whole_groups_are_drawn_as_often_as_accounts_would_be():
    """Copies in groups are drawn as the accounts they are copies of, in chunks of any size."""
    alone = np.concatenate(list(resamples(7, 30, [3])))
    group = np.array([0, 1, 1, 2, 3, 4, 0, 5, 6, 6, 6])
    for cells in (10, 100, 10_000):
        whole = np.concatenate(list(resamples(11, 30, [3], cells, group=group)))
        np.testing.assert_array_equal(whole, alone[:, group])
