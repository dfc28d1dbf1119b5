"""The floor under every detector: the same score for everybody."""

from __future__ import annotations

from typing import Self

import numpy as np

from benchmarks.data.accounts import Accounts, Floats
from benchmarks.detectors import HALF, Detector, Labels, detector


@detector(
    "constant",
    floor=True,
    threshold=HALF,
    cites="none: the base rate",
    about=(
        "Says the training part's share of bots for every account, so calls all of them what most"
        " were."
    ),
    revision=1,
)
class Constant(Detector):
    """The training share of bots as everybody's score."""

    def fit(self, accounts: Accounts, y: Labels) -> Self:  # noqa: ARG002, the contract's signature
        """Keep the share of bots."""
        self.begin(y)
        return self

    def predict_proba(self, accounts: Accounts) -> Floats:
        """The share, n times."""
        return np.tile([1 - self.share_, self.share_], (len(accounts), 1))
