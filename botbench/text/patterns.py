"""Check users' patterns with DuckDB, the engine that runs them.

Its regular expressions are RE2's, without look-around and back references.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

from botbench.core.duckdb_work import scratch_database
from botbench.core.sql import literal

if TYPE_CHECKING:
    import duckdb


@lru_cache(1024)
def groups(expression: str) -> int:
    """1 if a regular expression has any groups, else 0.

    Raises ValueError with the engine's reason where it does not compile.

    >>> groups("u_([0-9]+)"), groups(r"\\p{L}+")
    (1, 0)
    >>> groups("(?<=com/)x")
    Traceback (most recent call last):
    ValueError: a regular expression of RE2 (invalid perl operator: (?<)
    """
    import duckdb

    try:
        _ask(f"SELECT regexp_matches('', {literal(expression)})")
        # RE2 counts the groups only when something matches, and the empty branch always does.
        _ask(f"SELECT regexp_extract_all('x', {literal(f'{expression}|')}, 1)")
    except duckdb.Error as error:
        reason = str(error).splitlines()[0].partition("Error: ")[2]
        if reason.startswith("Pattern has 0 groups"):
            return 0
        raise ValueError(f"a regular expression of RE2 ({reason})") from None
    return 1


def check_expression(expression: str) -> str:
    """A regular expression that DuckDB compiles; raises ValueError with the engine's reason."""
    groups(expression)
    return expression


@lru_cache(1024)
def check_time_form(form: str) -> str:
    """A strptime form that DuckDB can read; raises ValueError with the engine's reason.

    >>> check_time_form("%Y-%m-%d")
    '%Y-%m-%d'
    """
    import duckdb

    try:
        _ask(f"SELECT try_strptime('', {literal(form)})")
    except duckdb.Error as error:
        reason = str(error).splitlines()[0].partition("specifier ")[2]
        raise ValueError(f"a strptime form such as %Y-%m-%d ({reason})") from None
    return form


def _ask(query: str) -> None:
    # No parameters: the first of a process makes DuckDB import pandas (0.3 s).
    _engine().cursor().execute(query).fetchall()


@cache
def _engine() -> duckdb.DuckDBPyConnection:

    return scratch_database(threads=1)
