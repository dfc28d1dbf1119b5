"""Gradient boosting on four families of features (also calibrated), and on posts alone."""

from __future__ import annotations

from typing import Any

from benchmarks.detectors import FeatureModel, detector

CITES = (
    "Friedman 2001, Greedy Function Approximation: A Gradient Boosting Machine (Annals of"
    " Statistics 29); histograms after Ke et al. 2017, LightGBM (NeurIPS)"
)


class Boosting(FeatureModel):
    """scikit-learn's histogram gradient boosting; missing values are a branch of their own."""

    def model(self) -> Any:
        """The defaults without early stopping, which would draw a validation part of its own."""
        from sklearn.ensemble import HistGradientBoostingClassifier

        return HistGradientBoostingClassifier(early_stopping=False, random_state=self.random_state)


@detector(
    "gradient-boosting",
    uses=("profile", "timing", "text", "content"),
    cites=CITES,
    about=(
        "Gradient boosting on profile, timing, text and content, as far as the data set has them."
    ),
    revision=1,
)
def gradient_boosting() -> Boosting:
    """What profiles and posts tell."""
    return Boosting()


@detector(
    "gradient-boosting-posts",
    needs=("timing",),
    uses=("text", "content"),
    cites=CITES,
    about=(
        "Gradient boosting on what the posts alone tell (timing, text, content); not applicable"
        " without posts."
    ),
    revision=1,
)
def gradient_boosting_posts() -> Boosting:
    """The families read off posts."""
    return Boosting()


@detector(
    "gradient-boosting-given",
    needs=("given",),
    cites=CITES,
    about=(
        "Gradient boosting on given features: numbers that others computed and a card maps. In"
        " transfer only those that both sides have."
    ),
    revision=1,
)
def gradient_boosting_given() -> Boosting:
    """The family of features that others computed."""
    return Boosting()


class Calibrated(Boosting):
    """Boosting with probabilities calibrated by a sigmoid over three inner folds."""

    def model(self) -> Any:
        """Three boostings, each calibrated on the third that it has not seen, and their mean."""
        from sklearn.calibration import CalibratedClassifierCV
        from sklearn.model_selection import StratifiedKFold

        folds = StratifiedKFold(3, shuffle=True, random_state=self.random_state)
        return CalibratedClassifierCV(super().model(), method="sigmoid", cv=folds)


@detector(
    "gradient-boosting-calibrated",
    uses=("profile", "timing", "text", "content", "network"),
    cites=(
        f"{CITES}; calibration after Platt 1999, Probabilistic Outputs for Support Vector Machines"
    ),
    about=(
        "Gradient boosting on profile, timing, text, content and network with calibrated"
        " probabilities: where scores are to be read as chances."
    ),
    revision=1,
)
def gradient_boosting_calibrated() -> Calibrated:
    """What profiles, posts and edges tell, calibrated."""
    return Calibrated()
