"""Tables that others wrote, as CSV, TSV, JSON or Parquet: the named columns, bad rows set aside.

The format is told by the content. One bad row costs that row; it is counted and told. Pull has
readers of its own, for files of any size.
"""

from __future__ import annotations

import gzip
import itertools
import json
import shutil
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

from botbench.core.duckdb_work import scratch_database
from botbench.core.errors import RowsSetAside, UserError, first_line
from botbench.core.sql import identifier, literal
from botbench.untrusted import csv_tables, json_items
from botbench.untrusted.csv_tables import SIZE, SetAside, shown, unreadable

if TYPE_CHECKING:
    import pyarrow as pa

PARQUET, GZIP = b"PAR1", b"\x1f\x8b"
START = 1_000
"""Bytes in which the format is looked for."""
WHOLE = 1 << 30
"""Bytes of a JSON document that is not one object a line."""
SAMPLED = 200
"""Lines of JSON in which members are looked for."""
TOLD = 3
"""Rows that a sentence names."""


class Given(NamedTuple):
    """The rows of a table: the wanted columns that it has, all its columns, and rows set aside.

    Columns of CSV and JSON are text, those of Parquet have their own types. Empty fields are null.
    """

    rows: pa.Table
    names: list[str]
    set_aside: list[SetAside]

    def sentence(self, file: Path) -> str | None:
        """What was set aside, as one sentence; None where nothing was."""
        if not self.set_aside:
            return None
        first = "; ".join(f"{bad.place}: {bad.why}" for bad in self.set_aside[:TOLD])
        n = sum(bad.lines for bad in self.set_aside)
        lines = "1 line" if n == 1 else f"{n:,} lines"
        more = "; ..." * (len(self.set_aside) > TOLD)
        return f"{file}: {lines} could not be read and count as absent ({first}{more})."


def read(file: Path, columns: Sequence[str], most: int = SIZE) -> Given:
    """Read those of `columns` that a file has.

    `most` is how many bytes the columns of a Parquet file may unpack to. Raises UserError for a
    file that is missing, empty, too large or no table, and for a wanted column that stands twice.
    """
    with _plain(file) as (path, form):
        if form == "parquet":
            return _parquet(path, file, columns, most)
        if form == "json":
            return _json(path, file, columns)
        return _csv(path, file, columns)


def read_telling(
    file: Path,
    columns: Sequence[str],
    required: Sequence[str] = (),
    swallowed: int = csv_tables.SWALLOWED,
) -> Given:
    """Read a file as `read` does, and warn of rows that were set aside.

    Raises UserError also where a `required` column is not there, where no row could be read, and
    where an open quotation mark takes more than `swallowed` lines with it.
    """
    given = read(file, columns)
    require(given, required, file)
    if lost := next((r for r in given.set_aside if r.quoted and r.lines > swallowed), None):
        raise UserError(
            f"{file}, {lost.place}: {lost.why}. Close the mark, or write the file again."
        )
    if given.set_aside and not given.rows.num_rows:
        raise UserError(f"{file} cannot be read: {given.sentence(file)}")
    if sentence := given.sentence(file):
        warnings.warn(sentence, RowsSetAside, stacklevel=2)
    return given


def names(file: Path) -> list[str]:
    """The columns of a table, or the members of the first JSON objects. Raises as `read` does."""
    with _plain(file) as (path, form):
        if form == "csv":
            return csv_tables.head(path, file).names
        if form == "parquet":
            return _parquet_names(path, file)
        with TemporaryDirectory() as folder:
            if found := _json_names(_as_lines(path, Path(folder), file)):
                return found
        raise UserError(f"{file} cannot be read as JSON: it begins with no object.")


def separator(file: Path) -> str:
    """What separates the columns of delimited text; a comma where the file is none."""
    with _plain(file) as (path, form):
        return csv_tables.head(path, file).separator if form == "csv" else ","


@contextmanager
def _plain(file: Path) -> Iterator[tuple[Path, str]]:
    """The file, unpacked where it is gzipped, and its format: csv, json or parquet."""
    if not file.is_file():
        kind = "a folder" if file.is_dir() else "not there"
        raise UserError(f"{file} is {kind}; expected a file: CSV, TSV, JSON or Parquet.")
    with file.open("rb") as stream:
        start = stream.read(START)
    if not start.startswith(GZIP):
        yield file, _form(start)
        return
    with TemporaryDirectory() as folder:
        path = Path(folder) / file.name.removesuffix(".gz")
        try:
            with gzip.open(file) as packed, path.open("wb") as out:
                shutil.copyfileobj(packed, out)
        except (OSError, EOFError) as error:
            raise UserError(f"{file} cannot be unpacked: {first_line(error)}.") from None
        with path.open("rb") as stream:
            yield path, _form(stream.read(START))


def _form(start: bytes) -> str:
    if start.startswith(PARQUET):
        return "parquet"
    return "json" if start.removeprefix(json_items.BOM).lstrip()[:1] in (b"[", b"{") else "csv"


def _csv(path: Path, file: Path, columns: Sequence[str]) -> Given:
    head = csv_tables.head(path, file)
    if not _there(head.names, columns, file):
        return _nothing(head.names)
    rows, set_aside = csv_tables.rows(path, columns, file)
    return Given(rows, head.names, set_aside)


