"""In-memory DuckDB connections for work beside the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


def scratch_database(threads: int | None = None) -> duckdb.DuckDBPyConnection:
    """Open an in-memory DuckDB in UTC that installs and loads no extension by itself.

    `threads` limits its threads; where several processes work side by side, use 1.

    >>> with scratch_database(threads=1) as connection:
    ...     connection.execute("SELECT current_setting('TimeZone')").fetchone()
    ('UTC',)
    """
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    if threads is not None:
        config["threads"] = threads
    connection = duckdb.connect(config=config)
    connection.execute("SET TimeZone = 'UTC'")
    return connection
