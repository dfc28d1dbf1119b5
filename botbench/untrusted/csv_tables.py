"""CSV tables of scores that others wrote: the named columns, whatever stands beside them.

Nothing is guessed but the separator, which is read off the header. Lines may end in LF, CR LF or
CR, mixed too. `botbench.untrusted.tables` reads these and other formats.
"""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from botbench.core.errors import UserError, first_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

SEPARATORS = (",", "\t", ";", "|")
HEADER = 1 << 20
"""Bytes of the first line."""
SIZE = 2_000_000_000
"""Bytes of a table; a row of scores has about 30."""


SWALLOWED = 100
"""Lines that one open quotation mark may take with it; a file where one takes more is refused."""
REPLACED = "\N{REPLACEMENT CHARACTER}"


class Head(NamedTuple):
    """The names of a table's columns, and what separates them."""

    names: list[str]
    separator: str


def unreadable() -> tuple[type[Exception], ...]:
    """What DuckDB raises where a file is not what its name says; a name may be no text."""
    import duckdb

    return duckdb.Error, UnicodeDecodeError


def head(path: Path, file: Path | None = None) -> Head:
    """The first line of a table; `file` is its name in messages, where that is another one.

    Raises UserError for a file that is empty, is no UTF-8, or has no line end in `HEADER` bytes.
    """
    file = file or path
    if path.stat().st_size > SIZE:
        raise UserError(f"{file} has over {SIZE:,} bytes; keep the columns that are needed.")
    with path.open("rb") as stream:
        content = stream.read(HEADER + 1)
    line = content.replace(b"\r", b"\n").lstrip(b"\n").partition(b"\n")[0]
    if len(line) > HEADER:
        raise UserError(f"{file} has a first line of over {HEADER:,} bytes: is it a table?")
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problem = f"byte {line[error.start]:#04x} of its header"
        raise UserError(f"{file} is not UTF-8 text ({problem}). Save it as CSV UTF-8.") from None
    if not text.strip() or "\0" in text:
        raise UserError(f"{file} has no header: it is empty, or no text in UTF-8.")
    separator = "\t" if path.suffix == ".tsv" else max(SEPARATORS, key=text.count)
    return Head(next(csv.reader([text], delimiter=separator)), separator)


class SetAside(NamedTuple):
    """A row that could not be read: its place, why, and how many lines it has."""

    place: str
    why: str
    lines: int = 1
    quoted: bool = False
    """Whether an open quotation mark takes further lines with it."""


def rows(
    path: Path, columns: Sequence[str], file: Path | None = None
) -> tuple[pa.Table, list[SetAside]]:
    """Those of the columns that the table has, as text, and the rows that could not be read.

    An empty field is null. A row of another width, and one with bytes that are no UTF-8, is set
    aside; so are rows that a quotation mark has made part of a value. Raises UserError where the
    file cannot be read at all.
    """
    import pyarrow as pa

    names, separator = head(path, file)
    wanted = [c for c in columns if c in names]
    try:
        table, bad = _parsed(path, wanted, separator)
        return table, [*bad, *_swallowed(path, separator, len(names), table.num_rows, bad)]
    except pa.ArrowInvalid as error:
        if "UTF8" not in str(error):
            raise UserError(f"{file or path} cannot be read as CSV: {first_line(error)}.") from None
    with TemporaryDirectory() as folder:
        decoded = Path(folder) / "decoded.csv"
        with (
            path.open(encoding="utf-8", errors="replace", newline="") as text,
            decoded.open("w", encoding="utf-8", newline="") as out,
        ):
            shutil.copyfileobj(text, out)
        try:
            table, bad = _parsed(decoded, wanted, separator)
        except pa.ArrowInvalid as error:
            raise UserError(f"{file or path} cannot be read as CSV: {first_line(error)}.") from None
    return _without_replaced(table, bad)


def _swallowed(
    path: Path, separator: str, width: int, rows: int, bad: Sequence[SetAside]
) -> list[SetAside]:
    """The values that hold lines which look like rows: a quote is open, and another closed it."""
    import pyarrow.compute as pc

    if width < 2 or _lines(path) <= 1 + rows + sum(row.lines for row in bad):
        return []
    found = []
    # Their columns need not be wanted ones.
    table, _ = _parsed(path, head(path).names, separator)
    for column in table.columns:
        at = pc.indices_nonzero(pc.fill_null(pc.match_substring_regex(column, "[\r\n]"), False))
        for i in at.to_pylist():
            lines = column[i].as_py().splitlines()
            n = sum(line.count(separator) == width - 1 for line in lines[1:])
            if n:
                told = f"a quotation mark takes {n:,} lines with it that look like rows"
                found.append(SetAside(f"row {i + 1:,}", told, n, quoted=True))
    return found


def _lines(path: Path) -> int:
    """How many lines a file has, whatever ends them."""
    ends, last = 1, b""
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            ends += chunk.count(b"\n") + chunk.count(b"\r") - chunk.count(b"\r\n")
            ends -= last + chunk[:1] == b"\r\n"
            last = chunk[-1:]
    return ends - (last in (b"\n", b"\r"))


def _parsed(path: Path, wanted: list[str], separator: str) -> tuple[pa.Table, list[SetAside]]:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    bad: list[SetAside] = []

    def skip(row: arrow_csv.InvalidRow) -> str:
        place = f"line {row.number:,}" if row.number is not None else "a row"
        lines = len(row.text.splitlines())
        why = f"{row.expected_columns} columns expected, {row.actual_columns} found"
        if lines > 1:
            why = f"a quotation mark that is not closed swallows {lines:,} lines"
        bad.append(SetAside(place, why, lines, lines > 1))
        return "skip"

    table = arrow_csv.read_csv(
        path,
        # One thread, because only then a row knows its number.
        read_options=arrow_csv.ReadOptions(use_threads=False),
        parse_options=arrow_csv.ParseOptions(
            delimiter=separator, newlines_in_values=True, invalid_row_handler=skip
        ),
        convert_options=arrow_csv.ConvertOptions(
            include_columns=wanted,
            column_types=dict.fromkeys(wanted, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
        ),
    )
    return table, bad


def _without_replaced(table: pa.Table, bad: list[SetAside]) -> tuple[pa.Table, list[SetAside]]:
    """Set aside the rows in which a byte was replaced because it is no UTF-8."""
    import pyarrow as pa
    import pyarrow.compute as pc

    broken = pa.array([False] * table.num_rows)
    for name in table.column_names:
        found = pc.match_substring(table[name], REPLACED)
        broken = pc.or_(broken, pc.fill_null(found, False))
    at = pc.indices_nonzero(broken).to_pylist()
    told = [SetAside(f"row {i + 1:,}", "bytes that are not UTF-8") for i in at]
    return table.filter(pc.invert(broken)), [*bad, *told]


def shown(names: Sequence[str]) -> str:
    """Names for a message: the first 20.

    >>> shown(["a", "b"])
    'a, b'
    """
    more = f" and {len(names) - 20:,} more" if len(names) > 20 else ""
    return ", ".join(n[:60] for n in names[:20]) + more
