"""Models on values and on ranks within each data set: the members of our ensembles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from benchmarks.data.accounts import Accounts, Floats, Rows
from benchmarks.data.folds import few
from benchmarks.detectors import Detector, Labels, varies
from benchmarks.detectors.tuning import level, merged

MEMBERS = {"forest": False, "boosting": False, "ranked forest": True, "ranked regression": True}
"""The ensemble's members, and whether each reads ranks."""
MOST = 1500
"""Accounts of each data set and class that are learnt from."""
BATCH = 30
"""Accounts from which on a batch has ranks of its own; smaller ones are ranked among the training
accounts.
"""
Member = tuple[Any, Rows]
"""A fitted model, and the columns that it reads."""


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


def ranked_among(taught: Floats, values: Floats) -> Floats:
    """Each value's rank among the sorted columns `taught`, for batches too small for their own."""
    places = np.full(values.shape, np.nan)
    for j, column in enumerate(taught.T):
        there = column[~np.isnan(column)]
        below, up_to = (np.searchsorted(there, values[:, j], side) for side in ("left", "right"))
        places[:, j] = (below + up_to) / 2 / len(there)
    places[np.isnan(values)] = np.nan
    return places


def fitted_members(
    names: Sequence[str], values: Floats, domains: Rows, y: Labels, seed: int | None
) -> dict[str, Member]:
    """Each fitted member with its columns; a feature without two values is left out.

    Every data set, and in it every class, has the same weight.
    """
    columns = np.flatnonzero(varies(values))
    places, weights = ranked(values[:, columns], domains), level(domains, y)
    seen = {True: places, False: values[:, columns]}
    return {
        name: (model(name, seed).fit(seen[MEMBERS[name]], y, **_weighted(name, weights)), columns)
        for name in names
    }


def member_logits(members: Mapping[str, Member], values: Floats, places: Floats) -> Floats:
    """The logits of each member, float64[members, n], no further out than those of .02 and .98."""
    return np.stack(
        [
            logit(one.predict_proba((places if MEMBERS[name] else values)[:, columns])[:, 1])
            for name, (one, columns) in members.items()
        ]
    )


def logit(p: Floats) -> Floats:
    """The log odds of probabilities, which are first moved into .02 to .98.

    >>> logit(np.array([0.5, 1.0])).round(3).tolist()
    [0.0, 3.892]
    """
    p = np.clip(p, 0.02, 0.98)
    return np.asarray(np.log(p / (1 - p)), dtype=np.float64)


def probability(log_odds: Floats) -> Floats:
    """The probabilities of log odds.

    >>> probability(np.array([0.0])).tolist()
    [0.5]
    """
    return np.asarray(1 / (1 + np.exp(-log_odds)), dtype=np.float64)


def model(name: str, seed: int | None) -> Any:
    """The unfitted model of a member."""
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    if name.endswith("forest"):
        return RandomForestClassifier(100, min_samples_leaf=5, n_jobs=1, random_state=seed)
    if name == "boosting":
        return HistGradientBoostingClassifier(early_stopping=False, random_state=seed)
    middle = SimpleImputer(strategy="constant", fill_value=0.5, keep_empty_features=True)
    return make_pipeline(middle, LogisticRegression(C=0.1, max_iter=1000, random_state=seed))


def _weighted(name: str, weights: Floats) -> dict[str, Floats]:
    step = "logisticregression__" if name.endswith("regression") else ""
    return {f"{step}sample_weight": weights}


class ValueRankEnsemble(Detector):
    """The mean logit of some of the members, which a subclass chooses while it learns."""

    def __init__(self, random_state: int | None = None) -> None:
        self.random_state = random_state

    def choose(self, values: Floats, domains: Rows, y: Labels) -> Sequence[str]:
        """The names of the members to fit, chosen on the training part alone."""
        raise NotImplementedError

    def adapt(self, log_odds: Floats, values: Floats, places: Floats) -> Floats:  # noqa: ARG002, for subclasses
        """The log odds of a batch, float64[n], once more with the whole batch in sight.

        `values` and `places` (ranks) are float64[n, k].
        """
        return log_odds

    def fit(self, accounts: Accounts, y: Labels) -> Self:
        """Choose the members, then fit them."""
        self.begin(y)
        known = np.flatnonzero(~np.isnan(accounts.values).all(axis=1))
        domains = merged(None if accounts.domains is None else accounts.domains[known], y[known])
        values, labels = accounts.values[known], y[known]
        self.features_ = np.flatnonzero(varies(values))
        self.models_: dict[str, Member] = {}
        if len(np.unique(labels)) < 2 or not len(self.features_):
            return self
        rows = few(domains, labels, MOST, self.random_state)
        values, domains, labels = values[rows][:, self.features_], domains[rows], labels[rows]
        names = self.choose(values, domains, labels)
        self.models_ = fitted_members(names, values, domains, labels, self.random_state)
        self.taught_ = np.sort(values, axis=0)
        return self

    def known(self, accounts: Accounts) -> NDArray[np.bool_]:
        """Which accounts have a value that the members read, bool[n]; none before there are any."""
        if not self.models_:
            return np.zeros(len(accounts), dtype=np.bool_)
        there = ~np.isnan(accounts.values[:, self.features_])
        return np.asarray(there.any(axis=1), dtype=np.bool_)

    def plain(self, accounts: Accounts) -> tuple[Floats, Floats, Floats]:
        """Of the accounts that are `known`, in their order: log odds, float64[n], values, ranks."""
        values = accounts.values[self.known(accounts)][:, self.features_]
        if len(values) >= BATCH:
            places = ranked(values, np.zeros(len(values), dtype=np.int64))
        else:
            places = ranked_among(self.taught_, values)
        return member_logits(self.models_, values, places).mean(axis=0), values, places

    def predict_proba(self, accounts: Accounts) -> Floats:
        """float64[n, 2]; 0.5 is the threshold."""
        p = np.full(len(accounts), self.share_)
        known = self.known(accounts)
        if known.any():
            p[known] = probability(self.adapt(*self.plain(accounts)))
        return np.column_stack([1 - p, p])
