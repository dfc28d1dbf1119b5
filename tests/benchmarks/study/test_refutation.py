"""Errors elsewhere against the sample: by hand, and how often a right assumption is refuted."""

import numpy as np
import pytest
from scipy import stats

from benchmarks.study.estimators.labelled_sample import LabelledSample
from benchmarks.study.estimators.refutation import Errors, can_refute, miscalibrated, refuted
from botbench.stats.design_based import SIMPLE, Draw, sample


def labelled(y, flagged, scored=True):
    n = len(y)
    nothing, everybody = np.zeros(n, dtype=np.int64), np.ones(n, bool)
    draw = Draw(nothing, nothing, np.full(n, 0.1), everybody, (SIMPLE,))
    zero = np.zeros(n)
    seen = flagged if scored else np.full(n, np.nan)
    return LabelledSample(
        (), draw, sample(draw), y, y, y, zero, y == 1, zero, everybody, {}, {}, (), None, seen
    )


def test_fishers_test_by_hand():
    from scipy.stats import fisher_exact

    y = np.repeat([1.0, 0.0], [40, 160])
    flagged = np.concatenate([np.arange(40) < 20, np.arange(160) < 16]).astype(float)
    found = refuted(labelled(y, flagged), np.ones(200), Errors(0.9, 0.9, 100, 100))
    # 20 of 40 here, 90 of 100 elsewhere; two tests
    p = fisher_exact([[20, 20], [90, 10]]).pvalue * 2
    assert found.by == "sensitivity in the sample" and found.p == pytest.approx(p)
    assert "sensitivity is .500 in the sample and was .900 elsewhere" in found.sentence
    assert refuted(labelled(y, flagged), np.ones(200), Errors(0.5, 0.9, None, None)) is None


def test_without_scores_nothing_is_tested():
    one = labelled(np.repeat([1.0, 0.0], 20), np.zeros(40), scored=False)
    assert not can_refute(one) and refuted(one, np.ones(40), Errors(0.9, 0.9, 100, 100)) is None


def test_a_right_assumption_is_refuted_once_in_a_hundred():
    random = np.random.default_rng(0)
    wrong = 0
    for _ in range(300):
        y = (random.random(300) < 0.2).astype(float)
        flagged = (random.random(300) < np.where(y == 1, 0.9, 0.1)).astype(float)
        se, sp = random.binomial(100, 0.9), random.binomial(100, 0.9)
        elsewhere = Errors(se / 100, sp / 100, 100, 100)
        wrong += refuted(labelled(y, flagged), np.ones(300), elsewhere) is not None
    # .01 and three Monte Carlo errors
    assert wrong / 300 <= 0.01 + 3 * (0.01 * 0.99 / 300) ** 0.5


def calibrated_world(random, n, share, meant):
    """Labels with this share of bots, and scores that are calibrated where `meant` are bots."""
    y = (random.random(n) < share).astype(float)
    raw = random.normal(size=n) + 2 * y
    odds = meant / (1 - meant)
    return y, 1 / (1 + np.exp(2 - 2 * raw) / odds)


def test_calibration_is_refuted_where_bots_are_rarer_and_by_hand():
    random = np.random.default_rng(1)
    y, score = calibrated_world(random, 400, 0.15, 0.5)
    found = miscalibrated(labelled(y, (score >= 0.5).astype(float)), np.ones(400), score)
    # A tenth of 4,000 accounts was drawn: the mean of y - score beside its error by that design.
    difference = (y - score).mean()
    error = np.sqrt(0.9 * (y - score).var(ddof=1) / 400)
    assert found.by == "calibration in the sample" and difference < -0.05
    assert found.p == pytest.approx(2 * stats.norm.sf(abs(difference) / error), rel=1e-6)
    assert "bots, and their calibrated scores mean" in found.sentence
    few = labelled(y[:20], np.zeros(20))
    assert miscalibrated(few, np.ones(20), score[:20]) is None
    assert miscalibrated(labelled(y, np.zeros(400)), np.ones(400), np.full(400, np.nan)) is None


def test_right_calibration_is_refuted_once_in_a_hundred():
    random = np.random.default_rng(2)
    wrong = 0
    for _ in range(300):
        y, score = calibrated_world(random, 300, 0.2, 0.2)
        wrong += miscalibrated(labelled(y, np.zeros(300)), np.ones(300), score) is not None
    assert wrong / 300 <= 0.01 + 3 * (0.01 * 0.99 / 300) ** 0.5
