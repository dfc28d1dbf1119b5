"""Repeated stratified cross-validation within one release, duplicate groups kept together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.folds import grouped_folds, smallest_class
from benchmarks.protocols import Facts, Fold, NotApplicable, Plan, Pool, Protocol, positive, protocol


@protocol("cross-validation")
@dataclass(frozen=True)
class CrossValidation(Protocol):
    """Every account is scored once in each repeat, by a detector that saw neither it nor its duplicates."""

    folds: int = 5
    repeats: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        positive(self, folds=2, repeats=1, seed=0)

    def plans(self, releases: Sequence[Facts]) -> list[Plan]:
        """Each release by itself; one of a single class has nothing to tell apart."""
        return [Plan((r.reference,), (r.reference,), self._reason(r)) for r in releases]

    def _reason(self, release: Facts) -> str | None:
        if release.one_class:
            return f"{release.reference} holds {release.one_class} only; cross-validation needs both classes."
        return None

    def split(self, pool: Pool) -> Iterator[Fold]:
        """`folds` folds in each of `repeats` repeats, each repeat dealt anew."""
        least = smallest_class(pool.y, pool.group)
        if least < self.folds:
            raise NotApplicable(
                f"{self.folds} folds need at least {self.folds} groups of accounts of each class; there are {least}.")
        for repeat in range(self.repeats):
            fold = grouped_folds(pool.y, pool.group, self.folds, np.random.default_rng([self.seed, repeat]))
            for k in range(self.folds):
                yield Fold(repeat, k, np.flatnonzero(fold != k), np.flatnonzero(fold == k))
