"""Metrics of the scores as probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.metrics import Array, ScoredAccounts, Weighted, family, metric
from benchmarks.metrics.scored_accounts import divide
from benchmarks.metrics.slopes import slope
from benchmarks.metrics.weightings import Places

CLIP = 1e-6
GRID = 64
"""Steps of a logit on which the slope reads scores, so that thousands of draws fit at once; moves
it by less than .001.
"""


@metric(
    "brier[bot]",
    title="Brier score",
    order=80,
    needs=("score",),
    direction="lower",
    scale="logit",
    formula="mean of (p − y)², y = 1 for a bot",
    description=(
        "The squared distance between the score, read as the probability of a bot, and the label."
        " Lower is better; 0 is perfect. Answering the share π of bots for everybody gives π (1"
        " − π)."
    ),
    trap=(
        "Small where bots are rare, whatever the detector. A detector whose scores are not meant as"
        " probabilities does badly here and may still order accounts well."
    ),
    source="Brier 1950, Monthly Weather Review 78:1",
    undefined="there is no account",
)
def brier(judged: Weighted) -> Array:
    """The mean squared error of the score as a probability."""
    (wrong,) = judged.sums("brier", lambda own: ((own.p - own.y) ** 2)[:, None]).T
    return divide(wrong, judged.total)


def _bins(bins: float | str) -> str | None:
    return (
        None
        if isinstance(bins, float) and bins >= 2 and bins == int(bins)
        else "bins must be a whole number from 2"
    )


@family(
    "ece[bot]",
    "bins",
    (10.0,),
    _bins,
    title="Calibration error",
    order=84,
    needs=("score",),
    direction="lower",
    formula="Σ over {value} equal bins of the score: (n_bin / n) |mean p − share of bots|",
    description=(
        "How far scores lie from the share of bots among accounts with such a score, on average."
        " Lower is better."
    ),
    trap=(
        "Noise alone makes it larger than 0, the more so the fewer accounts there are. The constant"
        " scores well: it says the share of bots of its training part for everybody."
    ),
    source="Naeini, Cooper and Hauskrecht 2015, AAAI",
    undefined="there is no account",
)
def calibration_error(judged: Weighted, parameter: float) -> Array:
    """The weighted mean distance; a bin without accounts counts nothing."""
    bins = int(parameter)

    def off(own: ScoredAccounts) -> Array:
        distance: Array = np.zeros((len(own.p), bins))
        place = np.minimum((own.p * bins).astype(np.int64), bins - 1)
        distance[np.arange(len(place)), place] = own.p - own.y
        return distance

    return divide(np.abs(judged.sums(f"off in {bins} bins", off)).sum(axis=1), judged.total)


@metric(
    "calibration-slope[bot]",
    title="Calibration slope",
    order=82,
    needs=("score",),
    range=(-np.inf, np.inf),
    ranked=False,
    formula="b of the logistic regression of the label on a + b logit(p)",
    description=(
        "How steeply the share of bots rises with the score. 1: as steeply as the scores say. Under"
        " 1: the scores are too sure of themselves. Under 0: they point the wrong way."
    ),
    trap=(
        "Higher is not better: 1 is right. A slope of 1 does not say that the level is right. The"
        " constant has none."
    ),
    source="Cox 1958, Biometrika 45:562; Van Calster et al. 2019, BMC Medicine 17:230",
    undefined=(
        "one of the classes has no account, all scores are equal, or a cut parts the classes"
        " without an error"
    ),
)
def calibration_slope(judged: Weighted) -> Array:
    """Newton's steps on scores put on a grid; NaN where they run away, as for classes that a cut
    parts.
    """
    kept = judged.judged.kept
    if "grid" not in kept:
        kept["grid"] = _grid(judged.judged)
    x, place, spread = kept["grid"]
    if len(x) < 2:
        return np.full(len(judged.weight), np.nan)
    bots = judged.sums(
        "bots and their points",
        lambda own: np.stack([own.y == 1, np.where(own.y == 1, x[place], 0.0)], axis=1),
    )
    return slope(x, np.asarray(spread @ judged.compact, dtype=np.float64), bots.T)


def _grid(judged: ScoredAccounts) -> tuple[Array, Places, Any]:
    """The grid's points [m], each account's place in it, and the sparse [m, n] that adds up."""
    from scipy.sparse import csr_array

    p = np.clip(judged.p, CLIP, 1 - CLIP)
    logit = np.log(p) - np.log1p(-p)
    x, place = np.unique(np.round(logit * GRID) / GRID, return_inverse=True)
    n = len(place)
    return x, place, csr_array((np.ones(n, np.uint16), (place, np.arange(n))), shape=(len(x), n))
