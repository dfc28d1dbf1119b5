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


STEP = 4_000_000_000
"""Bytes in which a data set is validated or released first; beyond them DuckDB sorts and joins on
disk. With 2 GB a release of 8.8e7 posts wrote 200 GB there."""


@contextmanager
def bounded(connection: duckdb.DuckDBPyConnection, limit: str) -> Iterator[int]:
    """Bound DuckDB's memory for a while; gives the bound in bytes, for `little_first`."""
    size = memory_bytes(limit) or 0
    if not LEAST <= size < 2**50:
        raise UserError(f"--memory {limit!r} is not an amount of memory from 100MB on; {EXAMPLE}.")
    allowed = _allowed(connection)
    _set(connection, min(SMALL, size))
    try:
        yield size
    finally:
        _give_back(connection, allowed)


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
    allowed = _allowed(connection)
    if (memory_bytes(allowed) or size) < size:
        return step()
    _set(connection, size)
    try:
        return step()
    except (duckdb.OutOfMemoryException, UserError) as error:
        _raise_another(error)
    finally:
        _give_back(connection, allowed)
    return step()


def _raise_another(error: Exception) -> None:
    """Raise the error unless it, or what it is about, is a lack of memory."""
    lack = duckdb.OutOfMemoryException
    if not isinstance(error, lack) and not isinstance(error.__cause__, lack):
        raise error


def _allowed(connection: duckdb.DuckDBPyConnection) -> str:
    """The bound that holds now, as DuckDB writes it."""
    (allowed,) = connection.execute("SELECT current_setting('memory_limit')").fetchone() or ("",)
    return str(allowed)


def _give_back(connection: duckdb.DuckDBPyConnection, allowed: str) -> None:
    """Set the bound that held before: DuckDB 1.5's RESET changes what it shows, not what it does.

    DuckDB writes a bound in tenths, cut off: the next whole MiB (KiB below 1 GiB) is written so
    again. After an error inside DuckDB the connection may be good for nothing any more.
    """
    if (size := memory_bytes(allowed)) is not None:
        unit = 2**20 if size >= 2**30 else 2**10
        with suppress(duckdb.Error):
            _set(connection, (size // unit + 1) * unit)


def _set(connection: duckdb.DuckDBPyConnection, size: int) -> None:
    connection.execute(f"SET memory_limit = '{size}B'")
