"""Ids that a program has rounded: found as many, as no single id shows it.

A spreadsheet keeps 15 digits of a number and writes zeros for the others. JavaScript keeps at most
17. A cast to a double and back keeps 53 bits. Each leaves a mark that few sound ids have.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import lgamma, log
from typing import TYPE_CHECKING

from botbench.core.sql import identifier

if TYPE_CHECKING:
    import duckdb

LONG = "(strlen({0}) BETWEEN 17 AND 20 AND regexp_full_match({0}, '[1-9][0-9]{{16,19}}'))"
"""An id of 17 digits or more, which fits no double exactly."""
CHANCE = 1e-5
"""How unlikely so many marks must be among sound ids."""
FEW = 0.01
"""The share of marks below which nothing is looked at closely."""


@dataclass(frozen=True)
class Mark:
    """What rounded ids have in common: a SQL condition on the text `{}`, and who leaves it."""

    condition: str
    chance: str
    """SQL of the share of sound ids of one length that have the mark, at most."""
    who: str


MARKS = (
    # A sound id ends in k zeros once in 10^k. Ids made of times and counters (snowflakes) are often
    # multiples of 2^12, and then one in 5^k does.
    Mark(
        "ends_with({0}, repeat('0', len({0}) - 15))",
        "1.0 / pow(5, len({0}) - 15)",
        "a spreadsheet, which keeps 15 digits, has written zeros for the others",
    ),
    Mark(
        "(len({0}) > 17 AND ends_with({0}, repeat('0', len({0}) - 17)))",
        "1.0 / pow(5, greatest(len({0}) - 17, 1))",
        "a program that keeps 17 digits, as JavaScript does, has written zeros for the others",
    ),
    # From 2^58 on, doubles are at least 64 apart; from 2^60 on, 256.
    Mark(
        "(try_cast({0} AS UBIGINT) >= 1152921504606846976 AND try_cast({0} AS UBIGINT) % 256 = 0"
        " AND try_cast({0} AS UBIGINT) % 4096 <> 0)",
        "1.0 / 256",
        "a cast to a floating-point number and back has changed the last digits",
    ),
)


def found(connection: duckdb.DuckDBPyConnection, table: str, column: str) -> list[tuple[str, str]]:
    """(SQL condition, message) for each mark that too many ids of a staged table have.

    The ids of one length are judged together, each id once.
    """
    name = identifier(column)
    long = LONG.format(name)
    marks = [m.condition.format(name) for m in MARKS]
    counts = ", ".join(f"count(*) FILTER ({m})" for m in marks)
    first = connection.execute(
        f"SELECT count(*), {counts} FROM {table} WHERE {long}"
    ).fetchone() or (0,)
    close = [i for i, n in enumerate(first[1:]) if n and n >= FEW * first[0]]
    bad = []
    for i in close:
        rows = connection.execute(
            f"""SELECT len(id), count(*), count(*) FILTER ({MARKS[i].condition.format("id")}),
                any_value({MARKS[i].chance.format("id")})
            FROM (SELECT DISTINCT {name} AS id FROM {table} WHERE {long}) GROUP BY 1 ORDER BY 1"""
        ).fetchall()
        for length, ids, marked, chance in rows:
            if _improbable(ids, marked, float(chance)):
                condition = f"({long} AND len({name}) = {length} AND {marks[i]})"
                message = (
                    f"{column} is rounded, as {marked:,} of {ids:,} ids of {length} digits here"
                    f" are: {MARKS[i].who}. Get the file again with the ids as text."
                )
                bad.append((condition, message))
    return bad


def _improbable(ids: int, marked: int, chance: float) -> bool:
    """Whether so many marks are too many: the union bound on a binomial tail, at least 2 ids.

    >>> [_improbable(n, n, 1 / 625) for n in (1, 2)], _improbable(1000, 12, 1 / 125)
    ([False, True], False)
    """
    if marked < 2 or marked <= ids * chance:
        return False
    ways = lgamma(ids + 1) - lgamma(marked + 1) - lgamma(ids - marked + 1)
    return ways + marked * log(chance) < log(CHANCE)
