"""Detectors, registered by decorator, or by third parties' entry point `botbench.detectors`.

A detector is a scikit-learn estimator over the `Accounts` view::

    @detector("my-detector", needs=("profile",), cites="Me 2026", about="What it looks at.")
    class MyDetector(Detector):
        def fit(self, accounts, y): ...             # y: int8[n], 1 = bot; sets self.classes_
        def predict_proba(self, accounts): ...      # float64[n, 2]: human, bot

`needs` is required evidence, `uses` is optional evidence: feature families (profile, timing, text,
content), single features, profile columns (`posts_total`, `handle`, ...), `posts`, `edges`, and
`post_id` for true post ids. A data set that lacks a need makes the cell *not applicable*. `domains`
gives a detector in training a number for each training data set, without a meaning elsewhere; the
accounts to be scored have none. A distribution names its entry point after the detector.

Options are those of the constructor: `random-forest(trees=500)` is a detector with that name.
"""

from benchmarks.detectors.base import Detector, FeatureModel, Labels, balanced, varies
from benchmarks.detectors.registry import (
    BALANCED,
    DETECTORS,
    HALF,
    Spec,
    complete,
    detector,
    detectors,
    get,
    options_of,
)

__all__ = [
    "BALANCED",
    "DETECTORS",
    "HALF",
    "Detector",
    "FeatureModel",
    "Labels",
    "Spec",
    "balanced",
    "complete",
    "detector",
    "detectors",
    "get",
    "options_of",
    "varies",
]
