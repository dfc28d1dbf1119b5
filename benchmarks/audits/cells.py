"""Input and output of the checks of a published table: a case, and issues."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from benchmarks.audits.prevalence import Prevalence
from benchmarks.audits.published import COUNTS, RANGES, Floats, Published

TOLERANCE = 0.01
"""How far beyond its rounding a score may lie off what the others imply: one point."""

COMMON = 2.0
"""Times the tolerance where the share of bots is the data set's common one, itself estimated from
the table.
"""


@dataclass(frozen=True)
class Issue:
    """One inconsistent cell. Numbers are as printed; `row` counts data rows from 1.

    `possible` is False if no detector on any accounts, averaged over any runs, can have these
    numbers.
    """

    row: int
    check: str
    method: str
    dataset: str
    score: str
    published: float
    implied: float | None
    difference: float | None
    possible: bool
    explanations: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Case:
    """The input of a check: table, share of bots of each row, and tolerance of the scores."""

    table: Published
    prevalence: Prevalence
    tolerance: float

    @property
    def allowed(self) -> Floats:
        """The tolerance by row: wider where the share of bots is an estimate."""
        return np.where(self.prevalence.is_stated, self.tolerance, COMMON * self.tolerance)

    def score(self, name: str) -> Floats:
        """A score, NaN outside its range: that is an issue of its own and implies nothing."""
        column, (low, high) = self.table.score(name), RANGES[name]
        return np.where((column >= low) & (column <= high), column, np.nan)

    def half(self, *names: str) -> float:
        """The possible rounding of these scores together."""
        return sum(self.table.rounding(name) for name in names)

    def issue(
        self,
        i: int,
        check: str,
        score: str,
        figures: tuple[float, float | None],
        verdict: tuple[bool, list[str]],
    ) -> Issue:
        """One issue of row i: (published, implied) as fractions, (possible, explanations)."""
        scale = 1.0 if score in COUNTS else self.table.scale
        published, implied = (
            None if v is None or not np.isfinite(v) else round(float(v) * scale, 6) for v in figures
        )
        assert published is not None
        difference = None if implied is None else round(published - implied, 6)
        possible, why = verdict
        whose = (self.table.method[i], self.table.dataset[i])
        return Issue(
            int(i) + 1, check, *whose, score, published, implied, difference, possible, why
        )


Check = Callable[[Case], Iterator[Issue]]
