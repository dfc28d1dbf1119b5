"""Intermediate results of several queries, handed from one function to the next by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


def materialise(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    query: str,
    parameters: list[object] | None = None,
) -> str:
    """Store a query's rows in the temporary table `name` and return that name.

    An existing table of the same name is replaced. A later query reads the rows through the
    returned name, which the caller passes on as an argument.

    >>> import duckdb
    >>> with duckdb.connect() as connection:
    ...     squares = materialise(connection, "squares", "SELECT i * i AS n FROM range(4) r(i)")
    ...     connection.execute(f"SELECT sum(n) FROM {squares}").fetchone()
    (14,)
    """
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}", parameters or [])
    return name
