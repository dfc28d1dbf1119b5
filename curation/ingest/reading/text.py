"""Text files as relations: delimited rows and bare lines, read by DuckDB in strict mode.

Each row that DuckDB cannot read is quarantined with its number, reason and text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from botbench.core.errors import unknown
from botbench.core.sql import literal
from curation.ingest.faults import quotes
from curation.ingest.faults.notes import Shape
from curation.ingest.reading.files import CHUNK, SourceFile
from curation.ingest.reading.heads import LINE, check_width, first_record, in_utf8, opened
from curation.ingest.reading.sql import FIELD
from curation.ingest.reading.tidy import Dialect, tidy

if TYPE_CHECKING:
    from pathlib import Path

    from curation.ingest.reading.stage import Stage

NULL = "\x01no such text\x01"
"""The NULL text that DuckDB requires; no field has it, so an empty field is an empty text."""

REASONS = {
    "TOO MANY COLUMNS": "ragged_row",
    "MISSING COLUMNS": "ragged_row",
    "INVALID ENCODING": "bad_encoding",
    "LINE SIZE OVER MAXIMUM": "line_too_long",
}
MESSAGES = {
    "ragged_row": "the row has another number of fields than the header",
    "bad_encoding": "the row is not text in the file's encoding",
    "line_too_long": f"the row is longer than {LINE:,} bytes",
    "bad_quote": "a quoted field does not end where it should",
}


@dataclass
class Rows:
    """A text file as the temporary view `relation`.

    Columns: fields c1, c2, ... (all text), `_member`, `_row` (from 1, after the header, without
    blank lines) and `_raw`.
    """

    stage: Stage
    file: SourceFile
    dialect: Dialect
    names: list[str]
    relation: str
    path: Path
    settled: bool = False

    def column(self, name: str) -> str:
        """The field of the header's column `name`; raises UserError that names the closest one."""
        if name not in self.names:
            problem = unknown(f"column in {self.file.name} called", name, self.names)
            self.stage.fail(f"{problem} Correct the name on the card, or get the right file.")
        return f"c{self.names.index(name) + 1}"

    def feed(self, table: str, query: str) -> None:
        """Stage the rows of a query over `relation`; quarantine unparsed rows for `table`."""
        if not self.settled:
            self._settle(table, query)
        else:
            self.stage.add(table, query)
        quotes.refuse(self)
        self.stage.reject_rows(
            table,
            f"SELECT {literal(self.file.name)} AS _member, _row, _reason, _message, _raw"
            f" FROM {self.relation}_bad",
        )

    def _settle(self, table: str, query: str) -> None:
        """Find the rows that cannot be parsed; if there are any, read again for row numbers."""
        mark = self.stage.mark(table)
        if not self._reads(lambda: self.stage.add(table, query)):
            self.stage.undo(table, mark)
            self.stage.add(table, query)

    def keep(self) -> None:
        """Read the file once into a table, for several queries over its rows."""
        if self.settled:
            return
        made: list[str] = []
        query = f"SELECT {', '.join(_fields(self))}, _row FROM {self.relation}"
        if self._reads(lambda: made.append(self.stage.keep("rows", query))):
            self.stage.connection.execute(
                f"CREATE OR REPLACE TEMP VIEW {self.relation} AS {_view(self, made[0], '_row')}"
            )

    def _reads(self, work: Callable[[], None]) -> bool:
        """Do work that reads the file; False where it has bad rows, which are found then."""
        self.settled = True
        try:
            work()
        except duckdb.InvalidInputException as error:
            if "state machine" not in str(error):
                raise
            self._tidied()
            return False
        if not self._rejects():
            return True
        if self._rejects("contains(csv_line, chr(13))") or self._odd_lines():
            self._tidied()
        else:
            self._numbered()
        return False

    def _rejects(self, condition: str = "true") -> int:
        return _one(
            self.stage.connection,
            f"SELECT count(DISTINCT line) FROM {self.relation}_errors WHERE {condition}",
        )

    def _numbered(self) -> None:
        """Number the good rows: a row's number is its rank plus the bad rows before it."""
        run, head = self.stage.connection.execute, int(self.dialect.header)
        reasons = " ".join(f"WHEN {literal(k)} THEN {literal(v)}" for k, v in REASONS.items())
        messages = " ".join(f"WHEN {literal(k)} THEN {literal(v)}" for k, v in MESSAGES.items())
        run(f"""CREATE OR REPLACE TEMP TABLE {self.relation}_bad AS
            SELECT _row, _reason, CASE _reason {messages} END || CASE WHEN _reason = 'ragged_row'
              THEN regexp_replace(
                  error_message, '(?s)^.*Expected Number of Columns: ([0-9]+) Found: ([0-9]+).*$',
                ': expected \\1, found \\2')
              ELSE '' END AS _message, _raw, NULL::BIGINT AS _line
            FROM (SELECT (line - {head})::BIGINT AS _row,
                    CASE error_type {reasons} ELSE 'bad_quote' END AS _reason, error_message,
                    ltrim(csv_line, chr(10) || chr(13)) AS _raw,
                    row_number() OVER (PARTITION BY line ORDER BY byte_position) AS n
                  FROM {self.relation}_errors)
            WHERE n = 1""")
        self._exact_bytes()
        quotes.place(self)
        quotes.tell(self)
        run(f"""CREATE OR REPLACE TEMP TABLE {self.relation}_shift AS
            SELECT after, max(shift) AS shift FROM (
              SELECT _row - row_number() OVER (ORDER BY _row) AS after,
                row_number() OVER (ORDER BY _row) AS shift
              FROM {self.relation}_bad) GROUP BY after""")
        run(
            f"""CREATE OR REPLACE TEMP VIEW {self.relation} AS
            SELECT r.* REPLACE (r._row + coalesce(s.shift, 0) AS _row)
            FROM ({_ranked(self, self.path, self.dialect)}) r
            ASOF LEFT JOIN {self.relation}_shift s ON r._row > s.after
            ORDER BY r._row + coalesce(s.shift, 0)"""
        )

    def _exact_bytes(self) -> None:
        """Show undecodable bytes as \\xNN, read from the file; DuckDB shows them as `?`."""
        run = self.stage.connection.execute
        where = run(
            f"""
            SELECT (line - {int(self.dialect.header)})::BIGINT, min(line_byte_position) - 1,
                any_value(strlen(csv_line))
            FROM {self.relation}_errors WHERE error_type = 'INVALID ENCODING'
            GROUP BY line ORDER BY 2"""
        ).fetchall()
        if not where:
            return
        raws: dict[str, list[object]] = {"_row": [], "raw": []}
        with opened(self.path, self.file) as stream:
            for row, start, length in where:
                stream.seek(start)
                raws["_row"].append(row)
                raws["raw"].append(
                    stream.read(length).decode("utf-8", "backslashreplace").strip("\r\n")
                )
        import pyarrow as pa

        with registered(self.stage.connection, pa.table(raws), "exact_bytes"):
            run(
                f"UPDATE {self.relation}_bad b SET _raw = e.raw FROM exact_bytes e WHERE e._row ="
                " b._row"
            )

    def _odd_lines(self) -> bool:
        """Whether the file has line ends of several kinds, or two in a row.

        Then DuckDB numbers bad and good rows differently.
        """
        last, ends, pairs, returns = b"\n", 0, 0, 0
        with opened(self.path, self.file) as stream:
            while chunk := stream.read(CHUNK):
                pairs += chunk.count(b"\r\n") + (last[-1:] == b"\r" and chunk[:1] == b"\n")
                ends, returns = ends + chunk.count(b"\n"), returns + chunk.count(b"\r")
                joined = (last + chunk).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
                if b"\n\n" in joined:
                    return True
                last = chunk[-2:]
        return bool(returns and ends and not pairs == ends == returns)

    def _tidied(self) -> None:
        """Read the file slowly and exactly: mixed line ends, or blank lines beside bad rows."""
        path, bad = (
            self.stage.scratch / f"{self.relation}{ending}"
            for ending in (".parquet", ".bad.parquet")
        )
        with opened(self.path, self.file) as stream:
            tidy(stream, self.dialect, len(self.names), path, bad)
        self.settled = True
        run = self.stage.connection.execute
        run(
            f"CREATE OR REPLACE TEMP TABLE {self.relation}_bad AS FROM read_parquet({literal(bad)})"
        )
        quotes.tell(self)
        run(
            f"CREATE OR REPLACE TEMP VIEW {self.relation} AS"
            f" {_view(self, f'read_parquet({literal(path)})', '_row')}"
        )


