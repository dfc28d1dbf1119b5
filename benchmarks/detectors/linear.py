"""Logistic regression on profile features."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.data.accounts import Floats
from benchmarks.detectors import FeatureModel, detector


def squeeze(values: Floats) -> Floats:
    """Signed logarithm, because counts span six orders of magnitude; NaN stays NaN.

    >>> squeeze(np.array([0.0, np.e - 1, 1 - np.e])).tolist()
    [0.0, 1.0, -1.0]
    """
    squeezed: Floats = np.sign(values) * np.log1p(np.abs(values))
    return squeezed


@detector(
    "logistic-regression",
    needs=("profile",),
    cites=(
        "Cox 1958, The Regression Analysis of Binary Sequences (Journal of the Royal Statistical"
        " Society B)"
    ),
    about=(
        "Logistic regression on profile features: median for what is missing, signed logarithm,"
        " standard scale, L2."
    ),
    revision=1,
)
class LogisticRegressionDetector(FeatureModel):
    """Imputer, logarithm, scaler and regression in one pipeline, so all are fitted on the training
    part only.
    """

    def model(self) -> Any:
        """The pipeline."""
        from sklearn.impute import SimpleImputer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import FunctionTransformer, StandardScaler

        return make_pipeline(
            SimpleImputer(strategy="median"),
            FunctionTransformer(squeeze),
            StandardScaler(),
            LogisticRegression(max_iter=2000, random_state=self.random_state),
        )
