"""The transfer matrix: trained on one data set, tested on another, every ordered pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from benchmarks.protocols import Facts, Plan, protocol
from benchmarks.protocols.leave_one_data_set_out import LeaveOneDataSetOut


@protocol("train-on-one")
@dataclass(frozen=True)
class TrainOnOne(LeaveOneDataSetOut):
    """As leave-one-data-set-out, with one release (or named pair) to learn from at a time.

    Hays et al. 2023 (WWW), figure 3: the diagonal of such a matrix means .82 balanced accuracy, the
    rest .58.
    """

    revision: ClassVar[int] = 1

    def plans(self, releases: Sequence[Facts]) -> list[Plan]:
        """Every ordered pair of different data sets."""
        sides, lonely = self.sides(releases)
        plans = []
        for tested in sides:
            datasets = {r.dataset for r in tested}
            plans += [
                Plan(tuple(r.reference for r in taught), tuple(r.reference for r in tested))
                for taught in sides
                if not datasets & {r.dataset for r in taught}
            ]
        return plans + lonely
