"""Another mix of bots and people than in training: where a threshold that was chosen at one mix is
used at another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from benchmarks.data.folds import Ints
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
from benchmarks.protocols.cross_validation import deal_folds
from botbench.core.errors import UserError


@protocol("prevalence-shift")
@dataclass(frozen=True)
class PrevalenceShift(Protocol):
    """Cross-validation whose tested accounts are thinned at random until `prevalence` of them are
    bots.

    Training keeps the release's own mix. Each repeat draws other accounts from the same fits.
    """

    revision: ClassVar[int] = 1
    kind: ClassVar[Kind | None] = "prevalence"
    prevalence: float = 0.05
    folds: int = 5
    repeats: int = 5
    seed: int = 0

    def __post_init__(self) -> None:
        positive(self, folds=2, repeats=1, seed=0)
        if not 0 < self.prevalence < 1:
            raise UserError(
                f"{self.name}: prevalence must be between 0 and 1, got {self.prevalence}."
            )

    def plans(self, releases: Sequence[Facts]) -> list[Plan]:
        """Each release by itself."""
        return alone(releases, self.name)

    def split(self, pool: Pool) -> Iterator[Fold]:
        """The folds one by one, each with the accounts of every repeat."""
        fold = deal_folds(pool, self.folds, [self.seed])
        kept = [
            self._thinned(pool, np.random.default_rng([self.seed, repeat]))
            for repeat in range(self.repeats)
        ]
        for k in range(self.folds):
            for repeat, rows in enumerate(kept):
                yield Fold(repeat, k, np.flatnonzero(fold != k), rows[fold[rows] == k], fit=k)

    def _thinned(self, pool: Pool, rng: np.random.Generator) -> Ints:
        """As many accounts as can be with that share of bots, sorted."""
        bots, people = (np.flatnonzero(pool.y == label) for label in (1, 0))
        odds = self.prevalence / (1 - self.prevalence)
        wanted = min(len(bots), round(len(people) * odds))
        others = min(len(people), round(wanted / odds))
        if wanted < self.folds or others < self.folds:
            raise NotApplicable(
                f"with {100 * self.prevalence:g} % bots there would be {wanted} bots and {others}"
                " people."
            )
        return np.sort(
            np.concatenate(
                [rng.choice(bots, wanted, replace=False), rng.choice(people, others, replace=False)]
            )
        )
