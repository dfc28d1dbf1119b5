"""Check a table for rows that are equal in all figures: copies, or one run under two names."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.audits.cells import Case, Issue

LEAST = 3
"""Figures from which on equality is told: one or two rounded ones are often equal by chance."""


def equal_rows(case: Case) -> Iterator[Issue]:
    """Each row that has the same figures as an earlier one, with the first such row."""
    table = case.table
    figures = table.figures
    scored = np.any([np.isfinite(column) for column in table.value.values()], axis=0)
    first: dict[bytes, int] = {}
    for i in np.flatnonzero(scored & (np.isfinite(figures).sum(axis=1) >= LEAST)):
        one = first.setdefault((figures[i] + 0.0).tobytes(), i)
        if one == i:
            continue
        name = next(n for n, column in table.value.items() if np.isfinite(column[i]))
        n = int(np.isfinite(figures[i]).sum())
        yield case.issue(
            i,
            "equal rows",
            name,
            (table.value[name][i], None),
            (True, [f"equal in all {n} figures to row {one + 1}", _why(case, one, i)]),
        )


def _why(case: Case, one: int, other: int) -> str:
    table = case.table
    whose = f"{table.method[one]} on {table.dataset[one]}"
    if table.dataset_key[one] != table.dataset_key[other]:
        return f"a row of {whose} that was copied to another data set"
    if table.method_key[one] != table.method_key[other]:
        return f"a copy of {whose}, or two methods that answer the same for every account"
    return f"{whose} stands there twice"
