"""Metrics of the scores as probabilities."""

from __future__ import annotations

import numpy as np

from benchmarks.metrics import Array, Weighted, family, metric
from benchmarks.metrics.scored_accounts import Places, divide

CLIP = 1e-6
GRID = 64
"""Steps of a logit on which the slope reads scores, so that thousands of draws fit at once; moves
it by less than .001.
"""
NEAR = 6
"""Level and slope up to which 25 steps from nothing arrive in any case."""
FEW_STEPS = 8
"""Steps that a draw may take from where all draws together end."""
BLOCK = 2**16
"""Points of the grid, times columns of weights, that are fitted together: half a megabyte."""


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
    return divide(judged.weight @ (judged.p - judged.y) ** 2, judged.weight.sum(axis=1))


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
    place = np.minimum((judged.p * parameter).astype(np.int64), int(parameter) - 1)
    off = np.zeros((len(judged.p), int(parameter)))
    off[np.arange(len(place)), place] = judged.p - judged.y
    return divide(np.abs(judged.weight @ off).sum(axis=1), judged.weight.sum(axis=1))


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
    logit = np.log(np.clip(judged.p, CLIP, 1 - CLIP)) - np.log1p(-np.clip(judged.p, CLIP, 1 - CLIP))
    x, place = np.unique(np.round(logit * GRID) / GRID, return_inverse=True)
    if len(x) < 2:
        return np.full(len(judged.weight), np.nan)
    bots, humans = (_binned(judged, place, len(x), label) for label in (1, 0))
    return _slope(x, bots, humans)


def _binned(judged: Weighted, place: Places, size: int, label: int) -> Array:
    """The weight of one class at each of the grid's points, float64[size, b]."""
    from scipy.sparse import csr_array

    rows = np.flatnonzero(judged.y == label)
    spread = csr_array((np.ones(len(rows)), (place[rows], rows)), shape=(size, len(judged.y)))
    return np.asarray(spread @ judged.by_account)


def _slope(x: Array, bots: Array, humans: Array) -> Array:
    """The slope for each column of weights, float64[b].

    Many columns are draws of the same accounts, so they start where all of them together end, and
    go in blocks that fit a processor's cache. Those that end far off start from nothing as one
    column does: whether they arrive in the steps that there are decides whether they have a slope.
    """
    b, nothing = bots.shape[1], np.zeros(2)
    together = _newton(x, bots.sum(axis=1)[:, None], humans.sum(axis=1)[:, None], nothing)[:, 0]
    if b == 1 or not np.isfinite(together).all():
        return np.asarray(_newton(x, bots, humans, nothing)[1])
    size = max(1, BLOCK // len(x))
    blocks = [slice(at, at + size) for at in range(0, b, size)]
    found = [_newton(x, bots[:, at], humans[:, at], together, FEW_STEPS) for at in blocks]
    level, slope = np.concatenate(found, axis=1)  # float64[b] each
    far = np.flatnonzero(~(np.maximum(np.abs(level), np.abs(slope)) <= NEAR))
    if len(far):
        slope[far] = _newton(x, bots[:, far], humans[:, far], nothing)[1]
    return np.asarray(slope)


def _newton(x: Array, bots: Array, humans: Array, start: Array, turns: int = 25) -> Array:
    """Level and slope for each column, float64[2, b], from `start`; NaN where they run away.

    So many steps at most, none longer than 2.
    """
    powers = np.stack([np.ones_like(x), x, x * x])
    line, both = np.ascontiguousarray(powers[:2].T), bots + humans
    found = np.repeat(start[:, None], bots.shape[1], axis=1)
    with np.errstate(all="ignore"):
        for turn in range(turns):
            # All columns begin at one place, where every point has one probability.
            p = line @ -(found if turn else start[:, None])
            np.exp(p, out=p)
            p += 1
            np.reciprocal(p, out=p)
            spread = both * p
            g0, g1 = powers[:2] @ (bots - spread)
            spread *= np.subtract(1, p, out=p)
            h0, h1, h2 = powers @ spread
            area = h0 * h2 - h1 * h1
            steps = np.clip([(h2 * g0 - h1 * g1) / area, (h0 * g1 - h1 * g0) / area], -2, 2)
            found += steps
            if np.nanmax(np.abs(steps), initial=0.0) < 1e-9:
                break
    settled = (
        np.isfinite(found[1])
        & (np.abs(steps).max(axis=0) < 1e-6)
        & (bots.sum(axis=0) > 0)
        & (humans.sum(axis=0) > 0)
    )
    return np.where(settled, found, np.nan)
