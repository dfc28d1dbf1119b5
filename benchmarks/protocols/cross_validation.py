"""Repeated stratified cross-validation within one release, duplicate groups kept together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from benchmarks.data.folds import Ints, grouped_folds, smallest_class
from benchmarks.protocols import (
    QUIET,
    Facts,
    Fold,
    NotApplicable,
    Plan,
    Pool,
    Protocol,
    alone,
    positive,
    protocol,
)


@protocol("cross-validation")
@dataclass(frozen=True)
class CrossValidation(Protocol):
    """Every account is scored once in each repeat, by a detector that saw neither it nor its
    duplicates.

    `most` limits it to so many accounts of each class, drawn with the seed.
    """

    revision: ClassVar[int] = 1
    folds: int = 5
    repeats: int = 2
    seed: int = 0
    most: int = field(default=0, metadata=QUIET)

    def __post_init__(self) -> None:
        positive(self, folds=2, repeats=1, seed=0, most=0)
        if self.most:
            positive(self, most=self.folds)

    def plans(self, releases: Sequence[Facts]) -> list[Plan]:
        """A plan for each release; one with a single class is not applicable."""
        return alone(releases, self.name)

    def split(self, pool: Pool) -> Iterator[Fold]:
        """`folds` folds in each of `repeats` repeats, each repeat with new folds."""
        kept = pool.drawn(self.most, self.seed)
        for repeat in range(self.repeats):
            fold = deal_folds(pool, self.folds, [self.seed, repeat])
            for k in range(self.folds):
                train, test = (np.flatnonzero(kept & side) for side in (fold != k, fold == k))
                yield Fold(repeat, k, train, test)


def deal_folds(pool: Pool, folds: int, seed: list[int]) -> Ints:
    """The fold of each account; groups stay together and classes are spread evenly.

    Raises NotApplicable if a class is too small.
    """
    least = smallest_class(pool.y, pool.group)
    if least < folds:
        raise NotApplicable(
            f"{folds} folds need at least {folds} groups of accounts of each class; there are"
            f" {least}."
        )
    return grouped_folds(pool.y, pool.group, folds, np.random.default_rng(seed))
