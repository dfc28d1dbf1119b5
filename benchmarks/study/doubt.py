"""What annotators leave in doubt: consensus posteriors carried through, and bounds for accounts without an answer.

With calibrated posteriors p of an account being a bot, put in place of the label, the estimate varies around the truth by
the design's variance of p, plus what p leaves open of the accounts themselves, sum of w p (1 - p); this is what multiple
imputation (Rubin 1987) comes to with infinitely many draws. What is uncertain of the posteriors themselves (the annotators'
error rates; `labels.p_low`, `p_high`) is shared by all accounts and so does not average out: it is added as fully correlated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from benchmarks.intervals import Z
from benchmarks.study.sampled import Draw, Floats, Sample, sample


def open_variance(drawn: Sample, size: Floats, p: Floats, low: Floats, high: Floats) -> float:
    """What posteriors (float64[n], with their 95 % bounds; certain ones have all three equal) add to a share's variance."""
    whole = float(drawn.weight @ size)
    own = float((drawn.weight * size**2) @ (p * (1 - p))) / whole**2
    shared = float((drawn.weight * size) @ ((high - low) / (2 * Z))) / whole
    return own + shared**2


@dataclass(frozen=True)
class WorstCase:
    """The share if every drawn account without an answer were a person, or a bot (Manski 1989, J. Hum. Resour. 24:343)."""

    low: float
    high: float


def worst_case(draw: Draw, size: Floats, y: Floats) -> WorstCase:
    """Bounds over all drawn accounts: `size` float64[drawn], `y` float64[drawn] with anything where unanswered."""
    weight = sample(replace(draw, answered=np.ones(len(size), dtype=np.bool_))).weight
    whole = float(weight @ size)
    if not whole > 0:
        return WorstCase(0.0, 1.0)
    missing = float(weight @ (size * ~draw.answered)) / whole
    bots = float(weight @ np.where(draw.answered, size * y, 0.0)) / whole
    return WorstCase(bots, bots + missing)
