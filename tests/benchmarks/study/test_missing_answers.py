"""Answers that are missing by score are told; those missing by size or at random are not."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.study.data.labelled import silent_strata
from benchmarks.study.estimators.labelled_sample import LabelledSample
from benchmarks.study.estimators.missing_answers import SELECTIVE, chance, selective
from botbench.stats.design_based import INDEPENDENT, SIMPLE, Draw


def draw(answered, probability=None):
    n = len(answered)
    nothing = np.zeros(n, dtype=np.int64)
    chances = np.full(n, 0.5) if probability is None else probability
    joint = SIMPLE if probability is None else INDEPENDENT
    return Draw(nothing, nothing, chances, np.array(answered, dtype=bool), (joint,))


def test_chance_by_hand():
    """Answered 1, 1, 0, 0 with scores 0, 0, 1, 1: the covariances add up to -1, their variance is
    1 x 1 / 3, z = -sqrt(3) and p = .0833.
    """
    scores, known = np.array([0.0, 0, 1, 1]), np.ones(4, dtype=bool)
    assert chance(draw([1, 1, 0, 0]), scores, known) == pytest.approx(0.0833, abs=5e-5)
    assert chance(draw([1, 1, 1, 1]), scores, known) == 1
    assert chance(draw([1, 0, 1, 0]), scores, known) == 1


@pytest.mark.parametrize(("by", "told"), [("label", 40), ("size", 0), ("nothing", 0)])
def test_only_answers_missing_by_score_are_told(by, told):
    """Bots are heavier, so that size alone relates scores and answers; classes by size take it."""
    random = np.random.default_rng(5)
    found = 0
    for _ in range(40):
        bot = random.random(500) < 0.2
        size = np.exp(random.standard_normal(500) + 0.5 * bot)
        score = np.clip(0.8 * bot + 0.2 * random.random(500), 0, 1)
        rate = {"label": np.where(bot, 0.6, 0.95), "size": np.where(size > 1, 0.6, 0.95)}
        answered = random.random(500) < rate.get(by, 0.8)
        drawn = draw(answered, np.minimum(size / 20, 1.0))
        y = np.where(answered, bot, np.nan)
        zeros = np.zeros(500)
        sample = LabelledSample(
            (), drawn, None, y, y, y, zeros, bot, score, answered | True, {}, {}, ()
        )
        said = selective(sample)
        found += said is not None and said.startswith(SELECTIVE)
        assert selective(replace(sample, draw=None)) is None
    assert abs(found - told) <= 2


def test_a_stratum_without_any_answer_is_named():
    columns = {"wave": np.zeros(5), "stratum": ["few", "few", "many", "many", "many"]}
    simple, independent = [{"joint": SIMPLE}], [{"joint": INDEPENDENT}]
    answered = np.array([True, False, False, False, False])
    (said,) = silent_strata(columns, answered, simple)
    assert said.startswith("Nobody of the 3 drawn accounts of strata without any answer (many)")
    assert silent_strata(columns, np.array([True, False, True, False, False]), simple) == []
    # Response classes take such accounts to others of about their size.
    assert silent_strata(columns, answered, independent) == []
