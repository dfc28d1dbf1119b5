"""The members of a tar, streamed and bounded, headers too; none is unpacked by its name."""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from botbench.core.errors import UserError

if TYPE_CHECKING:
    from curation.ingest.reading.files import SourceFile

BUFFER = 20 << 10
"""Bytes that tarfile reads at once; it copies what is left of them for every small member."""

HEADER, HEADERS = 1 << 20, 8
"""Bytes and number of the long names and extended headers before one member."""

EXTENDED = (
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)


def members(
    file: SourceFile, wanted: Callable[[str], bool], largest: int
) -> Iterator[tuple[str, bytes]]:
    """The names and contents of the wanted members, one after the other.

    Raises UserError for a broken tar, for one that holds links, devices or paths that lead out of
    it, and for a member of over `largest` bytes.
    """
    try:
        with (
            file.open() as stream,
            tarfile.open(
                fileobj=stream, mode="r|", bufsize=BUFFER, tarinfo=_bounded_headers()
            ) as archive,
        ):
            for member in archive:
                _safe(file, member)
                if member.isfile() and wanted(member.name):
                    if member.size > largest:
                        raise UserError(
                            f"{file.path} holds a member of {member.size:,} bytes"
                            f" ({member.name[:80]!r}); at most {largest:,} are read with this"
                            " --memory. Give more memory, or get the file again."
                        )
                    opened = archive.extractfile(member)
                    yield _printable(member.name), opened.read() if opened else b""
                archive.members = []  # type: ignore[attr-defined]  # else a tar of a million files is a million objects
    except (tarfile.TarError, ValueError, OverflowError) as error:
        raise UserError(f"{file.path} is not a whole tar ({error}). Get the file again.") from None


def _bounded_headers() -> type[tarfile.TarInfo]:
    """A kind of member whose long names and extended headers are bounded, for one archive.

    Python reads such a header into memory whatever its size, one inside the other.
    """
    spent = {"size": 0, "headers": 0}

    class Member(tarfile.TarInfo):
        def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
            if self.type in EXTENDED:
                spent["size"] += self.size
                spent["headers"] += 1
                if spent["size"] > HEADER or spent["headers"] > HEADERS:
                    raise tarfile.ReadError(
                        f"the headers before a member have over {HEADER:,} bytes, or are over"
                        f" {HEADERS}"
                    )
            elif self.type == tarfile.GNUTYPE_SPARSE:
                raise tarfile.ReadError("a sparse member")
            else:
                spent["size"] = spent["headers"] = 0
            return super()._proc_member(archive)  # type: ignore[misc,no-any-return]

        def _proc_gnusparse_10(self, *_: object) -> None:
            raise tarfile.ReadError("a sparse member")

    return Member


def _printable(name: str) -> str:
    """A member's name as text; bytes that are no UTF-8 are shown as \\xNN."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _safe(file: SourceFile, member: tarfile.TarInfo) -> None:
    if member.name.startswith("/") or ".." in member.name.split("/"):
        raise UserError(
            f"{file.path} holds a member whose path leads out of the tar ({member.name}); nothing"
            " of it was read."
        )
    if not (member.isfile() or member.isdir()):
        what = "a link" if member.issym() or member.islnk() else "a device or another special file"
        raise UserError(
            f"{file.path} holds {what} ({member.name}); nothing of it was read. A tar of posts has"
            " plain files only."
        )
