"""Standard classifiers tuned inside the training part, as baselines of our detectors."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from benchmarks.data.accounts import Accounts, Floats
from benchmarks.data.folds import few
from benchmarks.detectors import FeatureModel, Labels, detector
from benchmarks.detectors.tuning import BUDGET, level, merged, splits, worth

CITES = (
    "Cawley & Talbot 2010, On Over-fitting in Model Selection (JMLR 11): choose inside the training"
    " part; classifiers as in scikit-learn"
)
USES = ("profile", "timing", "text", "content", "network", "domains")
INNER = 400
"""Accounts of each data set and class that inner splits see."""


class Tuned(FeatureModel):
    """The best of at most `BUDGET` configurations on inner splits.

    Training data sets and classes have equal weight.
    """

    def candidates(self) -> list[Any]:
        """Unfitted classifiers or pipelines to choose from."""
        raise NotImplementedError

    def fit(self, accounts: Accounts, y: Labels) -> Self:
        """Choose, then fit the chosen one on everything."""
        self.begin(y)
        self.choice_ = self._chosen(accounts, y)
        return super().fit(accounts, y)

    def model(self) -> Any:
        """The chosen configuration."""
        return self.candidates()[self.choice_]

    def weights(self, accounts: Accounts, y: Labels) -> Floats:
        """Alike for each data set and class."""
        return level(merged(accounts.domains, y), y)

    def _chosen(self, accounts: Accounts, y: Labels) -> int:
        domains = merged(accounts.domains, y)
        rows = few(domains, y, INNER, self.random_state)
        candidates = self.candidates()
        assert len(candidates) <= BUDGET
        tried = [
            [
                self._tried(
                    accounts.take(rows[a]), y[rows[a]], accounts.take(rows[b]), y[rows[b]], i
                )
                for a, b in splits(domains[rows], y[rows], self.random_state)
            ]
            for i in range(len(candidates))
        ]
        return int(np.argmax([np.mean(values or [0.0]) for values in tried]))

    def _tried(
        self, seen: Accounts, y: Labels, held: Accounts, truth: Labels, choice: int
    ) -> float:
        one = type(self)(self.random_state)
        one.choice_ = choice
        return worth(truth, FeatureModel.fit(one, seen, y).predict_proba(held)[:, 1])


@detector(
    "random-forest-tuned",
    uses=USES,
    cites=CITES,
    about=(
        "A random forest on profile, timing, text, content and network, its leaves and features a"
        " split tuned inside the training part."
    ),
    revision=1,
)
class TunedForest(Tuned):
    """Leaves of 2 or 20 accounts, the root or half of the features at each split."""

    def candidates(self) -> list[Any]:
        """Four forests."""
        from sklearn.ensemble import RandomForestClassifier

        return [
            RandomForestClassifier(
                100,
                min_samples_leaf=leaf,
                max_features=part,
                n_jobs=1,
                random_state=self.random_state,
            )
            for leaf in (2, 20)
            for part in ("sqrt", 0.5)
        ]


@detector(
    "gradient-boosting-tuned",
    uses=USES,
    cites=CITES,
    about=(
        "Gradient boosting on profile, timing, text, content and network, its length and the size"
        " of its trees tuned inside the training part."
    ),
    revision=1,
)
class TunedBoosting(Tuned):
    """50 or 150 trees of at most 8 or 31 leaves."""

    def candidates(self) -> list[Any]:
        """Four boostings."""
        from sklearn.ensemble import HistGradientBoostingClassifier

        fixed = {"early_stopping": False, "random_state": self.random_state}
        return [
            HistGradientBoostingClassifier(max_iter=n, max_leaf_nodes=leaves, **fixed)
            for n in (50, 150)
            for leaves in (8, 31)
        ]


@detector(
    "logistic-regression-tuned",
    uses=USES,
    cites=CITES,
    about=(
        "Logistic regression on profile, timing, text, content and network, its penalty tuned"
        " inside the training part."
    ),
    revision=1,
)
class TunedRegression(Tuned):
    """Penalties from strong to weak."""

    def candidates(self) -> list[Any]:
        """Four pipelines."""
        from sklearn.impute import SimpleImputer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import FunctionTransformer, StandardScaler

        from benchmarks.detectors.linear import squeeze

        return [
            make_pipeline(
                SimpleImputer(strategy="median"),
                FunctionTransformer(squeeze),
                StandardScaler(),
                LogisticRegression(C=c, max_iter=500, random_state=self.random_state),
            )
            for c in (0.001, 0.01, 0.1, 1.0)
        ]
