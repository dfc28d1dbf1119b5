"""Compute features on an engine of Spark: it reads the files, and writes one part a view."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from botbench.core.progress import NoProgress, Progress
from botbench.core.sql import literal
from curation.features._functions import SPARK
from curation.features._registry import chosen
from curation.features._render import only, plan

IDS = "ids"
"""The part that has every account."""


def write_parts(
    spark: Any,
    tables: Mapping[str, Path],
    folder: Path,
    families: Iterable[str] | None = None,
    progress: Progress | None = None,
) -> dict[str, Path]:
    """Write the features of a release's accounts to `folder`, one folder of Parquet a view.

    The folders by view; that of `ids` has `account_id` alone, for every account. `tables` are the
    Parquet files of accounts and posts. The engine reads them and writes the parts itself, so its
    machines must see these paths. Raises ValueError where an account has several rows.
    """
    shown = progress or NoProgress()
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
    queries = {IDS: "SELECT account_id FROM botbench_accounts"}
    queries |= {q.view: q.over(**sources) for q in plan(tuple(features), SPARK).queries}
    shown.stage("Views of features", len(queries))
    parts = {}
    for view, query in queries.items():
        parts[view] = folder / view
        spark.sql(query).write.mode("overwrite").parquet(parts[view].absolute().as_uri())
        shown.step(view)
    return parts


def _read(spark: Any, path: Path, table: str) -> str:
    """The name of a view of the session over a Parquet file."""
    name = f"botbench_{table}"
    spark.read.parquet(path.absolute().as_uri()).createOrReplaceTempView(name)
    return name


def joined_sql(parts: Mapping[str, Path], families: Iterable[str] | None = None) -> str:
    """SQL of DuckDB that joins the parts: one row an account, sorted, NULL where a part lacks it.

    The columns have the names, order and types of `compute`, whatever width the engine gave them.
    """
    features = chosen(families)
    types = plan(tuple(features), SPARK).types
    # Sail writes no file where there is no row.
    there = {view: part for view, part in parts.items() if any(part.glob("*.parquet"))}
    files = {view: f"read_parquet({literal(part / '*.parquet')})" for view, part in there.items()}
    ids = files.pop(IDS, "(SELECT '' AS account_id LIMIT 0)")
    joins = " ".join(
        f'LEFT JOIN {file} AS "{view}" ON "{view}".account_id = ids.account_id'
        for view, file in files.items()
    )
    values = {f.name: f'"{f.view}"."{f.name}"' if f.view in files else "NULL" for f in features}
    columns = ", ".join(f'{values[name]}::{kind} AS "{name}"' for name, kind in types.items())
    return f"SELECT ids.account_id, {columns} FROM {ids} ids {joins} ORDER BY ids.account_id"
