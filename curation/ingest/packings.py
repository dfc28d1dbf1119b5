"""Packed files as streams: gzip, zstd, bzip2, xz, and the members of zips and tars.

Nothing is unpacked by name, and nothing is kept in memory but what a stream needs.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, cast

from botbench.core.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

GZIP = b"\x1f\x8b"
SIGNS = {GZIP: "gzip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz", b"\x28\xb5\x2f\xfd": "zstd"}
"""The first bytes of a packed file, and its packing."""
WINDOW = 1 << 31
"""The longest window of zstd; dumps of Reddit have it, and need so much memory if they fill it."""
BROKEN = (
    EOFError,
    zlib.error,
    lzma.LZMAError,
    gzip.BadGzipFile,
    zipfile.BadZipFile,
    tarfile.TarError,
)
"""What the standard library raises for a packed file that is broken."""
MEMBERS = 10_000
SKIPPED = range(0x184D2A50, 0x184D2A60)
"""Numbers of zstd's frames that hold no data."""


def packing_of(start: bytes) -> str:
    """The packing of a file with these first bytes; empty for a plain one."""
    return next((name for sign, name in SIGNS.items() if start.startswith(sign)), "")


def archive_of(path: Path) -> Path | None:
    """The zip or tar in which a path that is no file names a member; None for other paths."""
    if path.exists():
        return None
    return next((p for p in path.parents if p.is_file() and is_archive(p)), None)


def is_archive(path: Path) -> bool:
    """Whether a file is a zip or a tar, packed or not."""
    if zipfile.is_zipfile(path):
        return True
    with path.open("rb") as raw:
        start = raw.read(265)
        if start[257:262] == b"ustar":
            return True
        packing = packing_of(start)
    if not packing:
        return False
    try:
        with plain(path, packing) as stream:
            return stream.read(265)[257:262] == b"ustar"
    except (*BROKEN, OSError, UserError):
        return False


def members(path: Path) -> list[str]:
    """The names of an archive's files, without links, folders and paths out of it.

    Raises UserError for an archive of too many, or a broken one.
    """
    names = []
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                names = [i.filename for i in archive.infolist() if not i.is_dir()]
        else:
            with _tar(path) as tar:
                for member in tar:
                    names += [member.name] if member.isreg() else []
                    if len(names) > MEMBERS:
                        break
    except BROKEN as error:
        raise UserError(f"{path} is a broken archive ({error}). Get the file again.") from None
    if len(names) > MEMBERS:
        raise UserError(f"{path} holds over {MEMBERS:,} files; unpack those that are needed.")
    sound = [n for n in names if not n.startswith("/") and ".." not in n.split("/")]
    return [n.removeprefix("./") for n in sound]


def size_of(path: Path) -> int:
    """The bytes of a file as it is stored; of a member, those of its archive."""
    archive = archive_of(path)
    return (archive or path).stat().st_size


def start_of(path: Path, size: int = 8) -> bytes:
    """The first bytes of a file, or of a member of an archive, as they are stored."""
    with stored(path) as stream:
        return stream.read(size)


@contextmanager
def stored(path: Path) -> Iterator[BinaryIO]:
    """The bytes of a file as it is stored, or of a member of an archive."""
    archive = archive_of(path)
    if archive is None:
        with path.open("rb") as raw:
            yield raw
        return
    name = path.relative_to(archive).as_posix()
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as zipped, zipped.open(_zip_name(zipped, name)) as member:
            yield cast("BinaryIO", member)
        return
    with _tar(archive) as tar:
        for entry in tar:
            if entry.isreg() and entry.name.removeprefix("./") == name:
                found = tar.extractfile(entry)
                if found is not None:
                    yield cast("BinaryIO", found)
                    return
    raise UserError(f"{archive} has no file {name}.")


@contextmanager
def plain(path: Path, packing: str) -> Iterator[BinaryIO]:
    """The unpacked bytes of a file, or of a member of an archive."""
    with stored(path) as raw:
        if packing == "gzip":
            with gzip.GzipFile(fileobj=raw) as stream:
                yield cast("BinaryIO", stream)
        elif packing == "bzip2":
            with bz2.BZ2File(raw) as stream:
                yield cast("BinaryIO", stream)
        elif packing == "xz":
            with lzma.LZMAFile(raw) as stream:
                yield cast("BinaryIO", stream)
        elif packing == "zstd":
            import zstandard

            decoder = zstandard.ZstdDecompressor(max_window_size=WINDOW)
            try:
                with decoder.stream_reader(raw, read_across_frames=True) as stream:
                    yield cast("BinaryIO", stream)
            except zstandard.ZstdError as error:
                raise EOFError(str(error)) from None
        else:
            yield raw


def is_whole(path: Path) -> bool:
    """Whether a zstd file does not end within a frame, which its decoder passes over in silence.

    The blocks are counted, not unpacked. What follows the last frame and is none is not looked at.
    """
    with stored(path) as raw:
        while magic := raw.read(4):
            number = int.from_bytes(magic, "little")
            if number in SKIPPED and len(magic) == 4:
                sound = _passed(raw, int.from_bytes(raw.read(4), "little"))
            elif magic == b"\x28\xb5\x2f\xfd":
                sound = _frame(raw)
            else:
                return len(magic) == 4
            if not sound:
                return False
    return True


def _frame(raw: BinaryIO) -> bool:
    """Pass over a frame of zstd behind its magic number (RFC 8878); False where it is cut."""
    described = raw.read(1)
    if not described:
        return False
    flags = described[0]
    single = bool(flags & 0x20)
    header = (0 if single else 1) + (0, 1, 2, 4)[flags & 3] + (int(single), 2, 4, 8)[flags >> 6]
    if not _passed(raw, header):
        return False
    while len(block := raw.read(3)) == 3:
        value = int.from_bytes(block, "little")
        repeated = (value >> 1) & 3 == 1
        if not _passed(raw, 1 if repeated else value >> 3):
            return False
        if value & 1:
            return _passed(raw, 4 if flags & 4 else 0)
    return False


def _passed(raw: BinaryIO, size: int) -> bool:
    """Pass over so many bytes; False where there are fewer."""
    if size > 1 and raw.seekable():
        raw.seek(size - 1, 1)
        size = 1
    while size > 0 and (chunk := raw.read(min(size, 1 << 20))):
        size -= len(chunk)
    return size == 0


def _zip_name(archive: zipfile.ZipFile, name: str) -> str:
    return next((n for n in archive.namelist() if n.removeprefix("./") == name), name)


@contextmanager
def _tar(path: Path) -> Iterator[tarfile.TarFile]:
    """A tar, read from front to end, whatever its packing."""
    with path.open("rb") as raw:
        packing = packing_of(raw.read(8))
    with plain(path, packing) as stream, tarfile.open(fileobj=stream, mode="r|") as tar:
        yield tar
