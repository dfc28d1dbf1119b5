"""The features of a release as one Parquet file, computed by any engine."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from botbench.core.files import draft_of
from botbench.core.progress import NoProgress, Progress
from curation.engines import DUCKDB, check, failures, peak_bytes, session
from curation.features._cache import ReleaseFolder, release_sql, scratch_connection
from curation.features._compute import compute
from curation.features._spark import joined_sql, write_parts

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Written:
    """What was written: by which engine, how much, in how many seconds, with how much memory."""

    engine: str
    accounts: int
    features: int
    seconds: float
    peak_bytes: int


def write(
    release: ReleaseFolder,
    out: Path,
    engine: str = DUCKDB,
    families: Iterable[str] | None = None,
    progress: Progress | None = None,
) -> Written:
    """Write the features of a release's accounts: one row an account, sorted by `account_id`.

    Names and types are the same for every engine, and values to 1e-9. An engine of Spark reads the
    release's files and writes parts beside `out` itself, so its machines must see both. Raises
    UserError for an unknown engine, ResourceFailure where an engine fails.
    """
    begin = time.perf_counter()
    check(engine)
    chosen = None if families is None else list(families)
    out.parent.mkdir(parents=True, exist_ok=True)
    with scratch_connection(out.parent.absolute()) as (connection, scratch), draft_of(out) as draft:
        if engine == DUCKDB:
            (progress or NoProgress()).stage("Features", 1)
            connection.register("computed", compute(connection, *release_sql(release), chosen))
            query = "FROM computed"
        else:
            tables = {t: release.path / f"{t}.parquet" for t in ("accounts", "posts")}
            with failures(engine, "it computed features"), session(engine) as spark:
                parts = write_parts(spark, tables, scratch, chosen, progress)
                peak = peak_bytes()
            query = joined_sql(parts, chosen)
        rows, columns = _stream(connection, query, draft)
        peak = peak_bytes() if engine == DUCKDB else max(peak, peak_bytes())
    return Written(engine, rows, columns - 1, time.perf_counter() - begin, peak)


def _stream(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> tuple[int, int]:
    """Write a query's rows as Parquet, batch by batch; the numbers of rows and columns."""
    import pyarrow.parquet as pq

    rows = 0
    # The rows come sorted, and stay so.
    connection.execute("SET preserve_insertion_order = true")
    reader = connection.execute(query).to_arrow_reader(100_000)
    with pq.ParquetWriter(path, reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch)
            rows += batch.num_rows
    return rows, len(reader.schema)
