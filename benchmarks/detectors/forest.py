"""Random forests on profile features, every family (after Varol et al.), or post times."""

from __future__ import annotations

from typing import Any

from benchmarks.detectors import FeatureModel, detector


@detector(
    "random-forest",
    needs=("profile",),
    cites="Breiman 2001, Random Forests (Machine Learning 45)",
    about=(
        "100 trees on profile features, each leaf of at least two accounts: the field's usual"
        " detector."
    ),
    revision=1,
)
class RandomForestDetector(FeatureModel):
    """scikit-learn's random forest; missing values go the way that parts the classes best."""

    def __init__(self, trees: int = 100, random_state: int | None = None) -> None:
        super().__init__(random_state)
        self.trees = trees

    def model(self) -> Any:
        """One thread: the bench runs cells side by side instead."""
        from sklearn.ensemble import RandomForestClassifier

        return RandomForestClassifier(
            self.trees, min_samples_leaf=2, n_jobs=1, random_state=self.random_state
        )


@detector(
    "varol-forest",
    uses=("profile", "timing", "text", "content", "network"),
    published="Varol et al.",
    cites=(
        "Varol, Ferrara, Davis, Menczer & Flammini 2017, Online Human-Bot Interactions (ICWSM),"
        " doi:10.1609/icwsm.v11i1.14871"
    ),
    about=(
        "100 trees on profile, timing, text, content and network, after the system behind"
        " Botometer, whose 1,150 features these are not."
    ),
    revision=1,
)
def varol() -> RandomForestDetector:
    """All families."""
    return RandomForestDetector()


@detector(
    "timing-only",
    needs=("timing",),
    cites=(
        "Chavoshi, Hamooni & Mueen 2016, DeBot (ICDM), doi:10.1109/ICDM.2016.0096: times of posts"
        " alone tell bots apart"
    ),
    about=(
        "100 trees on when an account posts, and nothing else; the forest is ours, the idea that"
        " times suffice is cited."
    ),
    revision=1,
)
def timing_only() -> RandomForestDetector:
    """The timing family."""
    return RandomForestDetector()
