"""Adaptation: trained on the other data sets and a few labels of the new one, tested on the rest of
the new one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from benchmarks.protocols import QUIET, Fold, Kind, NotApplicable, Pool, positive, protocol
from benchmarks.protocols.leave_one_data_set_out import LeaveOneDataSetOut, elsewhere
from botbench.core.errors import UserError

MOST = 200
"""Accounts set aside for labels, whatever `labels` says: so that 0, 10, 50 and 200 are tested on
the same accounts.
"""


@protocol("few-shot")
@dataclass(frozen=True)
class FewShot(LeaveOneDataSetOut):
    """`labels` accounts of the tested release, drawn at random, join the training part of
    leave-one-data-set-out.

    They are repeated until they are `share` of it, or ten among tens of thousands would teach
    nothing.
    """

    revision: ClassVar[int] = 1
    kind: ClassVar[Kind | None] = "few labels"
    seed: int = 0
    repeats: int = field(default=1, metadata=QUIET)
    pairs: str = field(default="", metadata=QUIET)
    labels: int = 10
    share: float = field(default=0.5, metadata=QUIET)

    def __post_init__(self) -> None:
        positive(self, seed=0, repeats=1, labels=0)
        if self.labels > MOST or not 0 < self.share < 1:
            raise UserError(
                f"{self.name}: labels must be at most {MOST}, and share between 0 and 1."
            )

    def split(self, pool: Pool) -> Iterator[Fold]:
        """One fold a repeat, each with newly drawn labels.

        A repeat is drawn alike for every number of labels.
        """
        tested, others = np.flatnonzero(pool.tested), elsewhere(pool)
        aside = min(MOST, len(tested) // 2)
        if self.labels > aside:
            raise NotApplicable(
                f"{self.labels} labels are more than half of the {len(tested)} accounts there are."
            )
        for repeat in range(self.repeats):
            drawn = np.random.default_rng([self.seed, repeat]).permutation(tested)[:aside]
            test = tested[~np.isin(pool.group[tested], pool.group[drawn])]
            if len(np.unique(pool.y[test])) < 2:
                raise NotApplicable("what is left to be tested on holds one class only.")
            few = drawn[: self.labels]
            times = max(1, round(len(others) * self.share / (1 - self.share) / max(len(few), 1)))
            yield Fold(repeat, 0, np.concatenate([others, np.repeat(few, times)]), test)
