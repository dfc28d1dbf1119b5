"""SQL text: values as literals and names as identifiers."""

from __future__ import annotations

from collections.abc import Iterable


def literal(value: object) -> str:
    """A value as an SQL string literal with its quotes; None as NULL.

    >>> literal("o'clock"), literal(None)
    ("'o''clock'", 'NULL')
    """
    return "NULL" if value is None else "'" + str(value).replace("'", "''") + "'"


def literals(values: Iterable[object]) -> str:
    """Values as SQL string literals with commas between them, for `IN (...)` and lists.

    >>> literals(["a", "o'clock"])
    "'a', 'o''clock'"
    """
    return ", ".join(map(literal, values))


def identifier(name: str) -> str:
    '''A name as an SQL identifier with its quotes.

    >>> identifier('a "b"')
    '"a ""b"""'
    '''
    return '"' + name.replace('"', '""') + '"'
