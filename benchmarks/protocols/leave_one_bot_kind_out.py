"""Bots of a kind that training never saw: each kind is tested on by a detector that learnt from the
others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from benchmarks.data.folds import grouped_folds
from benchmarks.protocols import (
    Facts,
    Fold,
    Kind,
    NotApplicable,
    Plan,
    Pool,
    Protocol,
    alone,
    apart,
    positive,
    protocol,
)


@protocol("leave-one-bot-kind-out")
@dataclass(frozen=True)
class LeaveOneBotKindOut(Protocol):
    """One fold for each kind with at least `least` bots, as the claims name kinds (or the source's
    group).

    Humans are assigned to the folds at random, so that each is tested once. Bots of rarer kinds
    are in training parts only. Bots of unknown kind are excluded: they may be of the tested kind.
    """

    revision: ClassVar[int] = 1
    kind: ClassVar[Kind | None] = "unknown kind of bot"
    seed: int = 0
    least: int = 10

    def __post_init__(self) -> None:
        positive(self, seed=0, least=1)

    def plans(self, releases: Sequence[Facts]) -> list[Plan]:
        """Each release by itself."""
        return alone(releases, self.name)

    def split(self, pool: Pool) -> Iterator[Fold]:
        """A fold's number is the place of its kind among the kinds tested, by name."""
        sort = np.full(len(pool.y), -1) if pool.sort is None else pool.sort
        kinds, count = np.unique(sort[(pool.y == 1) & (sort >= 0)], return_counts=True)
        kinds = kinds[count >= self.least]
        if len(kinds) < 2:
            raise NotApplicable(
                f"fewer than two kinds of bots are known with {self.least} bots or more."
            )
        people = np.flatnonzero(pool.y == 0)
        fold = grouped_folds(
            pool.y[people], pool.group[people], len(kinds), np.random.default_rng(self.seed)
        )
        for k, kind in enumerate(kinds):
            test = np.concatenate(
                [np.flatnonzero((pool.y == 1) & (sort == kind)), people[fold == k]]
            )
            learn = np.concatenate(
                [
                    np.flatnonzero((pool.y == 1) & (sort >= 0) & (sort != kind)),
                    people[fold != k],
                ]
            )
            yield Fold(0, k, apart(pool, learn, test), test)
