"""CSV tables of scores that others wrote: the named columns, whatever stands beside them.

Nothing is guessed but the separator, which is read off the header. Lines may end in LF, CR LF or
CR, mixed too. Pull has a reader of its own, which sets single rows aside.
"""

from __future__ import annotations

import csv
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from botbench.core.errors import UserError, first_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pyarrow as pa

SEPARATORS = (",", "\t", ";", "|")
HEADER = 1 << 20
"""Bytes of the first line."""
SIZE = 2_000_000_000
"""Bytes of a table; a row of scores has about 30."""


class Head(NamedTuple):
    """The names of a table's columns, and what separates them."""

    names: list[str]
    separator: str


def unreadable() -> tuple[type[Exception], ...]:
    """What DuckDB raises where a file is not what its name says; a name may be no text."""
    import duckdb

    return duckdb.Error, UnicodeDecodeError


def head(path: Path) -> Head:
    """The first line of a table.

    Raises UserError for a file that is empty, is no UTF-8, or has no line end in `HEADER` bytes.
    """
    if path.stat().st_size > SIZE:
        raise UserError(f"{path} has over {SIZE:,} bytes; keep the columns that are needed.")
    with path.open("rb") as stream:
        content = stream.read(HEADER + 1)
    line = content.replace(b"\r", b"\n").lstrip(b"\n").partition(b"\n")[0]
    if len(line) > HEADER:
        raise UserError(f"{path} has a first line of over {HEADER:,} bytes: is it a table?")
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problem = f"byte {line[error.start]:#04x} of its header"
        raise UserError(f"{path} is not UTF-8 text ({problem}). Save it as CSV UTF-8.") from None
    if not text.strip() or "\0" in text:
        raise UserError(f"{path} has no header: it is empty, or no text in UTF-8.")
    separator = "\t" if path.suffix == ".tsv" else max(SEPARATORS, key=text.count)
    return Head(next(csv.reader([text], delimiter=separator)), separator)


def read(path: Path, columns: Sequence[str]) -> pa.Table:
    """Those of the columns that the table has, as text; an empty field is null.

    Raises UserError for a row of another width, for a column that is named twice, and for bytes
    that are no UTF-8.
    """
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    names, separator = head(path)
    wanted = [c for c in columns if c in names]
    if doubled := [c for c, n in Counter(names).items() if n > 1 and c in wanted]:
        raise UserError(f"{path} has the column {doubled[0]} more than once; keep one.")
    if not wanted:
        raise UserError(
            f"{path} has none of the columns {', '.join(columns)}; it has {shown(names)}."
        )
    try:
        return arrow_csv.read_csv(
            path,
            parse_options=arrow_csv.ParseOptions(delimiter=separator, newlines_in_values=True),
            convert_options=arrow_csv.ConvertOptions(
                include_columns=wanted,
                column_types=dict.fromkeys(wanted, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
            ),
        )
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read as CSV: {first_line(error)}.") from None


def shown(names: Sequence[str]) -> str:
    """Names for a message: the first 20.

    >>> shown(["a", "b"])
    'a, b'
    """
    more = f" and {len(names) - 20:,} more" if len(names) > 20 else ""
    return ", ".join(n[:60] for n in names[:20]) + more
