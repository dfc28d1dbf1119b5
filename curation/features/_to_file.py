"""The features of a release as one Parquet file, computed by any engine."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from botbench.core.files import draft_of
from botbench.core.progress import NoProgress, Progress
from botbench.core.sql import literal
from curation.engines import DUCKDB, SAIL, check, failures, peak_bytes, session
from curation.features._cache import ReleaseFolder, release_sql, scratch_connection
from curation.features._compute import buckets_for, compute
from curation.features._registry import chosen
from curation.features._spark import joined_sql, laid_out, write_parts

if TYPE_CHECKING:
    import duckdb

SAIL_MEMORY = 2**29
"""Bytes for a bucket on Sail, by DuckDB's bytes a post, of which Sail takes twice as many."""
BUCKETS_A_SERVER = 8
"""A server of Sail keeps some MB of each bucket, until its process ends."""


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
    UserError for an unknown engine or family, ResourceFailure where an engine fails.
    """
    begin = time.perf_counter()
    check(engine)
    named = None if families is None else list(families)
    chosen(named)
    out.parent.mkdir(parents=True, exist_ok=True)
    with scratch_connection(out.parent.absolute()) as (connection, scratch), draft_of(out) as draft:
        peak = 0
        if engine == DUCKDB:
            (progress or NoProgress()).stage("Features", 1)
            connection.register("computed", compute(connection, *release_sql(release), named))
            query = "FROM computed"
        else:
            shown = progress or NoProgress()
            peak = _on_engine(connection, release, engine, scratch, families=named, progress=shown)
            query = f"FROM read_parquet({literal(scratch / '*.parquet')}) ORDER BY account_id"
        rows, columns = _stream(connection, query, draft)
        peak = max(peak, peak_bytes())
    return Written(engine, rows, columns - 1, time.perf_counter() - begin, peak)


def _on_engine(
    connection: duckdb.DuckDBPyConnection,
    release: ReleaseFolder,
    engine: str,
    scratch: Path,
    *,
    families: list[str] | None,
    progress: Progress,
) -> int:
    """Write one file of features to `scratch` for each bucket of accounts; bytes at the peak.

    Sail computes in memory, so it gets one bucket after the other. Spark moves to disk what does
    not fit, and gets all accounts as one.
    """
    tables = {t: release.path / f"{t}.parquet" for t in ("accounts", "posts")}
    in_memory = engine == SAIL or engine.startswith("sc:")
    n = buckets_for(connection, release_sql(release)[1], SAIL_MEMORY) if in_memory else 1
    buckets, peaks = [tables], []
    if n > 1:
        with failures(engine, "it laid out posts"), session(engine, beside=True) as spark:
            laid = laid_out(
                spark, tables, scratch / "buckets", n, families=families, progress=progress
            )
            buckets = laid or buckets
            peaks.append(peak_bytes())
    progress.stage("Buckets of accounts", len(buckets))
    for begin in range(0, len(buckets), BUCKETS_A_SERVER):
        with failures(engine, "it computed features"), session(engine, beside=True) as spark:
            for i, bucket in list(enumerate(buckets))[begin : begin + BUCKETS_A_SERVER]:
                parts = write_parts(spark, bucket, scratch / "parts", families)
                joined = literal(scratch / f"{i}.parquet")
                connection.execute(f"COPY ({joined_sql(parts, families)}) TO {joined}")
                # Sail writes nothing of nothing.
                shutil.rmtree(scratch / "parts", ignore_errors=True)
                progress.step(f"bucket {i + 1}")
            peaks.append(peak_bytes())
    return max(peaks)


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
