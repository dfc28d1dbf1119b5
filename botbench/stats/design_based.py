"""Design-based estimation from a probability sample of annotated accounts.

Horvitz and Thompson 1952, JASA 47:663 (totals); Hájek 1971 (the ratio form); Särndal, Swensson and
Wretman 1992, *Model Assisted Survey Sampling*, ch. 2, 3 and 5 (variances with finite population
correction, linearisation); Des Raj 1956, JASA 51:269 (several waves, each drawn from what earlier
ones left: their estimators of the whole are uncorrelated).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from botbench.stats.proportions import Z, wilson

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

SIMPLE, INDEPENDENT = "simple within stratum", "independent"
"""How joint inclusion probabilities follow (`batches.joint`): n_h(n_h-1)/(N_h(N_h-1)) and products
across strata, or products.
"""

CLASSES, LEAST_IN_CLASS = 10, 25
"""Response classes of an independent draw at most, and drawn accounts in each at least."""


@dataclass(frozen=True)
class Draw:
    """Every drawn account, answered or not.

    Fields: its wave (0, 1, ... in order of drawing), its stratum (a whole number, its own in each
    wave), its inclusion probability given the earlier waves, and whether there is an answer.
    """

    wave: Whole
    stratum: Whole
    probability: Floats
    answered: NDArray[np.bool_]
    joint: tuple[str, ...]
    """For each wave."""
    again: tuple[bool, ...] = ()
    """For each wave, whether it was drawn from all accounts, earlier ones too; without it, from
    what earlier ones left.
    """


@dataclass(frozen=True)
class Sample:
    """The answered accounts with their weights, and the variance of sums over them.

    Accounts without an answer are assumed to be like the answered ones of their stratum
    (independent draws: of accounts of about their inclusion probability; `response_classes`).
    """

    weight: Floats
    """How many accounts each stands for; earlier waves are counted once in each later one, so that
    waves can be combined.
    """
    stratum: Whole
    population: Floats
    """Accounts in each stratum."""
    factor: Floats
    """The share of the estimate that each stratum's wave has; squared in its variance."""
    probability: Floats
    independent: NDArray[np.bool_]
    """For each answered account: whether its wave was drawn independently."""

    def __len__(self) -> int:
        """Answered accounts."""
        return len(self.weight)


def inclusion_probabilities(sizes: Floats, n: float, floor: float = 0.0) -> Floats:
    """Inclusion probabilities min(1, c w) that sum to n, float64[accounts].

    w is the size mixed with an even part of `floor` (0 to 1).

    Accounts that would exceed 1 are taken for certain (the take-all stratum), and the others share
    the rest, as in Särndal, Swensson and Wretman 1992, section 3.6.

    >>> inclusion_probabilities(np.array([0.0, 1.0, 1.0, 98.0]), 2, 0.4).round(3).tolist()
    [0.321, 0.34, 0.34, 1.0]
    """
    total = float(sizes.sum())
    even = np.full(len(sizes), 1 / len(sizes))
    mixed = floor * even + (1 - floor) * (sizes / total if total > 0 else even)
    certain = np.zeros(len(mixed), dtype=np.bool_)
    while True:
        left = n - int(certain.sum())
        probability: Floats = np.where(
            certain, 1.0, mixed * (left / mixed[~certain].sum() if left else 0.0)
        )
        exceeds = ~certain & (probability >= 1)
        if not exceeds.any():
            return probability
        certain |= exceeds


def wave_weights(draw: Draw, size: Floats) -> Floats:
    """Weights of the waves in `sample`: Kish's effective number of accounts for a quantity.

    `size` is float64[drawn]. A weight is at least a thousandth of the largest. It depends on sizes
    and probabilities and not on answers, so weighted estimates stay unbiased.
    """
    waves = len(draw.joint)
    weight = size * draw.answered / draw.probability
    whole = np.bincount(draw.wave, weight, minlength=waves)
    lost = np.bincount(draw.wave, weight**2 * (1 - draw.probability), minlength=waves)
    number = np.where(
        whole > 0, whole**2 / np.maximum(lost, 1e-12 * np.maximum(whole, 1) ** 2), 0.0
    )
    return np.asarray(np.maximum(number, number.max() * 1e-3))


