"""Quantifiers: a class's share among unlabelled accounts from a detector's scores.

EMQ, PACC and HDy, through QuaPy (Moreo, Esuli and Sebastiani 2021, CIKM), assume prior probability
shift: bots and people score here as they did where the scores were labelled. BotPercent (Tan et al.
2023, Findings of EMNLP, doi:10.18653/v1/2023.findings-emnlp.954) assumes more: that an account with
a score is as likely a bot here as there. That fails where bots are rarer here, however good the
detector is.
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
        " 2013). Do not quote its interval: in simulations it missed the share in most campaigns"
        " (docs/study-coverage.md)."
    ),
    "BotPercent": (
        "Mean of the scores after temperature scaling (Tan et al. 2023): an account with a score is"
        " taken to be a bot as often here as elsewhere. Where bots are rarer or more frequent here,"
        " it is drawn to their share elsewhere."
    ),
}
REPEATS = {"EMQ": 100, "PACC": 200, "HDy": 20, "BotPercent": 200}
STREAMS = {"EMQ": 0, "HDy": 1, "PACC": 2, "BotPercent": 3}
"""The stream of random numbers of each method."""
HOTTEST = 4.0
"""The largest logarithm of a temperature, and the least, with its sign turned."""
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
    random = np.random.default_rng([seed, STREAMS[method]])
    bots, people = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    drawn = []
    for _ in range(repeats or REPEATS[method]):
        mine = np.concatenate([random.choice(bots, len(bots)), random.choice(people, len(people))])
        drawn.append(share(method, random.choice(here, len(here)), score[mine], y[mine]))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return value, min(float(low), value), max(float(high), value)


def share(method: str, here: Floats, score: Floats, y: Floats) -> float:
    """One quantifier's share of bots: BotPercent's, or by QuaPy's aggregation of given scores."""
    if method == "BotPercent":
        return float(tempered(here, temperature(score, y)).mean())
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


def temperature(score: Floats, y: Floats) -> float:
    """The temperature that makes labelled scores likeliest (Guo et al. 2017, ICML, section 4.2).

    Above 1 the scores were too sure, below 1 not sure enough.

    >>> round(temperature(np.array([0.9, 0.9, 0.9, 0.1]), np.array([1.0, 1, 0, 0])), 2)
    2.0
    """
    from scipy.optimize import minimize_scalar

    raw, sign = _logit(score)[:, 0], np.where(y == 1, -1.0, 1.0)

    def loss(log_temperature: float) -> float:
        return float(np.logaddexp(0.0, sign * raw / np.exp(log_temperature)).mean())

    found = minimize_scalar(loss, bounds=(-HOTTEST, HOTTEST), method="bounded")
    return float(np.exp(found.x))


def tempered(score: Floats, by: float) -> Floats:
    """Scores with their log odds divided by a temperature."""
    return np.asarray(1 / (1 + np.exp(-_logit(score)[:, 0] / by)))


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
