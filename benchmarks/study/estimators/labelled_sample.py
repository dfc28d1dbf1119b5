"""The annotated sample as arrays, the input of the estimators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botbench.stats.design_based import Draw, Floats, Sample, sample, wave_weights
from botbench.stats.prediction_powered import made_for_the_sample


@dataclass(frozen=True)
class LabelledSample:
    """The drawn accounts in a fixed order (wave, stratum, id), with the labels of those answered.

    A label is as answered, or unbiased from posteriors (`label_uncertainty.unbiased`) with bounds.
    `y`, `low`, `high` are float64[drawn], NaN without an answer; `sizes` is how much each account
    posted (0 outside the campaign). `sample` is None if inclusion probabilities are unknown: then
    nothing can be estimated, and `problem` is the reason.
    """

    ids: tuple[str, ...]
    draw: Draw | None
    sample: Sample | None
    y: Floats
    low: Floats
    high: Floats
    noise: Floats
    """The variance of `y` around the label; 0 for labels that are taken as right."""
    bot: NDArray[np.bool_]
    score: Floats
    inside: NDArray[np.bool_]
    """Whether the account belongs to the campaign."""
    sizes: dict[str, Floats]
    groups: dict[str, tuple[Any, ...]]
    rules: tuple[str, ...]
    """Sentences on the design, the missing answers and the errors of annotators."""
    problem: str | None = None
    flagged: Floats | None = None
    """Whether the detector calls it a bot (1, 0); NaN without a score."""
    has_score: NDArray[np.bool_] | None = None
    """Whether the score is the detector's own; others have the mean."""

    def sample_for(self, size: Floats) -> Sample | None:
        """The sample for a quantity; `size` is float64[drawn].

        Waves are weighted by their information on the quantity.
        """
        if self.draw is None or self.sample is None or len(self.draw.joint) < 2:
            return self.sample
        return sample(self.draw, wave_weights(self.draw, size))

    def made_for_the_sample(self, part: float) -> bool:
        """Whether scores stand by who was drawn; `part` of all the campaign's have none."""
        at = self.inside
        if self.draw is None or self.has_score is None or not at.any():
            return False
        return made_for_the_sample(~self.has_score[at], 1 / self.draw.probability[at], part)

    @property
    def answered(self) -> NDArray[np.bool_]:
        """Which of the drawn accounts have an answer."""
        return ~np.isnan(self.y)
