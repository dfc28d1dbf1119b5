"""The duplicate groups of releases, for intervals; never shown to detectors."""

from __future__ import annotations

import contextlib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from botbench.core.duckdb_work import scratch_database
from botbench.core.files import write_parquet
from botbench.core.hashing import short_hash
from curation.release import duplicate_groups

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

COLUMN = "duplicate_group"
"""The column of predictions that holds the number of an account's group."""
REVISION = 1
"""Raised when other groups are found in the same release."""


def of_releases(folders: Sequence[Path]) -> pa.Table:
    """dataset, account_id and group number (`COLUMN`, int64) of all accounts in groups.

    Numbers differ between releases. Groups of releases without a file of groups are found once and
    kept in the store's cache.
    """
    import pyarrow as pa

    tables, start = [], 0
    for folder in folders:
        found = _of_release(folder, _state(folder))
        numbers = found["group"].to_numpy() + start
        start = int(numbers.max(initial=start - 1)) + 1
        tables.append(found.select(["dataset", "account_id"]).append_column(COLUMN, [numbers]))
    return pa.concat_tables(tables)


def _state(folder: Path) -> str:
    """What the groups depend on: the release's files, by size and time."""
    names = ("accounts.parquet", "posts.parquet", "splits.parquet", duplicate_groups.FILE)
    stats = [(folder / name).stat() for name in names if (folder / name).exists()]
    files = [[s.st_size, s.st_mtime_ns] for s in stats]
    return short_hash([REVISION, folder.parent.name, folder.name, files], 32)


@lru_cache(maxsize=64)
def _of_release(folder: Path, state: str) -> pa.Table:
    import pyarrow as pa

    kept = folder.parents[2] / "cache" / "groups" / f"{state}.parquet"
    if (cached := _cached(kept)) is not None:
        return cached
    with scratch_database(threads=1) as connection:
        found = duplicate_groups.of_release(connection, folder)
    if not (folder / duplicate_groups.FILE).exists():
        # A store that cannot be written to is read all the same.
        with contextlib.suppress(OSError, pa.ArrowException):
            write_parquet(kept, found)
    return found


def _cached(kept: Path) -> pa.Table | None:
    """The groups in the cache; None where they are not there, or damaged."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not kept.exists():
        return None
    with contextlib.suppress(OSError, pa.ArrowException):
        found = pq.read_table(kept)
        return found if {"dataset", "account_id", "group"} <= set(found.column_names) else None
    return None
