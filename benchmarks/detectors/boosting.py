"""Gradient boosting: on every family of features, and on what the posts alone tell."""

from __future__ import annotations

from typing import Any

from benchmarks.detectors import FeatureModel, detector

CITES = ("Friedman 2001, Greedy Function Approximation: A Gradient Boosting Machine (Annals of Statistics 29); histograms "
         "after Ke et al. 2017, LightGBM (NeurIPS)")


class Boosting(FeatureModel):
    """scikit-learn's histogram gradient boosting; missing values are a branch of their own."""

    def model(self) -> Any:
        """The defaults without early stopping, which would draw a validation part of its own."""
        from sklearn.ensemble import HistGradientBoostingClassifier

        return HistGradientBoostingClassifier(early_stopping=False, random_state=self.random_state)


@detector(
    "gradient-boosting", uses=("profile", "timing", "text", "content"), cites=CITES,
    about="Gradient boosting on every family of features that the data set has.",
)
def gradient_boosting() -> Boosting:
    """All families."""
    return Boosting()


@detector(
    "gradient-boosting-posts", needs=("timing",), uses=("text", "content"), cites=CITES,
    about="Gradient boosting on what the posts alone tell (timing, text, content); not applicable without posts.",
)
def gradient_boosting_posts() -> Boosting:
    """The families read off posts."""
    return Boosting()
