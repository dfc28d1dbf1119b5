"""External predictions: the bench joins a file, so the detector sees a column and never an id."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.data.accounts import Floats
from botbench.core.duckdb_work import scratch_database
from botbench.core.errors import UserError, first_line
from botbench.core.sql import literal
from botbench.untrusted import csv_tables, json_documents, json_items

if TYPE_CHECKING:
    import pyarrow as pa

    from benchmarks.data.release_arrays import ReleaseArrays

FAMILY = "external"
FEATURE = "external_p_bot"
GIVEN = "given"
"""The relation of a table that is read before DuckDB sees it."""
COLUMNS = ("account_id", "p_bot", "dataset", "threshold")
TABLES, LINES = (".csv", ".tsv"), (".json", ".jsonl", ".ndjson")
READ_LINES = "read_json({file}, format = 'newline_delimited', ignore_errors = true)"


def read(file: Path) -> pa.Table:
    """Read a predictions file: `account_id` (text), `p_bot` (0 to 1).

    `dataset` and `threshold` are optional. Raises UserError if the file is missing or unreadable,
    lacks a column, or has a value that is no probability.
    """
    if not file.is_file():
        raise UserError(
            f"There is no predictions file {file}. It has columns account_id and p_bot (CSV, JSON"
            " or Parquet)."
        )
    ending = file.suffix.lower()
    if ending in TABLES:
        _require(csv_tables.head(file).names, file)
        given = csv_tables.read(file, COLUMNS)
        return _scores(file, GIVEN, given.column_names, given)
    if ending in LINES:
        with TemporaryDirectory() as folder:
            path = _as_lines(file, Path(folder))
            lines = READ_LINES.format(file=literal(path))
            columns = _columns(lines, file)
            # A line that is no object, such as one with half an emoji, is no account's score.
            whole = f"(FROM {lines} WHERE account_id IS NOT NULL OR p_bot IS NOT NULL)"
            return _scores(file, whole, columns)
    if ending == ".parquet":
        source = f"read_parquet({literal(file)})"
        return _scores(file, source, _columns(source, file))
    endings = ", ".join((*TABLES, *LINES, ".parquet"))
    raise UserError(f"{file}: expected a file that ends in {endings}.")


def _as_lines(file: Path, folder: Path) -> Path:
    """A JSON file with one object a line: itself, or a copy of its array's items."""
    with file.open("rb") as stream:
        start = stream.read(1_000).removeprefix(json_items.BOM).lstrip()
        if not start.startswith(b"["):
            return file
        stream.seek(0)
        path = folder / "items.jsonl"
        with path.open("wb") as out:
            for item in json_items.items(stream, str(file)):
                out.write(item + b"\n")
    return path


def _columns(source: str, file: Path) -> list[str]:
    """The columns of a relation; raises UserError where it lacks one that is needed."""
    columns = [
        str(name) for name in _ask(f"DESCRIBE FROM {source}", file)["column_name"].to_pylist()
    ]
    _require(columns, file)
    return columns


def _require(columns: Sequence[str], file: Path) -> None:
    if missing := {"account_id", "p_bot"} - set(columns):
        found = csv_tables.shown(sorted(columns))
        raise UserError(f"{file} lacks {' and '.join(sorted(missing))}; it has {found}.")


def _scores(
    file: Path, source: str, columns: Sequence[str], given: pa.Table | None = None
) -> pa.Table:
    """The scores of a relation with these columns, checked; `given` is the relation `GIVEN`."""
    may = {"dataset": "VARCHAR", "threshold": "DOUBLE"}
    asked = "".join(f", {name}::{kind} AS {name}" for name, kind in may.items() if name in columns)
    scores = _ask(
        f"SELECT account_id::VARCHAR AS account_id, try_cast(p_bot AS DOUBLE) AS p_bot{asked} FROM"
        f" {source}",
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


def declared(file: Path) -> tuple[str, ...]:
    """The releases that a Parquet file of `botbench predict` declares; none without any.

    Raises UserError for a file that is no Parquet, or whose declaration is no such document.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if file.suffix != ".parquet" or not file.is_file():
        return ()
    try:
        metadata = (pq.read_schema(file).metadata or {}).get(b"botbench")
    except (pa.ArrowException, OSError) as error:
        raise UserError(f"{file} cannot be read as Parquet: {first_line(error, 200)}.") from None
    if not metadata:
        return ()
    document = json_documents.parse(metadata, f"What {file} says of its detector")
    releases = document.get("trained_on") if isinstance(document, dict) else None
    if not isinstance(releases, list) or not all(
        isinstance(r, dict) and "reference" in r for r in releases
    ):
        raise UserError(
            f"{file} does not say on which releases its detector was trained as botbench predict"
            " does; make it again, or take its metadata away."
        )
    return tuple(str(r["reference"]) for r in releases)


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


def _ask(query: str, file: Path, given: pa.Table | None = None) -> pa.Table:
    try:
        with scratch_database(threads=1) as connection:
            if given is not None:
                connection.register(GIVEN, given)
            return connection.execute(query).to_arrow_table()
    except csv_tables.unreadable() as error:
        raise UserError(f"{file} cannot be read: {first_line(error)}.") from error
