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

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from botbench.stats.design_based import Draw, Floats, Sample, sample
from botbench.stats.proportions import Z

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

    Source: Manski 1989, J. Hum. Resour. 24:343.
    """

    low: float
    high: float


def worst_case(draw: Draw, size: Floats, y: Floats) -> WorstCase:
    """Bounds over all drawn accounts: `size` and `y` are float64[drawn].

    Values of `y` without an answer are ignored.
    """
    weight = sample(replace(draw, answered=np.ones(len(size), dtype=np.bool_))).weight
    whole = float(weight @ size)
    if not whole > 0:
        return WorstCase(0.0, 1.0)
    missing = float(weight @ (size * ~draw.answered)) / whole
    bots = float(weight @ np.where(draw.answered, size * y, 0.0)) / whole
    return WorstCase(bots, bots + missing)
