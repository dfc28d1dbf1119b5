"""Isolation forest: no label is learnt from; what is unlike the rest is called a bot."""

from __future__ import annotations

from typing import Self

import numpy as np

from benchmarks.data.accounts import Accounts, Floats
from benchmarks.detectors import FeatureModel, Labels, detector


@detector(
    "isolation-forest",
    uses=("profile", "timing", "text", "content"),
    cites="Liu, Ting & Zhou 2008, Isolation Forest (ICDM), doi:10.1109/ICDM.2008.17",
    about=(
        "How easily an account is parted from the others by random cuts; labels serve for the"
        " threshold only."
    ),
    revision=1,
)
class IsolationForestDetector(FeatureModel):
    """The score is the share of training accounts that are less anomalous: bots are taken to be the
    odd ones, right or wrong.
    """

    def fit(self, accounts: Accounts, y: Labels) -> Self:
        """Fit on training accounts with any evidence; missing values get the median."""
        from sklearn.ensemble import IsolationForest

        self.begin(y)
        self.features_ = np.flatnonzero(~np.isnan(accounts.values).all(axis=0))
        values = accounts.values[:, self.features_]
        has_values = (
            ~np.isnan(values).all(axis=1)
            if len(self.features_)
            else np.zeros(len(values), dtype=bool)
        )
        self.model_ = None
        if has_values.any():
            self.median_ = np.nanmedian(values, axis=0)
            self.model_ = IsolationForest(random_state=self.random_state).fit(
                self._filled(values[has_values])
            )
            self.odd_ = np.sort(-self.model_.score_samples(self._filled(values[has_values])))
        return self

    def _filled(self, values: Floats) -> Floats:
        return np.where(np.isnan(values), self.median_, values)

    def predict_proba(self, accounts: Accounts) -> Floats:
        """float64[n, 2]."""
        values = accounts.values[:, self.features_]
        p = np.full(len(accounts), self.share_)
        has_values = (
            ~np.isnan(values).all(axis=1)
            if self.model_ is not None
            else np.zeros(len(values), dtype=bool)
        )
        if self.model_ is not None and has_values.any():
            odd = -self.model_.score_samples(self._filled(values[has_values]))
            p[has_values] = np.searchsorted(self.odd_, odd, side="right") / (len(self.odd_) + 1)
        return np.column_stack([1 - p, p])
