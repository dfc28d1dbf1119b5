"""Transfer: trained on all releases but one, tested on that one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

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
from botbench.core.errors import UserError


@protocol("leave-one-data-set-out")
@dataclass(frozen=True)
class LeaveOneDataSetOut(Protocol):
    """Every release is tested on by a detector trained on all the others.

    Accounts that share platform and id with a tested one are left out of training, and so are other
    releases of the tested data set. Releases of one class count only in pairs named by release or
    data set, such as `pairs="botwiki-2019+verified-2019"` (several pairs separated by commas):
    together they are tested on, and trained on, as one. `repeats` fits again with other seeds.
    `most` limits training and test to so many accounts of each release and class, drawn with the
    seed.
    """

    revision: ClassVar[int] = 1
    refitted: ClassVar[bool] = True
    seed: int = 0
    repeats: int = field(default=1, metadata=QUIET)
    pairs: str = field(default="", metadata=QUIET)
    most: int = field(default=0, metadata=QUIET)

    def __post_init__(self) -> None:
        positive(self, seed=0, repeats=1, most=0)

    def plans(self, releases: Sequence[Facts]) -> list[Plan]:
        """A plan for each release or pair with both classes, and a reason for each single class."""
        sides, lonely = self.sides(releases)
        return [self._plan(side, sides) for side in sides] + lonely

    def sides(self, releases: Sequence[Facts]) -> tuple[list[tuple[Facts, ...]], list[Plan]]:
        """The test sides (a release or a pair), and plans with a reason for each single class."""
        paired = self._paired(releases)
        members = {r.reference for pair in paired for r in pair}
        alone = [r for r in releases if r.reference not in members]
        lonely = [
            Plan(
                (),
                (r.reference,),
                f"{r.reference} holds {r.one_class} only; name it in a pair to test on it.",
            )
            for r in alone
            if r.one_class
        ]
        return [(r,) for r in alone if not r.one_class] + paired, lonely

    def _paired(self, releases: Sequence[Facts]) -> list[tuple[Facts, ...]]:
        plans = []
        for pair in filter(None, (p.strip() for p in self.pairs.split(","))):
            names = [name.strip() for name in pair.split("+")]
            side = tuple(r for name in names for r in releases if name in {r.name, r.dataset})
            if len(names) != 2 or not {r.one_class for r in side} <= {"bots", "humans"}:
                raise UserError(
                    f"{self.name}: the pair {pair!r} must be two releases of one class each, like"
                    " A+B."
                )
            if len({r.one_class for r in side}) == 2:
                plans.append(side)
        return plans

    def _plan(self, tested: tuple[Facts, ...], sides: Sequence[tuple[Facts, ...]]) -> Plan:
        datasets = {r.dataset for r in tested}
        train = tuple(r.reference for side in sides for r in side if r.dataset not in datasets)
        test = tuple(r.reference for r in tested)
        return Plan(
            train, test, None if train else "there is no other release of both classes to train on."
        )

    def split(self, pool: Pool) -> Iterator[Fold]:
        """One fold for each repeat."""
        kept = pool.drawn(self.most, self.seed)
        test = np.flatnonzero(pool.tested & kept)
        train = elsewhere(pool)
        train = train[kept[train]]
        for repeat in range(self.repeats):
            yield Fold(repeat, 0, train, test)


def elsewhere(pool: Pool) -> NDArray[np.int64]:
    """The rows of other releases whose accounts are not in the tested one.

    Raises NotApplicable if none is left.
    """
    train = np.flatnonzero(~pool.tested & ~np.isin(pool.identity, pool.identity[pool.tested]))
    if not len(train):
        raise NotApplicable("every account of the other releases is in the tested one too.")
    return train
