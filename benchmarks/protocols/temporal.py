"""Training on what was observed before a day, testing on what was observed after it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import ClassVar

import numpy as np

from benchmarks.protocols import (
    QUIET,
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
from botbench.core.errors import UserError


@protocol("temporal")
@dataclass(frozen=True)
class Temporal(Protocol):
    """The earliest `share` of a release's observations teaches; or, with `at="2015-01-31"`, those
    before that day (UTC).

    What counts is when an account was observed, not when it was created. Accounts without a time of
    observation are left out.
    """

    revision: ClassVar[int] = 1
    refitted: ClassVar[bool] = True
    kind: ClassVar[Kind | None] = "later"
    share: float = 0.7
    seed: int = 0
    at: str = field(default="", metadata=QUIET)

    def __post_init__(self) -> None:
        positive(self, seed=0)
        if not 0 < self.share < 1:
            raise UserError(f"{self.name}: share must be between 0 and 1, got {self.share}.")
        self._moment()

    def _moment(self) -> float | None:
        try:
            return (
                datetime.fromisoformat(self.at).replace(tzinfo=UTC).timestamp() if self.at else None
            )
        except ValueError:
            raise UserError(
                f'{self.name}: at must be a day like "2015-01-31", got {self.at!r}.'
            ) from None

    def plans(self, releases: Sequence[Facts]) -> list[Plan]:
        """Each release by itself."""
        return alone(releases, self.name)

    def split(self, pool: Pool) -> Iterator[Fold]:
        """One fold; an account whose duplicate is tested is not learnt from."""
        seen = np.full(len(pool.y), np.nan) if pool.seen is None else pool.seen
        dated = seen[~np.isnan(seen)]
        if not len(dated) or dated.min() == dated.max():
            raise NotApplicable("the accounts have no times of observation that differ.")
        moment = self._moment() or float(np.quantile(dated, self.share, method="lower"))
        test = np.flatnonzero(seen >= moment)
        train = apart(pool, np.flatnonzero(seen < moment), test)
        for rows, where in ((train, "before"), (test, "after")):
            if len(np.unique(pool.y[rows])) < 2:
                raise NotApplicable(
                    f"what was observed {where} {datetime.fromtimestamp(moment, UTC):%Y-%m-%d}"
                    " lacks a class."
                )
        yield Fold(0, 0, train, test)
