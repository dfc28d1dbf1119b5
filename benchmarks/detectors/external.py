"""Predictions made elsewhere, judged like any detector's."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import numpy as np

from benchmarks.data import external_scores
from benchmarks.data.accounts import Accounts, Floats
from benchmarks.detectors import HALF, Detector, Labels, detector
from botbench.core.errors import UserError
from botbench.core.hashing import file_sha256


@detector(
    "external",
    uses=(external_scores.FAMILY,),
    threshold=HALF,
    asks=("file",),
    cites="none: whoever made the file",
    about=(
        "Reads scores from a file with account_id and p_bot (CSV, JSON or Parquet); learns nothing."
    ),
    revision=2,
)
class External(Detector):
    """The file's scores; an account that it lacks gets the training part's share of bots.

    `file` is named relative to the folder the command runs in, so that no path of a machine stands
    on a board; its hash is part of the cell. `threshold` is the file's own where 0 (0.5 where it
    states none). `trained` declares the releases its maker was taught by, separated by commas; a
    file of `botbench predict` says so itself.
    """

    def __init__(self, file: str = "", threshold: float = 0.0, trained: str = "") -> None:
        self.file, self.threshold, self.trained = file, threshold, trained

    def trained_on(self) -> tuple[str, ...]:
        """The declared releases, else those in the file."""
        path = self.scores_file()
        return tuple(filter(None, self.trained.split(","))) or (
            external_scores.declared(path) if path else ()
        )

    def scores_file(self) -> Path | None:
        """The file. Raises UserError for an absolute path."""
        if not self.file:
            return None
        path = Path(self.file)
        if path.is_absolute() or ".." in path.parts:
            raise UserError(
                f"external: name {path.name} relative to the folder you run in (a detector's name"
                " stands on boards, and a path of your machine should not)."
            )
        return path

    def fingerprint(self) -> str:
        """The file's sha256."""
        path = self.scores_file()
        return file_sha256(path) if path else ""

    def rule(self) -> str | None:
        """The threshold given, or the one that the file states."""
        path = self.scores_file()
        stated = self.threshold or (external_scores.threshold_of(path) if path else None)
        return f"fixed({stated:.6f})" if stated else None

    def fit(self, accounts: Accounts, y: Labels) -> Self:  # noqa: ARG002, the contract's signature
        """Keep the share of bots for accounts that the file lacks."""
        self.begin(y)
        return self

    def predict_proba(self, accounts: Accounts) -> Floats:
        """float64[n, 2]."""
        scores = (
            accounts.feature(external_scores.FEATURE)
            if external_scores.FEATURE in accounts.names
            else np.full(len(accounts), np.nan)
        )
        p = np.where(np.isnan(scores), self.share_, scores)
        return np.column_stack([1 - p, p])
