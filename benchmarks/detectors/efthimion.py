"""Efthimion, Payne & Proferes: yes-or-no questions on the profile in a logistic regression."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.data.accounts import Accounts, Floats
from benchmarks.detectors import FeatureModel, detector

CITES = (
    "Efthimion, Payne & Proferes 2018, Supervised Machine Learning Bot Detection Techniques to"
    " Identify Social Twitter Bots (SMU Data Science Review 1:2)"
)
USES = (
    "default_avatar",
    "display_name_length",
    "has_location",
    "bio_length",
    "bio_has_url",
    "lang",
    "duplicate_text_share",
)


def _yes(known: Floats, answer: Any) -> Floats:
    """1 and 0, NaN if unknown."""
    return np.where(np.isnan(known), np.nan, np.asarray(answer, dtype=np.float64))


@detector(
    "efthimion",
    needs=("followers", "following", "posts_total"),
    uses=USES,
    cites=CITES,
    published="Efthimion et al.",
    about=(
        "Thirteen yes-or-no questions about the profile and repeated posts, in a logistic"
        " regression."
    ),
    revision=1,
)
class Efthimion(FeatureModel):
    """The paper's questions; whether posts repeat stands for the distance between tweets,
    geolocation for the place named.
    """

    def matrix(self, accounts: Accounts, learning: bool = False) -> tuple[tuple[str, ...], Floats]:  # noqa: ARG002
        """One column a question, as far as the data can answer it."""
        asked = self._questions(accounts)
        return tuple(asked), np.column_stack(list(asked.values()))

    def _questions(self, accounts: Accounts) -> dict[str, Floats]:
        def of(name: str) -> Floats:
            return (
                accounts.feature(name) if name in accounts.names else np.full(len(accounts), np.nan)
            )

        followers, following, posts, bio = (
            of("followers"),
            of("following"),
            of("posts_total"),
            of("bio_length"),
        )
        both = followers + following
        return {
            "no picture": of("default_avatar"),
            "no name": _yes(of("display_name_length"), of("display_name_length") == 0),
            "under 30 followers": _yes(followers, followers < 30),
            "over 1,000 followers": _yes(followers, followers > 1000),
            "no place": 1 - of("has_location"),
            "not English": self._not_english(accounts),
            "link in the bio": of("bio_has_url"),
            "no bio": _yes(bio, bio == 0),
            "under 50 posts": _yes(posts, posts < 50),
            "never posted": _yes(posts, posts == 0),
            "follows twice its followers": _yes(both, following >= 2 * followers),
            "follows fifty times its followers": _yes(both, following >= 50 * followers),
            "follows a hundred times its followers": _yes(both, following >= 100 * followers),
            "repeats posts": _yes(of("duplicate_text_share"), of("duplicate_text_share") > 0),
        }

    def _not_english(self, accounts: Accounts) -> Floats:
        if "lang" not in accounts.columns:
            return np.full(len(accounts), np.nan)
        lang = accounts.column("lang").to_pylist()
        return np.array(
            [np.nan if code is None else float(not code.lower().startswith("en")) for code in lang],
            dtype=np.float64,
        )

    def model(self) -> Any:
        """Impute the most frequent answer, then fit the paper's regression.

        The paper's other model is an SVM.
        """
        from sklearn.impute import SimpleImputer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline

        regression = LogisticRegression(max_iter=1000, random_state=self.random_state)
        return make_pipeline(SimpleImputer(strategy="most_frequent"), regression)
