"""A simple random sample from each value of a column."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from botbench.core.errors import UserError, unknown
from curation.sampling.designs import Design, Stratum, design

ALLOCATIONS = ("proportional", "equal")


@design("stratified", "stratified(by=lang, n=100)")
@dataclass(frozen=True)
class Stratified(Design):
    """n accounts over the values of a column, in proportion to their size or as evenly as they
    allow.

    Each stratum gives at least one, for an account that can never be drawn says nothing of the
    whole.

    >>> [s.size for s in Stratified(10, "lang").allocate([("de", 1), ("en", 60), ("fr", 39)])]
    [1, 5, 4]
    >>> equal = Stratified(10, "lang", "equal")
    >>> [s.size for s in equal.allocate([("de", 2), ("en", 60), ("fr", 39)])]
    [2, 4, 4]
    """

    by: str = ""
    allocation: str = "proportional"

    def __post_init__(self) -> None:
        if self.allocation not in ALLOCATIONS:
            raise unknown("allocation", self.allocation, ALLOCATIONS)

    def column(self) -> str:
        """The column named by `by`."""
        return self.by

    def allocate(self, strata: Sequence[tuple[str, int]]) -> list[Stratum]:
        """Sizes by `apportion`. Raises UserError for more strata than accounts to draw."""
        if self.n < len(strata):
            raise UserError(
                f"{self} would leave strata empty: {self.by} has {len(strata):,} values among the"
                " accounts that can be drawn, and each must give at least one. Draw at least"
                f" {len(strata):,}, or stratify by a column with fewer values."
            )
        populations = [population for _, population in strata]
        sizes = apportion(
            populations,
            populations if self.allocation == "proportional" else [1] * len(strata),
            self.n,
        )
        return [
            Stratum(name, population, size)
            for (name, population), size in zip(strata, sizes, strict=True)
        ]


def apportion(capacities: Sequence[int], weights: Sequence[float], n: int) -> list[int]:
    """n seats over strata by weight, at least 1 and at most its capacity each: Webster's method
    (divisors 1, 3, 5, ...).

    Whoever is owed most, by weight / (2 * seats + 1), gets the next seat; ties go to the one named
    first.

    >>> apportion([70, 20, 10], [70, 20, 10], 10), apportion([9, 9, 1], [1, 1, 1], 10)
    ([7, 2, 1], [5, 4, 1])
    """
    scale = _scale(capacities, weights, n)
    sizes = _rounded(capacities, weights, scale)
    queue = [
        (-w / (2 * size + 1), i) for i, (w, size) in enumerate(zip(weights, sizes, strict=True))
    ]
    heapq.heapify(queue)
    for _ in range(n - sum(sizes)):
        while sizes[queue[0][1]] >= capacities[queue[0][1]]:
            heapq.heappop(queue)
        i = queue[0][1]
        sizes[i] += 1
        heapq.heapreplace(queue, (-weights[i] / (2 * sizes[i] + 1), i))
    return sizes


def _scale(capacities: Sequence[int], weights: Sequence[float], n: int) -> float:
    """The largest scale (nearly) at which rounded weights do not exceed n seats, so that few are
    left to give one by one.
    """
    low, high = 0.0, float(n)
    for _ in range(60):
        middle = (low + high) / 2
        if sum(_rounded(capacities, weights, middle)) > n:
            high = middle
        else:
            low = middle
    return low


def _rounded(capacities: Sequence[int], weights: Sequence[float], scale: float) -> list[int]:
    return [
        min(capacity, max(1, int(w * scale + 0.5)))
        for capacity, w in zip(capacities, weights, strict=True)
    ]
