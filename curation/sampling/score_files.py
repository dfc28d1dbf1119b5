"""Score files: scores or suspected kinds of accounts, from `botbench predict --out FILE` or anybody
else.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from botbench.core.errors import UserError, first_line
from botbench.core.files import no_file
from botbench.untrusted import tables
from botbench.untrusted.csv_tables import unreadable
from curation.ingest.faults import float_ids

SCORES, KINDS = "sample_scores", "sample_kinds"
GIVEN = "sample_file"
"""The relation of a file's rows, while they are read."""
COLUMNS = ("account_id", "p_bot", "threshold", "kind", "p")
_WANTED = {SCORES: "account_id, p_bot and (optional) threshold", KINDS: "account_id, kind and p"}


class ScoreFiles(NamedTuple):
    """What was read: the relation that holds it, and the sha256 of its rows."""

    relation: str
    sha256: str


def load(connection: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> ScoreFiles:
    """Read score files: detector (1, 2, ...), account_id, p_bot, threshold, q.

    q is p_bot with the threshold (1/2 where the file has none) moved to 1/2, linear on each side.
    Raises UserError where a file is not such a table: column, row and what was expected.
    """
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {SCORES} (detector INTEGER, account_id VARCHAR, p_bot"
        " DOUBLE, threshold DOUBLE)"
    )
    for number, file in enumerate(files, 1):
        there = _columns(connection, file, SCORES, ("account_id", "p_bot"))
        threshold = "threshold" if "threshold" in there else "NULL"
        _insert(
            connection,
            file,
            f"INSERT INTO {SCORES} SELECT {number}, account_id::VARCHAR, p_bot::DOUBLE,"
            f" {threshold}::DOUBLE FROM {GIVEN} WHERE p_bot IS NOT NULL",
        )
        _check(
            connection, file, SCORES, which=f"detector = {number}", score="p_bot", key="account_id"
        )
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {SCORES} AS
        SELECT *, CASE WHEN t <= 0 OR t >= 1 THEN p_bot WHEN p_bot < t THEN p_bot / (2 * t)
                       ELSE 0.5 + (p_bot - t) / (2 * (1 - t)) END AS q
        FROM (SELECT *, coalesce(threshold, 0.5) AS t FROM {SCORES})"""
    )
    rows = f"SELECT concat_ws(chr(31), detector, account_id, p_bot, threshold) AS row FROM {SCORES}"
    return ScoreFiles(SCORES, _digest(connection, rows))


def load_kinds(connection: duckdb.DuckDBPyConnection, file: Path) -> ScoreFiles:
    """Read a file of suspected kinds: account_id, kind, p. Raises as `load` does."""
    _columns(connection, file, KINDS, ("account_id", "kind", "p"))
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {KINDS} (account_id VARCHAR, kind VARCHAR, p DOUBLE)"
    )
    _insert(
        connection,
        file,
        f"INSERT INTO {KINDS} SELECT account_id::VARCHAR, kind::VARCHAR, p::DOUBLE FROM"
        f" {GIVEN} WHERE p IS NOT NULL",
    )
    _check(connection, file, KINDS, which="true", score="p", key="account_id, kind")
    rows = f"SELECT concat_ws(chr(31), account_id, kind, p) AS row FROM {KINDS}"
    return ScoreFiles(KINDS, _digest(connection, rows))


def _columns(
    connection: duckdb.DuckDBPyConnection, file: Path, table: str, needed: Sequence[str]
) -> list[str]:
    if not file.is_file():
        raise UserError(
            f"{no_file('score file', file)}; expected CSV, JSON or Parquet with the columns"
            f" {_WANTED[table]}."
        )
    try:
        # Accounts that a quote takes with it would be drawn as if they had no score.
        given = tables.read_telling(file, COLUMNS, needed, swallowed=0)
    except UserError as error:
        raise UserError(f"{error} Expected the columns {_WANTED[table]}.") from None
    connection.register(GIVEN, given.rows)
    return given.names


def _insert(connection: duckdb.DuckDBPyConnection, file: Path, query: str) -> None:
    try:
        connection.execute(query)
    except unreadable() as error:
        # A damaged file can give any error, and one whose head is well fails only here.
        raise UserError(
            f"{file}: {first_line(error)} Expected numbers in the score columns."
        ) from None


def _check(
    connection: duckdb.DuckDBPyConnection,
    file: Path,
    table: str,
    *,
    which: str,
    score: str,
    key: str,
) -> None:
    wrong: Any = connection.execute(
        f"SELECT account_id, {score} FROM {table} WHERE {which} AND (account_id IS NULL OR NOT"
        f" {score} BETWEEN 0 AND 1) ORDER BY ALL LIMIT 1"
    ).fetchone()
    if wrong:
        raise UserError(
            f"{file}, account {wrong[0]}: {score} is {wrong[1]}; expected a number from 0 to 1."
        )
    if odd := float_ids.told(connection, f"(SELECT account_id FROM {table} WHERE {which})"):
        raise UserError(f"{file}: {odd}.")
    twice: Any = connection.execute(
        f"SELECT account_id, count(*) FROM {table} WHERE {which} GROUP BY {key} "
        "HAVING count(*) > 1 ORDER BY ALL LIMIT 1"
    ).fetchone()
    if twice:
        raise UserError(
            f"{file}: account {twice[0]} stands there {twice[1]} times; expected one row for each "
            f"{'account' if key == 'account_id' else 'account and kind'}."
        )


def _digest(connection: duckdb.DuckDBPyConnection, rows: str) -> str:
    row = connection.execute(
        f"SELECT sha256(coalesce(string_agg(row, chr(10) ORDER BY row), '')) FROM ({rows})"
    ).fetchone()
    return str(row[0]) if row else ""
