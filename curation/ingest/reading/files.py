"""The files of a card: found in a folder, plain or gzipped, and hashed before they are read."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import BinaryIO, cast

from botbench.core.errors import UserError
from curation.ingest.card_model import Card, Read, Source

CHUNK = 1 << 20
GZIP = b"\x1f\x8b"
RATIO, SMALL = 300, 200_000_000
"""A gzip file that unpacks to over `SMALL` bytes and over `RATIO` times its own is a bomb."""


@dataclass(frozen=True)
class SourceFile:
    """A verified file: its `name` on the card (without .gz), and its uncompressed `sha256`."""

    name: str
    path: Path
    gzip: bool
    sha256: str
    size: int

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
        with _stream(self.path, self.gzip) as stream:
            yield stream


@contextmanager
def _stream(path: Path, zipped: bool) -> Iterator[BinaryIO]:
    with path.open("rb") as raw:
        if zipped:
            with gzip.GzipFile(fileobj=raw) as unzipped:
                yield cast("BinaryIO", unzipped)
        else:
            yield raw


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
    if any(c in name for c in "*?["):
        return sorted(p for p in {*folder.glob(name), *folder.glob(name + ".gz")} if p.is_file())
    names = [name, name.removesuffix(".gz") if name.endswith(".gz") else name + ".gz"]
    return [p for p in (folder / n for n in names) if p.is_file()][:1]


def verify(source: Source, path: Path, folder: Path) -> SourceFile:
    """Read a whole file and compare its hash with the card's; raises UserError on a difference."""
    name = (
        path.relative_to(folder).as_posix() if any(c in source.file for c in "*?[") else source.file
    )
    with path.open("rb") as raw:
        zipped = raw.read(2) == GZIP
    stored = source.sha256_of == "stored"
    digest, size = _hash(path, zipped and not stored)
    if source.sha256 and digest != source.sha256:
        raise UserError(
            f"{path} is not the file that the card means: its"
            f" {'stored' if stored else 'uncompressed'} bytes have sha256 {digest}, the card says"
            f" {source.sha256}. Get the file again, or correct the card's sha256."
        )
    if zipped and stored:
        _hash(path, True)
    if name.endswith(".gz") and not name.endswith(".tar.gz"):
        name = name.removesuffix(".gz")
    return SourceFile(name, path, zipped, digest, size)


def _hash(path: Path, zipped: bool) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    try:
        with _stream(path, zipped) as stream:
            packed = path.stat().st_size
            while chunk := stream.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
                if zipped and size > max(SMALL, RATIO * packed):
                    raise UserError(
                        f"{path} is a gzip file that grows to over {RATIO} times its {packed:,}"
                        " bytes: no table does. Get the file again, or unpack it yourself."
                    )
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UserError(
            f"{path} is a broken gzip file ({error}) after {size:,} uncompressed bytes. Get the"
            " file again."
        ) from None
    return digest.hexdigest(), size
