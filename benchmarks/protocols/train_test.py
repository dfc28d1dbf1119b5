"""Transfer by name: the releases that are trained on, and those that are tested on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from benchmarks.protocols import Facts, Fold, Plan, Pool, Protocol, positive, protocol
from benchmarks.protocols.leave_one_data_set_out import elsewhere
from botbench.core.errors import UserError, unknown


@protocol("train-test")
@dataclass(frozen=True)
class TrainTest(Protocol):
    """Who trains and who tests: `train-test(train=[A, B], test=[C])`.

    Releases go by their name, data set or reference (`name@version`). All of `train` are trained on
    together, each of `test` is tested on alone. Accounts of a tested release are left out of
    training by platform and id.
    """

    revision: ClassVar[int] = 1
    refitted: ClassVar[bool] = True
    train: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        positive(self, seed=0)

    def plans(self, releases: Sequence[Facts]) -> list[Plan]:
        """A plan for each tested release.

        Raises UserError for a name that no release has, and for a release on both sides.
        """
        if not self.train or not self.test:
            why = f"{self.name} needs both, like train-test(train=[A, B], test=[C])."
            return [Plan((), (r.reference,), why) for r in releases]
        train = [r for name in self.train for r in self._named(name, releases)]
        test = [r for name in self.test for r in self._named(name, releases)]
        both = {r.dataset for r in train} & {r.dataset for r in test}
        if both:
            raise UserError(
                f"{self}: {sorted(both)[0]} is trained on and tested on; name it on one side."
            )
        taught = tuple(dict.fromkeys(r.reference for r in train))
        classes = {r.one_class for r in train}
        reason = (
            f"the releases to train on hold {classes.pop()} only; add one with the other class."
            if len(classes) == 1 and None not in classes
            else None
        )
        return [
            Plan(taught, (reference,), reason or self._one_class(reference, test))
            for reference in dict.fromkeys(r.reference for r in test)
        ]

    def _named(self, name: str, releases: Sequence[Facts]) -> list[Facts]:
        found = [r for r in releases if name in {r.reference, r.name, r.dataset}]
        if not found:
            known = {n for r in releases for n in (r.name, r.dataset)}
            raise unknown(f"release of the suite for {self.name}", name, known)
        return found

    @staticmethod
    def _one_class(reference: str, test: Sequence[Facts]) -> str | None:
        one = next(r.one_class for r in test if r.reference == reference)
        return f"{reference} holds {one} only." if one else None

    def split(self, pool: Pool) -> Iterator[Fold]:
        """One fold."""
        yield Fold(0, 0, elsewhere(pool), np.flatnonzero(pool.tested))
