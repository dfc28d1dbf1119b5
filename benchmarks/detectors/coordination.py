"""Coordination networks of reposts, hashtags and near-identical texts within a short time."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.data.accounts import Accounts, Floats
from benchmarks.detectors import FeatureModel, Labels, balanced, detector
from benchmarks.detectors.digital_dna import SORT
from botbench.text.comparing import words_sql

WINDOW = 3600
"""Seconds within which the same text counts as posted together."""
CROWD = 0.5
"""A trait of more than half of the accounts is a habit, not coordination."""
TRAITS = {
    # A repost is identified by the post it repeats, or by its text.
    "repost": (
        "SELECT position, coalesce(ref_post, md5_number_lower(text)) AS trait FROM mine WHERE"
        f" {SORT} = 'repost'"
    ),
    "hashtag": (
        """
        SELECT position, md5_number_lower(lower(tag)) AS trait FROM (
            SELECT position, unnest(coalesce(
                hashtags, regexp_extract_all(text, '#([\\p{L}\\p{M}\\p{N}_]+)', 1))) AS tag
            FROM mine)"""
    ),
    # Windows that overlap by half: two posts less than half a window apart meet in one of them.
    "text": (
        f"""
        SELECT position, md5_number_lower(concat_ws(
                   ':', words, shift,
                   (epoch(created_at) + shift * {WINDOW // 2})::BIGINT // {WINDOW})) AS trait
        FROM (
                SELECT position, created_at, {words_sql("text")} AS words FROM mine
                WHERE {SORT} <> 'repost'),
             (VALUES (0), (1)) AS halves(shift)
        WHERE length(words) >= 12 AND created_at IS NOT NULL"""
    ),
}


def similarity(accounts: Accounts, trait: str) -> Any:
    """Similarity of accounts in one trait: cosine of TF-IDF, sparse float64[n, n], empty diagonal.

    Traits of one account only, or of more than half of those that have any, connect no accounts.
    """
    from scipy.sparse import csr_array

    n = len(accounts)
    if accounts.posts is None:
        return csr_array((n, n))
    table = accounts.posts.query(f"""
        SELECT position, trait, count(*)::DOUBLE AS n FROM ({TRAITS[trait]}) WHERE trait IS NOT NULL
        GROUP BY position, trait ORDER BY position, trait""")
    position, times = table["position"].to_numpy(), table["n"].to_numpy()
    _, column, holders = np.unique(
        table["trait"].to_numpy(), return_inverse=True, return_counts=True
    )
    active = max(len(np.unique(position)), 1)
    weight = np.log(active / holders) * (holders > 1) * (holders <= max(CROWD * active, 2))
    vectors = csr_array((times * weight[column], (position, column)), shape=(n, len(holders)))
    length = np.sqrt(np.asarray(vectors.multiply(vectors).sum(axis=1)).ravel())
    unit = csr_array(
        (
            vectors.data / np.repeat(np.where(length > 0, length, 1), np.diff(vectors.indptr)),
            vectors.indices,
            vectors.indptr,
        ),
        shape=vectors.shape,
    )
    alike = csr_array(unit @ unit.T)
    alike.setdiag(0)
    alike.eliminate_zeros()
    return alike


def has_posts(accounts: Accounts) -> Any:
    """Which accounts have posts, bool[n]."""
    posted = np.zeros(len(accounts), dtype=np.bool_)
    if accounts.posts is not None:
        posted[
            accounts.posts.query("SELECT DISTINCT position FROM mine ORDER BY position")[
                "position"
            ].to_numpy()
        ] = True
    return posted


@detector(
    "coordination",
    needs=("posts",),
    transductive=True,
    cites=(
        "Pacheco, Hui, Torres-Lugo, Truong, Flammini & Menczer 2021, Uncovering Coordinated"
        " Networks on Social Media: Methods and Case Studies (ICWSM 15),"
        " doi:10.1609/icwsm.v15i1.18075"
    ),
    about=(
        "How alike an account's reposts, hashtags and texts within the hour are to those of the"
        " accounts judged with it."
    ),
    revision=1,
)
class Coordination(FeatureModel):
    """For each trait: the similarity to the most similar account, to all, and how many are more
    similar than a half.

    The paper keeps the edges above a quantile and looks at clusters by eye; here a logistic
    regression weighs them, so that there is a score. It is fitted on the training part's network
    and reads the network of the accounts to be scored.
    """

    def matrix(self, accounts: Accounts, learning: bool = False) -> tuple[tuple[str, ...], Floats]:  # noqa: ARG002
        """Three columns a trait; missing for accounts without posts."""
        columns: dict[str, Floats] = {}
        for trait in TRAITS:
            alike = similarity(accounts, trait)
            most = np.asarray(alike.max(axis=1).todense()).ravel() if len(accounts) else np.empty(0)
            total = np.asarray(alike.sum(axis=1), dtype=np.float64).ravel()
            near = np.asarray((alike > 0.5).sum(axis=1), dtype=np.float64).ravel()
            columns |= {
                f"{trait}_most": most,
                f"{trait}_total": np.log1p(total),
                f"{trait}_near": np.log1p(near),
            }
        values = np.column_stack(list(columns.values())).astype(np.float64)
        values[~has_posts(accounts)] = np.nan
        return tuple(columns), values

    def model(self) -> Any:
        """Scaled, then a regression."""
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        return make_pipeline(
            StandardScaler(), LogisticRegression(max_iter=1000, random_state=self.random_state)
        )

    def weights(self, accounts: Accounts, y: Labels) -> Floats:  # noqa: ARG002, the contract's signature
        """Both classes count alike."""
        return balanced(y)
