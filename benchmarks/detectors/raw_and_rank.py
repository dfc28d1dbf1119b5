"""Ours: evidence as values and as ranks within its data set.

Some evidence transfers only as one or the other.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from benchmarks.data.accounts import Accounts, Floats, Rows
from benchmarks.detectors import HALF, Detector, Labels, detector, varies
from benchmarks.detectors.tuning import BUDGET, few, level, merged, splits, worth

MEMBERS = {"forest": False, "boosting": False, "ranked forest": True, "ranked regression": True}
"""The ensemble's members, and whether each reads ranks."""
CHOICES = (
    tuple(MEMBERS),
    ("forest", "boosting"),
    ("ranked forest", "ranked regression"),
    ("forest", "ranked regression"),
)
"""Ensembles to choose from, as many as every tuned detector may try."""
MOST, INNER = 1500, 400
"""Accounts of each data set and class that are learnt from, and that inner splits see."""
BATCH = 30
"""Accounts from which on a batch has ranks of its own; smaller ones are ranked among the training
accounts.
"""


def ranked(values: Floats, domains: Rows) -> Floats:
    """Each value's rank in its domain, from 0 to 1 (ties share the middle); NaN stays NaN.

    >>> values = np.array([[5.0], [7.0], [7.0], [1.0]])
    >>> ranked(values, np.array([0, 0, 0, 1])).round(3).ravel().tolist()
    [0.167, 0.667, 0.667, 0.5]
    """
    from scipy.stats import rankdata

    places = np.full(values.shape, np.nan)
    for domain in np.unique(domains):
        rows = np.flatnonzero(domains == domain)
        there = (~np.isnan(values[rows])).sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            places[rows] = (rankdata(values[rows], axis=0, nan_policy="omit") - 0.5) / there
    places[np.isnan(values)] = np.nan
    return places


