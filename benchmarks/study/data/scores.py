"""A detector's scores of the campaign's accounts, as a relation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botbench.core.errors import UserError, first_line
from botbench.core.sql import literal

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from benchmarks.study.campaign.definition import Detector


def read(path: Path) -> str:
    """SQL that reads a Parquet or CSV file with text ids."""
    if path.suffix == ".parquet":
        return f"read_parquet({literal(path)})"
    return f"read_csv({literal(path)}, types = {{'account_id': 'VARCHAR'}})"


def columns(connection: duckdb.DuckDBPyConnection, path: Path) -> list[str]:
    """The names of a file's columns."""
    description = connection.execute(f"FROM {read(path)} LIMIT 0").description
    return [column[0] for column in description or ()]


def relation(connection: duckdb.DuckDBPyConnection, detector: Detector) -> str:
    """SQL of the scores, in brackets: account_id, p_bot, threshold.

    Several rows of one account are averaged. Raises UserError if a column is missing or a score is
    not a probability.
    """
    import duckdb

    try:
        names = columns(connection, detector.scores)
    except duckdb.Error as error:
        raise UserError(
            f"detector.scores: {detector.scores} cannot be read: {first_line(error)}"
        ) from error
    missing = [n for n in ("account_id", "p_bot") if n not in names]
    if missing:
        raise UserError(
            f"detector.scores: {detector.scores} has no column {', '.join(missing)}; it has"
            f" {', '.join(names)}. botbench predict writes account_id, p_bot and threshold."
        )
    threshold = "avg(threshold)"
    if detector.threshold is not None or "threshold" not in names:
        threshold = repr(0.5 if detector.threshold is None else detector.threshold)
    scores = (
        "(SELECT account_id::VARCHAR AS account_id, avg(p_bot)::DOUBLE AS p_bot,"
        f" {threshold}::DOUBLE AS threshold FROM {read(detector.scores)} GROUP BY 1)"
    )
    impossible = connection.execute(
        f"SELECT count(*) FROM {scores} WHERE NOT (p_bot BETWEEN 0 AND 1)"
    ).fetchone()
    if impossible and impossible[0]:
        raise UserError(
            f"detector.scores: {impossible[0]:,} values of p_bot in {detector.scores} are not"
            " between 0 and 1."
        )
    return scores
