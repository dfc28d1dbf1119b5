"""Errors elsewhere against the sample: by hand, and how often a right assumption is refuted."""

import numpy as np
import pytest

from benchmarks.study.estimators.labelled_sample import LabelledSample
from benchmarks.study.estimators.refutation import Errors, can_refute, refuted
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
