"""Trained on what one kind of claimant says, tested where another one has said something."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from benchmarks.data.folds import grouped_folds, smallest_class
from benchmarks.protocols import (
    Facts,
    Fold,
    Kind,
    NotApplicable,
    Plan,
    Pool,
    Protocol,
    alone,
    positive,
    protocol,
)
from botbench.core.errors import UserError

KINDS = ("person", "dataset", "platform", "rule", "model")


@protocol("label-source-shift")
@dataclass(frozen=True)
class LabelSourceShift(Protocol):
    """In each fold the detector learns the `train` claimants' answers, whatever the release's
    labels say, and is judged by the release's labels on accounts whose label the `test` claimants'
    answers agree with.

    Claimants of one kind that contradict each other on an account have said nothing of it.
    """

    revision: ClassVar[int] = 1
    kind: ClassVar[Kind | None] = "other claimant"
    train: str = "person"
    test: str = "dataset"
    folds: int = 5
    seed: int = 0

    def __post_init__(self) -> None:
        positive(self, folds=2, seed=0)
        if self.train not in KINDS or self.test not in KINDS or self.train == self.test:
            raise UserError(f"{self.name}: train and test must be two of {', '.join(KINDS)}.")

    def plans(self, releases: Sequence[Facts]) -> list[Plan]:
        """Each release by itself."""
        return alone(releases, self.name)

    def split(self, pool: Pool) -> Iterator[Fold]:
        """Folds over all accounts: train on claims of one kind, test on those of the other."""
        nobody = np.full(len(pool.y), -1, dtype=np.int8)
        taught, judged = pool.claimed.get(self.train, nobody), pool.claimed.get(self.test, nobody)
        agreed = judged == pool.y
        for name, have in ((self.train, taught >= 0), (self.test, agreed)):
            labels = taught[have] if name == self.train else pool.y[have]
            if smallest_class(labels, pool.group[have]) < self.folds:
                raise NotApplicable(
                    f"claims of the kind {name} name fewer than {self.folds} bots or humans."
                )
        fold = grouped_folds(pool.y, pool.group, self.folds, np.random.default_rng(self.seed))
        for k in range(self.folds):
            train, test = (
                np.flatnonzero((fold != k) & (taught >= 0)),
                np.flatnonzero((fold == k) & agreed),
            )
            if len(test):
                yield Fold(0, k, train, test, labels=taught)
