"""How much memory DuckDB may take during a step: little first, and all of it where that fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

import duckdb

from botbench.core.errors import UserError
from botbench.text.amounts import EXAMPLE, LEAST, memory_bytes

T = TypeVar("T")

SMALL = 1_000_000_000
"""Bytes with which a step is tried first. Staged rows beyond them go to the disk, which takes no
more processor time worth telling (measured with 1 GB of JSON)."""


@contextmanager
def bounded(connection: duckdb.DuckDBPyConnection, limit: str) -> Iterator[int]:
    """Bound DuckDB's memory for a while; gives the bound in bytes, for `little_first`."""
    size = memory_bytes(limit) or 0
    if not LEAST <= size < 2**50:
        raise UserError(f"--memory {limit!r} is not an amount of memory from 100MB on; {EXAMPLE}.")
    _set(connection, min(SMALL, size))
    try:
        yield size
    finally:
        # After an error inside DuckDB the connection may be good for nothing any more.
        with suppress(duckdb.Error):
            connection.execute("RESET memory_limit")


def little_first(connection: duckdb.DuckDBPyConnection, size: int, step: Callable[[], T]) -> T:
    """Run a step that may be run again in `SMALL` bytes, or in `size` where those are too few."""
    if size > SMALL:
        try:
            return step()
        except (duckdb.OutOfMemoryException, UserError) as error:
            _raise_another(error)
            _set(connection, size)
    return step()


def within(connection: duckdb.DuckDBPyConnection, size: int, step: Callable[[], T]) -> T:
    """Run a step that may be run again in `size` bytes, or in what the machine has.

    DuckDB by itself takes up to four fifths of the machine before it sorts on disk; on a small
    machine that is less than `size`, and stays.
    """
    (allowed,) = connection.execute("SELECT current_setting('memory_limit')").fetchone() or ("",)
    if (memory_bytes(allowed) or size) < size:
        return step()
    _set(connection, size)
    try:
        return step()
    except (duckdb.OutOfMemoryException, UserError) as error:
        _raise_another(error)
    finally:
        with suppress(duckdb.Error):
            connection.execute("RESET memory_limit")
    return step()


def _raise_another(error: Exception) -> None:
    """Raise the error unless it, or what it is about, is a lack of memory."""
    lack = duckdb.OutOfMemoryException
    if not isinstance(error, lack) and not isinstance(error.__cause__, lack):
        raise error


def _set(connection: duckdb.DuckDBPyConnection, size: int) -> None:
    connection.execute(f"SET memory_limit = '{size}B'")
