"""Files of a campaign as relations: a detector's scores of its accounts, and other tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botbench.core.errors import UserError, first_line
from botbench.core.sql import identifier
from botbench.untrusted import csv_tables, tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import duckdb

    from benchmarks.study.campaign.definition import Detector

NAMES = ("account_id", "p_bot", "threshold", "label", "y")
"""The columns that a study reads of scores and of evidence."""


def source(
    connection: duckdb.DuckDBPyConnection, path: Path, field: str, columns: Sequence[str] = NAMES
) -> tuple[str, tuple[str, ...]]:
    """SQL of the wanted columns of a CSV, JSON or Parquet file, and the names of all its columns.

    `field` is the campaign's field that names the file. Raises UserError if the file cannot be
    read.
    """
    name = f"campaign {field}"
    try:
        given = tables.read_telling(path, columns)
    except UserError as error:
        raise UserError(f"{field}: {error}") from None
    if given.rows.num_columns:
        connection.register(name, given.rows)
    return identifier(name), tuple(given.names)


def relation(connection: duckdb.DuckDBPyConnection, detector: Detector) -> str:
    """SQL of the scores, in brackets: account_id, p_bot, threshold.

    Several rows of one account are averaged. Raises UserError if a column is missing or a score is
    not a probability.
    """

    given, names = source(connection, detector.scores, "detector.scores")
    missing = [n for n in ("account_id", "p_bot") if n not in names]
    if missing:
        raise UserError(
            f"detector.scores: {detector.scores} has no column {', '.join(missing)}; it has"
            f" {csv_tables.shown(names)}. botbench predict writes account_id, p_bot and threshold."
        )
    threshold = "avg(threshold::DOUBLE)"
    if detector.threshold is not None or "threshold" not in names:
        threshold = repr(0.5 if detector.threshold is None else detector.threshold)
    scores = (
        "(SELECT account_id::VARCHAR AS account_id, avg(p_bot::DOUBLE) AS p_bot,"
        f" {threshold}::DOUBLE AS threshold FROM {given} GROUP BY 1)"
    )
    try:
        impossible = connection.execute(
            f"SELECT count(*) FILTER (NOT p_bot BETWEEN 0 AND 1), max(threshold) FROM {scores}"
        ).fetchone()
    except csv_tables.unreadable() as error:
        raise UserError(
            f"detector.scores: {detector.scores}: {first_line(error)} Expected numbers in p_bot"
            " and threshold."
        ) from None
    if impossible and impossible[0]:
        raise UserError(
            f"detector.scores: {impossible[0]:,} values of p_bot in {detector.scores} are not"
            " between 0 and 1."
        )
    return scores
