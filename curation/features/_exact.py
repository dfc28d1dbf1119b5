"""Arithmetic whose result is the same for any order of the rows.

Adding floats in another order changes the last digits, and DuckDB's threads take rows in any order.
So only whole numbers and decimals are added here; the one division comes last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from curation.features._functions import whole_number, wide

if TYPE_CHECKING:
    from ibis.expr.types import (
        BooleanValue,
        FloatingValue,
        IntegerValue,
        NumericValue,
        StringValue,
        Value,
    )

EXACT = "decimal(38, 12)"


def per(a: NumericValue, b: NumericValue) -> FloatingValue:
    """a / b; NULL where b is zero or either is unknown."""
    return a.cast("float64") / b.cast("float64").nullif(0)


def mean(x: IntegerValue) -> FloatingValue:
    """Mean of whole numbers over the rows where it is known; NULL where there are none."""
    return per(x.sum(), x.count())


def share(condition: BooleanValue) -> FloatingValue:
    """Share of non-NULL rows for which the condition holds; NULL where there are none."""
    return mean(condition.cast("int64"))


def sd(x: IntegerValue) -> FloatingValue:
    """Population standard deviation of integers below 1e18; NULL with fewer than two."""
    import ibis

    # n * sum(x^2) - sum(x)^2 loses nothing in whole numbers of 38 digits; in floats it loses
    # everything for regular posters.
    exact = wide(x)
    n = x.count()
    root = (n * (exact * exact).sum() - exact.sum() * exact.sum()).cast("float64").sqrt() / n
    return ibis.ifelse(n >= 2, root, ibis.null("float64"))


def entropy(n: IntegerValue) -> FloatingValue:
    """Shannon entropy in bits of counts, one row a value."""
    import ibis

    total = n.sum().cast("float64")
    weighted = (n * n.cast("float64").log2()).cast(EXACT).sum().cast("float64")
    return ibis.greatest(total.log2() - weighted / total, 0.0)


def concentration(n: IntegerValue) -> FloatingValue:
    """Herfindahl index of counts, one row a value: the chance that two draws are the same value."""
    return per((n * n).sum(), n.sum() * n.sum())


def known_length(text: StringValue, told: Value) -> IntegerValue:
    """Length of a text in characters, or the length that the source gives instead."""
    return text.length().fill_null(whole_number(told))
