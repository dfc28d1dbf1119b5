"""Models of text: the handle's letters, and the words of posts."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from benchmarks.data.accounts import Accounts, Floats
from benchmarks.detectors import Detector, Labels, detector

MOST = 200
"""Posts of an account that are read."""


class TextModel(Detector):
    """TF-IDF and a logistic regression over one document an account.

    An account without a document gets the share of bots.
    """

    def documents(self, accounts: Accounts) -> NDArray[np.object_]:
        """A text for each account, object[n], or None."""
        raise NotImplementedError

    def vectorizer(self) -> Any:
        """The unfitted vectoriser of documents."""
        raise NotImplementedError

    def fit(self, accounts: Accounts, y: Labels) -> Self:
        """Vocabulary, weights and regression from the training part's documents only."""
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline

        self.begin(y)
        documents = self.documents(accounts)
        with_text = np.flatnonzero(documents != None)  # noqa: E711, elementwise
        self.model_ = None
        if len(np.unique(y[with_text])) == 2:
            regression = LogisticRegression(
                C=10.0, class_weight="balanced", max_iter=300, random_state=self.random_state
            )
            self.model_ = make_pipeline(self.vectorizer(), regression).fit(
                documents[with_text], y[with_text]
            )
        return self

    def predict_proba(self, accounts: Accounts) -> Floats:
        """float64[n, 2]."""
        proba = np.tile([1 - self.share_, self.share_], (len(accounts), 1))
        documents = self.documents(accounts)
        with_text = np.flatnonzero(documents != None)  # noqa: E711, elementwise
        if self.model_ is not None and len(with_text):
            proba[with_text] = self.model_.predict_proba(documents[with_text])
        return proba


@detector(
    "username",
    needs=("handle",),
    cites=(
        "Beskow & Carley 2019, Its All in a Name: Detecting and Labeling Bots by Their Name"
        " (Computational and Mathematical Organization Theory 25), doi:10.1007/s10588-018-09290-1"
    ),
    about=(
        "Pairs and triples of the handle's characters, TF-IDF, logistic regression: the name is all"
        " it sees."
    ),
    revision=1,
)
class Username(TextModel):
    """The paper's character n-grams; its labels were random-string names, here they are the data
    set's.
    """

    def documents(self, accounts: Accounts) -> NDArray[np.object_]:
        """The handles as they are written."""
        return np.asarray(
            accounts.column("handle").to_numpy(zero_copy_only=False), dtype=np.object_
        )

    def vectorizer(self) -> Any:
        """Pairs and triples of characters, case kept, each once a name."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        return TfidfVectorizer(
            analyzer="char", ngram_range=(2, 3), lowercase=False, max_features=20_000, binary=True
        )


@detector(
    "text-tfidf",
    needs=("posts",),
    cites=(
        "Salton & Buckley 1988, Term-Weighting Approaches in Automatic Text Retrieval (Information"
        " Processing & Management 24)"
    ),
    about=(
        "Words and pairs of words of up to 200 posts, TF-IDF, logistic regression: the baseline of"
        " every text model."
    ),
    revision=1,
)
class TextTfidf(TextModel):
    """Links and mentioned names are one word each: who is mentioned would tell the data set, not
    the bot.
    """

    def documents(self, accounts: Accounts) -> NDArray[np.object_]:
        """The texts of an account's posts, joined; up to 200 posts.

        Which are read depends on the texts alone.
        """
        documents = np.full(len(accounts), None, dtype=np.object_)
        if accounts.posts is None:
            return documents
        table = accounts.posts.query(f"""
            SELECT position, string_agg(
                regexp_replace(regexp_replace(text, 'https?://\\S+', ' linkword ', 'g'),
                               '[@\uff20]\\w+', ' nameword ', 'g'),
                ' ' ORDER BY h, text) AS document
            FROM (SELECT position, text, md5_number_lower(text) AS h FROM mine
                  WHERE text IS NOT NULL
                  QUALIFY row_number() OVER (PARTITION BY position ORDER BY h, text) <= {MOST})
            GROUP BY position ORDER BY position""")
        documents[table["position"].to_numpy()] = table["document"].to_numpy(zero_copy_only=False)
        return documents

    def vectorizer(self) -> Any:
        """Words and pairs, hashed into 2^18 places to limit memory."""
        from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
        from sklearn.pipeline import make_pipeline

        return make_pipeline(
            HashingVectorizer(
                n_features=2**18, ngram_range=(1, 2), alternate_sign=False, norm=None
            ),
            TfidfTransformer(sublinear_tf=True),
        )
