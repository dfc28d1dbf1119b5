"""The share that a probability sample and a detector's scores give: the one that studies quote.

Prediction-powered (PPI++) with the score test inverted at the effective number of accounts. Under
30 labelled bots, people or detector errors of equal weight (60 bots or people where a few accounts
carry the sample), the errors are counted exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from botbench.stats.design_based import (
    INDEPENDENT,
    SIMPLE,
    Draw,
    Floats,
    Sample,
    ratio,
    sample,
    share_interval,
    variance,
)
from botbench.stats.frames import Frame, quantile_of
from botbench.stats.prediction_powered import made_for_the_sample, powered
from botbench.stats.proportions import FEW, LEVEL, Z
from botbench.stats.rare_errors import LARGE, Rare, guard, heavier, rare, uncertain_weight, worth

POWERED, COUNTED = (
    "prediction-powered (PPI++)",
    "prediction-powered (PPI++), errors counted",
)
ALONE, ALONE_COUNTED = "sample alone (Hájek, Wilson)", "sample alone (Hájek, mid-P)"
NOBODY = "no labelled account"
CERTAIN = "accounts drawn in any case, nothing known of others"
ROUNDING = 1e-9
"""By what part sums of the same sizes differ at most."""
MOST_STRATA = 30
"""With more distinct inclusion probabilities than this, draws count as independent."""

UNEVEN, ENOUGH = 0.5, 60
"""Where the sample is worth less than this part of its accounts, so many bots and people of equal
weight are needed: a sample without a heavy bot has many bots of equal weight, and too low a
share.
"""

WIDER = 1.15
"""Errors are few as well where counting them makes the interval this much wider."""


@dataclass(frozen=True)
class Share:
    """A share with its 95 % interval (or another level), and what made it.

    `few` tells whether under 30 bots, people or detector errors of equal weight (60 bots or people
    in an uneven sample) were labelled among the accounts that were left to chance, or whether
    errors that the sample may have missed matter; then `rare` has the errors that were counted.
    """

    value: float
    low: float
    high: float
    method: str
    few: bool
    n_errors: int | None = None
    """Labelled accounts on which the detector errs; None where no scores were used."""
    variance: float = 0.0
    tuning: float = 0.0
    limits: tuple[float, float] = (0.0, 1.0)
    """What the labelled accounts alone rule out, whatever the others are."""
    rare: Rare | None = None
    guard: tuple[float, float] = (1.0, 1.0)
    linear: Floats | None = None
    """The linearised values (float64[n]), for differences between shares of one sample."""

    def at(self, z: float) -> tuple[float, float]:
        """The interval at another level, by its normal quantile."""
        if self.method == CERTAIN:
            return self.limits
        if self.rare is None:
            low, high = share_interval(self.value, self.variance, float("inf"), z)
            below, above = self.value - low, high - self.value
        else:
            below, above = self.rare.distances(self.variance, z)
        low, high = self.value - below * self.guard[0], self.value + above * self.guard[1]
        least, most = self.limits
        return min(max(low, least), self.value), max(min(high, most), self.value)


def quoted(
    drawn: Sample,
    size: Floats,
    y: Floats,
    scores: Floats | None = None,
    mean_score: float = 0.0,
    *,
    doubt: float = 0.0,
    whole: float | None = None,
    squares: float | None = None,
    z: float = Z,
) -> Share:
    """The share to be quoted, from the answered accounts' sizes, labels and scores (float64[n]).

    `mean_score` is the mean of the scores over the frame, weighted by size. `doubt` is the variance
    that doubtful labels add. `whole` is the frame's size: with it, and labels that are right, the
    interval leaves out what the labelled accounts rule out. `squares` is the frame's sum of squared
    sizes: with it, a sample that missed the heavy accounts is not taken for a good one.
    """
    heavy, there = heavier(drawn, size, squares), size > 0
    weight = uncertain_weight(drawn, size)
    bots, people = (n / heavy for n in classes(drawn, size, y))
    rarer, counted = min(bots, people), float("inf")
    value, linear = ratio(drawn, size, y)
    alone = spread = float(variance(drawn, linear))
    tuning, errors = 0.0, None
    if scores is not None and 0 < np.clip(y, 0.0, 1.0) @ there < there.sum():
        errors = mistaken(y, scores) & there
        got = powered(drawn, size, y, scores, mean_score)
        # The tuning is estimated from the rarer class, so it costs more where that is rare.
        lost = rarer / (rarer - 1) if FEW > rarer > 1 else 1.0
        if got.tuning > 0 and got.variance * lost < spread:
            value, linear, spread, tuning = got.value, got.linear, got.variance * lost, got.tuning
        counted = worth(weight, errors) / heavy
    spread = spread * heavy + doubt
    kept = spread / alone if alone > 0 else 1.0
    said = np.zeros(len(y)) if scores is None else scores
    errors_here = rare(drawn, size, y, said, tuning, heavy)
    even = worth(weight, np.ones(len(weight))) >= UNEVEN * float(there.sum())
    if not weight.any() and whole is not None and whole > float(size.sum()) * (1 + ROUNDING):
        return _of_the_certain(value, size, y, whole, linear)
    few = bool(weight.any()) and (
        rarer < (FEW if even else ENOUGH)
        or counted < FEW
        or _missed(errors_here.distances(spread, z), spread, z)
    )
    found = Share(
        min(max(value, 0.0), 1.0),
        0.0,
        1.0,
        _method(tuning > 0, few),
        few,
        None if errors is None else int(errors.sum()),
        spread,
        tuning,
        _limits(size, y, whole),
        errors_here if few else None,
        guard(bots, people, counted, min(kept, 1.0)) if even else (1.0, 1.0),
        linear,
    )
    return _with_bounds(found, z)


def _of_the_certain(value: float, size: Floats, y: Floats, whole: float, linear: Floats) -> Share:
    """Only accounts that are drawn in any case were labelled: they say nothing of the others."""
    bots = float(size @ np.clip(y, 0.0, 1.0))
    limits = bots / whole, 1 - (float(size.sum()) - bots) / whole
    value = min(max(value, limits[0]), limits[1])
    return Share(value, *limits, CERTAIN, True, limits=limits, linear=linear)


def _missed(distances: tuple[float, float], spread: float, z: float) -> bool:
    """Whether errors that the sample may have missed matter beside those that it has.

    With unequal weights, 30 light errors say nothing of a heavy one.
    """
    return bool(sum(distances) > WIDER * 2 * z * spread**0.5)


def classes(drawn: Sample, size: Floats, y: Floats) -> tuple[float, float]:
    """How many bots and people of equal weight were labelled (Kish), of those left to chance.

    An account that is drawn in any case adds no variance and does not count. A posterior of a half
    is half a bot.
    """
    weight, bot = uncertain_weight(drawn, size), np.clip(y, 0.0, 1.0)
    return worth(weight, bot), worth(weight, 1 - bot)


def _with_bounds(found: Share, z: float) -> Share:
    low, high = found.at(z)
    return replace(found, low=low, high=high)


def _method(scored: bool, few: bool) -> str:
    return (COUNTED if few else POWERED) if scored else (ALONE_COUNTED if few else ALONE)


def _limits(size: Floats, y: Floats, whole: float | None) -> tuple[float, float]:
    if whole is None or not whole > 0 or not ((y == 0) | (y == 1)).all():
        return 0.0, 1.0
    return min(float(size @ y) / whole, 1.0), max(1 - float(size @ (1 - y)) / whole, 0.0)


def mistaken(y: Floats, scores: Floats) -> NDArray[np.bool_]:
    """Where the detector errs: a score (0 to 1) more than a half away from the label.

    Scores on another scale are first put on the labels' scale by a straight line.
    """
    if scores.min() < 0 or scores.max() > 1:
        middle = scores - scores.mean()
        slope = float(middle @ (y - y.mean())) / max(float(middle @ middle), 1e-300)
        scores = y.mean() + slope * middle
    return np.asarray(np.abs(y - scores) > LARGE)


def share(  # noqa: PLR0917 (the contract: arrays over the frame)
    y: ArrayLike,
    sampled: ArrayLike,
    probability: ArrayLike,
    scores: ArrayLike | None = None,
    sizes: ArrayLike | None = None,
    level: float = LEVEL,
) -> Share:
    """The bots' share of a frame from a probability sample of labels: arrays over all accounts.

    `y` is 1 for a bot, 0 for a person, NaN where it is not known; only labels of `sampled` accounts
    count. `probability` is the inclusion probability, also of accounts that were not drawn;
    `scores` are a detector's scores that were made without these labels (NaN where there is none),
    `sizes` what each account counts for (1 without it). A drawn account without an answer is
    sampled, with y NaN; if nobody answered, the value is .5, the middle of 0 to 1. Where only few
    inclusion probabilities occur, accounts that share one are a stratum of a simple draw; else
    draws are independent. Scores that stand mostly where accounts were sampled (or not) are left
    out. Raises ValueError for arrays that do not fit (`botbench.stats.frames`).

    >>> found = share([1, 0, 0, 0] * 50, [True, False] * 100, [0.5] * 200)
    >>> round(found.value, 3), found.few, found.method
    (0.5, False, 'sample alone (Hájek, Wilson)')
    """
    z = quantile_of(level)
    frame = Frame.of(y, sampled, probability, scores, sizes)
    size, drawn, chance = frame.size, frame.sampled, frame.probability
    answered = drawn & ~np.isnan(frame.y) & (size > 0)
    if not answered.any():
        return Share(0.5, 0.0, 1.0, NOBODY, True)
    at = np.flatnonzero(drawn)
    stratum, chance, joint = _strata(chance, drawn, answered)
    nothing = np.zeros(len(at), dtype=np.int64)
    draw = Draw(nothing, stratum[at], chance[at], answered[at], (joint,))
    given, mean_score = _scored(_bounded(frame.scores, answered), size, drawn, chance)
    return quoted(
        sample(draw),
        size[answered],
        frame.y[answered],
        None if given is None else given[answered],
        mean_score,
        whole=float(size.sum()),
        squares=float((size**2).sum()),
        z=z,
    )


def _strata(
    chance: Floats, drawn: NDArray[np.bool_], answered: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], Floats, str]:
    """Stratum and probability of each account, and how joint probabilities follow.

    In a stratum the probability is the drawn part, so that the number drawn may be random. Strata
    are not for themselves where nobody of one answered.
    """
    nothing = np.zeros(len(chance), dtype=np.int64)
    if chance.min() == chance.max():
        return nothing, np.full(len(chance), drawn.sum() / len(chance)), SIMPLE
    # Sorting the whole frame is slow, so the drawn accounts are looked at first.
    if len(np.unique(chance[drawn])) <= MOST_STRATA:
        values, stratum = np.unique(chance, return_inverse=True)
        there = np.bincount(stratum[drawn], minlength=len(values))
        everybody = np.bincount(stratum, minlength=len(values))
        heard = np.bincount(stratum[answered], minlength=len(values)) > 0
        enough = (there >= np.minimum(2, everybody)) & heard
        if len(values) <= MOST_STRATA and enough.all():
            return stratum.astype(np.int64), (there / everybody)[stratum], SIMPLE
    return nothing, chance, INDEPENDENT


def _bounded(scores: Floats | None, answered: NDArray[np.bool_]) -> Floats | None:
    """The scores, within -1 to 1 where so few of them carry their spread that a sample misses it.

    Log odds, counts and the like can have one score in thousands that moves the frame's mean and is
    in no sample. Any function of a score is a score, and one that is chosen without labels costs no
    coverage. Scores from 0 to 1 stay as they are.
    """
    if scores is None:
        return None
    known = scores[~np.isnan(scores)]
    if not len(known) or (known.min() >= 0 and known.max() <= 1):
        return scores
    off = known - known.mean()
    largest = float(np.abs(off).max())
    square = (off / largest) ** 2 if largest > 0 else off
    # The kurtosis: a variance from n accounts has the relative variance (kurtosis - 1) / n.
    if not len(known) * float(square @ square) > float(square.sum()) ** 2 * answered.sum():
        return scores
    middle = float(np.median(known))
    unit = float(np.abs(known - middle).mean())
    return np.tanh((scores - middle) / (2 * unit)) if unit > 0 else scores


def _scored(
    scores: Floats | None, size: Floats, drawn: NDArray[np.bool_], chance: Floats
) -> tuple[Floats | None, float]:
    """Scores of everybody, the mean where there is none, and their mean weighted by size."""
    if scores is None:
        return None, 0.0
    there = ~np.isnan(scores)
    weight = float(size.sum(where=there))
    missing = ~there[drawn]
    if not weight > 0 or made_for_the_sample(missing, 1 / chance[drawn], 1 - float(there.mean())):
        return None, 0.0
    mean = float((size * scores).sum(where=there)) / weight
    return np.where(there, scores, mean), mean
