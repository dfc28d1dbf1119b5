"""Whether accounts that the detector takes for bots are answered less often (or more).

Missing answers are made up for by answered accounts of the same response class. That is right where
answers within a class are missing at random. The labels of the unanswered are not known, but their
scores are: where scores within a class tell who was answered, labels do so too.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from benchmarks.study.estimators.labelled_sample import LabelledSample
from botbench.stats.design_based import INDEPENDENT, Draw, Floats, response_classes
from botbench.text import numbers

LEVEL = 0.01
"""Answers that are missing at random are taken for others once in a hundred studies."""
SELECTIVE = "Answers are missing selectively"


def selective(labelled: LabelledSample) -> str | None:
    """A sentence where scores tell who was answered, or None."""
    if labelled.draw is None:
        return None
    known = ~np.isnan(labelled.score)
    p = chance(labelled.draw, np.where(known, labelled.score, 0.0), known)
    if p >= LEVEL:
        return None
    answered = labelled.answered & known
    there, missing = (float(labelled.score[at].mean()) for at in (answered, known & ~answered))
    return (
        f"{SELECTIVE}: the detector's mean score is {numbers.score(missing)} of accounts without an"
        f" answer and {numbers.score(there)} of others, also among accounts of about the same size"
        f" (p = {p:.2g}). The estimates take both as alike, so these intervals can be off the mark;"
        " the worst case holds. Get more answers of the accounts without one."
    )


def chance(draw: Draw, score: Floats, known: NDArray[np.bool_]) -> float:
    """The p of scores and answers as unrelated within response classes; 1 where nothing varies.

    `score` is float64[drawn], `known` bool[drawn]. Mantel's extension of the Mantel-Haenszel test
    (1963, J. Am. Stat. Assoc. 58:690): the sum over classes of the covariances, under permutation.
    """
    independent = np.array([how == INDEPENDENT for how in draw.joint], dtype=np.bool_)
    group = np.unique(response_classes(draw, independent)[known], return_inverse=True)[1]
    n = np.bincount(group).astype(np.float64)
    off = []
    for values in (draw.answered[known].astype(np.float64), score[known]):
        off.append(values - (np.bincount(group, values) / n)[group])
    together = float(off[0] @ off[1])
    squares = [np.bincount(group, part**2, minlength=len(n)) for part in off]
    spread = float((squares[0] * squares[1] / np.maximum(n - 1, 1)).sum())
    return 2 * NormalDist().cdf(-abs(together) / spread**0.5) if spread > 0 else 1.0
