"""The head of a text file: its encoding, its first record, and whether it can be a table."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from curation.ingest.reading.files import CHUNK, SourceFile

if TYPE_CHECKING:
    from pathlib import Path

    from curation.ingest.reading.stage import Stage
    from curation.ingest.reading.tidy import Dialect

LINE = 32 << 20
"""The longest row in bytes; longer ones are quarantined. DuckDB's buffers have this size."""
COLUMNS = 2_000
"""The most columns of a table. DuckDB takes minutes to plan a query over many more."""


def wide(start: bytes) -> str:
    """The encoding of a text of two bytes a sign, by its first bytes; empty for any other.

    >>> wide("{}".encode("utf-16-le")), wide(b"{}"), wide(b"\\xff\\xfea\\x00")
    ('utf-16-le', '', 'utf-16')
    """
    if start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) and start[2:4] != b"\0\0":
        return "utf-16"
    nul = [byte == 0 for byte in start[:4]]
    if nul == [False, True, False, True]:
        return "utf-16-le"
    return "utf-16-be" if nul == [True, False, True, False] else ""


@contextmanager
def opened(path: Path, file: SourceFile) -> Iterator[BinaryIO]:
    """The bytes of a file, or of its copy at `path`."""
    with file.open() if path == file.path else path.open("rb") as stream:
        yield stream


def check_width(stage: Stage, file: SourceFile, width: int) -> None:
    """Raise UserError for a table of too many columns."""
    if width > COLUMNS:
        stage.fail(
            f"{file.path} has {width:,} columns; at most {COLUMNS:,} are read. Is its separator"
            " right on the card? If it is, keep the columns that the card names."
        )


def known(stage: Stage, encoding: str) -> str:
    """Python's name of an encoding; raises UserError for one that is none of text."""
    try:
        b"text".decode(encoding, "replace")
        return codecs.lookup(encoding).name
    except (LookupError, UnicodeError):
        stage.fail(
            f"There is no encoding {encoding!r} of text; the card may say utf-8, latin-1, cp1252,"
            " utf-16 or any other that Python knows."
        )


def in_utf8(stage: Stage, file: SourceFile, encoding: str) -> Path:
    """The file itself where it is UTF-8, else a copy in UTF-8; undecodable bytes stay.

    Half a character of UTF-16 or UTF-32 stays as bytes that are not UTF-8, so its row is set aside.
    Raises UserError for an encoding that is not known, and for a file that is not in it.
    """
    name = known(stage, encoding)
    if name in ("utf-8", "ascii", "utf-8-sig"):
        return file.path
    path = stage.scratch / f"{file.sha256[:16]}-{name}.txt"
    if path.exists():
        return path
    wide = name.startswith(("utf-16", "utf-32"))
    errors = "surrogatepass" if wide else "strict" if name == "utf-7" else "surrogateescape"
    done = 0
    try:
        with file.open() as stream, path.open("wb") as out:
            decoder = codecs.getincrementaldecoder(name)(errors)
            while chunk := stream.read(CHUNK):
                out.write(_bytes(decoder.decode(chunk)))
                done += len(chunk)
            out.write(_bytes(decoder.decode(b"", True)))
    except UnicodeError as error:
        path.unlink(missing_ok=True)
        at = f" near byte {done + error.start:,}" if isinstance(error, UnicodeDecodeError) else ""
        why = error.reason if isinstance(error, UnicodeDecodeError) else str(error)
        stage.fail(
            f"{file.path} is not text in {encoding}: {why}{at}. Name its encoding on the card, such"
            " as utf-8 or utf-16-le, or get the file again."
        )
    return path


def _bytes(text: str) -> bytes:
    """UTF-8, with undecodable bytes as they were and half characters as bytes that are no text."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def first_record(stage: Stage, path: Path, file: SourceFile, dialect: Dialect) -> list[str] | None:
    """The fields of the first record, well-formed or not; None for an empty file.

    Raises UserError where it is longer than a row may be.
    """
    previous = csv.field_size_limit(1 << 30)
    try:
        with opened(path, file) as stream:
            text = io.TextIOWrapper(
                stream, encoding="utf-8-sig", errors="backslashreplace", newline=""
            )
            lines = _lines(text, whole=dialect.header)
            for _ in range(dialect.skip):
                _skip(text)
            if len(dialect.separator) > 1:
                found = next(
                    (
                        line.rstrip("\r\n").split(dialect.separator)
                        for line in lines
                        if line.strip("\r\n")
                    ),
                    None,
                )
            else:
                found = next(
                    (r for r in csv.reader(lines, **{**dialect.python(), "strict": False}) if r),
                    None,
                )
            text.detach()
    except csv.Error as error:
        stage.fail(f"The first line of {file.path} cannot be read ({error}).")
    finally:
        csv.field_size_limit(previous)
    return found


def _lines(text: io.TextIOWrapper, *, whole: bool) -> Iterator[str]:
    """Lines, until they are longer together than a row may be.

    A header that goes on then raises csv.Error; a row ends there, and is set aside later.
    """
    left = LINE
    while left > 0 and (line := text.readline(left)):
        left -= len(line)
        yield line
    if whole and left <= 0:
        raise csv.Error(f"it is longer than {LINE:,} bytes, or a quote in it never closes")


def _skip(text: io.TextIOWrapper) -> None:
    """Pass over one line, however long."""
    while (part := text.readline(CHUNK)) and not part.endswith(("\n", "\r")):
        pass
