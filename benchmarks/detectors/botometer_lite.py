"""BotometerLite: twenty profile features, one of them the likelihood of the handle's bigrams."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from benchmarks.data.accounts import Accounts, Floats
from benchmarks.detectors import FeatureModel, Labels, detector

CITES = (
    "Yang, Varol, Hui & Menczer 2020, Scalable and Generalizable Social Bot Detection through Data"
    " Selection (AAAI 34), doi:10.1609/aaai.v34i01.5460"
)
FEATURES = (
    "posts_total",
    "followers",
    "following",
    "likes_total",
    "listed",
    "default_profile",
    "background_image",
    "verified",
    "posts_total_per_day",
    "followers_per_day",
    "following_per_day",
    "likes_per_day",
    "listed_per_day",
    "followers_following_ratio",
    "handle_length",
    "handle_digits",
    "display_name_length",
    "display_name_digits",
    "bio_length",
)
"""Nineteen of the twenty of Yang et al., Table 2, by our names; the twentieth is
`handle_likelihood`.
"""
LIKELIHOOD = "handle_likelihood"
LETTERS = 63
"""What a handle may hold: A to Z, a to z, 0 to 9 and the underscore."""


class Bigrams:
    """The likelihood of handles' letter pairs: geometric mean of probabilities in fitted handles.

    Each possible pair starts at a count of one, so that none is impossible.
    """

    def fit(self, handles: list[str]) -> Self:
        """Count the pairs of the handles."""
        self.vocabulary_, counts = self._count(handles)
        self.total_ = np.asarray(counts.sum(axis=0), dtype=np.float64).ravel()
        return self

    def likelihood(self, handles: list[str], own: bool = False) -> Floats:
        """The likelihood, float64[n], NaN for handles of fewer than two letters.

        `own` first subtracts each handle's pairs from the counts.

        >>> fitted = Bigrams().fit(["aaa", "aab"])
        >>> fitted.likelihood(["aa"]).round(6).tolist()  # (3 + 1) / (4 + 63 * 63)
        [0.001007]
        """
        _, counts = self._count(handles, self.vocabulary_)
        pairs = np.asarray(counts.sum(axis=1), dtype=np.float64).ravel()
        length = np.array([max(len(h) - 1, 0) for h in handles], dtype=np.float64)
        cells = counts.tocoo()
        mine, all_mine = (
            (cells.data, pairs) if own else (np.zeros(len(cells.data)), np.zeros(len(handles)))
        )
        total = self.total_.sum() + LETTERS**2
        logs = np.log(self.total_[cells.col] - mine + 1) * cells.data
        seen = np.bincount(cells.row, weights=logs, minlength=len(handles))
        # An unseen pair counts one; all pairs of a handle have the same denominator.
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = (seen - length * np.log(total - all_mine)) / length
        return np.where(length > 0, np.exp(mean), np.nan)

    def _count(
        self, handles: list[str], vocabulary: dict[str, int] | None = None
    ) -> tuple[dict[str, int], Any]:
        from scipy.sparse import csr_array
        from sklearn.feature_extraction.text import CountVectorizer

        counter = CountVectorizer(
            analyzer="char", ngram_range=(2, 2), lowercase=False, vocabulary=vocabulary
        )
        if vocabulary == {} or (vocabulary is None and not any(len(h) > 1 for h in handles)):
            return {}, csr_array((len(handles), 0))
        counts = (
            counter.fit_transform(handles) if vocabulary is None else counter.transform(handles)
        )
        return {pair: int(i) for pair, i in counter.vocabulary_.items()}, counts


@detector(
    "botometer-lite",
    needs=("followers", "following", "posts_total"),
    uses=(*FEATURES, "handle", "domains"),
    cites=CITES,
    about=(
        "The twenty profile features of BotometerLite in a random forest; letter pairs counted in"
        " the training part only."
    ),
    revision=1,
)
class BotometerLite(FeatureModel):
    """A random forest of 100 trees.

    The paper chooses, of 247 combinations of its data sets, the one that does best on others. Here
    the choice is among the training part's own: with three or more, one whose forest does worse
    than chance on the rest is left out.
    """

    def model(self) -> Any:
        """The forest, one thread."""
        from sklearn.ensemble import RandomForestClassifier

        return RandomForestClassifier(100, n_jobs=1, random_state=self.random_state)

    def fit(self, accounts: Accounts, y: Labels) -> Self:
        """Choose the data sets that teach, then fit on them."""
        self.begin(y)
        kept = self._selected(accounts, y)
        super().fit(accounts.take(kept), y[kept])
        return self

    def matrix(self, accounts: Accounts, learning: bool = False) -> tuple[tuple[str, ...], Floats]:
        """The nineteen features as far as they are there, and the likelihood of the handle."""
        chosen = [i for i, name in enumerate(accounts.names) if name in FEATURES]
        likelihood = self._likelihood(accounts, learning)
        return (*(accounts.names[i] for i in chosen), LIKELIHOOD), np.column_stack(
            [accounts.values[:, chosen], likelihood]
        )

    def _likelihood(self, accounts: Accounts, learning: bool) -> Floats:
        written = (
            accounts.columns["handle"].to_pylist()
            if "handle" in accounts.columns
            else [None] * len(accounts)
        )
        handles = [handle or "" for handle in written]
        if learning:
            self.bigrams_ = Bigrams().fit(handles)
        return self.bigrams_.likelihood(handles, own=learning)

    def _selected(self, accounts: Accounts, y: Labels, most: int = 2000) -> Any:
        """Rows of the training data sets that teach something which holds on the others."""
        everyone = np.arange(len(y))
        teachers = (
            []
            if accounts.domains is None
            else [
                d
                for d in np.unique(accounts.domains)
                if len(np.unique(y[accounts.domains == d])) == 2
            ]
        )
        if accounts.domains is None or len(teachers) < 3:
            return everyone
        rng = np.random.default_rng(self.random_state)
        few = {d: rng.permutation(np.flatnonzero(accounts.domains == d))[:most] for d in teachers}
        dropped = [d for d in teachers if self._elsewhere(accounts, y, few, d) < 0.5]
        return (
            np.flatnonzero(~np.isin(accounts.domains, dropped))
            if len(dropped) < len(teachers)
            else everyone
        )

    def _elsewhere(self, accounts: Accounts, y: Labels, few: dict[Any, Any], teacher: Any) -> float:
        """Mean ROC AUC on the other data sets of a forest taught by one."""
        from sklearn.metrics import roc_auc_score

        if len(np.unique(y[few[teacher]])) < 2:
            return 1.0
        alone = BotometerLite(self.random_state)
        FeatureModel.fit(alone, accounts.take(few[teacher]), y[few[teacher]])
        tested = [rows for d, rows in few.items() if d != teacher and len(np.unique(y[rows])) == 2]
        return float(
            np.mean(
                [roc_auc_score(y[r], alone.predict_proba(accounts.take(r))[:, 1]) for r in tested]
                or [1.0]
            )
        )
