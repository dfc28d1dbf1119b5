"""Digital DNA: posts as a string of letters, compared by common substrings and compression."""

from __future__ import annotations

import zlib
from typing import Any, Self

import numpy as np

from benchmarks.data.accounts import Accounts, Floats
from benchmarks.data.thresholds import best_balanced_accuracy
from benchmarks.detectors import HALF, Detector, FeatureModel, Labels, detector
from benchmarks.detectors.suffixes import Suffixes, grid

CRESCI = (
    "Cresci, Di Pietro, Petrocchi, Spognardi & Tesconi 2016, DNA-Inspired Online Behavioral"
    " Modeling and Its Application to Spambot Detection (IEEE Intelligent Systems 31),"
    " doi:10.1109/MIS.2016.29"
)
PASRICHA = (
    "Pasricha & Hayes 2019, Detecting Bot Behaviour in Social Media Using Digital DNA Compression"
    " (AICS), after Cresci et al. 2016, doi:10.1109/MIS.2016.29"
)
SORT = """CASE WHEN kind IS NOT NULL AND kind <> 'unknown' THEN kind
               WHEN text LIKE 'RT @%' THEN 'repost'
               WHEN text LIKE '@%' THEN 'reply' WHEN text IS NULL THEN NULL ELSE 'original' END"""
HAS = {
    "U": "coalesce(len(urls) > 0, contains(text, 'http'))",
    "H": "coalesce(len(hashtags) > 0, contains(text, '#'))",
    "M": "coalesce(len(mentions) > 0, contains(text, '@'))",
}
ALPHABETS = {
    # Behaviour: a plain post, a reply, a repost.
    "B3": f"CASE {SORT} WHEN 'repost' THEN 'T' WHEN 'reply' THEN 'C' ELSE 'A' END",
    # Content: nothing, a link (also the paper's media), a hashtag, a mention, several of these.
    "B6": (
        f"""
        CASE {" + ".join(f"({test})::INT" for test in HAS.values())}
        WHEN 0 THEN 'N'
        WHEN 1 THEN CASE {" ".join(f"WHEN {test} THEN '{letter}'" for letter, test in HAS.items())}
                    END
        ELSE 'X' END"""
    ),
}
ACTIONS = 1000
"""Latest posts of an account that are read."""
SHARES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2)
"""How much of the batch must hold a substring, to choose from; at least two accounts."""


def strings(accounts: Accounts, alphabet: str) -> list[str]:
    """Each account's latest posts by time, one letter a post; an empty string without posts."""
    sequences = np.full(len(accounts), "", dtype=np.object_)
    if accounts.posts is not None:
        letter = ALPHABETS[alphabet]
        table = accounts.posts.query(f"""
            SELECT position, string_agg(letter, '' ORDER BY created_at, letter) AS dna
            FROM (
                SELECT position, created_at, {letter} AS letter FROM mine
                WHERE created_at IS NOT NULL
                QUALIFY row_number() OVER (
                    PARTITION BY position ORDER BY created_at DESC, letter) <= {ACTIONS})
            GROUP BY position ORDER BY position""")
        sequences[table["position"].to_numpy()] = table["dna"].to_numpy(zero_copy_only=False)
    return [str(s) for s in sequences]


class DigitalDna(Detector):
    """Bot if an account shares a long enough substring with a large enough part of the accounts.

    The part (`SHARES`) and the length are chosen on the training part, by balanced accuracy. The
    score is length / (length + limit), 0.5 at the limit. An account without posts gets the training
    part's share of bots.
    """

    def __init__(self, alphabet: str = "B3") -> None:
        self.alphabet = alphabet

    def fit(self, accounts: Accounts, y: Labels) -> Self:
        """Choose part and length."""
        self.begin(y)
        dna = strings(accounts, self.alphabet)
        posted = np.array([bool(s) for s in dna])
        self.part_, self.limit_ = SHARES[0], np.inf
        if len(np.unique(y[posted])) < 2:
            return self
        best, suffixes = -1.0, self._suffixes(dna, posted)
        for part in SHARES:
            length = self._lengths(suffixes, part)
            limit = best_balanced_accuracy(length, y[posted])
            bot = length >= limit
            value = bot[y[posted] == 1].mean() + 1 - bot[y[posted] == 0].mean()
            if value > best:
                best, self.part_, self.limit_ = value, part, max(limit, 0.5)
        return self

    def _suffixes(self, dna: list[str], posted: Any) -> Suffixes:
        return Suffixes(
            [
                np.frombuffer(s.encode(), dtype=np.uint8)
                for s, has in zip(dna, posted, strict=True)
                if has
            ]
        )

    def _lengths(self, suffixes: Suffixes, part: float) -> Floats:
        k = max(2, int(np.ceil(part * suffixes.strings)))
        longest = int(suffixes.left.max()) if len(suffixes.left) else 0
        return suffixes.shared_with(k, grid(longest)).astype(np.float64)

    def predict_proba(self, accounts: Accounts) -> Floats:
        """float64[n, 2]; the substrings are looked for among exactly these accounts."""
        dna = strings(accounts, self.alphabet)
        posted = np.array([bool(s) for s in dna], dtype=np.bool_)
        p = np.full(len(accounts), self.share_)
        if np.isfinite(self.limit_) and posted.sum() > 1:
            length = self._lengths(self._suffixes(dna, posted), self.part_)
            p[posted] = length / (length + self.limit_)
        return np.column_stack([1 - p, p])


class DnaCompression(FeatureModel):
    """Logistic regression on a string's length, its compressed length, and their ratio."""

    def __init__(self, alphabet: str = "B3", random_state: int | None = None) -> None:
        super().__init__(random_state)
        self.alphabet = alphabet

    def matrix(self, accounts: Accounts, learning: bool = False) -> tuple[tuple[str, ...], Floats]:  # noqa: ARG002
        """Three columns; missing without posts."""
        dna = strings(accounts, self.alphabet)
        length = np.array([len(s) or np.nan for s in dna])
        # zlib takes one string at a time.
        packed = np.array([len(zlib.compress(s.encode())) if s else np.nan for s in dna])
        return ("posts", "compressed", "ratio"), np.column_stack(
            [np.log1p(length), np.log1p(packed), length / packed]
        )

    def model(self) -> Any:
        """Scaled, because lengths and ratios differ in size."""
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        return make_pipeline(
            StandardScaler(), LogisticRegression(max_iter=1000, random_state=self.random_state)
        )


@detector(
    "digital-dna-b3",
    needs=("posts",),
    threshold=HALF,
    transductive=True,
    cites=CRESCI,
    published="Cresci",
    about=(
        "How long a sequence of posts, replies and reposts it shares with many of the accounts"
        " judged with it."
    ),
    revision=1,
)
def b3() -> DigitalDna:
    """What sort of post."""
    return DigitalDna("B3")


@detector(
    "digital-dna-b6",
    needs=("posts",),
    threshold=HALF,
    transductive=True,
    cites=CRESCI,
    about=(
        "How long a sequence of posts with links, hashtags, mentions it shares with many of the"
        " accounts judged with it."
    ),
    revision=1,
)
def b6() -> DigitalDna:
    """What is in the post."""
    return DigitalDna("B6")


@detector(
    "dna-compression",
    needs=("posts",),
    cites=PASRICHA,
    about=(
        "How far the sequence of its posts, replies and reposts can be compressed; one account at a"
        " time."
    ),
    revision=1,
)
def compression() -> DnaCompression:
    """Sorts of posts."""
    return DnaCompression("B3")
