"""Duplicate groups of a release: accounts that look alike; they are never merged.

The content hash does not cover them: they follow from the rows that it covers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from botbench.core.errors import ResourceFailure
from botbench.core.sql import literal
from botbench.text.similar_accounts import within

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb
    import pyarrow as pa

FILE = "groups.parquet"
"""The file of a release's groups."""


class Size(NamedTuple):
    """How many groups there are, and how many accounts are in them."""

    groups: int
    accounts: int


def write(connection: duckdb.DuckDBPyConnection, dataset: str, folder: Path) -> Size:
    """Write the groups of a release into its folder, which holds its other files."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    groups = within(connection, *_relations(folder))
    named = pa.array([dataset] * groups.num_rows, pa.string())
    pq.write_table(groups.add_column(0, "dataset", named), folder / FILE, compression="zstd")
    return Size(len(groups["group"].unique()), groups.num_rows)


def of_release(connection: duckdb.DuckDBPyConnection, folder: Path) -> pa.Table:
    """The groups of a release: dataset, account_id, group; empty if there are none.

    Read from its file. Where there is none (a release of an earlier version), or a damaged one,
    they are found anew in its accounts and posts. A folder with labels only has no groups. Raises
    ResourceFailure for a damaged file in a folder without accounts and posts.
    """
    import pyarrow.parquet as pq

    if (known := read(folder / FILE)) is not None:
        return known
    if not all(file.exists() for file in _files(folder)):
        if (folder / FILE).exists():
            raise ResourceFailure(
                f"{folder / FILE} is damaged, and there are no accounts and posts beside it to find"
                " the duplicate groups in. Put the release's folder back from a backup."
            )
        return _schema().empty_table()
    accounts, posts, splits = _relations(folder)
    if "avatar_phash" not in pq.read_schema(_files(folder)[0]).names:
        accounts = f"(SELECT *, NULL::VARCHAR AS avatar_phash FROM {accounts})"
    groups = within(connection, accounts, posts, splits)
    connection.register("duplicate_found", groups)
    found = connection.execute(
        f"""
        SELECT a.dataset, g.account_id, g."group"
        FROM duplicate_found g JOIN {accounts} a USING (account_id) ORDER BY g.account_id"""
    ).to_arrow_table()
    connection.unregister("duplicate_found")
    return found


def _files(folder: Path) -> list[Path]:
    """The files of a release that tell who looks alike."""
    return [folder / f"{table}.parquet" for table in ("accounts", "posts", "splits")]


def _relations(folder: Path) -> list[str]:
    return [f"read_parquet({literal(file)})" for file in _files(folder)]


def read(file: Path) -> pa.Table | None:
    """The groups in a file; None where it is not there or damaged.

    Damaged is what is no Parquet file, lacks a column or a value, or names an account twice.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not file.exists():
        return None
    try:
        # Memory-mapped pages of a truncated file would end the process.
        found = pq.read_table(file, columns=_schema().names, memory_map=False).cast(_schema())
    except (OSError, ValueError, KeyError, pa.ArrowException):
        return None
    named = found.group_by(["dataset", "account_id"]).aggregate([]).num_rows
    whole = not any(column.null_count for column in found.columns) and named == found.num_rows
    return found if whole else None


def _schema() -> pa.Schema:
    import pyarrow as pa

    return pa.schema([("dataset", pa.string()), ("account_id", pa.string()), ("group", pa.int64())])
