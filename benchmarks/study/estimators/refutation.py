"""Whether the labelled sample contradicts a detector's errors that were measured elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.study.estimators.estimate import Refuted
from benchmarks.study.estimators.labelled_sample import LabelledSample
from botbench.stats.design_based import Floats, ratio, variance
from botbench.stats.multiple_comparisons import normal_p_values
from botbench.stats.proportions import FEW
from botbench.stats.rare_errors import uncertain_weight, worth
from botbench.text import numbers

LEVEL = 0.01
"""A sample that contradicts a right assumption at this level does so once in a hundred studies."""


@dataclass(frozen=True)
class Errors:
    """A detector's errors elsewhere; a count of None means that its share is taken as exact."""

    sensitivity: float
    specificity: float
    bots: float | None
    people: float | None


def refuted(labelled: LabelledSample, size: Floats, elsewhere: Errors) -> Refuted | None:
    """The test that the sample's sensitivity or specificity fails, or None.

    `size` is float64[drawn]. Fisher's exact test of each against elsewhere (the binomial test where
    elsewhere is exact), Holm's correction for the two. Weighted accounts count for their effective
    number (Kish); a posterior counts on the side that it is closer to.
    """
    found = [
        (p, name, here, there) for name, here, there, p in _compared(labelled, size, elsewhere)
    ]
    if not found:
        return None
    p, name, here, there = min(found)
    p = min(p * len(found), 1.0)
    if p >= LEVEL:
        return None
    sentence = (
        f"The detector's {name} is {numbers.score(here)} in the sample and was"
        f" {numbers.score(there)} elsewhere ({numbers.p_value(p)}): it errs otherwise here."
    )
    return Refuted(f"{name} in the sample", p, sentence)


def miscalibrated(labelled: LabelledSample, size: Floats, tempered: Floats) -> Refuted | None:
    """The test that calibrated scores fail in the sample, or None.

    `size` and `tempered` are float64[drawn]. The labels' mean beside the scores' mean, by the
    sample's design; there must be `FEW` labelled accounts with a score.
    """
    drawn = labelled.sample_for(size)
    at = labelled.answered
    if drawn is None or np.isnan(tempered[at]).any() or (size[at] > 0).sum() < FEW:
        return None
    y, there = labelled.y[at], tempered[at]
    difference, linear = ratio(drawn, size[at], y - there)
    error = float(np.sqrt(variance(drawn, linear)))
    p = float(normal_p_values(np.array([difference]), np.array([error]))[0])
    if p >= LEVEL:
        return None
    bots, meant = ratio(drawn, size[at], y)[0], ratio(drawn, size[at], there)[0]
    sentence = (
        f"Of the labelled accounts {numbers.share(bots)} are bots, and their calibrated scores mean"
        f" {numbers.share(meant)} (p = {p:.2g}): the scores are not calibrated here."
    )
    return Refuted("calibration in the sample", p, sentence)


def can_refute(labelled: LabelledSample) -> bool:
    """Whether there is a sample with scores that could contradict anything."""
    return (
        labelled.sample is not None
        and labelled.flagged is not None
        and bool((~np.isnan(labelled.flagged[labelled.answered])).any())
    )


def _compared(
    labelled: LabelledSample, size: Floats, elsewhere: Errors
) -> list[tuple[str, float, float, float]]:
    """Name, value here, value elsewhere and p of both rates."""
    drawn = labelled.sample_for(size)
    if drawn is None or labelled.flagged is None:
        return []
    at = labelled.answered
    there = ~np.isnan(labelled.flagged[at]) & (size[at] > 0)
    flagged, bot = labelled.flagged[at] == 1, labelled.bot[at]
    weight = drawn.weight * size[at]
    rows = []
    for name, right, own, rate, n in (
        ("sensitivity", flagged, bot & there, elsewhere.sensitivity, elsewhere.bots),
        ("specificity", ~flagged, ~bot & there, elsewhere.specificity, elsewhere.people),
    ):
        if not weight[own].sum() > 0:
            continue
        here = float(weight[own & right].sum() / weight[own].sum())
        # Where everybody was drawn nothing is left to chance, and the plain count is right.
        effective = worth(uncertain_weight(drawn, size[at]), own) or float(own.sum())
        rows.append((name, here, rate, _p(here, effective, rate, n)))
    return rows


def _p(here: float, trials: float, rate: float, n: float | None) -> float:
    from scipy.stats import binomtest, fisher_exact

    k, m = round(here * trials), max(round(trials), 1)
    k = min(k, m)
    if n is None:
        return float(binomtest(k, m, rate).pvalue)
    there = round(rate * n)
    return float(fisher_exact([[k, m - k], [there, round(n) - there]]).pvalue)
