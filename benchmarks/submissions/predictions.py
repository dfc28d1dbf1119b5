"""Predictions of a submission: account_id and p_bot, every account once, read as data only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.submissions.problems import FORMULA, Problem
from botbench.core.duckdb_work import scratch_database
from botbench.core.errors import UserError, first_line
from botbench.core.sql import literal
from botbench.untrusted import tables
from curation.ingest.faults import float_ids

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

LARGEST = 500_000_000
"""Bytes of a predictions file; a row is about 30, so this is over ten million accounts."""
SHOWN = 3
LONGEST = 200
"""Characters of an account id; of longer ones only the beginning is kept."""
SMALL = 10_000_000
"""Bytes that Parquet columns may unpack to, however few accounts are wanted."""
MEMORY, THREADS = "1GB", 2
"""What a stranger's file may use of the machine that checks it."""


@dataclass(frozen=True)
class Read:
    """The table of a file (account_id, p_bot, sorted by id), or its errors."""

    table: pa.Table | None
    problems: list[Problem]
    rows: int = 0


def read(file: Path, wanted: pa.Table) -> Read:
    """Read a CSV or Parquet file of predictions and compare it with the wanted accounts."""
    size = file.stat().st_size if file.is_file() else None
    if size is None:
        return Read(None, [Problem("the file is not there", file.name)])
    if size > LARGEST:
        return Read(
            None,
            [
                Problem(
                    f"the file has {size:,} bytes; at most {LARGEST:,} are read. It needs"
                    " account_id and p_bot only",
                    file.name,
                )
            ],
        )
    import duckdb

    with scratch_database(threads=THREADS) as connection:
        connection.execute(f"SET memory_limit = '{MEMORY}'")
        connection.execute("SET temp_directory = ''")
        connection.register("wanted", wanted)
        most = 2 * wanted.num_rows + 1_000
        try:
            _stage(connection, file, most)
        except (duckdb.Error, ValueError, UserError) as error:
            told = first_line(error, 10_000).replace(str(file), "the file")
            return Read(None, [Problem(told[:300].rstrip("."), file.name)])
        if (rows := _one(connection, "SELECT count(*) FROM submitted")) > most:
            many = f"the file has more than {most:,} rows; {wanted.num_rows:,} accounts are wanted"
            return Read(None, [Problem(many, file.name)], rows)
        problems = [Problem(what, f"{file.name}{where}") for what, where in _problems(connection)]
        if problems:
            return Read(None, problems, rows)
        table = connection.execute(
            "SELECT account_id, p AS p_bot FROM submitted ORDER BY account_id"
        ).to_arrow_table()
        return Read(table, [], rows)


def _stage(connection: duckdb.DuckDBPyConnection, file: Path, most: int) -> None:
    """Make the temporary table `submitted`: row (from 1), account_id, text, and p as a number.

    At most one row more than `most` is read.
    """
    wanted = ("account_id", "p_bot")
    given = tables.read(file, wanted, max(SMALL, most * LONGEST))
    tables.require(given, wanted, file)
    if sentence := given.sentence(file):
        raise ValueError(sentence)
    connection.register("given", given.rows)
    connection.execute(
        f"""
        CREATE TEMP TABLE submitted AS
        SELECT row_number() OVER () AS row,
               left(account_id::VARCHAR, {LONGEST + 1}) AS account_id,
               left(p_bot::VARCHAR, {LONGEST + 1}) AS text, TRY_CAST(text AS DOUBLE) AS p
        FROM (FROM given LIMIT {most + 1})"""
    )


CHECKS = (
    ("account_id IS NULL OR account_id = ''", "{n} rows have no account_id"),
    (f"length(account_id) > {LONGEST}", f"{{n}} account ids have over {LONGEST} characters"),
    (
        f"regexp_matches(account_id, {literal(FORMULA)})",
        "{n} account ids begin like a spreadsheet's formula",
    ),
    ("text IS NULL OR trim(text) = ''", "{n} accounts have no p_bot"),
    (
        "lower(trim(text)) IN ('bot', 'human', 'true', 'false', 'yes', 'no')",
        "{n} accounts have a label instead of a probability; write p_bot between 0 and 1",
    ),
    (
        (
            "p IS NULL AND trim(text) <> '' AND lower(trim(text)) NOT IN ('bot', 'human', 'true',"
            " 'false', 'yes', 'no')"
        ),
        "{n} values of p_bot are no numbers",
    ),
    ("isnan(p)", "{n} values of p_bot are NaN; every account needs a probability"),
    ("isinf(p)", "{n} values of p_bot are infinite; a probability is between 0 and 1"),
    ("isfinite(p) AND (p < 0 OR p > 1)", "{n} values of p_bot are outside 0 to 1"),
    (
        (
            "account_id IS NOT NULL AND account_id <> '' AND account_id NOT IN (SELECT account_id"
            " FROM wanted)"
        ),
        "{n} accounts are not among those to be predicted",
    ),
)


def _problems(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, str]]:
    for condition, sentence in CHECKS:
        counts = connection.execute(
            f"SELECT row, account_id FROM submitted WHERE {condition} ORDER BY row"
        ).fetchmany(SHOWN)
        if counts:
            n = _one(connection, f"SELECT count(*) FROM submitted WHERE {condition}")
            yield sentence.format(n=f"{n:,}"), _rows([row for row, _ in counts], n)
    if odd := float_ids.told(connection, "submitted"):
        yield odd, ""
    yield from _counts(connection)
    if (
        not _one(connection, "SELECT count(*) FROM submitted WHERE p IS NULL OR p NOT IN (0, 1)")
        and _one(connection, "SELECT count(*) FROM submitted") > 1
    ):
        yield "every p_bot is exactly 0 or 1: these are labels and not probabilities", ""


def _rows(rows: list[int], n: int) -> str:
    return f", row {', '.join(map(str, rows))}{' ...' if n > len(rows) else ''}"


def _counts(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, str]]:
    repeated = connection.execute(
        "SELECT account_id, min(row) FROM submitted WHERE account_id <> ''"
        " GROUP BY 1 HAVING count(*) > 1 ORDER BY 2"
    ).fetchall()
    if repeated:
        yield (
            f"{len(repeated):,} accounts stand there more than once",
            _rows([row for _, row in repeated[:SHOWN]], len(repeated)),
        )
    missing = connection.execute(
        "SELECT account_id FROM wanted WHERE account_id NOT IN (SELECT coalesce(account_id, '')"
        " FROM submitted) ORDER BY 1"
    ).fetchall()
    if missing:
        ids = ", ".join(str(i) for (i,) in missing[:SHOWN])
        yield (
            (
                f"{len(missing):,} of {_one(connection, 'SELECT count(*) FROM wanted'):,} accounts"
                " are missing"
            ),
            f": {ids}",
        )


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0
