"""Whether missing values, a result of the collection, tell the label."""

from __future__ import annotations

import itertools

import numpy as np

from benchmarks.audits.checks.ids import LIMIT
from benchmarks.audits.dataset import Audited, NotApplicable, Result, check
from benchmarks.audits.separability import separability_of
from botbench.core.sql import literal, literals
from botbench.text import numbers
from curation.store.schema import TABLES

SKIPPED = {*TABLES["accounts"].key, "platform", "pull_id", "extra"}

NOTHING = ("", "null", "none", "nan", "[]", "{}")
"""Texts, folded, with which sources say that a value is missing."""

KEYS = 200
"""Keys of `extra` at most that are looked at: those that are there for the most accounts."""


@check(
    "missingness",
    "Does it tell the label which values are missing, or who has posts or edges at all?",
    LIMIT,
)
def missingness(audited: Audited) -> Result:
    """A tree of depth 2 over flags; two, because two sources may miss different things.

    A text that says nothing is missing too, and each key of `extra` is a column.
    """
    tests = _tests(audited)
    flags = ", ".join(f"({test})::DOUBLE" for test in tests.values())
    frame = audited.ask(
        f"""
        SELECT {flags},
               (account_id NOT IN (SELECT account_id FROM read_parquet(?)))::DOUBLE,
               (account_id NOT IN (
                   SELECT source_id FROM read_parquet(?)
                   UNION SELECT target_id FROM read_parquet(?)))::DOUBLE
        FROM read_parquet(?) ORDER BY account_id""",
        ["posts", "edges", "edges", "accounts"],
    )
    y = audited.y
    x = np.column_stack([column.to_numpy() for column in frame.columns])
    varies = (x.min(axis=0) < 1) & (x.max(axis=0) > 0)
    if not varies.any():
        raise NotApplicable("every column is there for all accounts or for none.")
    x = x[:, varies]
    names = list(itertools.compress([*tests, "any post", "any edge"], varies))
    separable = separability_of(
        x,
        y,
        audited.arrays.group,
        names=tuple(f"{n} (1 = missing)" for n in names),
        depth=2,
        seed=audited.seed,
    )
    bots, humans = 1 - x[y == 1].mean(axis=0), 1 - x[y == 0].mean(axis=0)
    worst = int(np.argmax(np.abs(bots - humans)))
    detail = (
        f"What is missing gets a balanced accuracy of {separable}. Most telling: {names[worst]},"
        f" there for {numbers.share(bots[worst])} of bots and {numbers.share(humans[worst])} of"
        " humans."
    )
    return Result(separable.value, separable.above(LIMIT), detail, separable.low, separable.high)


def _tests(audited: Audited) -> dict[str, str]:
    """SQL that is true where a value is missing, by profile column and by `extra: key`."""
    columns = [c for c in TABLES["accounts"].columns if c.name not in SKIPPED]
    tests = {
        c.name: _says_nothing(f'"{c.name}"') if c.type == "VARCHAR" else f'"{c.name}" IS NULL'
        for c in columns
    }
    keys = audited.ask(
        f"""
        SELECT e.key AS key FROM (SELECT unnest(map_entries(extra)) AS e FROM read_parquet(?))
        WHERE NOT ({_says_nothing("e.value")})
        GROUP BY e.key ORDER BY count(*) DESC, e.key LIMIT {KEYS}""",
        ["accounts"],
    )["key"].to_pylist()
    for key in keys:
        tests[f"extra: {key}"] = _says_nothing(f"element_at(extra, {literal(key)})[1]")
    return tests


def _says_nothing(value: str) -> str:
    return f"coalesce(lower(trim({value})), '') IN ({literals(NOTHING)})"
