"""The interval of a share where few bots, people or detector errors were labelled.

A share is what scores say of everybody, corrected by the errors in the sample. With few errors the
sample's variance says little: with none it is zero, whatever the true rate is. So the large errors
are counted, and their rates get mid-P intervals. The normal variance of all other residuals is
joined to them by the distances of their bounds (MOVER; Zou and Donner 2008, Stat. Med. 27:1693).
Without scores the rare class itself is what is counted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from botbench.stats.design_based import Floats, Sample
from botbench.stats.proportions import FEW, mid_p

LARGE = 0.5
"""A residual above this is an error of the detector."""
TAIL = 0.9
"""The part of the nominal tail at which mid-P bounds are taken.

At the nominal tail, coverage falls to .916 where three errors are expected. At this part it is at
least .94 for every expected number.
"""

ALIKE = 4.0
"""Accounts that stand for up to so many times as many others are one class of weights."""

UNSEEN = 0.8
"""An error that the sample lacks may be as heavy as the account under which this part of the frame
lies. Fay and Feuer 1997 (Stat. Med. 16:791) take the heaviest: safe, and half as wide again.
"""
NEARLY = 1.1
"""Accounts that are no heavier than this, beside the mean, are no heavier."""

TOLERATED = 1.5
"""Up to this, the heaviness that a sample lacks is taken as chance."""


@dataclass(frozen=True)
class Errors:
    """Errors in one direction: how many, in how many accounts of equal weight, and what each does.

    `unit` is what the rate is multiplied with to give the share; `seen` is the normal variance that
    the counted errors have in the share. `heavier` is what the errors are (`hits`, `unit`) when one
    more, as heavy as the sample may lack, counts among them; it can only raise the upper bound.
    """

    hits: float
    trials: float
    unit: float
    seen: float
    heavier: tuple[float, float] | None = None

    def distances(self, tail: float) -> tuple[float, float]:
        """How far below and above the estimate the share can be because of these errors."""
        if not self.unit > 0:
            return 0.0, 0.0
        rate = min(self.hits / self.trials, 1.0)
        low, high = mid_p(min(self.hits, self.trials), self.trials, tail)
        above = self.unit * (high - rate)
        if self.heavier is not None:
            hits, unit = self.heavier
            most = mid_p(min(hits, self.trials), self.trials, tail)[1]
            above = max(above, unit * most - self.unit * rate)
        return self.unit * (rate - low), above


@dataclass(frozen=True)
class Rare:
    """Missed bots and false alarms of a sample, counted in each class of weights."""

    missed: tuple[Errors, ...]
    false_alarms: tuple[Errors, ...]

    def distances(self, spread: float, z: float) -> tuple[float, float]:
        """How far below and above the estimate the interval reaches; `spread` is its variance."""
        tail = TAIL * (1 - NormalDist().cdf(z))
        counted = sum(errors.seen for errors in (*self.missed, *self.false_alarms))
        below = above = z**2 * max(spread - counted, 0.0)
        for missed, alarms in zip(self.missed, self.false_alarms, strict=True):
            less, more = missed.distances(tail)
            fewer, further = alarms.distances(tail)
            below, above = below + less**2 + further**2, above + more**2 + fewer**2
        return below**0.5, above**0.5


def guard(bots: float, people: float, errors: float, kept: float) -> tuple[float, float]:
    """By what the distances below and above are multiplied, because the rule of 30 selects.

    The rule looks at the accounts that the estimate comes from. Where 25 bots are expected, samples
    with 30 or more have too many of them; where 38 are expected, those with fewer have too few. So
    near 30 the side to which the rule itself selects is extended, and the other side is shortened a
    little. `kept` is the part of the sample's variance that the scores left: an estimate that
    scores make precise depends less on the number of bots. With few errors only, both sides are
    extended: samples with few errors understate the variance.
    """
    rarer = min(bots, people)
    if rarer >= FEW > errors:
        both = 1 + 0.05 * _near((errors - 20) / 5)
        return both, both
    near = _near((rarer - 20) / 5 if rarer < FEW else (42 - rarer) / 6) * kept
    longer, shorter = 1 + (0.14 if rarer < FEW else 0.2) * near, 1 - 0.06 * near
    if bots == people:
        longer = shorter = (longer + shorter) / 2
    return (longer, shorter) if (rarer >= FEW) == (bots <= people) else (shorter, longer)


def _near(place: float) -> float:
    return min(max(place, 0.0), 1.0)


def uncertain_weight(drawn: Sample, size: Floats) -> Floats:
    """The weight with which each answered account makes a share uncertain, float64[n].

    Accounts that are drawn in any case (the take-all stratum) have none.
    """
    return np.asarray(drawn.weight * size * np.sqrt(np.maximum(1 - drawn.probability, 0.0)))


def worth(weight: Floats, part: Floats | NDArray[np.bool_]) -> float:
    """How many accounts of equal weight those in `part` (0 to 1 each) are worth (Kish).

    Nine places, so that the order of a sum does not make 30 accounts fewer than 30.
    """
    spread = float(weight**2 @ part)
    return round(float(weight @ part) ** 2 / spread, 9) if spread > 0 else 0.0


def heavier(drawn: Sample, size: Floats, squares: float | None) -> float:
    """How much more a share varies than the sample tells, by the frame's sum of squared sizes.

    1 where the sample has its part of the heavy accounts, and where `squares` is not known. The
    sample is seldom heavier than the frame and often lighter: where a few accounts carry a
    quantity, most samples have none of them.
    """
    if squares is None:
        return 1.0
    chance = drawn.probability < 1
    certain = float((size[~chance] ** 2).sum())
    seen = float((drawn.weight * size**2)[chance].sum())
    return max((squares - certain) / seen / TOLERATED, 1.0) if seen > 0 else 1.0


def weight_classes(drawn: Sample) -> NDArray[np.int64]:
    """Accounts of about equal design weight, by class: int64[n].

    Accounts that are drawn sparsely are a class of their own: others, however many, say nothing of
    how often errors occur there. In simple draws a class is measured from its heaviest stratum; in
    independent ones, where every account has its own weight, it ends where weights make a jump.
    """
    weight, found = drawn.weight, np.zeros(len(drawn), dtype=np.int64)
    left, number = np.ones(len(drawn), dtype=bool), 0
    while left.any():
        least, further = float("inf"), float(weight[left].max()) / ALIKE
        # Each turn reaches as far as the lightest independent account that is in it lets it.
        while further < least:
            least = further
            inside = left & (weight >= least)
            further = float(weight[inside & drawn.independent].min(initial=least * ALIKE)) / ALIKE
        found[inside], number = number, number + 1
        left &= ~inside
    return found


def rare(  # noqa: PLR0917 (labels and scores of the sample)
    drawn: Sample, size: Floats, y: Floats, said: Floats, tuning: float, heavy: float = 1.0
) -> Rare:
    """Count the large residuals of labels y against scores `said`, weighted by `tuning`.

    `heavy` is by how much fewer accounts the sample is worth (`heavier`).
    """
    residual = y - tuning * said
    weight = uncertain_weight(drawn, size) / float(drawn.weight @ size)
    # How large an error can be that the sample did not have.
    up = 1 - tuning * min(float(said.min()), 0.0)
    down = tuning * max(float(said.max()), 1.0)
    group = weight_classes(drawn)
    missed, alarms = [], []
    for number in np.unique(group):
        at = group == number
        middle, own = float(np.median(residual[at])), weight[at]
        off, lack = residual[at] - middle, _unseen(own, (drawn.weight * size)[at], drawn.weight[at])
        missed.append(_errors(own, off, min(max(up - middle, 0.0), 1.0), heavy, lack))
        alarms.append(_errors(own, -off, min(max(down + middle, 0.0), 1.0), heavy, lack))
    return Rare(tuple(missed), tuple(alarms))


def _unseen(weight: Floats, carried: Floats, design: Floats) -> float:
    """How heavy an account is that the sample may lack, beside those that it has: 0 if not heavier.

    `carried` is design weight x size. Only as far as the design makes accounts uneven, and in what
    they carry: where sizes do, `heavier` sees to it, and draws by size even out what they carry.
    """
    if not weight.sum() > 0:
        return 0.0
    reach = min(_far(carried[weight > 0]), _far(design[weight > 0]))
    return reach * float(weight @ weight) / float(weight.sum()) if reach > NEARLY else 0.0


def _far(weight: Floats) -> float:
    """The weight under which `UNSEEN` of the frame lies, over the mean weight in the frame."""
    ordered = np.sort(weight)
    under = np.cumsum(ordered)
    # A little less, so that the rounding of the sum does not take the next account.
    at = int(np.searchsorted(under, UNSEEN * under[-1] * (1 - 1e-9)))
    return float(ordered[at]) * float(under[-1]) / float(weight @ weight)


def _errors(weight: Floats, residual: Floats, largest: float, heavy: float, lack: float) -> Errors:
    whole = float(weight.sum())
    if not whole > 0:
        return Errors(0.0, 1.0, 0.0, 0.0)
    # Nine places, as in `worth`: half of an error is none in any order of rows.
    large = residual > LARGE + 1e-9
    trials = worth(weight, np.ones(len(weight))) / heavy
    large_ones = weight[large] * residual[large]
    if not large_ones.sum() > 0:
        none = (0.0, trials * lack * largest) if lack > 0 else None
        return Errors(0.0, trials, whole * largest, 0.0, none)
    hits = float(large_ones.sum()) ** 2 / float((large_ones**2).sum()) / heavy
    part = float(weight[large].sum())
    rate, size = part / whole, float(large_ones.sum()) / part
    seen = float(large_ones.sum()) ** 2 * (1 - rate) / hits
    # A few errors of light accounts do not make the sample worth more than it is; many may.
    own = hits / rate
    trials = own if own < trials else (hits * own + FEW * trials) / (hits + FEW)
    hits = rate * trials
    # With few errors their mean size is poorly known as well.
    unit = whole * (hits * size + largest) / (hits + 1)
    found = Errors(hits, trials, unit, seen)
    return _with_one_more(found, large_ones, lack * size, heavy) if lack > 0 else found


def _with_one_more(found: Errors, errors: Floats, lack: float, heavy: float) -> Errors:
    """The errors with what they are when one more of the weight `lack` counts among them."""
    together = float(errors.sum()) + lack
    hits = together**2 / (float((errors**2).sum()) + lack**2) / heavy - 1
    hits = min(max(hits, 0.0), found.hits)
    return replace(found, heavier=(hits, found.trials * together / (hits + 1)))
