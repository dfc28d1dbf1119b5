"""Intervals of means by hand."""

import math

import numpy as np
import pytest

from botbench.stats.means import cluster_means, cluster_weights, logit_normal, student


def test_the_interval_over_data_sets_is_students():
    assert student([0.5, 0.7]) is None
    # mean .6, standard deviation .1, three sets: t(.975, 2) = 4.302653
    wide = 4.302653 * 0.1 / math.sqrt(3)
    assert student([0.5, 0.6, 0.7]) == pytest.approx((0.6 - wide, 0.6 + wide), abs=1e-6)
    assert student([0.5, 0.6, 1.0], (0, 1))[1] == 1


def test_the_normal_interval_on_the_logit_scale_by_hand():
    # logit .8 = 1.3863, error .04 / .16 = .25: 1.3863 -+ .49
    assert logit_normal(0.8, 0.04) == pytest.approx(
        (1 / (1 + math.exp(-0.8963)), 1 / (1 + math.exp(-1.8763))), abs=1e-4
    )
    assert logit_normal(1.0, 0.04) == (1, 1) and logit_normal(0.8, 0) == (0.8, 0.8)


def test_related_values_count_as_one():
    """Two of three data sets are one cluster: (.9 + .5) / 2 and .6, whose mean is .65, not .667."""
    values, clusters = [0.9, 0.6, 0.5], ["x", "y", "x"]
    assert cluster_means(values, clusters) == pytest.approx([0.7, 0.6])
    assert cluster_weights(clusters) == [0.25, 0.5, 0.25]
    assert np.dot(cluster_weights(clusters), values) == pytest.approx(0.65)
