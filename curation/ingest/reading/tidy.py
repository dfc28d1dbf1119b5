"""The slow, exact reading of a delimited file, row by row, to a tidy copy with row numbers.

Only for files that DuckDB cannot read as they are: files with mixed line ends, or with both
unreadable rows and blank lines.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

BATCH = 1 << 24
REJECTS = ("_row", "_line", "_reason", "_message", "_raw")
NUMBERS = ("_row", "_line")


@dataclass(frozen=True)
class Dialect:
    """The dialect of a delimited file; `skip` lines precede its header or first row."""

    separator: str = ","
    quote: str = '"'
    escape: str = '"'
    header: bool = True
    skip: int = 0
    encoding: str = "utf-8"

    def python(self) -> dict[str, Any]:
        """The dialect for Python's csv module."""
        if not self.quote:
            return {"delimiter": self.separator, "quoting": csv.QUOTE_NONE, "strict": True}
        doubled = self.escape == self.quote
        return {
            "delimiter": self.separator,
            "quotechar": self.quote,
            "doublequote": doubled,
            "escapechar": None if doubled else self.escape,
            "strict": True,
        }


class _Lines:
    """The lines of a stream, ended by LF, CRLF or CR LF; keeps those of the current record."""

    def __init__(self, stream: BinaryIO, skip: int) -> None:
        self.source = io.TextIOWrapper(
            stream, encoding="utf-8-sig", errors="surrogateescape", newline="\n"
        )
        self.record: list[str] = []
        self.number = skip
        for _ in range(skip):
            self.source.readline()

    def __iter__(self) -> Iterator[str]:
        for line in self.source:
            self.record.append(line)
            self.number += 1
            yield line

    @property
    def first(self) -> int:
        """The number of the current record's first line, from 1."""
        return self.number - len(self.record) + 1

    def raw(self) -> str:
        """The text of the record just read."""
        text, self.record = "".join(self.record), []
        return text


def tidy(stream: BinaryIO, dialect: Dialect, width: int, path: Path, bad: Path) -> None:
    """Write good rows to `path` (Parquet: _row, c1, c2, ...) and others to `bad` (REJECTS)."""
    previous = csv.field_size_limit(1 << 30)
    lines = _Lines(stream, dialect.skip)
    try:
        with (
            _Batches(path, ("_row", *(f"c{i + 1}" for i in range(width)))) as good,
            _Batches(bad, REJECTS) as aside,
        ):
            for number, fields, fault in _records(lines, dialect, width):
                if fault is None:
                    good.add((number, *fields))
                else:
                    first = lines.first
                    raw = (
                        lines.raw()
                        .strip("\r\n")
                        .encode("utf-8", "surrogateescape")
                        .decode("utf-8", "backslashreplace")
                    )
                    aside.add((number, first, *fault, raw))
    finally:
        csv.field_size_limit(previous)
        lines.source.detach()


class _Batches:
    """Writes rows to a Parquet file in batches of `BATCH` characters: a number, then texts."""

    def __init__(self, path: Path, names: tuple[str, ...]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.schema = pa.schema(
            [pa.field(n, pa.int64() if n in NUMBERS else pa.string()) for n in names]
        )
        self.writer = pq.ParquetWriter(path, self.schema)
        self.rows: list[tuple[object, ...]] = []
        self.characters = 0

    def __enter__(self) -> _Batches:
        return self

    def __exit__(self, *_: object) -> None:
        self.flush()
        self.writer.close()

    def add(self, row: tuple[object, ...]) -> None:
        """Add one row."""
        self.rows.append(row)
        self.characters += sum(len(v) for v in row if isinstance(v, str))
        if self.characters > BATCH:
            self.flush()

    def flush(self) -> None:
        """Write the rows added."""
        import pyarrow as pa

        if self.rows:
            arrays = [
                pa.array(values, type=f.type)
                for values, f in zip(zip(*self.rows, strict=True), self.schema, strict=True)
            ]
            self.writer.write_batch(pa.record_batch(arrays, schema=self.schema))
        self.rows, self.characters = [], 0


def _split_lines(lines: _Lines, separator: str) -> Iterator[list[str]]:
    """The fields of each line for a separator of several characters, unlike Python's csv."""
    for line in lines:
        bare = line.rstrip("\r\n")
        yield bare.split(separator) if bare else []


def _records(
    lines: _Lines, dialect: Dialect, width: int
) -> Iterator[tuple[int, list[str], tuple[str, str] | None]]:
    """Each row after the header with its number from 1, and the reason and message of bad rows."""
    reader = (
        csv.reader(iter(lines), **dialect.python())
        if len(dialect.separator) == 1
        else _split_lines(lines, dialect.separator)
    )
    number = 0 if dialect.header else 1
    while True:
        lines.record = []
        fault: tuple[str, str] | None
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            fields, fault = [], _unreadable(error)
        else:
            if not fields:
                continue
            # Extra empty fields at the end carry no value. DuckDB accepts such rows, and a row's
            # fate must not depend on the reader.
            while len(fields) > width and not fields[-1]:
                fields.pop()
            fault = _fault(fields, width)
        if number:
            yield number, fields, fault
        number += 1


def _unreadable(error: csv.Error) -> tuple[str, str]:
    if "new-line" in str(error):
        return "bad_line_end", "a carriage return stands inside an unquoted field"
    return "bad_quote", f"a quoted field does not end where it should ({error})"


def _fault(fields: list[str], width: int) -> tuple[str, str] | None:
    if len(fields) != width:
        return (
            "ragged_row",
            (
                f"the row has another number of fields than the header: expected {width}, found"
                f" {len(fields)}"
            ),
        )
    try:
        "".join(fields).encode("utf-8")
    except UnicodeEncodeError:
        return "bad_encoding", "the row is not text in the file's encoding"
    return None
