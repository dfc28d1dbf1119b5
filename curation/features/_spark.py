"""Compute features on an engine of Spark: it reads the files, and writes one part a view."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from botbench.core.progress import NoProgress, Progress
from botbench.core.sql import literal
from curation.features._functions import SPARK
from curation.features._registry import chosen
from curation.features._render import columns_needed, only, plan
from curation.store import schema

IDS = "ids"
"""The part that has every account."""
GROUP_ROWS = 2**14
"""Rows of a file's group: Sail holds one of each part in memory while it writes them."""
PARTS = 16
"""How many parts are written at once, so that memory does not grow with the buckets."""


def laid_out(
    spark: Any,
    tables: Mapping[str, Path],
    folder: Path,
    buckets: int,
    *,
    families: Iterable[str] | None = None,
    progress: Progress | None = None,
) -> list[dict[str, Path]]:
    """The Parquet files of accounts and posts for each bucket of accounts.

    The engine writes the columns that the features read to `folder`: once, and again for every
    level of parts that are divided further. A bucket without an account is left out.
    """
    shown = progress or NoProgress()
    features = chosen(families)
    columns = {table: columns_needed(table, features) for table in tables}
    bucket = f"pmod(xxhash64(account_id), {buckets})"
    width = 1
    while width * PARTS < buckets:
        width *= PARTS
    parts = [dict(tables)]
    while width:
        shown.stage("Laying posts out by account", len(parts))
        part = f"CAST(pmod(floor({bucket} / {width}), {PARTS}) AS INT)"
        divided = []
        for i, whole in enumerate(parts):
            divided += _divided(spark, whole, folder / f"{width}-{i}", part, columns)
            if whole != tables:
                for path in whole.values():
                    shutil.rmtree(path, ignore_errors=True)
            shown.step(f"part {i + 1}")
        parts, width = divided, width // PARTS
    return parts


def _divided(
    spark: Any,
    tables: Mapping[str, Path],
    folder: Path,
    part: str,
    columns: Mapping[str, Iterable[str]],
) -> list[dict[str, Path]]:
    """The folders of accounts and posts by the SQL expression `part`, written to `folder`."""
    for table, path in tables.items():
        some = ", ".join(f"`{name}`" for name in columns[table])
        rows = spark.sql(f"SELECT {some}, {part} AS part FROM {_read(spark, path, table)}")
        writer = rows.write.mode("overwrite").option("max_row_group_size", str(GROUP_ROWS))
        writer.partitionBy("part").parquet(_uri(folder / table))
    found = []
    for accounts in sorted((folder / "accounts").glob("part=*")):
        posts = folder / "posts" / accounts.name
        found.append({"accounts": accounts, "posts": posts if posts.is_dir() else _none(folder)})
    return found


def _none(folder: Path) -> Path:
    """A file of no posts."""
    import pyarrow.parquet as pq

    path = folder / "none.parquet"
    pq.write_table(schema.rows("posts", []), path)
    return path


def write_parts(
    spark: Any, tables: Mapping[str, Path], folder: Path, families: Iterable[str] | None = None
) -> dict[str, Path]:
    """Write the features of the accounts to `folder`, one folder of Parquet a view.

    The folders by view; that of `ids` has `account_id` alone, for every account. `tables` are the
    Parquet files of accounts and posts. The engine reads them and writes the parts itself, so its
    machines must see these paths. Views that several others read are written too, for these to
    read. Raises ValueError where an account has several rows.
    """
    features = chosen(families)
    sources = {
        table: f"({only(table, _read(spark, path, table), features, SPARK)})"
        for table, path in tables.items()
    }
    several = spark.sql(
        "SELECT account_id FROM botbench_accounts GROUP BY account_id HAVING count(*) > 1 LIMIT 1"
    )
    if several.toArrow().num_rows:
        raise ValueError("features need one row an account; choose one observation of each")
    plans = plan(tuple(features), SPARK, keep=True)
    for query in plans.kept:
        name = f"kept_{query.view}"
        rows = query.over(**sources)
        part = _write(spark, rows, folder / name)
        sources[name] = _read(spark, part, name) if _has_rows(part) else f"({rows})"
    parts = {IDS: _write(spark, "SELECT account_id FROM botbench_accounts", folder / IDS)}
    for query in plans.queries:
        parts[query.view] = _write(spark, query.over(**sources), folder / query.view)
    return parts


def _write(spark: Any, query: str, folder: Path) -> Path:
    """The folder, with the rows of a query in it as Parquet."""
    spark.sql(query).write.mode("overwrite").parquet(_uri(folder))
    return folder


def _read(spark: Any, path: Path, table: str) -> str:
    """The name of a view of the session over Parquet files."""
    name = f"botbench_{table}"
    spark.read.parquet(_uri(path)).createOrReplaceTempView(name)
    return name


def _uri(path: Path) -> str:
    # Spark takes %3D in the name of a part's folder for itself, and finds none.
    return "file://" + quote(os.fsencode(path.absolute()), safe="/=")


def _has_rows(part: Path) -> bool:
    """Whether a part has files, which Sail writes only where there are rows."""
    return any(part.glob("*.parquet"))


def joined_sql(parts: Mapping[str, Path], families: Iterable[str] | None = None) -> str:
    """SQL of DuckDB that joins the parts: one row an account, NULL where a part lacks it.

    The columns have the names, order and types of `compute`, whatever width the engine gave them.
    """
    features = chosen(families)
    types = plan(tuple(features), SPARK).types
    there = {view: part for view, part in parts.items() if _has_rows(part)}
    files = {view: f"read_parquet({literal(part / '*.parquet')})" for view, part in there.items()}
    ids = files.pop(IDS, "(SELECT '' AS account_id LIMIT 0)")
    joins = " ".join(
        f'LEFT JOIN {file} AS "{view}" ON "{view}".account_id = ids.account_id'
        for view, file in files.items()
    )
    values = {f.name: f'"{f.view}"."{f.name}"' if f.view in files else "NULL" for f in features}
    columns = ", ".join(f'{values[name]}::{kind} AS "{name}"' for name, kind in types.items())
    return f"SELECT ids.account_id, {columns} FROM {ids} ids {joins}"
