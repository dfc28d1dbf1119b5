"""The files of a card: found in a folder, plain or gzipped, and hashed before they are read."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import BinaryIO

from botbench.core.errors import UserError
from curation.ingest import packings
from curation.ingest.card_model import Card, Read, Source

CHUNK = 1 << 20
PEEK = 1 << 6
ENDINGS = (".gz", ".zst", ".bz2", ".xz")
"""Endings of packed files, which are no part of a file's name."""
RATIO, SMALL = 300, 200_000_000
"""A packed file that unpacks to over `SMALL` bytes and over `RATIO` times its own is a bomb."""


@dataclass(frozen=True)
class SourceFile:
    """A verified file: its `name` on the card (without .gz), and its uncompressed `sha256`.

    `packing` is empty for a plain file.
    """

    name: str
    path: Path
    packing: str
    sha256: str
    size: int
    last: bytes = b""
    """The last byte that is no blank, where the file was read to its end."""

    @property
    def gzip(self) -> bool:
        """Whether the file is packed as gzip, which DuckDB reads itself."""
        return self.packing == "gzip"

    @property
    def stem(self) -> str:
        """The name without folders and endings: `posts/train.csv` is `train`."""
        return (
            Path(self.name).name.split(".")[0]
            if self.name.endswith(".tar.gz")
            else Path(self.name).stem
        )

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """The uncompressed bytes as a stream."""
        with packings.plain(self.path, self.packing) as stream:
            yield stream

    def unpacked(self, folder: Path) -> SourceFile:
        """The file itself where readers can read it, else its plain copy in a folder."""
        if self.packing in ("", "gzip") and packings.archive_of(self.path) is None:
            return self
        path = folder / f"{self.sha256[:16]}-{Path(self.name).name}"
        if not path.exists():
            with self.open() as stream, path.open("wb") as out:
                shutil.copyfileobj(stream, out, CHUNK)
        return replace(self, path=path, packing="")


def select(files: dict[str, list[SourceFile]], read: Read) -> list[SourceFile]:
    """The files of one reading, in the card's order; all files where it names none."""
    wanted = read.files or tuple(files)
    matched = ([p] if p in files else sorted(n for n in files if fnmatchcase(n, p)) for p in wanted)
    names = [name for group in matched for name in group]
    return [f for n in dict.fromkeys(names) for f in files[n]]


def locate(card: Card, folder: Path) -> dict[str, list[Path]]:
    """The paths of a card's sources in a folder, by source name.

    Raises UserError that lists all missing sources.
    """
    if not folder.is_dir():
        raise UserError(f"There is no folder {folder} to read {card.id} from.")
    found = {s.file: _candidates(s, folder) for s in card.sources}
    missing = [name for name, paths in found.items() if not paths]
    if missing:
        there = sorted(p.name for p in folder.iterdir())
        raise UserError(
            f"{folder} lacks {', '.join(missing)} of {card.id} (each may also stand there with"
            " .gz). It holds:"
            f" {', '.join(there[:20]) or 'nothing'}{' ...' if len(there) > 20 else ''}. Name the"
            " right folder with --from DIR."
        )
    return found


def _candidates(source: Source, folder: Path) -> list[Path]:
    name = source.file
    exact = folder / name
    if exact.is_file() or packings.archive_of(exact) is not None:
        return [exact]
    if any(c in name for c in "*?["):
        return sorted(p for p in {*folder.glob(name), *folder.glob(name + ".gz")} if p.is_file())
    names = [name, name.removesuffix(".gz") if name.endswith(".gz") else name + ".gz"]
    return [p for p in (folder / n for n in names) if p.is_file()][:1]


def verify(source: Source, path: Path, folder: Path) -> SourceFile:
    """Read a whole file and compare its hash with the card's; raises UserError on a difference."""
    name = (
        path.relative_to(folder).as_posix() if any(c in source.file for c in "*?[") else source.file
    )
    packing = packings.packing_of(packings.start_of(path))
    stored = source.sha256_of == "stored"
    digest, size, last = _hash(path, "" if stored else packing)
    if source.sha256 and digest != source.sha256:
        raise UserError(
            f"{path} is not the file that the card means: its"
            f" {'stored' if stored else 'uncompressed'} bytes have sha256 {digest}, the card says"
            f" {source.sha256}. Get the file again, or correct the card's sha256."
        )
    if packing and stored:
        last = _hash(path, packing)[2]
    if not any(name.endswith(f".tar{ending}") for ending in ENDINGS):
        name = next((name.removesuffix(e) for e in ENDINGS if name.endswith(e)), name)
    return SourceFile(name, path, packing, digest, size, last)


def _hash(path: Path, packing: str) -> tuple[str, int, bytes]:
    """The sha256 of the plain bytes, how many they are, and the last that is no blank."""
    digest, size, last = hashlib.sha256(), 0, b""
    packed = packings.size_of(path)
    try:
        with packings.plain(path, packing) as stream:
            while chunk := stream.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
                last = chunk[-PEEK:].rstrip()[-1:] or chunk.rstrip()[-1:] or last
                if packing and size > max(SMALL, RATIO * packed):
                    raise UserError(
                        f"{path} is a {packing} file that grows to over {RATIO} times its"
                        f" {packed:,} bytes: no table does. Get the file again, or unpack it"
                        " yourself."
                    )
        if packing == "zstd" and not packings.is_whole(path):
            raise EOFError("it ends before its last frame does")
    except (*packings.BROKEN, OSError) as error:
        if not packing and isinstance(error, OSError):
            raise
        raise UserError(
            f"{path} is a broken {packing or 'archive'} file ({error}) after {size:,} uncompressed"
            " bytes. Get the file again, or take it away from the others."
        ) from None
    return digest.hexdigest(), size, last
