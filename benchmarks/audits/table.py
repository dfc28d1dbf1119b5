"""The audit of a table of scores: impossible and inconsistent values, and possible explanations.

Precision P and recall R of a row imply its F1, and with the share of bots every other score. With
averages over runs these are bounds: F1 is concave in (P, R) and above P + R - 1, so a mean F1 lies
between P + R - 1 and the F1 of the means. No average lies outside. (Jensen's inequality; the lower
bound is F1's convex envelope on the unit square.)
"""

from __future__ import annotations

from typing import Any

from benchmarks.audits.cells import TOLERANCE, Case, Issue
from benchmarks.audits.consistency import auc, f1, implied, positive_class, precision
from benchmarks.audits.impossible import counts, interval, value
from benchmarks.audits.prevalence import known
from benchmarks.audits.published import Published
from benchmarks.audits.repeated import equal_rows

CHECKS = (
    counts,
    value,
    interval,
    f1,
    precision,
    implied("accuracy"),
    implied("balanced_accuracy"),
    implied("mcc"),
    auc,
    positive_class,
    equal_rows,
)


def audit(table: Published, tolerance: float = TOLERANCE) -> list[Issue]:
    """Every issue of a table, by row and then in the order of the checks."""
    case = Case(table, known(table), tolerance)
    return sorted((issue for check in CHECKS for issue in check(case)), key=lambda issue: issue.row)


def document(table: Published, issues: list[Issue], tolerance: float = TOLERANCE) -> dict[str, Any]:
    """The contract of `botbench audit table --json`; numbers are in the table's own unit."""
    unit = "percent" if table.scale == 100 else "fraction"
    return {
        "values": table.values,
        "rows": len(table),
        "unit": unit,
        "tolerance": tolerance * table.scale,
        "issues": [vars(issue) for issue in issues],
        "ignored_columns": list(table.ignored),
    }
