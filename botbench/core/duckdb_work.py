"""Scratch DuckDB connections, and intermediate results handed on by name."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
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

    >>> with scratch_database() as connection:
    ...     squares = materialise(connection, "squares", "SELECT i * i AS n FROM range(4) r(i)")
    ...     connection.execute(f"SELECT sum(n) FROM {squares}").fetchone()
    (14,)
    """
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}", parameters or [])
    return name


def no_progress_bar() -> list[str]:
    """The setting that keeps DuckDB from drawing a bar on stdout, which is for JSON documents.

    In a notebook without ipywidgets DuckDB draws none, and refuses to be told so.

    >>> set(no_progress_bar()) <= {'SET enable_progress_bar = false'}
    True
    """
    # As DuckDB asks: ipykernel may be imported where no notebook runs.
    interactive = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if "IPKernelApp" in getattr(interactive, "config", ()) and find_spec("ipywidgets") is None:
        return []
    return ["SET enable_progress_bar = false"]


@contextmanager
def one_thread(connection: duckdb.DuckDBPyConnection, *, when: bool) -> Iterator[None]:
    """Let DuckDB work on one thread for a while, where the work is little.

    On several, its threads wait for each other longer than they work.

    >>> with scratch_database(threads=2) as connection:
    ...     asked = "SELECT current_setting('threads')"
    ...     with one_thread(connection, when=True):
    ...         connection.execute(asked).fetchone()
    ...     connection.execute(asked).fetchone()
    (1,)
    (2,)
    """
    if not when:
        yield
        return
    import duckdb

    (before,) = connection.execute("SELECT current_setting('threads')").fetchone() or (1,)
    connection.execute("SET threads = 1")
    try:
        yield
    finally:
        # After an error inside DuckDB the connection may be good for nothing any more.
        with suppress(duckdb.Error):
            connection.execute(f"SET threads = {before}")


@contextmanager
def in_turn(connection: duckdb.DuckDBPyConnection, query: str) -> Iterator[None]:
    """Let DuckDB work on one thread for a query that numbers rows as it reads them.

    It can do so on one thread only. With more, Python's own waits for that one without rest, which
    doubles the processor time and saves no time at all.

    >>> with scratch_database(threads=2) as connection:
    ...     asked = "SELECT current_setting('threads')"
    ...     for query in ("SELECT row_number() OVER () FROM range(9)", "SELECT 1 FROM range(9)"):
    ...         with in_turn(connection, query):
    ...             connection.execute(asked).fetchone()
    (1,)
    (2,)
    """
    (threads,) = connection.execute("SELECT current_setting('threads')").fetchone() or (1,)
    plan = connection.execute(f"EXPLAIN {query}").fetchall() if threads > 1 else []
    with one_thread(connection, when=any("STREAMING_WINDOW" in text for _, text in plan)):
        yield


def scratch_database(threads: int | None = None) -> duckdb.DuckDBPyConnection:
    """Open an in-memory DuckDB in UTC that loads no extension by itself and draws no bar.

    `threads` limits its threads; where several processes work side by side, use 1.

    >>> with scratch_database(threads=1) as connection:
    ...     connection.execute("SELECT current_setting('TimeZone')").fetchone()
    ...     connection.execute("SELECT current_setting('enable_progress_bar')").fetchone()
    ('UTC',)
    (False,)
    """
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    if threads is not None:
        config["threads"] = threads
    connection = duckdb.connect(config=config)
    for setting in ("SET TimeZone = 'UTC'", *no_progress_bar()):
        connection.execute(setting)
    return connection