def delimited(
    stage: Stage, file: SourceFile, dialect: Dialect, names: list[str] | None = None
) -> Rows:
    """Open a delimited file; column names are as given, from its header, or c1, c2, ...


    Raises UserError for an empty file and for a header that names a column twice.
    """
    path = in_utf8(stage, file, dialect.encoding)
    first = first_record(stage, path, file, dialect)
    if first is None:
        stage.fail(
            f"{file.path} is empty: expected {'a header and rows' if dialect.header else 'rows'}."
            " Get the file again."
        )
    given = names or (first if dialect.header else [f"c{i + 1}" for i in range(len(first))])
    check_width(stage, file, len(given))
    doubled = sorted(n for n, times in Counter(given).items() if times > 1)
    if doubled:
        stage.fail(
            f"The header of {file.path} names the column {doubled[0]!r} more than once: give the"
            " columns' names on the card (`columns: [...]`)."
        )
    if any("\0" in name for name in given):
        stage.fail(
            f"The header of {file.path} holds NUL bytes: is this a text file? Give the columns'"
            " names on the card (`columns: [...]`)."
        )
    stage.shapes.append(Shape(file.name, dialect.separator, len(given)))
    relation = stage.name("text")
    for left in ("errors", "errors_scans"):
        # An earlier pull over the same connection may have left its own.
        stage.connection.execute(f"DROP TABLE IF EXISTS {relation}_{left}")
    rows = Rows(stage, file, dialect, given, relation, path)
    stage.connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {relation}_bad (_row BIGINT, _reason VARCHAR, _message"
        " VARCHAR, _raw VARCHAR, _line BIGINT)"
    )
    stage.connection.execute(
        f"CREATE OR REPLACE TEMP VIEW {relation} AS {_ranked(rows, path, dialect)}"
    )
    if any("\r" in f or "\n" in f for f in first):
        # DuckDB takes the first line end it sees for the file's, even within quotes, and then finds
        # no rows.
        rows._tidied()
    return rows