def sample(draw: Draw, weights: Floats | None = None) -> Sample:
    """The answered accounts of the waves, each wave weighted by `weights` (float64[waves]).

    The default weight is the number of drawn accounts. Raises ValueError if a probability is not in
    (0, 1].
    """
    if not ((draw.probability > 0) & (draw.probability <= 1)).all():
        raise ValueError("inclusion probabilities must be above 0 and at most 1")
    waves, strata = len(draw.joint), int(draw.stratum.max(initial=-1)) + 1
    wave_of = np.zeros(strata, dtype=np.int64)
    wave_of[draw.stratum] = draw.wave
    independent = np.array([how == INDEPENDENT for how in draw.joint], dtype=np.bool_)
    response = _response(draw, independent)
    drawn = (
        np.bincount(draw.wave, minlength=waves).astype(np.float64) if weights is None else weights
    )
    part = drawn / drawn.sum()
    left = part * ~np.array(draw.again or (False,) * waves)
    later = left.sum() - np.cumsum(left)
    at = draw.answered
    wave, stratum, probability = draw.wave[at], draw.stratum[at], draw.probability[at]
    # In a later wave, an earlier one is known in full: its accounts count once, those without an
    # answer through the others.
    weight = (part[wave] / probability + later[wave]) / response[at]
    size = np.bincount(draw.stratum, minlength=strata)
    first = np.ones(strata)
    first[draw.stratum] = draw.probability
    return Sample(
        weight,
        stratum,
        size / first,
        part[wave_of],
        np.minimum(probability * response[at], 1.0),
        independent[wave],
    )


def _response(draw: Draw, independent: NDArray[np.bool_]) -> Floats:
    """The answered share of each drawn account's response class (`response_classes`)."""
    group = response_classes(draw, independent)
    asked = np.bincount(group).astype(np.float64)
    answered = np.bincount(group[draw.answered], minlength=len(asked))
    return np.asarray((answered / np.maximum(asked, 1))[group])


def response_classes(draw: Draw, independent: NDArray[np.bool_]) -> Whole:
    """Within which drawn accounts those without an answer count as like the others: int64[drawn].

    In simple draws, the stratum. In independent draws, which take heavy accounts more often,
    accounts that are drawn in any case, and up to ten classes of the others by inclusion
    probability: heavy posters answer less often (Little 1986, Int. Stat. Rev. 54:139). There are
    fewer classes where nobody answered in one.
    """
    group = draw.stratum * (CLASSES + 1)
    for wave in np.flatnonzero(independent):
        mine = np.flatnonzero(draw.wave == wave)
        if len(mine):
            own = _by_chance(draw.probability[mine], draw.answered[mine])
            group[mine] = group[mine].min() + own
    return group


