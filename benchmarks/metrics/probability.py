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
CLOSE = 1e-6
"""A step after which the next is of the order of its square."""
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
    bot = (judged.y == 1).astype(np.float64)
    wanted = np.stack([bot, bot * x[place]]) @ judged.by_account
    return _slope(x, _binned(judged, place, len(x)), wanted)


def _binned(judged: Weighted, place: Places, size: int) -> Array:
    """The weight at each of the grid's points, float64[size, b]."""
    from scipy.sparse import csr_array

    n = len(judged.y)
    spread = csr_array((np.ones(n), (place, np.arange(n))), shape=(size, n))
    return np.asarray(spread @ judged.by_account)


def _slope(x: Array, both: Array, wanted: Array) -> Array:
    """The slope for each column of weights, float64[b].

    `both` is the weight at each point, `wanted` that of the bots, and their weight times the point.
    Many columns are draws of the same accounts, so they start where all of them together end, and
    go in blocks that fit a processor's cache. Those that end far off start from nothing as one
    column does: whether they arrive in the steps that there are decides whether they have a slope.
    """
    b, nothing = both.shape[1], np.zeros(2)
    together = _newton(x, both.sum(axis=1)[:, None], wanted.sum(axis=1)[:, None], nothing)[:, 0]
    if b == 1 or not np.isfinite(together).all():
        return np.asarray(_newton(x, both, wanted, nothing)[1])
    size = max(1, BLOCK // len(x))
    blocks = [slice(at, at + size) for at in range(0, b, size)]
    found = [_newton(x, both[:, at], wanted[:, at], together, FEW_STEPS, CLOSE) for at in blocks]
    level, slope = np.concatenate(found, axis=1)  # float64[b] each
    far = np.flatnonzero(~(np.maximum(np.abs(level), np.abs(slope)) <= NEAR))
    if len(far):
        slope[far] = _newton(x, both[:, far], wanted[:, far], nothing)[1]
    return np.asarray(slope)


def _newton(  # noqa: PLR0917 (a helper of one caller)
    x: Array, both: Array, wanted: Array, start: Array, turns: int = 25, close: float = 1e-9
) -> Array:
    """Level and slope for each column, float64[2, b], from `start`; NaN where they run away.

    So many steps at most, none longer than 2, until no column's is above `close`.
    """
    powers = np.stack([np.ones_like(x), x, x * x])
    line = np.ascontiguousarray(powers[:2].T)
    found = np.repeat(start[:, None], both.shape[1], axis=1)
    with np.errstate(all="ignore"):
        for turn in range(turns):
            # All columns begin at one place, where every point has one probability.
            p = line @ -(found if turn else start[:, None])
            np.exp(p, out=p)
            p += 1
            np.reciprocal(p, out=p)
            if turn:
                spread = both * p
                reached = powers[:2] @ spread
                spread *= np.subtract(1, p, out=p)
                h0, h1, h2 = powers @ spread
            else:
                reached = (powers[:2] * p[:, 0]) @ both
                h0, h1, h2 = (powers * (p * (1 - p))[:, 0]) @ both
            g0, g1 = wanted - reached
            area = h0 * h2 - h1 * h1
            steps = np.clip([(h2 * g0 - h1 * g1) / area, (h0 * g1 - h1 * g0) / area], -2, 2)
            found += steps
            if np.nanmax(np.abs(steps), initial=0.0) < close:
                break
    settled = (
        np.isfinite(found[1])
        & (np.abs(steps).max(axis=0) < CLOSE)
        & (wanted[0] > 0)
        & (both.sum(axis=0) > wanted[0])
    )
    return np.where(settled, found, np.nan)
