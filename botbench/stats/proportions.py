"""Intervals of proportions: Wilson, Clopper and Pearson, and combinations of several (MOVER).

The level is 95 % unless a function takes another one.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.float64]
Estimate: TypeAlias = tuple[float, float, float]
"""A value with the lower and the upper bound of its interval."""

LEVEL = 0.95
FEW = 30


def normal_quantile(p: float) -> float:
    """The value that a standard normal variable does not exceed with probability p.

    >>> round(normal_quantile(0.975), 6)
    1.959964
    """
    return NormalDist().inv_cdf(p)


Z = normal_quantile((1 + LEVEL) / 2)


def z_of_comparisons(comparisons: int, z: float = Z) -> float:
    """The quantile for intervals that hold jointly (Bonferroni; Dunn 1961, JASA 56:52).

    >>> round(z_of_comparisons(5), 4)
    2.5758
    """
    return normal_quantile(1 - (1 - NormalDist().cdf(z)) / comparisons)


def few(bots: float, humans: float) -> bool:
    """Whether a class has too few accounts for the value to be ranked."""
    return min(bots, humans) < FEW


def wilson(share: npt.ArrayLike, trials: npt.ArrayLike, z: float = Z) -> tuple[Array, Array]:
    """Wilson's score interval of a share: low and high (Wilson 1927, JASA 22:209).

    Arrays have the shape of the arguments; 0 and 1 for no trials.

    >>> [round(float(bound), 4) for bound in wilson(0, 27)]
    [0.0, 0.1246]
    """
    s, n = np.asarray(share, dtype=np.float64), np.asarray(trials, dtype=np.float64)
    centre = 2 * n * s + z**2
    reach = z * np.sqrt(z**2 + 4 * n * s * (1 - s))
    low, high = (centre - reach) / (2 * (n + z**2)), (centre + reach) / (2 * (n + z**2))
    return np.where(s <= 0, 0.0, np.clip(low, 0, 1)), np.where(s >= 1, 1.0, np.clip(high, 0, 1))


def clopper_pearson(share: npt.ArrayLike, trials: npt.ArrayLike) -> tuple[Array, Array]:
    """The exact interval of a share (Clopper and Pearson 1934, Biometrika 26:404): low and high.

    Arrays have the shape of the arguments; 0 and 1 for no trials.

    Its coverage is never under its level, and often above it.

    >>> [round(float(bound), 4) for bound in clopper_pearson(0, 27)]
    [0.0, 0.1277]
    """
    from scipy.special import betaincinv

    n = np.asarray(trials, dtype=np.float64)
    hits, tail = np.asarray(share, dtype=np.float64) * n, (1 - LEVEL) / 2
    misses = n - hits
    low = np.where(hits > 1e-9, betaincinv(np.maximum(hits, 1e-9), misses + 1, tail), 0.0)
    high = np.where(misses > 1e-9, betaincinv(hits + 1, np.maximum(misses, 1e-9), 1 - tail), 1.0)
    return low, high


def mid_p(hits: float, trials: float, tail: float) -> tuple[float, float]:
    """The interval of a share by inverting the mid-P test with `tail` on each side: low and high.

    Half of the chance of what was observed counts as more extreme (Lancaster 1961, JASA 56:223;
    Berry and Armitage 1995, Statistician 44:417). Counts need not be whole: between whole counts
    the incomplete beta function continues the binomial distribution.

    >>> [round(bound, 4) for bound in mid_p(0, 27, 0.025)]
    [0.0, 0.105]
    """
    from scipy.optimize import brentq
    from scipy.special import betainc

    hits, misses = max(hits, 0.0), max(trials - hits, 0.0)

    def above(hits: float, misses: float, p: float) -> float:
        """The chance of at least as many hits at a share p; half for as many."""
        at_least = betainc(hits, misses + 1, p) if hits > 0 else 1.0
        more = betainc(hits + 1, misses, p) if misses > 0 else 0.0
        return float(at_least + more) / 2

    low = brentq(lambda p: above(hits, misses, p) - tail, 0.0, 1.0) if hits > 1e-9 else 0.0
    miss = brentq(lambda p: above(misses, hits, p) - tail, 0.0, 1.0) if misses > 1e-9 else 0.0
    return float(low), 1.0 - float(miss)


def mover_mean(values: Sequence[Estimate]) -> tuple[float, float]:
    """The interval of the mean of independent values, from the distances of their bounds.

    Zou and Donner 2008, Stat. Med. 27:1693 (MOVER). With Wilson's bounds its width is never zero,
    and it stays within 0 and 1.

    >>> [round(b, 4) for b in mover_mean([(0.5, 0.4, 0.6), (0.9, 0.7, 1.0)])]
    [0.5882, 0.7707]
    """
    value, low, high = np.asarray(values, dtype=np.float64).T
    k = len(value)
    down, up = np.sqrt(((value - low) ** 2).sum()) / k, np.sqrt(((high - value) ** 2).sum()) / k
    return float(value.mean() - down), float(value.mean() + up)


def mover_difference(a: Estimate, b: Estimate, correlation: float = 0.0) -> tuple[float, float]:
    """The interval of a - b, from the distances of their bounds.

    Zou 2008, Behav. Res. Methods 40:1015; with Wilson's bounds and no correlation it is Newcombe's
    (1998, Stat. Med. 17:873, method 10).

    >>> [round(bound, 3) for bound in mover_difference((0.8, 0.7, 0.88), (0.6, 0.49, 0.7))]
    [0.059, 0.336]
    """
    (x, low_x, high_x), (y, low_y, high_y) = a, b
    down, up = x - low_x, high_x - x
    y_down, y_up = y - low_y, high_y - y
    below = down**2 + y_up**2 - 2 * correlation * down * y_up
    above = up**2 + y_down**2 - 2 * correlation * up * y_down
    return x - y - max(below, 0.0) ** 0.5, x - y + max(above, 0.0) ** 0.5


def mover_ratio(a: Estimate, b: Estimate) -> tuple[float, float]:
    """The interval of a / b, neither negative, from the distances of their bounds.

    Donner and Zou 2012, Stat. Methods Med. Res. 21:347, eq. 9. Infinite above where b may be zero;
    finite below.

    >>> [round(bound, 3) for bound in mover_ratio((0.5, 0.4, 0.6), (0.1, 0.05, 0.2))]
    [2.4, 10.194]
    """
    (x, low_x, high_x), (y, low_y, high_y) = a, b
    product = low_x * (2 * x - low_x)
    # The smaller root as the product over the larger one: the usual form fails at high_y = 2 y.
    down = x * y + np.sqrt(max((x * y) ** 2 - product * high_y * (2 * y - high_y), 0.0))
    low = product / down if product > 0 else 0.0
    if low_y <= 0:
        return float(max(low, 0.0)), float("inf")
    high = (
        x * y
        + np.sqrt(max((x * y) ** 2 - high_x * (2 * x - high_x) * low_y * (2 * y - low_y), 0.0))
    ) / (low_y * (2 * y - low_y))
    return float(max(low, 0.0)), float(high)


def wilson_at_bound(
    value: float, bounds: tuple[float, float], trials: float
) -> tuple[float, float] | None:
    """The interval of a value at an end of its range; None for a value within the range.

    All draws are equal there. The value counts no error in `trials` accounts, so the other end is
    Wilson's bound of 0 (or of all) of them.

    >>> [round(b, 3) for b in wilson_at_bound(1.0, (-1, 1), 27) or ()]
    [0.751, 1.0]
    """
    if not np.isfinite(bounds).all():
        return None
    share = (value - bounds[0]) / (bounds[1] - bounds[0])
    if 1e-12 < share < 1 - 1e-12:
        return None
    low, high = wilson(round(share), trials)
    width = bounds[1] - bounds[0]
    return bounds[0] + float(low) * width, bounds[0] + float(high) * width
