"""Prediction-powered inference: labels of a sample and a detector's scores of all accounts.

Angelopoulos et al. 2023, Science 382:669 (PPI); Angelopoulos, Duchi and Zrnic 2023,
arXiv:2311.01453 (PPI++, eq. 4 and 10: the tuning that makes it never worse than the sample alone).
In a finite population with known inclusion probabilities it is the difference estimator of Särndal
et al. 1992, ch. 6, with that tuning. Whatever the detector's errors are on these accounts, the
labelled ones measure them; only the detector must not have been trained on these accounts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from botbench.stats.design_based import Floats, Sample, ratio, variance

GAP, SIGMAS = 0.05, 3.0
"""Scores were made for the sample where the part without one differs by so much, beyond chance."""


@dataclass(frozen=True)
class Powered:
    """A share, its variance, and the tuning (0: the sample alone; 1: plain PPI)."""

    value: float
    variance: float
    tuning: float
    linear: Floats
    """The linearised values (float64[n]), for differences between shares of one sample."""


def powered(  # noqa: PLR0917 (as in the papers: labels, scores, scores of everybody, tuning)
    drawn: Sample,
    size: Floats,
    y: Floats,
    score: Floats,
    mean_score: float,
    tuning: float | None = None,
) -> Powered:
    """The bots' share of a quantity `size`, from labels y and scores of the answered accounts.

    All are float64[n]. `mean_score` is the mean of the score over the whole frame, weighted by
    size. `tuning` None takes the value between 0 and 1 with the least estimated variance.
    """
    plain, of_y = ratio(drawn, size, y)
    mean_here, of_score = ratio(drawn, size, score)
    chosen = best_tuning(drawn, of_y, of_score) if tuning is None else tuning
    linear = of_y - chosen * of_score
    n = len(drawn)
    # The variance does not include that the tuning was estimated from the same accounts.
    lost = (n - 1) / (n - 2) if tuning is None and chosen > 0 and n > 2 else 1.0
    return Powered(
        plain + chosen * (mean_score - mean_here),
        float(variance(drawn, linear)) * lost,
        chosen,
        linear,
    )


def best_tuning(drawn: Sample, of_y: Floats, of_score: Floats) -> float:
    """cov(y, score) / var(score) under the design, within [0, 1]; 0 where scores do not vary."""
    both = variance(drawn, np.stack([of_y + of_score, of_y - of_score, of_score], axis=1))
    if not both[2] > 0:
        return 0.0
    return float(np.clip((both[0] - both[1]) / 4 / both[2], 0.0, 1.0))


def made_for_the_sample(missing: NDArray[np.bool_], weight: Floats, part: float) -> bool:
    """Whether accounts have a score because they were drawn (or not).

    Then the mean over the frame is one over the sample, and tells nothing besides the labels.
    `missing` is bool[drawn], where there is no score; `weight` is the inverse of the inclusion
    probability, float64[drawn]; `part` is the part of the whole frame without a score.
    """
    here = float(weight @ missing) / float(weight.sum())
    n = float(weight.sum()) ** 2 / float(weight @ weight)
    off = abs(here - part)
    return off > GAP and off**2 * n > SIGMAS**2 * part * (1 - part)
