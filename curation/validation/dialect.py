"""A SQLAlchemy dialect that runs Great Expectations on the store's own DuckDB connection.

Cursors of duckdb-engine share one connection, and Great Expectations reads results after it has
closed or rolled back its own: the results would be lost. Here each SQLAlchemy cursor is a DuckDB
cursor of the store's connection, so the attached catalog is available, and its first rows are
fetched at once. The other rows stream on request: to learn column names, Great Expectations runs a
whole query and reads one row, which must not load 1e7 posts into Python.
"""

from __future__ import annotations

import collections
import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb
import duckdb_engine
from sqlalchemy.dialects import registry

FIRST = 256
"""Rows fetched by `execute` itself. Great Expectations' counts and shares have one row each."""

_OPEN: dict[str, Callable[[], Any]] = {}
"""Function that opens a cursor, by the token of a URL."""
_TOKENS = itertools.count(1)


class BufferedCursor:
    """A DB-API cursor over its own DuckDB cursor; closing or rolling back keeps its rows."""

    def __init__(self, cursor: Any, connection: BufferedConnection) -> None:
        self._cursor, self.connection = cursor, connection
        self._rows: collections.deque[tuple[Any, ...]] = collections.deque()
        self._more = False
        self.description: Any = None
        self.rowcount = -1
        self.arraysize = 1

    def execute(
        self, statement: str, parameters: Sequence[Any] | None = None, context: Any = None
    ) -> None:
        """Run one statement and fetch its first rows."""
        del context
        self._cursor.execute(statement, parameters or [])
        self.description = self._cursor.description
        self._rows.clear()
        self._more = bool(self.description)
        self._fetch(FIRST)

    def executemany(
        self, statement: str, parameters: Sequence[Any] | None = None, context: Any = None
    ) -> None:
        """Run one statement for each set of parameters; there are no rows."""
        del context
        self._cursor.executemany(statement, list(parameters or []))
        self._rows.clear()
        self.description, self._more = None, False

    def fetchone(self) -> tuple[Any, ...] | None:
        """The next row, None at the end."""
        self._fetch(1)
        return self._rows.popleft() if self._rows else None

    def fetchmany(self, size: int | None = None) -> list[tuple[Any, ...]]:
        """The next `size` rows (`arraysize` without one)."""
        wanted = size or self.arraysize
        self._fetch(wanted)
        return [self._rows.popleft() for _ in range(min(wanted, len(self._rows)))]

    def fetchall(self) -> list[tuple[Any, ...]]:
        """The rows that are left."""
        rows = [*self._rows, *(self._cursor.fetchall() if self._more else [])]
        self._rows.clear()
        self._more = False
        return rows

    def close(self) -> None:
        """Keep the rows: they are read after this."""

    def _fetch(self, wanted: int) -> None:
        missing = wanted - len(self._rows)
        if self._more and missing > 0:
            fetched = self._cursor.fetchmany(missing)
            self._rows.extend(fetched)
            self._more = len(fetched) == missing


class BufferedConnection(duckdb_engine.ConnectionWrapper):
    """A connection that opens each cursor as a new DuckDB cursor with `opened`."""

    def __init__(self, opened: Callable[[], Any]) -> None:
        super().__init__(opened())
        self._opened = opened

    def cursor(self) -> BufferedCursor:
        """A new buffered cursor."""
        return BufferedCursor(self._opened(), self)


class LakeDialect(duckdb_engine.Dialect):
    """The dialect of `duckdb+lake:///TOKEN`; TOKEN names a connection given to `engine_url`."""

    driver = "lake"
    supports_statement_cache = False

    def connect(self, *_: Any, **parameters: Any) -> BufferedConnection:
        """Open the connection that the token names; raises KeyError after `engine_url` ended."""
        return BufferedConnection(_OPEN[str(parameters["database"])])


registry.register("duckdb.lake", __name__, "LakeDialect")


@contextmanager
def engine_url(connection: duckdb.DuckDBPyConnection, setup: Sequence[str] = ()) -> Iterator[str]:
    """The SQLAlchemy URL of a DuckDB connection, valid inside the block.

    `setup` runs on each cursor. The end of the block closes all cursors: an open one may hold an
    unread result, and with it a transaction of the catalog, until the garbage collector closes it
    in any thread.

    >>> import duckdb, sqlalchemy
    >>> with engine_url(duckdb.connect()) as url, sqlalchemy.create_engine(url).connect() as opened:
    ...     opened.execute(sqlalchemy.text("SELECT 42")).scalar()
    42
    """
    token = f"store-{next(_TOKENS)}"
    cursors: list[duckdb.DuckDBPyConnection] = []

    def opened() -> duckdb.DuckDBPyConnection:
        cursor = connection.cursor()
        cursors.append(cursor)
        # Cursors do not inherit the settings of their session.
        for statement in ("SET TimeZone = 'UTC'", *setup):
            cursor.execute(statement)
        return cursor

    _OPEN[token] = opened
    try:
        yield f"duckdb+lake:///{token}"
    finally:
        del _OPEN[token]
        for cursor in cursors:
            cursor.close()
