"""Random forest on profile features."""

from __future__ import annotations

from typing import Any

from benchmarks.detectors import FeatureModel, detector


@detector(
    "random-forest", needs=("profile",), cites="Breiman 2001, Random Forests (Machine Learning 45)",
    about="100 trees on profile features, each leaf of at least two accounts: the field's usual detector.",
)
class RandomForestDetector(FeatureModel):
    """scikit-learn's random forest; missing values go the way that parts the classes best."""

    def __init__(self, trees: int = 100, random_state: int | None = None) -> None:
        super().__init__(random_state)
        self.trees = trees

    def model(self) -> Any:
        """One thread: the bench runs cells side by side instead."""
        from sklearn.ensemble import RandomForestClassifier

        return RandomForestClassifier(self.trees, min_samples_leaf=2, n_jobs=1, random_state=self.random_state)