def lines(stage: Stage, file: SourceFile, encoding: str = "utf-8") -> Rows:
    """A file's lines (field c1, named `line`); blank lines are no rows."""
    return delimited(
        stage,
        file,
        Dialect(separator="\x1f\x1e", quote="", header=False, encoding=encoding),
        ["line"],
    )


@contextmanager
def registered(connection: duckdb.DuckDBPyConnection, table: object, name: str) -> Iterator[None]:
    """An Arrow table under a name in SQL, for a while."""
    connection.register(name, table)
    try:
        yield
    finally:
        connection.unregister(name)


def _fields(rows: Rows) -> list[str]:
    return [f"c{i + 1}" for i in range(len(rows.names))]


def _ranked(rows: Rows, path: Path, dialect: Dialect) -> str:
    own = path == rows.file.path
    size = rows.file.size if own else path.stat().st_size
    scan = _scan(
        path,
        _fields(rows),
        dialect,
        zipped=own and rows.file.gzip,
        rejects=f"{rows.relation}_errors",
        line=min(LINE, size + 1024),
    )
    return _view(rows, scan, "row_number() OVER ()")


def _view(rows: Rows, scan: str, number: str) -> str:
    fields = ", ".join(_fields(rows))
    raw = ", ".join(f"{FIELD}{i + 1} := {field}" for i, field in enumerate(_fields(rows)))
    return (
        f"SELECT {fields}, {literal(rows.file.name)} AS _member, {number} AS _row,"
        f" struct_pack({raw}) AS _raw FROM {scan}"
    )


def _scan(
    path: Path, columns: list[str], dialect: Dialect, *, zipped: bool, rejects: str, line: int
) -> str:
    """DuckDB's strict reading of a delimited UTF-8 file, without guesses.

    Rows of more than `line` bytes are quarantined. By default DuckDB takes a buffer of 16 such
    lines.
    """
    typed = ", ".join(f"{literal(c)}: 'VARCHAR'" for c in columns)
    return (
        f"read_csv({literal(path)}, columns = {{{typed}}}, auto_detect = false, strict_mode ="
        f" true, header = {str(dialect.header).lower()}, skip = {dialect.skip}, delim ="
        f" {literal(dialect.separator)}, quote = {literal(dialect.quote)}, escape ="
        f" {literal(dialect.escape if dialect.quote else '')}, nullstr = {literal(NULL)},"
        f" max_line_size = {line}, buffer_size = {line}, compression ="
        f" '{'gzip' if zipped else 'none'}', ignore_errors = true, store_rejects = true,"
        f" rejects_limit = 0, rejects_table = '{rejects}', rejects_scan = '{rejects}_scans')"
    )


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0
