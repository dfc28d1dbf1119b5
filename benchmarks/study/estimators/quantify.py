"""Quantifiers: a class's share among unlabelled accounts from a detector's scores, through QuaPy.

Moreo, Esuli and Sebastiani 2021, CIKM (QuaPy). All assume prior probability shift: bots and people
score here as they did where the scores were labelled.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from botbench.stats.design_based import Floats

METHODS = {
    "EMQ": (
        "Expectation maximisation on calibrated posteriors (Saerens, Latinne and Decaestecker"
        " 2002)."
    ),
    "PACC": (
        "Probabilistic adjusted count: mean scores of bots and people as errors (Bella et al."
        " 2010)."
    ),
    "HDy": (
        "Hellinger distance between score histograms (González-Castro, Alaiz-Rodríguez and Alegre"
        " 2013)."
    ),
}
REPEATS = {"EMQ": 100, "PACC": 200, "HDy": 20}
CLASSES = np.array([0, 1])


def quantify(  # noqa: PLR0917 (scores here, scores and labels elsewhere)
    method: str,
    here: Floats,
    score: Floats,
    y: Floats,
    seed: int = 0,
    repeats: int | None = None,
) -> tuple[float, float, float]:
    """The share of bots among scores `here` (float64[m]), with a 95 % bootstrap interval.

    The bootstrap resamples labelled scores of other data within each class, and the scores here.
    """
    value = share(method, here, score, y)
    random = np.random.default_rng([seed, sorted(METHODS).index(method)])
    bots, people = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    drawn = []
    for _ in range(repeats or REPEATS[method]):
        mine = np.concatenate([random.choice(bots, len(bots)), random.choice(people, len(people))])
        drawn.append(share(method, random.choice(here, len(here)), score[mine], y[mine]))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return value, min(float(low), value), max(float(high), value)


def share(method: str, here: Floats, score: Floats, y: Floats) -> float:
    """One quantifier's share of bots, by QuaPy's aggregation of given scores."""
    from quapy.method import aggregative
    from sklearn.dummy import DummyClassifier

    truth = y.astype(np.int64)
    if method == "EMQ":
        score, here = _calibrated(score, truth, here)
    # QuaPy requires a classifier, but never calls it because the scores are given.
    nobody = DummyClassifier().fit(np.zeros((2, 1)), CLASSES)
    quantifier: Any = getattr(aggregative, method)(
        classifier=nobody, fit_classifier=False, val_split=None
    )
    if method == "EMQ":
        prior = np.array([1 - truth.mean(), truth.mean()])
        return float(quantifier.EM(prior, _two(here))[0][1])
    quantifier.aggregation_fit(_two(score), truth)
    return float(np.asarray(quantifier.aggregate(_two(here)))[1])


def _two(score: Floats) -> Floats:
    return np.stack([1 - score, score], axis=1)


def _calibrated(score: Floats, y: Any, here: Floats) -> tuple[Floats, Floats]:
    """Platt scaling, fitted on the labelled scores, because EMQ needs probabilities."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1e3).fit(_logit(score), y)
    return model.predict_proba(_logit(score))[:, 1], model.predict_proba(_logit(here))[:, 1]


def _logit(score: Floats) -> Floats:
    kept = np.clip(score, 1e-4, 1 - 1e-4)
    return np.log(kept / (1 - kept))[:, None]