@detector(
    "raw-and-rank",
    uses=("profile", "timing", "text", "content", "network", "domains"),
    threshold=HALF,
    transductive=True,
    cites=(
        "botbench; ranks within a data set after Sun & Saenko 2016, Deep CORAL (ECCV workshops):"
        " align before comparing; leave-one-domain-out choice after Gulrajani & Lopez-Paz 2021, In"
        " Search of Lost Domain Generalization (ICLR)"
    ),
    about=(
        "Ours: forests, boosting and a regression on values and on ranks within the data set; every"
        " data set counts alike."
    ),
    revision=1,
)
class RawAndRank(Detector):
    """The mean logit of a few models; which of them is chosen by leaving training data sets out in
    turn.

    A value means something by itself (a million followers) and by its place among the accounts it
    was collected with (more followers than most of them). Ranks undo what differs between
    collections, values keep what ranks lose. Every data set, and in it every class, counts alike.
    The accounts to be scored are ranked among themselves: it is transductive.
    """

    def __init__(self, random_state: int | None = None) -> None:
        self.random_state = random_state

    def fit(self, accounts: Accounts, y: Labels) -> Self:
        """Choose the ensemble on inner splits, then fit it."""
        self.begin(y)
        with_values = np.flatnonzero(~np.isnan(accounts.values).all(axis=1))
        domains = merged(
            None if accounts.domains is None else accounts.domains[with_values], y[with_values]
        )
        values, labels = accounts.values[with_values], y[with_values]
        self.features_ = np.flatnonzero(varies(values))
        self.models_: dict[str, tuple[Any, Rows]] = {}
        if len(np.unique(labels)) < 2 or not len(self.features_):
            return self
        rows = few(domains, labels, MOST, self.random_state)
        values, domains, labels = values[rows][:, self.features_], domains[rows], labels[rows]
        self.chosen_ = self._chosen(values, domains, labels)
        self.models_ = self._fitted(CHOICES[self.chosen_], values, domains, labels)
        self.taught_ = np.sort(values, axis=0)
        return self

    def _chosen(self, values: Floats, domains: Rows, y: Labels) -> int:
        """The best choice on training data sets left out in turn; each member is fitted once."""
        assert len(CHOICES) <= BUDGET
        rows = few(domains, y, INNER, self.random_state)
        values, domains, y = values[rows], domains[rows], y[rows]
        tried = []
        for a, b in splits(domains, y, self.random_state):
            models = self._fitted(tuple(MEMBERS), values[a], domains[a], y[a])
            places = ranked(values[b], np.zeros(len(b), dtype=np.int64))
            scores = {
                name: self._logit(model, places if MEMBERS[name] else values[b])
                for name, model in models.items()
            }
            tried.append(
                [
                    worth(y[b], _probability(np.mean([scores[name] for name in choice], axis=0)))
                    for choice in CHOICES
                ]
            )
        return int(np.argmax(np.mean(tried, axis=0))) if tried else 0

    def _fitted(
        self, names: tuple[str, ...], values: Floats, domains: Rows, y: Labels
    ) -> dict[str, tuple[Any, Rows]]:
        """Each fitted member with its columns; a feature without two values is left out."""
        columns = np.flatnonzero(varies(values))
        places, weights = ranked(values[:, columns], domains), level(domains, y)
        seen = {True: places, False: values[:, columns]}
        return {
            name: (
                self._member(name).fit(seen[MEMBERS[name]], y, **_weighted(name, weights)),
                columns,
            )
            for name in names
        }

    def _member(self, name: str) -> Any:
        from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
        from sklearn.impute import SimpleImputer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline

        if name.endswith("forest"):
            return RandomForestClassifier(
                100, min_samples_leaf=5, n_jobs=1, random_state=self.random_state
            )
        if name == "boosting":
            return HistGradientBoostingClassifier(
                early_stopping=False, random_state=self.random_state
            )
        middle = SimpleImputer(strategy="constant", fill_value=0.5, keep_empty_features=True)
        return make_pipeline(
            middle, LogisticRegression(C=0.1, max_iter=1000, random_state=self.random_state)
        )

    def predict_proba(self, accounts: Accounts) -> Floats:
        """float64[n, 2]; 0.5 is the threshold."""
        p = np.full(len(accounts), self.share_)
        values = accounts.values[:, self.features_]
        has_values = (
            ~np.isnan(values).all(axis=1)
            if len(self.features_)
            else np.zeros(len(values), dtype=bool)
        )
        if self.models_ and has_values.any():
            values = values[has_values]
            places = (
                ranked(values, np.zeros(len(values), dtype=np.int64))
                if len(values) >= BATCH
                else self._among_taught(values)
            )
            scores = [
                self._logit(model, places if MEMBERS[name] else values)
                for name, model in self.models_.items()
            ]
            p[has_values] = _probability(np.mean(scores, axis=0))
        return np.column_stack([1 - p, p])

    def _among_taught(self, values: Floats) -> Floats:
        """Places among the training accounts, for batches too small to have places of their own."""
        places = np.full(values.shape, np.nan)
        for j, taught in enumerate(self.taught_.T):
            there = taught[~np.isnan(taught)]
            below, up_to = (
                np.searchsorted(there, values[:, j], side) for side in ("left", "right")
            )
            places[:, j] = (below + up_to) / 2 / len(there)
        places[np.isnan(values)] = np.nan
        return places

    def _logit(self, fitted: tuple[Any, Rows], values: Floats) -> Floats:
        model, columns = fitted
        p = np.clip(model.predict_proba(values[:, columns])[:, 1], 0.02, 0.98)
        return np.asarray(np.log(p / (1 - p)), dtype=np.float64)

    def explain(self) -> str | None:
        """Which ensemble was chosen."""
        return " + ".join(CHOICES[self.chosen_]) if self.models_ else None


def _weighted(name: str, weights: Floats) -> dict[str, Floats]:
    return {
        (
            "logisticregression__sample_weight" if name.endswith("regression") else "sample_weight"
        ): weights
    }


def _probability(logit: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-logit)), dtype=np.float64)
