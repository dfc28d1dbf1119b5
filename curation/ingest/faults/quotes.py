"""Quotes that were left open: where they open, and how many lines they take with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botbench.core.sql import literal
from botbench.untrusted.csv_tables import SWALLOWED
from curation.ingest.reading.files import CHUNK
from curation.ingest.reading.heads import opened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from curation.ingest.reading.text import Rows

PLACED = 1_000
"""Rows whose message names the line; a file with more has another fault than an open quote."""
UNCLOSED = "_reason IN ('bad_quote', 'line_too_long') AND contains(_raw, chr(10))"


def place(rows: Rows) -> None:
    """Name the line of the file where each quote opens that takes several lines.

    DuckDB counts records, and a record can have many lines.
    """
    run = rows.stage.connection.execute
    head = int(rows.dialect.header)
    found = run(
        f"""SELECT b._row, min(e.line_byte_position) FROM {rows.relation}_bad b
        JOIN {rows.relation}_errors e ON e.line - {head} = b._row
        WHERE {UNCLOSED} GROUP BY 1 ORDER BY 2, 1 LIMIT {PLACED}"""
    ).fetchall()
    if not found:
        return
    lines = _lines_at(rows, [int(at) for _, at in found])
    placed = ", ".join(f"({row}, {line})" for (row, _), line in zip(found, lines, strict=True))
    run(
        f"UPDATE {rows.relation}_bad b SET _line = p.line FROM (VALUES {placed}) p(row, line)"
        " WHERE p.row = b._row"
    )


def _lines_at(rows: Rows, positions: list[int]) -> Iterator[int]:
    """The number of the line (from 1) that begins at each position; positions ascend."""
    line, done = 1, 0
    with opened(rows.path, rows.file) as stream:
        for position in positions:
            # DuckDB counts from 1, and some rows begin at the line end before them.
            while done < position - 1 and (chunk := stream.read(min(CHUNK, position - 1 - done))):
                done += len(chunk)
                line += chunk.count(b"\n")
            yield line


def tell(rows: Rows) -> None:
    """Say in the message of each such row how many lines it takes."""
    lines = "len(_raw) - len(replace(_raw, chr(10), '')) + 1"
    where = "coalesce('a quote opens in line ' || _line, 'a quote opens')"
    rows.stage.connection.execute(
        f"UPDATE {rows.relation}_bad SET _message = {where} || ' and does not close where it"
        f" should; it takes ' || ({lines}) || ' lines with it' WHERE {UNCLOSED}"
    )


def refuse(rows: Rows) -> None:
    """Raise UserError for a quote that takes many lines with it.

    They would count as one row set aside, and half a file could go without a word.
    """
    lines = "len(_raw) - len(replace(_raw, chr(10), ''))"
    found = rows.stage.connection.execute(
        f"""SELECT _row, _line, lines FROM (SELECT _row, _line, {lines} AS lines
            FROM {rows.relation}_bad WHERE {UNCLOSED})
        WHERE lines > {SWALLOWED} ORDER BY lines DESC, _row LIMIT 1"""
    ).fetchone()
    if found:
        row, line, taken = found
        where = f" (line {line:,})" if line is not None else ""
        rows.stage.fail(
            f"{rows.file.path}, row {row:,}: a quote opens there{where} and does not close where it"
            f" should; {taken:,} lines stand behind it. Mend the quote in the file, or correct"
            " `quote` and `escape` on the card."
        )


def look_like_rows(separator: str, width: int) -> str:
    """A pattern for a text that holds a line with as many fields as the table has columns.

    The line's first field is one word, as ids are, and no field begins with a blank, so that prose
    with commas does not match.
    """
    import re

    sign = re.escape(separator) if separator != "\t" else r"\t"
    inside = "".join(re.escape(c) for c in dict.fromkeys(separator)).replace("\t", r"\t")
    field = rf"([^\s{inside}][^\n{inside}]*)?"
    return rf'\n[^\s{inside}"]+({sign}{field}){{{width - 1}}}\r?\n'


def in_sql(separator: str, width: int, text: str) -> str:
    """SQL that is true where a text holds such a line."""
    pattern = literal(look_like_rows(separator, width))
    return f"(contains({text}, chr(10)) AND regexp_matches({text} || chr(10), {pattern}))"
