"""The posts of a campaign, taken out of the store's files by an engine of Spark."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botbench.core.sql import literal
from curation.engines import failures, files_of, session
from curation.store.schema import TABLES
from curation.store.upkeep import leftovers

if TYPE_CHECKING:
    from benchmarks.study.campaign.definition import Campaign
    from curation.store.store import Store

TABLE = "study_posts"


@dataclass(frozen=True)
class Taken:
    """A table of the campaign's posts; how many its data set has, and how many without a time."""

    table: str
    total: int
    undated: int


def take(store: Store, campaign: Campaign, version: int, engine: str) -> Taken:
    """The data set's posts in the window, in a temporary table of the store's connection.

    The engine reads the files of the table and writes Parquet under the store's home, so its
    machines must see both. Raises UserError for an unknown engine, ResourceFailure where it fails.
    """
    folder = leftovers.scratch_folder(store.home, "study")
    try:
        files = files_of(store, "posts", version, folder)
        total, undated = 0, 0
        if files:
            with failures(engine, "it read posts"), session(engine, beside=True) as spark:
                posts = _of_dataset(spark, files, campaign.dataset)
                total, undated = _counts(posts)
                inside = _in_window(posts, campaign)
                inside.write.parquet((folder / "taken").absolute().as_uri())
        _load(store, folder / "taken")
    finally:
        shutil.rmtree(folder)
    return Taken(TABLE, total, undated)


def _of_dataset(spark: Any, files: list[str], dataset: str) -> Any:
    from pyspark.sql import functions as f

    # Files in object storage have an address already.
    addresses = [name if "://" in name else Path(name).absolute().as_uri() for name in files]
    return spark.read.parquet(*addresses).filter(f.col("dataset") == dataset)


def _counts(posts: Any) -> tuple[int, int]:
    from pyspark.sql import functions as f

    total, dated = posts.agg(f.count("dataset"), f.count("created_at")).collect()[0]
    return int(total), int(total - dated)


def _in_window(posts: Any, campaign: Campaign) -> Any:
    """Only what lies in the window moves: the study applies its filters to these posts again."""
    from pyspark.sql import functions as f

    if campaign.window is None:
        return posts
    start, end = (_micros(moment) for moment in (campaign.window.start, campaign.window.end))
    time = f.unix_micros("created_at")
    return posts.filter((time >= start) & (time < end))


def _micros(moment: datetime) -> int:
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _load(store: Store, taken: Path) -> None:
    columns = ", ".join(f'"{c.name}"::{c.type} AS "{c.name}"' for c in TABLES["posts"].columns)
    source = f"read_parquet({literal(taken / '*.parquet')})"
    if not any(taken.glob("*.parquet")):  # Sail writes no file where there is no row
        columns = ", ".join(f'NULL::{c.type} AS "{c.name}"' for c in TABLES["posts"].columns)
        source = "(SELECT 1) WHERE false"
    store.connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {TABLE} AS SELECT {columns} FROM {source}"
    )
