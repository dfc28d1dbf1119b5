"""Several fits: Nadeau and Bengio's variance, components of variance, by hand."""

import numpy as np
import pytest

from botbench.stats.refits import (
    NOTHING,
    Variance,
    of_mean,
    p_value,
    scaled,
    total,
    widened,
)


def test_the_corrected_resampled_variance_is_nadeau_and_bengio_s():
    """Ten values of five-fold cross-validation repeated twice: S² (1/10 + 1/4), nine degrees.

    The values are 1 to 10, so S² = 55/6 and the corrected variance is 55/6 x .35.
    """
    variance = of_mean(np.arange(1.0, 11.0), shared=1 / 4)
    assert variance.value == pytest.approx(55 / 6 * 0.35)
    assert variance.freedom == 9
    # Their t of a mean difference of 5.5: 5.5 / sqrt(3.2083) = 3.0706, p = .0133 with nine degrees
    assert p_value(5.5, variance) == pytest.approx(0.01333, abs=2e-5)
    naive = of_mean(np.arange(1.0, 11.0), shared=0.0)
    assert naive.value == pytest.approx(55 / 6 / 10), "what is not corrected is 3.5 times smaller"


def test_one_fit_has_no_variance_and_undefined_fits_do_not_count():
    assert of_mean([0.7], 1.0) == NOTHING
    assert of_mean([0.7, np.nan], 1.0) == NOTHING
    assert of_mean([1.0, np.nan, 3.0], 0.0) == Variance(2.0 / 2, 1)


def test_components_add_and_their_degrees_follow_satterthwaite():
    """Accounts .0004 (known), fits .0012 with 2 degrees: .0016, and .0016² / (.0012² / 2) = 3.556."""
    whole = total([Variance(0.0004), Variance(0.0012, 2)])
    assert whole.value == pytest.approx(0.0016)
    assert whole.freedom == pytest.approx(32 / 9)
    assert total([Variance(0.5), Variance(0.25)]) == Variance(0.75)
    assert total([]) == NOTHING
    assert scaled(Variance(0.09, 5), 1 / 3).value == pytest.approx(0.01)


def test_p_values_at_the_ends():
    assert p_value(0.0, Variance(0.0)) == 1.0
    assert p_value(0.1, Variance(0.0)) == 0.0
    assert p_value(1.959964, Variance(1.0)) == pytest.approx(0.05, abs=1e-6)
    assert p_value(-4.302653, Variance(1.0, 2)) == pytest.approx(0.05, abs=1e-6)


def test_an_interval_is_widened_on_both_sides_and_stays_in_its_range():
    # t with 2 degrees is 4.302653: the reach is .0430; sqrt(.03² + .0430²) = .05246
    low, high = widened(0.8, 0.77, 0.83, Variance(0.0001, 2), (0.0, 1.0))
    assert (low, high) == pytest.approx((0.8 - 0.052456, 0.8 + 0.052456), abs=1e-5)
    assert widened(0.99, 0.97, 1.0, Variance(0.01, 2), (0.0, 1.0))[1] == 1.0
    assert widened(0.8, 0.77, 0.83, NOTHING, (0.0, 1.0)) == (0.77, 0.83)
