"""External predictions: the bench joins a file, so the detector sees a column and never an id."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.data.accounts import Floats
from botbench.core.duckdb_work import scratch_database
from botbench.core.errors import UserError, first_line
from botbench.core.files import no_file
from botbench.untrusted import csv_tables, json_documents, tables

if TYPE_CHECKING:
    import pyarrow as pa

    from benchmarks.data.release_arrays import ReleaseArrays

FAMILY = "external"
FEATURE = "external_p_bot"
GIVEN = "given"
"""The relation of a table that is read before DuckDB sees it."""
COLUMNS = ("account_id", "p_bot", "dataset", "threshold")


def read(file: Path) -> pa.Table:
    """Read a predictions file: `account_id` (text), `p_bot` (0 to 1).

    `dataset` and `threshold` are optional. Raises UserError if the file is missing or unreadable,
    lacks a column, or has a value that is no probability.
    """
    if not file.is_file():
        raise UserError(
            f"{no_file('predictions file', file)}. It has columns account_id and p_bot (CSV, JSON"
            " or Parquet)."
        )
    given = tables.read_telling(file, COLUMNS, required=("account_id", "p_bot"))
    return _scores(file, given.rows)


def _scores(file: Path, given: pa.Table) -> pa.Table:
    """The scores of a table, checked."""
    columns = given.column_names
    may = {"dataset": "VARCHAR", "threshold": "DOUBLE"}
    asked = "".join(f", {name}::{kind} AS {name}" for name, kind in may.items() if name in columns)
    scores = _ask(
        f"SELECT account_id::VARCHAR AS account_id, try_cast(p_bot AS DOUBLE) AS p_bot{asked} FROM"
        f" {GIVEN}",
        file,
        given,
    )
    _check(scores, file)
    return scores


def _check(scores: Any, file: Path) -> None:
    p = scores["p_bot"].to_numpy(zero_copy_only=False).astype(np.float64)
    bad = np.flatnonzero(~((p >= 0) & (p <= 1)))
    if len(bad):
        infinite = int(np.isinf(p).sum())
        also = f", {infinite} of them infinite" if infinite else ""
        raise UserError(
            f"{file}: p_bot of row {bad[0] + 1} is not a number from 0 to 1 ({len(bad)} such rows"
            f" of {len(p)}{also})."
        )
    key = [name for name in ("dataset", "account_id") if name in scores.column_names]
    if scores.num_rows > scores.group_by(key).aggregate([]).num_rows:
        raise UserError(f"{file} says several scores for one account; keep one row an account.")


def threshold_of(file: Path) -> float | None:
    """The threshold that a file states for its scores; None without one, or with several."""
    scores = read(file)
    stated = (
        set(scores["threshold"].drop_null().to_pylist())
        if "threshold" in scores.column_names
        else set()
    )
    return float(next(iter(stated))) if len(stated) == 1 else None


def detector_of(file: Path) -> str | None:
    """The detector that a Parquet file of `botbench predict` names; None without any."""
    document = _declaration(file)
    named = document.get("detector") if isinstance(document, dict) else None
    return named if isinstance(named, str) else None


def declared(file: Path) -> tuple[str, ...]:
    """The releases that a Parquet file of `botbench predict` declares; none without any.

    Raises UserError for a file that is no Parquet, or whose declaration is no such document.
    """
    document = _declaration(file)
    if document is None:
        return ()
    releases = document.get("trained_on") if isinstance(document, dict) else None
    if not isinstance(releases, list) or not all(
        isinstance(r, dict) and "reference" in r for r in releases
    ):
        raise UserError(
            f"{file} does not say on which releases its detector was trained as botbench predict"
            " does; make it again, or take its metadata away."
        )
    return tuple(str(r["reference"]) for r in releases)


def _declaration(file: Path) -> Any:
    """What a Parquet file says of its detector; None for other files, and without any.

    Raises UserError for a file that is no Parquet.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if file.suffix != ".parquet" or not file.is_file():
        return None
    try:
        metadata = (pq.read_schema(file).metadata or {}).get(b"botbench")
    except (pa.ArrowException, OSError) as error:
        raise UserError(f"{file} cannot be read as Parquet: {first_line(error, 200)}.") from None
    return json_documents.parse(metadata, f"What {file} says of its detector") if metadata else None


def joined(file: Path | None, pool: Sequence[ReleaseArrays]) -> Floats:
    """The file's scores for the accounts of the pool, float64[n, 1], NaN if it has none.

    Without a file, float64[n, 0].
    """
    n = sum(len(m) for m in pool)
    if file is None:
        return np.empty((n, 0))
    import pandas as pd

    scores = read(file).to_pandas()
    keys = [name for name in ("dataset", "account_id") if name in scores]
    rows = pd.DataFrame(
        {
            "dataset": np.repeat([m.dataset for m in pool], [len(m) for m in pool]),
            "account_id": np.concatenate([m.account_id.astype(str) for m in pool]),
        }
    )
    p = rows.merge(scores, on=keys, how="left")["p_bot"].to_numpy(dtype=np.float64)
    return np.asarray(p[:, None], dtype=np.float64)


def _ask(query: str, file: Path, given: pa.Table) -> pa.Table:
    try:
        with scratch_database(threads=1) as connection:
            connection.register(GIVEN, given)
            return connection.execute(query).to_arrow_table()
    except csv_tables.unreadable() as error:
        raise UserError(f"{file} cannot be read: {first_line(error)}.") from error
