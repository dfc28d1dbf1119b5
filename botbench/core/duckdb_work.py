"""Scratch DuckDB connections, and intermediate results handed on by name."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

ROW_GROUP = 122_880
"""Rows of a table that DuckDB gives to one thread."""


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
    with on_threads(connection, 1):
        yield


def threads_of(connection: duckdb.DuckDBPyConnection) -> int:
    """How many threads DuckDB works on.

    >>> with scratch_database(threads=2) as connection:
    ...     threads_of(connection)
    2
    """
    return _threads(connection)[0]


@contextmanager
def on_threads(connection: duckdb.DuckDBPyConnection, threads: int) -> Iterator[None]:
    """Let DuckDB work on so many threads for a while, in all connections to this database.

    >>> with scratch_database(threads=3) as connection:
    ...     with on_threads(connection, 2):
    ...         threads_of(connection)
    ...     threads_of(connection)
    2
    3
    """
    with setting(connection, "external_threads", 1), setting(connection, "threads", threads):
        yield


@contextmanager
def setting(connection: duckdb.DuckDBPyConnection, name: str, value: int) -> Iterator[None]:
    """Let a setting of DuckDB have another value for a while, for all connections to a database.

    >>> with scratch_database() as connection:
    ...     asked = "SELECT current_setting('partitioned_write_max_open_files')"
    ...     with setting(connection, "partitioned_write_max_open_files", 7):
    ...         connection.execute(asked).fetchone()
    ...     connection.execute(asked).fetchone()
    (7,)
    (100,)
    """
    import duckdb

    # A parameter of a query would import pandas.
    row = connection.execute(f"SELECT current_setting('{name}')").fetchone() or (value,)
    connection.execute(f"SET {name} = {value}")
    try:
        yield
    finally:
        # After an error inside DuckDB the connection may be good for nothing any more.
        with suppress(duckdb.Error):
            connection.execute(f"SET {name} = {row[0]}")


@contextmanager
def alone(connection: duckdb.DuckDBPyConnection, *, when: bool) -> Iterator[None]:
    """Let Python's own thread do all of DuckDB's work for a while, where there is work for one.

    Where others do it, Python's waits for them without rest. DuckDB plans for as many threads as
    before: with `one_thread` it reads long lines two thousand at once, and needs far more memory.

    >>> with scratch_database(threads=2) as connection:
    ...     asked = "SELECT current_setting('threads'), current_setting('external_threads')"
    ...     with alone(connection, when=True):
    ...         connection.execute(asked).fetchone()
    ...         with one_thread(connection, when=True):
    ...             connection.execute(asked).fetchone()
    ...         connection.execute(asked).fetchone()
    ...     connection.execute(asked).fetchone()
    (2, 2)
    (1, 1)
    (2, 2)
    (2, 1)
    """
    threads, own = _threads(connection)
    if not when or threads == own:
        yield
        return
    with setting(connection, "external_threads", threads):
        yield


def _threads(connection: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    """How many threads DuckDB has, and how many of them are Python's own."""
    asked = "SELECT current_setting('threads'), current_setting('external_threads')"
    threads, own = connection.execute(asked).fetchone() or (1, 1)
    return int(threads), int(own)


@contextmanager
def in_turn(connection: duckdb.DuckDBPyConnection, query: str) -> Iterator[None]:
    """Let Python's thread work `alone` on a query in which there is no work for several.

    DuckDB numbers rows on one thread as it reads them, and gives each `ROW_GROUP` of a table to
    one. Python's own may wait for that one without rest, which doubles the processor time and
    saves no time at all.

    >>> with scratch_database(threads=2) as connection:
    ...     asked = "SELECT current_setting('external_threads')"
    ...     few = materialise(connection, "few", "FROM range(9)")
    ...     many = materialise(connection, "many", f"FROM range({ROW_GROUP + 1})")
    ...     numbered = "SELECT row_number() OVER () FROM many"
    ...     for query in (numbered, "FROM few", "FROM many", "FROM few, many", "FROM range(9)"):
    ...         with in_turn(connection, query):
    ...             connection.execute(asked).fetchone()
    (2,)
    (2,)
    (1,)
    (1,)
    (1,)
    """
    threads, own = _threads(connection)
    with alone(connection, when=threads > own and not _divides(connection, query)):
        yield


def _divides(connection: duckdb.DuckDBPyConnection, query: str) -> bool:
    """Whether the plan of a query has work for several threads."""
    ((_, plan), *_rest) = connection.execute(f"EXPLAIN (FORMAT JSON) {query}").fetchall()
    steps = list(_steps(json.loads(plan)))
    if any(name == "STREAMING_WINDOW" for name, _ in steps):
        return False
    if any("Function" in about for _, about in steps):
        return True
    tables = {about["Table"] for _, about in steps if "Table" in about}
    counts = ", ".join(f"(SELECT count(*) FROM {table})" for table in tables)
    # `duckdb_tables()` knows, but asks the catalog of every store attached.
    row = connection.execute(f"SELECT greatest({counts})").fetchone() if tables else None
    return row is None or bool(row[0] > ROW_GROUP)


def _steps(plan: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, object]]]:
    """The name of each step of a plan, and what is said of it."""
    for step in plan:
        yield step["name"].strip(), step["extra_info"]
        yield from _steps(step["children"])


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
