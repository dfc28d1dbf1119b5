"""What a probability sample says of the whole: Horvitz-Thompson and Hájek estimates, over one batch
or several waves.

A later batch is drawn from what earlier ones left over, with probabilities conditional on them. So
the total of a wave is the sum over earlier waves (known) plus the Horvitz-Thompson estimate of the
rest: unbiased given those, hence unbiased; any fixed average of such totals is, too (Thompson 2012,
Sampling, chapter 24 on draws in stages; Särndal et al. 1992, 2.8).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from curation.store.schema import Joint

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Wave:
    """One batch as it was answered: for each account drawn a value (such as 1 for a bot), its
    probability, its stratum.
    """

    values: NDArray[np.float64]
    probability: NDArray[np.float64]
    strata: Sequence[object]
    population: int
    """How many accounts could be drawn."""
    joint: Joint = "simple within stratum"


def total(wave: Wave) -> float:
    """The Horvitz-Thompson total over the accounts that could be drawn: sum of value / probability
    (1952, eq. 6).

    >>> import numpy as np
    >>> total(Wave(np.array([1.0, 0, 1]), np.array([0.5, 0.5, 0.25]), ["a", "a", "b"], 10))
    6.0
    """
    return float((wave.values / wave.probability).sum())


def mean(wave: Wave) -> float:
    """The Hájek mean: the total over the estimated number of accounts; not quite unbiased, and
    mostly closer.

    >>> import numpy as np
    >>> mean(Wave(np.array([1.0, 0, 1]), np.array([0.5, 0.5, 0.25]), ["a", "a", "b"], 10))
    0.75
    """
    weight = 1 / wave.probability
    return float((wave.values * weight).sum() / weight.sum())


def variance(wave: Wave) -> float:
    """An unbiased estimate of the variance of `total`: Horvitz-Thompson's for independent draws,
    the stratified one for simple samples within strata (Cochran 1977, eq. 5.13); NaN where a
    stratum gave one account and has more.
    """
    import numpy as np

    if wave.joint == "independent":
        return float(((1 - wave.probability) * (wave.values / wave.probability) ** 2).sum())
    _, inverse = np.unique(np.asarray(wave.strata, dtype=str), return_inverse=True)
    drawn = np.bincount(inverse)
    sums, squares = np.bincount(inverse, wave.values), np.bincount(inverse, wave.values**2)
    share = np.bincount(inverse, wave.probability) / drawn
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = (squares - sums**2 / drawn) / (drawn - 1)
    each = np.where(share >= 1, 0.0, (1 - share) * drawn * spread / share**2)
    return float(each.sum())


def prevalence(waves: Sequence[Wave]) -> float:
    """The mean over the whole population from waves in the order they were drawn, weighted by how
    many each drew.

    >>> import numpy as np
    >>> first = Wave(np.array([1.0, 0.0]), np.array([0.2, 0.2]), ["all"] * 2, 10)
    >>> second = Wave(np.array([1.0, 1.0]), np.array([0.25, 0.25]), ["all"] * 2, 8)
    >>> prevalence([first, second])  # totals 5 and 1 + 8 of 10
    0.7
    """
    whole = waves[0].population
    known, sizes, totals = 0.0, [], []
    for wave in waves:
        totals.append(known + total(wave))
        sizes.append(len(wave.values))
        known += float(wave.values.sum())
    return sum(n * t for n, t in zip(sizes, totals, strict=True)) / sum(sizes) / whole
