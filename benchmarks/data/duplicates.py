"""The duplicate groups of releases, for intervals; never shown to detectors."""

from __future__ import annotations

import contextlib
import hashlib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from botbench.core.duckdb_work import scratch_database
from botbench.core.errors import UserError
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
    for file in (folder / duplicate_groups.FILE, kept):
        if (known := duplicate_groups.read(file)) is not None:
            return known
    with scratch_database(threads=1) as connection:
        found = duplicate_groups.of_release(connection, folder)
    # A store that cannot be written to is read all the same.
    with contextlib.suppress(OSError, UserError, pa.ArrowException):
        write_parquet(kept, found)
    return found


def of_folds(folder: Path, account_id: pa.Array, group: pa.Array) -> pa.Array:
    """The group of each account that folds keep together: text[n], as `group`.

    `group` are the groups of equal profiles (from the release's splits). Groups by picture and bio
    or by timeline, which hold those, take their place.
    """
    import pyarrow.compute as pc

    found = of_releases([folder])
    if not found.num_rows:
        return group
    own = found[COLUMN].combine_chunks().cast("string")
    own = own.take(pc.index_in(account_id, found["account_id"].combine_chunks()))
    return pc.coalesce(pc.binary_join_element_wise("alike", own, " "), group)


def beyond_profiles(folder: Path) -> str | None:
    """A hash of the groups that folds keep together; None if these are those of equal profiles."""
    import pyarrow.parquet as pq

    file = folder / "splits.parquet"
    if not file.exists() or "group" not in pq.read_schema(file).names:
        return None
    splits = pq.read_table(file, columns=["account_id", "group"])
    of_profiles = splits.group_by("account_id").aggregate([("group", "min")]).sort_by("account_id")
    account, group = (of_profiles[name].combine_chunks() for name in ("account_id", "group_min"))
    merged = of_folds(folder, account, group)
    if len(merged.unique()) == len(group.unique()):
        return None
    # Accounts are sorted, and the content hash tells which they are.
    numbers = merged.dictionary_encode().indices.to_numpy()
    return short_hash([REVISION, hashlib.sha256(numbers.tobytes()).hexdigest()], 32)
