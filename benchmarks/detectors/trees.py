"""Shallow trees on profile features: what one question, and four in a row, can do."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.detectors import FeatureModel, detector

HAYS = (
    "Hays, Schutzman, Raghavan, Walk & Zimmer 2023, Simplistic Collection and Labeling Practices"
    " Limit the Utility of Benchmark Datasets for Twitter Bot Detection (WWW)"
)


class ShallowTree(FeatureModel):
    """A decision tree of at most `depth` questions in a row.

    Missing values take the branch that separates the classes best.
    """

    def __init__(self, depth: int = 1, random_state: int | None = None) -> None:
        super().__init__(random_state)
        self.depth = depth

    def model(self) -> Any:
        """scikit-learn's tree with its defaults but for the depth, as in the source."""
        from sklearn.tree import DecisionTreeClassifier

        return DecisionTreeClassifier(max_depth=self.depth, random_state=self.random_state)

    def explain(self) -> str | None:
        """The first question, such as `posts_total <= 83.5`."""
        if self.model_ is None:
            return None
        tree = self.model_.tree_
        if tree.feature[0] < 0:
            return None
        return f"{self.names_[tree.feature[0]]} <= {np.float64(tree.threshold[0]):.4g}"


@detector(
    "one-question-tree",
    needs=("profile",),
    floor=True,
    cites=HAYS,
    about=(
        "The best single question about the profile (a decision tree of depth 1): the shortcut row."
    ),
    revision=1,
)
def one_question_tree() -> ShallowTree:
    """Depth 1."""
    return ShallowTree(1)


@detector(
    "depth-4-tree",
    needs=("profile",),
    cites=HAYS,
    about="At most four questions in a row about the profile (a decision tree of depth 4).",
    revision=1,
)
def depth_4_tree() -> ShallowTree:
    """Depth 4."""
    return ShallowTree(4)