def _parquet_names(path: Path, file: Path) -> list[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return list(pq.read_schema(path).names)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise UserError(f"{file} cannot be read as Parquet: {first_line(error, 200)}.") from None


def _parquet(path: Path, file: Path, columns: Sequence[str], most: int) -> Given:
    import pyarrow as pa
    import pyarrow.parquet as pq

    there = _parquet_names(path, file)
    wanted = _there(there, columns, file)
    if not wanted:
        return _nothing(there)
    chosen = ", ".join(map(identifier, wanted))
    query = f"SELECT {chosen} FROM read_parquet({literal(path)})"
    try:
        with pq.ParquetFile(path) as opened:
            _refuse_blown_up(opened.metadata, wanted, most)
        with scratch_database(threads=1) as connection:
            return Given(connection.execute(query).to_arrow_table(), there, [])
    except (pa.ArrowException, OSError, *unreadable()) as error:
        raise UserError(f"{file} cannot be read as Parquet: {first_line(error, 200)}.") from None


def _refuse_blown_up(metadata: Any, wanted: Sequence[str], most: int) -> None:
    """Raise UserError where a Parquet file's own account says that it unpacks to too much."""
    groups = (metadata.row_group(i) for i in range(metadata.num_row_groups))
    parts = (group.column(i) for group in groups for i in range(group.num_columns))
    size = sum(p.total_uncompressed_size for p in parts if p.path_in_schema in wanted)
    if size > most:
        raise UserError(f"its columns unpack to {size:,} bytes; at most {most:,} are read")


def _json(path: Path, file: Path, columns: Sequence[str]) -> Given:
    import pyarrow as pa
    import pyarrow.compute as pc

    kinds = ", ".join(f"{identifier(name)}: 'VARCHAR'" for name in columns)
    with TemporaryDirectory() as folder:
        lines = _as_lines(path, Path(folder), file)
        sampled = _json_names(lines)
        source = (
            f"read_json({literal(lines)}, format = 'newline_delimited', ignore_errors = true,"
            f" columns = {{{kinds}}})"
        )
        try:
            with scratch_database(threads=1) as connection:
                table = connection.execute(f"FROM {source}").to_arrow_table()
        except unreadable() as error:
            raise UserError(
                f"{file} cannot be read as JSON: expected an array, or one object a line"
                f" ({first_line(error, 150)})."
            ) from None
    filled = [c for c in columns if table[c].null_count < table.num_rows]
    there = list(dict.fromkeys([*sampled, *filled]))
    if not there and not table.num_rows:
        raise UserError(
            f"{file} cannot be read as JSON: expected an array, or one object a line; it holds no"
            " whole object."
        )
    wanted = _there(there, columns, file)
    if not wanted:
        return _nothing(there)
    # A line that is no object, such as one with half an emoji, comes as a row of nulls.
    empty = pa.array([True] * table.num_rows)
    for name in wanted:
        empty = pc.and_(empty, pc.is_null(table[name]))
    at = pc.indices_nonzero(empty).to_pylist()
    bad = [SetAside(f"item {i + 1:,}", "no JSON object with these members") for i in at]
    return Given(table.select(wanted).filter(pc.invert(empty)), there, bad)


def _as_lines(path: Path, folder: Path, file: Path) -> Path:
    """A JSON file with one object a line: itself, or a copy of its array's items."""
    with path.open("rb") as stream:
        start = stream.read(START).removeprefix(json_items.BOM).lstrip()
        if not start.startswith(b"["):
            return path
        stream.seek(0)
        lines = folder / "items.jsonl"
        with lines.open("wb") as out:
            out.writelines(item + b"\n" for item in json_items.items(stream, str(file)))
    return lines


def _json_names(lines: Path) -> list[str]:
    """The members of the first objects."""
    found: dict[str, None] = {}
    with lines.open("rb") as stream:
        for line in itertools.islice(stream, SAMPLED):
            with suppress(ValueError, RecursionError):
                item = json.loads(line[: json_items.LONGEST].removeprefix(json_items.BOM))
                found.update(dict.fromkeys(item if isinstance(item, dict) else ()))
    return list(found) or _of_one_document(lines)


def _of_one_document(path: Path) -> list[str]:
    """The members of a JSON document that stands on several lines; none where it is none."""
    source = f"read_json({literal(path)}, maximum_object_size = {WHOLE})"
    with suppress(*unreadable()), scratch_database(threads=1) as connection:
        return [str(row[0]) for row in connection.execute(f"DESCRIBE FROM {source}").fetchall()]
    return []


def _there(names: Sequence[str], columns: Sequence[str], file: Path) -> list[str]:
    """The wanted columns that are there; raises UserError where one is there twice."""
    wanted = [c for c in columns if c in names]
    if doubled := [c for c in wanted if names.count(c) > 1]:
        raise UserError(f"{file} has the column {doubled[0]} more than once; keep one.")
    return wanted


def _nothing(names: list[str]) -> Given:
    import pyarrow as pa

    return Given(pa.table({}), names, [])


def require(given: Given, columns: Sequence[str], file: Path) -> None:
    """Raise UserError, naming what is there, where a table lacks one of the columns."""
    if missing := [c for c in columns if c not in given.names]:
        there = shown(given.names) or "none"
        raise UserError(f"{file} has no column {', '.join(missing)}; it has {there}.")
