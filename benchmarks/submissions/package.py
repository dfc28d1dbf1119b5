"""A submission as sent: a folder or zip with only a manifest, predictions and a text."""

from __future__ import annotations

import contextlib
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.submissions import contents, manifest, predictions
from benchmarks.submissions.problems import Problem
from botbench.core.errors import UserError
from botbench.untrusted import zips

ALLOWED = (".yaml", ".csv", ".parquet", ".md", ".txt")
"""Endings of what a submission may hold. Nothing that is run or unpickled."""


LIMITS = zips.Limits(entries=50, size=predictions.LARGEST)
DEPTH = 2
"""A zip often contains the folder itself, and nothing below it."""


@contextlib.contextmanager
def opened(path: Path) -> Iterator[tuple[Path, list[Problem]]]:
    """The submission's folder (a zip is unpacked into a temporary one) and its file errors.

    Raises UserError if there is neither a folder nor a zip.
    """
    if path.is_dir():
        yield path, list(_strangers(path))
        return
    if not path.is_file() or not _is_zip(path):
        raise UserError(
            f"{path} is neither a folder nor a zip. A submission is a folder with {manifest.NAME}"
            " and predictions; botbench submit prepare makes one."
        )
    with tempfile.TemporaryDirectory(prefix="botbench-submission-") as scratch:
        problems = list(_unpack(path, Path(scratch)))
        inner = [p for p in Path(scratch).iterdir() if p.is_dir()]
        # A zip often contains the folder itself.
        root = (
            inner[0]
            if len(inner) == 1 and not (Path(scratch) / manifest.NAME).exists()
            else Path(scratch)
        )
        yield root, [*problems, *_strangers(root)]


def _is_zip(path: Path) -> bool:
    """Whether a file begins or ends as a zip does; a damaged one is a finding."""
    with path.open("rb") as stream:
        return stream.read(4) in (b"PK\x03\x04", b"PK\x05\x06") or zipfile.is_zipfile(path)


def _unpack(path: Path, target: Path) -> Iterator[Problem]:
    """Write what a submission may hold under names of its kind; nothing of a zip that is odd."""
    try:
        with zips.opened(path, LIMITS) as archive:
            odd = list(zips.problems(archive, LIMITS))
            entries = [e for e in archive.infolist() if not e.is_dir()]
            for entry in entries:
                if zips.parts(entry) is None:
                    odd.append(f"{zips.shown(entry)} leads out of the zip")
            if odd:
                yield from (
                    Problem(f"{what}; nothing of it was unpacked", path.name) for what in odd
                )
                return
            for entry in entries:
                yield from _written(archive, entry, target, path.name)
    except zips.UnreadableZip as error:
        yield Problem(str(error).removesuffix("."), path.name)


def _written(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, name: str
) -> Iterator[Problem]:
    """Write one entry, in its folder where it has one."""
    place = zips.parts(entry) or []
    if len(place) > DEPTH or not all(map(zips.plain, place)):
        yield Problem(
            f"{zips.shown(entry)} has no name that is read: a folder at most, letters, digits,"
            " dots, dashes and underscores",
            name,
        )
    elif Path(place[-1]).suffix not in ALLOWED:
        yield Problem(
            f"{zips.shown(entry)} is no file that a submission holds ({', '.join(ALLOWED)}); it"
            " was not read",
            name,
        )
    else:
        file = target.joinpath(*place)
        if file.parent.is_file() or file.exists():
            yield Problem(f"{zips.shown(entry)} is a file and a folder at once", name)
            return
        file.parent.mkdir(exist_ok=True)
        zips.copy(archive, entry, file)


def _strangers(folder: Path) -> Iterator[Problem]:
    if contents.unsafe(folder):
        return
    for name in sorted(contents.files(folder)):
        if Path(name).suffix not in ALLOWED:
            yield Problem(
                f"{contents.shown(name)} is no file that a submission holds"
                f" ({', '.join(ALLOWED)}); it was not read",
                contents.shown(name),
            )
