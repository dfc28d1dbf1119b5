"""Label uncertainty: unbiased values from consensus posteriors, and bounds for missing answers.

A calibrated posterior p is drawn towards the sample's own share pi: its mean is p_1 among bots and
p_0 among people, where p_1 - p_0 = var(p) / (pi (1 - pi)) = r, the reliability. So p in place of
the label would draw heavy posters, and every group, towards the average. z = pi + (p - pi) / r has
mean 1 among bots and 0 among people for every share. It is unbiased for every group and size if
annotators err alike there (Rogan and Gladen's correction, for posteriors; Bross 1954).

z varies around the label by pi (1 - pi) (1 / r - 1). The design's variance of z contains that,
except for the finite population correction. The uncertainty of the posteriors themselves (the
annotators' error rates; `labels.p_low`, `p_high`) is shared by all accounts and does not average
out, so it is added as fully correlated.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from botbench.stats.design_based import (
    Draw,
    Floats,
    Sample,
    effective_size,
    ratio,
    sample,
    share_interval,
    variance,
)
from botbench.stats.proportions import LEVEL, Z, normal_quantile

LEAST = 0.1
"""A reliability under this is taken as this: such votes say next to nothing."""


def unbiased(
    p: Floats, low: Floats, high: Floats, uncertain: NDArray[np.bool_]
) -> tuple[Floats, Floats, Floats, Floats]:
    """z, its bounds, and its variance around the label, for posteriors p with bounds.

    Arrays are float64[n], NaN if unanswered. Labels that are not `uncertain` are unchanged and have
    no variance.
    """
    noise = np.zeros(len(p))
    if not uncertain.any():
        return p, low, high, noise
    mine = p[uncertain]
    share = float(mine.mean())
    spread = share * (1 - share)
    reliable = min(max(float(mine.var()) / spread, LEAST), 1.0) if spread > 0 else 1.0
    noise[uncertain] = spread * (1 / reliable - 1)
    z, a, b = (np.where(uncertain, share + (v - share) / reliable, v) for v in (p, low, high))
    return z, a, b, noise


def open_variance(drawn: Sample, size: Floats, noise: Floats, low: Floats, high: Floats) -> float:
    """The variance that uncertain labels add to a share.

    Labels vary by `noise` around the truth, within shared bounds (float64[n] each).
    """
    whole = float(drawn.weight @ size)
    own = float((drawn.weight * size**2) @ noise) / whole**2
    shared = float((drawn.weight * size) @ ((high - low) / (2 * Z))) / whole
    return own + shared**2


@dataclass(frozen=True)
class WorstCase:
    """The share if every drawn account without an answer were a person, or a bot.

    `low` and `high` are the limits of a 95 % interval for the share wherever it is between these
    two; `persons` and `bots` are the two in the sample itself. Sources: Manski 1989, J. Hum.
    Resour. 24:343; Imbens and Manski 2004, Econometrica 72:1845; Stoye 2009, Econometrica 77:1299.
    """

    low: float
    high: float
    persons: float
    bots: float


def worst_case(draw: Draw, size: Floats, y: Floats, doubt: float = 0.0) -> WorstCase:
    """Bounds over all drawn accounts: `size` and `y` are float64[drawn].

    Values of `y` without an answer are ignored. `doubt` is the variance that doubtful labels add.
    """
    everybody = sample(replace(draw, answered=np.ones(len(size), dtype=np.bool_)))
    if not float(everybody.weight @ size) > 0:
        return WorstCase(0.0, 1.0, 0.0, 1.0)
    ends = []
    for label in (0.0, 1.0):
        value, linear = ratio(everybody, size, np.where(draw.answered, y, label))
        ends.append((min(max(value, 0.0), 1.0), float(variance(everybody, linear)) + doubt))
    (persons, under), (bots, over) = ends
    most = effective_size(everybody, size)
    z = quantile_between(bots - persons, max(under, over) ** 0.5, most)
    return WorstCase(
        share_interval(persons, under, most, z)[0],
        share_interval(bots, over, most, z)[1],
        persons,
        bots,
    )


def quantile_between(width: float, error: float, accounts: float, level: float = LEVEL) -> float:
    """The number of standard errors beyond each end, where the truth is between two ends.

    It solves Phi(c + width / error) - Phi(-c) = level (Imbens and Manski 2004, eq. 7): from 1.96
    for ends that coincide to 1.64 for ends far apart. A width that is small for the number of
    accounts is taken as none (Stoye 2009): its own estimate is too poor to shorten the interval.

    >>> [round(quantile_between(width, 0.01, 500), 3) for width in (0.0, 0.5)]
    [1.96, 1.645]
    """
    from scipy.optimize import brentq

    cdf = NormalDist().cdf
    # Stoye's sequence goes to zero more slowly than the error: the error times sqrt(log n) / 2.
    if not error > 0 or width <= error * math.log(min(max(accounts, 2.0), 1e9)) ** 0.5 / 2:
        return normal_quantile((1 + level) / 2)
    return float(brentq(lambda c: cdf(c + width / error) - cdf(-c) - level, 0.0, 10.0))


SHARED = (0.05, 0.10, 0.20)
"""Parts of the bots that every annotator takes for people, in the sensitivity band."""


def missed_by_all(share: float, missed: float) -> float:
    """The share of bots where the annotators together miss this part of them (0 to under 1).

    Answers cannot show such errors: everybody agrees on them. The labels' share is (1 - missed) of
    the true one.

    >>> round(missed_by_all(0.15, 0.2), 4)
    0.1875
    """
    return min(share / (1 - missed), 1.0)
