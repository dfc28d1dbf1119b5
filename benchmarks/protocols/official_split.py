"""The split that the data set's authors published."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from benchmarks.protocols import (
    QUIET,
    Facts,
    Fold,
    NotApplicable,
    Plan,
    Pool,
    Protocol,
    positive,
    protocol,
)

OFFICIAL = "official"
"""The split_id of a published split."""


@protocol("official-split")
@dataclass(frozen=True)
class OfficialSplit(Protocol):
    """Training on the published train and validation parts, testing on the test part; `seed` is the
    detector's.
    """

    revision: ClassVar[int] = 1
    refitted: ClassVar[bool] = True
    seed: int = field(default=0, metadata=QUIET)

    def __post_init__(self) -> None:
        positive(self, seed=0)

    def plans(self, releases: Sequence[Facts]) -> list[Plan]:
        """Every release; one without a published split is not applicable."""
        missing = "{} has no official split."
        return [
            Plan(
                (r.reference,),
                (r.reference,),
                None if OFFICIAL in r.splits else missing.format(r.reference),
            )
            for r in releases
        ]

    def split(self, pool: Pool) -> Iterator[Fold]:
        """One fold, exactly as published: duplicates across its parts are the data set's own."""
        test = np.flatnonzero(pool.part == 2)
        train = np.flatnonzero(np.isin(pool.part, (0, 1)))
        if not len(train) or not len(test):
            raise NotApplicable("the official split has an empty part.")
        yield Fold(0, 0, train, test)
