"""Checks of single cells: counts, values and intervals that nothing can have."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.audits import explanations
from benchmarks.audits.cells import Case, Issue
from benchmarks.audits.published import RANGES


def counts(case: Case) -> Iterator[Issue]:
    """Counts that are none: negative, broken, or more bots than accounts."""
    table = case.table
    for name, column in (("n", table.n), ("bots", table.bots)):
        for i in np.flatnonzero(
            (column < 0) | ((column != np.round(column)) & np.isfinite(column))
        ):
            yield case.issue(
                i,
                "counts",
                name,
                (column[i], None),
                (False, ["expected a whole number of accounts"]),
            )
    for i in np.flatnonzero(table.bots > table.n):
        why = ["more bots than accounts: the columns were exchanged"]
        yield case.issue(i, "counts", "bots", (table.bots[i], table.n[i]), (False, why))


def value(case: Case) -> Iterator[Issue]:
    """A score outside its range."""
    for name, column in case.table.value.items():
        low, high = RANGES[name]
        for i in np.flatnonzero((column < low) | (column > high)):
            why = explanations.outside(column[i], case.table.scale)
            yield case.issue(
                i, "value", name, (column[i], float(np.clip(column[i], low, high))), (False, why)
            )


def interval(case: Case) -> Iterator[Issue]:
    """A bound outside the range, bounds that cross, or a value that is not between its bounds."""
    for name in RANGES:
        yield from _bounds(case, name)
        yield from _order(case, name)


def _bounds(case: Case, name: str) -> Iterator[Issue]:
    low, high = RANGES[name]
    for column in (part[name] for part in (case.table.low, case.table.high) if name in part):
        for i in np.flatnonzero((column < low) | (column > high)):
            nearest = float(np.clip(column[i], low, high))
            yield case.issue(
                i, "interval", name, (column[i], nearest), (False, [explanations.BEYOND])
            )


def _order(case: Case, name: str) -> Iterator[Issue]:
    table = case.table
    nothing = np.full(len(table), np.nan)
    low, high = table.low.get(name, nothing), table.high.get(name, nothing)
    for i in np.flatnonzero(low > high):
        yield case.issue(
            i, "interval", name, (low[i], high[i]), (False, ["the bounds were exchanged"])
        )
    printed, slack = table.score(name), 2 * case.half(name)
    for i in np.flatnonzero(((printed < low - slack) | (printed > high + slack)) & ~(low > high)):
        nearest = low[i] if printed[i] < low[i] else high[i]
        yield case.issue(
            i,
            "interval",
            name,
            (printed[i], nearest),
            (False, ["value and interval come from different runs"]),
        )
