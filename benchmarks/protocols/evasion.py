"""What an operator can change for nothing: trained on accounts as they were, tested on bots that
were touched up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from benchmarks.data.moves import MOVES
from benchmarks.protocols import (
    QUIET,
    Facts,
    Fold,
    Kind,
    Plan,
    Pool,
    Protocol,
    alone,
    positive,
    protocol,
)
from benchmarks.protocols.cross_validation import deal_folds


@protocol("evasion")
@dataclass(frozen=True)
class Evasion(Protocol):
    """Cross-validation whose tested bots make one of the moves of `benchmarks.data.moves`, or none;
    the worst of them counts.

    People stay as they are. Every move is a trial of its own (the number of the repeat: 0 none,
    then MOVES in order) on the same fits, and its features are computed anew from the touched-up
    profile and posts.
    """

    revision: ClassVar[int] = 1
    kind: ClassVar[Kind | None] = "worst evasion"
    worst: ClassVar[bool] = True
    folds: int = 5
    seed: int = field(default=0, metadata=QUIET)

    def __post_init__(self) -> None:
        positive(self, folds=2, seed=0)

    @property
    def moves(self) -> tuple[str, ...]:
        """None, and every move."""
        return ("", *MOVES)

    def plans(self, releases: Sequence[Facts]) -> list[Plan]:
        """Each release by itself."""
        return alone(releases, self.name)

    def split(self, pool: Pool) -> Iterator[Fold]:
        """The folds one by one, each with every move."""
        fold = deal_folds(pool, self.folds, [self.seed])
        for k in range(self.folds):
            train, test = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
            for number, move in enumerate(self.moves):
                yield Fold(number, k, train, test, fit=k, move=move)
