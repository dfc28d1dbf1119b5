"""Values of several fits: the variance of their mean, and its degrees of freedom.

One fit of a detector is one draw of its training accounts and of its seed. The variance between
fits is a component of its own beside that of the accounts it was tested on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from botbench.stats.proportions import LEVEL, Array


class Variance(NamedTuple):
    """An estimated variance and the degrees of freedom of its estimate (infinite: known)."""

    value: float
    freedom: float = np.inf


NOTHING = Variance(0.0)


def of_mean(values: Sequence[float] | Array, shared: float) -> Variance:
    """The variance of the mean of J fits that share data: S² (1/J + shared), J − 1 degrees.

    S² is the variance between the fits. `shared` is the part of it that all fits have in common,
    so that no number of fits averages it away. Nadeau and Bengio 2003 (Machine Learning 52:239)
    give n_test / n_train for resampled splits (Bouckaert and Frank 2004, PAKDD: also for repeated
    cross-validation); it is 1 for bootstrap draws of one training sample, and 0 for other seeds on
    the same training accounts. Fewer than two values have no estimate: NOTHING.

    >>> of_mean([1.0, 2.0, 3.0, 2.0], 0.25).value == (2 / 3) * (1 / 4 + 0.25)
    True
    """
    own = np.asarray(values, dtype=np.float64)
    own = own[~np.isnan(own)]
    if len(own) < 2:
        return NOTHING
    return Variance(float(np.var(own, ddof=1)) * (1 / len(own) + shared), len(own) - 1)


def of_classes(sizes: Sequence[int], draws: int) -> float:
    """The degrees of freedom of a bootstrapped variance, from `sizes` independent units a class.

    Welch's (1947, Biometrika 34:28) for the sum of the classes' means with equal variance within
    each, joined with those of the `draws`: reciprocals add, as relative variances do. A class
    without units takes no part; one unit tells no variance, and counts as two.

    >>> round(of_classes([40, 60], 2001), 1), round(of_classes([40, 60], 201), 1)
    (80.4, 59.0)
    """
    means = [Variance(1 / max(n, 2), max(n, 2) - 1) for n in sizes if n > 0]
    parts = [total(means).freedom, draws - 1]
    return 1 / sum(1 / max(freedom, 1) for freedom in parts)


def total(parts: Sequence[Variance]) -> Variance:
    """The sum of independent variances (Satterthwaite 1946, Biometrics Bulletin 2:110).

    >>> total([Variance(1.0, 4), Variance(1.0, 4)])
    Variance(value=2.0, freedom=8.0)
    """
    value = sum(part.value for part in parts)
    uncertain = sum(part.value**2 / part.freedom for part in parts)
    freedom = value * value / uncertain if uncertain > 0 else np.inf
    return Variance(float(value), float(freedom))


def joined_freedom(value: float | Array, uncertain: float | Array) -> Array:
    """The degrees of freedom of a sum of variances; infinite where each part is known.

    `value` is the sum, `uncertain` that of each part's square over its degrees of freedom.
    """
    whole: Array = np.full(np.shape(value), np.inf)
    np.divide(np.square(value), uncertain, out=whole, where=np.greater(uncertain, 0))
    return whole


def scaled(variance: Variance, factor: float) -> Variance:
    """The variance of `factor` times the value.

    >>> scaled(Variance(4.0, 3), 0.5)
    Variance(value=1.0, freedom=3)
    """
    return Variance(variance.value * factor**2, variance.freedom)


def p_value(difference: float, variance: Variance) -> float:
    """Two-sided p of a difference by Student's t; 1 for no difference, 0 for no variance.

    >>> round(p_value(2.262157, Variance(1.0, 9)), 6)
    0.05
    """
    return float(p_values(np.array([difference]), *np.array(variance)[:, None])[0])


def p_values(difference: Array, variance: Array, freedom: Array) -> Array:
    """`p_value` of each difference with its variance and degrees of freedom, float64[n]."""
    from scipy.special import ndtr, stdtr

    with np.errstate(divide="ignore", invalid="ignore"):
        t = -np.abs(difference) / np.sqrt(variance)
    p = 2 * np.where(np.isinf(freedom), ndtr(t), stdtr(freedom, t))
    p = np.where(variance <= 0, 0.0, p)
    return np.asarray(np.where(difference == 0, 1.0, p))


def widened(
    value: float, low: float, high: float, variance: Variance, bounds: tuple[float, float]
) -> tuple[float, float]:
    """A 95 % interval with a further component of variance: squared distances add (MOVER).

    Zou and Donner 2008, Stat. Med. 27:1693. The result is clipped to `bounds`.

    >>> [round(b, 4) for b in widened(0.8, 0.77, 0.83, Variance(0.0004), (0, 1))]
    [0.7506, 0.8494]
    """
    from scipy.special import stdtrit

    if variance.value <= 0:
        return low, high
    freedom = min(variance.freedom, 1e6)
    reach = float(stdtrit(freedom, (1 + LEVEL) / 2) * np.sqrt(variance.value))
    down, up = np.hypot(value - low, reach), np.hypot(high - value, reach)
    return float(max(value - down, bounds[0])), float(min(value + up, bounds[1]))
