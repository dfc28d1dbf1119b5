"""Zip archives that strangers sent: checked before anything is read, and never unpacked by name.

A zip says of itself how large it is, and it may lie. The directory at its end is measured before
Python builds it; entries are read in pieces and may not give more than they declare.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from botbench.core.errors import UserError

CHUNK = 1 << 20
SMALL = 10_000_000
"""Bytes up to which an entry may be packed as tightly as it likes."""
END, END_64 = b"PK\x05\x06", b"PK\x06\x07"
"""What begins the record at a zip's end, and that of a zip over 4 GB."""
PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._ -]{0,99}")
PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
    OSError,
)
"""What Python's zipfile raises for archives that are damaged or made to be odd."""


@dataclass(frozen=True)
class Limits:
    """How much an archive may hold: entries, bytes unpacked, how often larger than packed."""

    entries: int = 50
    size: int = 500_000_000
    ratio: int = 200
    directory: int = 200_000


class UnreadableZip(UserError):
    """An archive, or an entry of one, that cannot be read; `problem` says why."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name} {problem}.")
        self.problem = problem


@contextmanager
def opened(path: Path, limits: Limits) -> Iterator[zipfile.ZipFile]:
    """An archive whose directory is within the limits; raises UnreadableZip for any other."""
    try:
        with path.open("rb") as stream:
            _measure(stream, path.name, limits)
            with zipfile.ZipFile(stream) as archive:
                yield archive
    except UnreadableZip:
        raise
    except FAULTS as error:
        raise UnreadableZip(path.name, f"is not a whole zip ({_told(error)})") from None


def _measure(stream: IO[bytes], name: str, limits: Limits) -> None:
    """Read the record at a zip's end; raises UnreadableZip for a directory over the limits."""
    size = stream.seek(0, 2)
    stream.seek(max(0, size - (1 << 16) - 22))
    tail = stream.read()
    at = tail.rfind(END)
    if at < 0 or len(tail) - at < 22:
        raise UnreadableZip(name, "is not a whole zip")
    if tail[max(0, at - 20) : at].startswith(END_64):
        raise UnreadableZip(name, "is a zip of over 65,535 files or 4 GB, which is not read")
    entries, length = struct.unpack_from("<HI", tail, at + 10)
    if entries > limits.entries or length > limits.directory:
        raise UnreadableZip(name, f"lists {entries:,} files; at most {limits.entries:,} are read")


def problems(archive: zipfile.ZipFile, limits: Limits) -> Iterator[str]:
    """What is wrong with the entries, a sentence each; none of it needs any to be unpacked."""
    entries = [e for e in archive.infolist() if not e.is_dir()]
    total = sum(e.file_size for e in entries)
    if len(entries) > limits.entries or total > limits.size:
        yield (
            f"the zip holds {len(entries):,} files of {total:,} bytes; at most"
            f" {limits.entries:,} of {limits.size:,} are read"
        )
    seen: set[str] = set()
    for entry in entries:
        name = shown(entry)
        if entry.flag_bits & 0x1:
            yield f"{name} is encrypted"
        if entry.compress_type not in PACKINGS:
            yield f"{name} is packed in another way than deflate ({entry.compress_type})"
        if entry.file_size > max(SMALL, limits.ratio * entry.compress_size):
            yield f"{name} says it is over {limits.ratio} times as large as it is packed"
        if entry.filename.casefold() in seen:
            yield f"{name} stands in the zip twice"
        seen.add(entry.filename.casefold())


def shown(entry: zipfile.ZipInfo) -> str:
    """An entry's name for a message: printable and short."""
    name = entry.filename
    return ascii(name if len(name) <= 80 else name[:77] + "...")


def parts(entry: zipfile.ZipInfo) -> list[str] | None:
    """The folders and the name of an entry; None where it would lead out of the zip."""
    name = entry.filename.replace("\\", "/")
    link = (entry.external_attr >> 16) & 0o170000 == 0o120000
    found = name.split("/")
    if link or name.startswith("/") or ".." in found or ":" in found[0]:
        return None
    return found


def plain(name: str) -> bool:
    """Whether a file of this name may be written: up to 100 letters, digits, dots and dashes."""
    return PLAIN.fullmatch(name) is not None


def copy(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    """Write an entry's bytes to `target`, which is new; raises UnreadableZip if they are broken."""
    size = 0
    try:
        with archive.open(entry) as source, target.open("xb") as out:
            while chunk := source.read(CHUNK):
                size += len(chunk)
                out.write(chunk)
    except FAULTS as error:
        raise UnreadableZip(shown(entry), f"cannot be unpacked ({_told(error)})") from None
    if size != entry.file_size:
        problem = f"has {size:,} bytes, and the zip says {entry.file_size:,}"
        raise UnreadableZip(shown(entry), problem)


def _told(error: BaseException) -> str:
    return ascii(str(error).strip() or type(error).__name__)[1:-1]