def _by_chance(chance: Floats, answered: NDArray[np.bool_]) -> Whole:
    """The response class of each account of an independent wave, from 0."""
    certain = chance == 1
    # A few accounts that are drawn in any case are like the heaviest of the others.
    alone = certain.sum() >= LEAST_IN_CLASS
    left = chance[~certain] if alone else chance
    for parts in range(min(CLASSES, len(left) // LEAST_IN_CLASS), 0, -1):
        edges = np.unique(np.quantile(left, np.arange(1, parts) / parts))
        own = np.searchsorted(edges, chance, side="right")
        if alone:
            own[certain] = len(edges) + 1
        of_answered = np.bincount(own[answered], minlength=own.max() + 1)
        if (of_answered > 0)[own].all():
            return own.astype(np.int64)
    return np.zeros(len(chance), dtype=np.int64)


def total(drawn: Sample, values: Floats) -> float:
    """Horvitz and Thompson's total of values (float64[n]) over the population."""
    return float(drawn.weight @ values)


def variance(drawn: Sample, values: Floats) -> Floats:
    """Estimated variance of totals of values; float64[k] for float64[n, k], else a scalar array.

    Simple draws: sum over strata of N^2 (1 - n/N) s^2 / n (Särndal et al. 1992, eq. 3.7.4), where a
    stratum with one answer borrows the variance of its wave. Independent draws: sum of (1 - pi) u^2
    / pi^2 (eq. 2.8.6 with pi_kl = pi_k pi_l).
    """
    values = np.asarray(values, dtype=np.float64)
    flat = values.reshape(len(values), -1)
    variances = _simple(drawn, flat) + _independent(drawn, flat)
    return np.asarray(variances.reshape(values.shape[1:]))


def _independent(drawn: Sample, values: Floats) -> Floats:
    at = drawn.independent
    pi = drawn.probability[at]
    scale = drawn.factor[drawn.stratum[at]] ** 2 * (1 - pi) / pi**2
    return np.asarray(scale @ values[at] ** 2)


def _simple(drawn: Sample, values: Floats) -> Floats:
    at = ~drawn.independent
    if not at.any():
        return np.zeros(values.shape[1])
    stratum, values = drawn.stratum[at], values[at]
    strata = len(drawn.population)
    n = np.bincount(stratum, minlength=strata).astype(np.float64)
    spread = _spread(stratum, values, n)
    pooled = values.var(axis=0, ddof=1) if len(values) > 1 else np.zeros(values.shape[1])
    spread = np.where((n == 1)[:, None], pooled, spread)
    there = n > 0
    population, n = drawn.population[there], n[there]
    scale = drawn.factor[there] ** 2 * population**2 * np.maximum(1 - n / population, 0) / n
    return np.asarray(scale @ spread[there])


def _spread(stratum: Whole, values: Floats, n: Floats) -> Floats:
    """The variance of the values within each stratum, float64[strata, k]."""
    strata, columns = len(n), values.shape[1]
    sums = np.stack(
        [np.bincount(stratum, values[:, c], minlength=strata) for c in range(columns)], axis=1
    )
    mean = sums / np.maximum(n, 1)[:, None]
    off = (values - mean[stratum]) ** 2
    squares = np.stack(
        [np.bincount(stratum, off[:, c], minlength=strata) for c in range(columns)], axis=1
    )
    return np.asarray(squares / np.maximum(n - 1, 1)[:, None])


def ratio(drawn: Sample, size: Floats, y: Floats) -> tuple[float, Floats]:
    """Hájek's estimate of a share, sum of size x y over sum of size, and its linearised values.

    `variance` of the linearised values (float64[n]) is that of the share (Särndal et al. 1992, eq.
    5.6.8). Raises ZeroDivisionError if nothing of the size was drawn.
    """
    whole = float(drawn.weight @ size)
    if not whole > 0:
        raise ZeroDivisionError("no answered account has anything of this size")
    share = float(drawn.weight @ (size * y)) / whole
    return share, size * (y - share) / whole


def effective_size(drawn: Sample, size: Floats) -> float:
    """The number of equally weighted accounts that would be as informative on a share.

    Draws are with replacement and the share is unrelated to size: Kish 1965, *Survey Sampling*,
    8.2, with finite population correction; infinite if all were drawn.
    """
    whole = float(drawn.weight @ size)
    if not whole > 0:
        return 0.0
    shares = drawn.weight * size / whole
    lost = float((shares**2 * (1 - np.minimum(1 / drawn.weight, 1))).sum())
    return 1 / lost if lost > 0 else float("inf")


def share_interval(
    share: float, variance_of_share: float, most: float, z: float = Z
) -> tuple[float, float]:
    """Wilson's interval of a share with this variance, at the effective number of accounts.

    The number is share (1 - share) / variance (Korn and Graubard 1998, Surv. Methodol. 24:193),
    never more than `most`: with few bots, or none, the estimate of the variance is poor.

    >>> [round(b, 4) for b in share_interval(15 / 148, 15 / 148 * 133 / 148 / 148, 148.0)]
    [0.0624, 0.1605]
    """
    share = min(max(share, 0.0), 1.0)
    n = min(_size_of_variance(share, variance_of_share, z), most)
    if np.isinf(n):
        return share, share
    low, high = wilson(share, n, z)
    return float(low), float(high)


def _size_of_variance(share: float, spread: float, z: float) -> float:
    """The number of accounts at which a share has this variance.

    At 0 and 1, it is the number at which Wilson's bound is z standard errors away.
    """
    if not spread > 0:
        return float("inf")
    if 0 < share < 1:
        return share * (1 - share) / spread
    far = min(z * math.sqrt(spread), 1.0)
    return z**2 * (1 - far) / far
