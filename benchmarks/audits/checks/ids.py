"""Whether the account's id, or the position of its row, tells the label."""

from __future__ import annotations

import numpy as np

from benchmarks.audits.dataset import Audited, Result, check
from benchmarks.audits.separability import Matrix, separability_of
from botbench.text import numbers

LIMIT = 0.6
"""Balanced accuracy that what is no evidence may reach by chance and by age."""

OLD = "the release is older than its recording. Release the data set again."


@check("id", "Does the account's id tell the label?", LIMIT)
def ids(audited: Audited) -> Result:
    """Its number, length and prefix. Where ids are handed out in order of time, they tell the age;
    that is said.
    """
    arrays = audited.arrays
    frame = audited.ask(
        """SELECT account_id, length(account_id) AS length,
                  TRY_CAST(account_id AS DOUBLE) AS number,
                  TRY_CAST(regexp_extract(account_id, '([0-9]+)$', 1) AS DOUBLE) AS last_number,
                  dense_rank() OVER (ORDER BY regexp_extract(account_id, '^[^0-9]*')) AS prefix
           FROM read_parquet(?) ORDER BY account_id""",
        ["accounts"],
    )
    names = ("its length", "its number", "the number it ends with", "the text it begins with")
    columns = [
        frame[n].to_numpy().astype(float) for n in ("length", "number", "last_number", "prefix")
    ]
    separable = separability_of(
        np.column_stack(columns), audited.y, arrays.group, names=names, depth=4, seed=audited.seed
    )
    aged = _with_age(audited, columns[1])
    also = (
        f" Ids follow the date of creation (rank correlation {numbers.score(aged, 2)}), so they"
        " tell an account's age."
        if aged > 0.9
        else ""
    )
    detail = (
        f"The id alone gets a balanced accuracy of {separable}; it asks: {separable.question}{also}"
        " Detectors see no ids."
    )
    return Result(separable.value, separable.above(LIMIT), detail, separable.low, separable.high)


def _with_age(audited: Audited, number: Matrix) -> float:
    """Spearman's correlation of numeric ids with the date of creation; 0 where one is unknown."""
    created = audited.ask(
        "SELECT epoch(created_at) AS at FROM read_parquet(?) ORDER BY account_id", ["accounts"]
    )["at"].to_numpy()
    both = np.isfinite(number) & np.isfinite(created.astype(float))
    if both.sum() < 10 or np.ptp(number[both]) == 0 or np.ptp(created[both]) == 0:
        return 0.0
    return float(np.corrcoef(_ranks(number[both]), _ranks(created[both]))[0, 1])


def _ranks(values: Matrix) -> Matrix:
    """Ranks from 1; equal values have their mean rank.

    SciPy has them too, but to import its statistics takes longer than the rest of the check.

    >>> _ranks(np.array([30.0, 10.0, 20.0, 10.0])).tolist()
    [4.0, 1.5, 3.0, 1.5]
    """
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Matrix = (count.cumsum() - (count - 1) / 2)[place]
    return ranks


@check(
    "row-order", "Does the place of a row in the source, or in the release, tell the label?", LIMIT
)
def row_order(audited: Audited) -> Result:
    """The order in which the source gave the accounts, and the release's own, which is by id."""
    arrays = audited.arrays
    places: dict[str, Matrix] = {
        "its place in the release": np.arange(len(arrays), dtype=np.float64)
    }
    source = _in_source(audited)
    if source is not None:
        places = {"its place in the source": source, **places}
    separable = separability_of(
        np.column_stack(list(places.values())),
        audited.y,
        arrays.group,
        names=tuple(places),
        depth=4,
        seed=audited.seed,
    )
    unknown = "" if source is not None else " The order in the source is not known: " + OLD
    detail = (
        f"The place of the row gets a balanced accuracy of {separable}; it asks:"
        f" {separable.question} Rows are shuffled before a detector sees them.{unknown}"
    )
    return Result(separable.value, separable.above(LIMIT), detail, separable.low, separable.high)


def _in_source(audited: Audited) -> Matrix | None:
    """The place of each account in the source, from 1; None where the release does not have it."""
    import pyarrow.parquet as pq

    if "place" not in pq.read_schema(audited.release.file("labels")).names:
        return None
    place = audited.ask(
        "SELECT place::DOUBLE AS place FROM read_parquet(?) ORDER BY account_id", ["labels"]
    )["place"]
    return None if place.null_count else np.asarray(place.to_numpy(), dtype=np.float64)
