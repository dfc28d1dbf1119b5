"""Duplicate groups of a release: accounts that look alike; they are never merged.

The content hash does not cover them: they follow from the rows that it covers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

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


def write(
    connection: duckdb.DuckDBPyConnection,
    dataset: str,
    relations: tuple[str, str, str],
    folder: Path,
) -> Size:
    """Write the groups of a release (relations: accounts, posts, splits) into its folder."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    groups = within(connection, *relations)
    named = pa.array([dataset] * groups.num_rows, pa.string())
    pq.write_table(groups.add_column(0, "dataset", named), folder / FILE, compression="zstd")
    return Size(len(groups["group"].unique()), groups.num_rows)


def of_release(connection: duckdb.DuckDBPyConnection, folder: Path) -> pa.Table:
    """The groups of a release: dataset, account_id, group; empty if there are none.

    Read from its file. A release of an earlier version has none, and its groups are found anew in
    its accounts and posts. A folder with labels only has no groups.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if (folder / FILE).exists():
        return pq.read_table(folder / FILE)
    columns = [("dataset", pa.string()), ("account_id", pa.string()), ("group", pa.int64())]
    files = [folder / f"{table}.parquet" for table in ("accounts", "posts", "splits")]
    if not all(file.exists() for file in files):
        return pa.schema(columns).empty_table()
    accounts, posts, splits = (f"read_parquet({literal(file)})" for file in files)
    if "avatar_phash" not in pq.read_schema(files[0]).names:
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
