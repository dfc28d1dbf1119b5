"""A submission as sent: a folder or zip with only a manifest, predictions and a text."""

from __future__ import annotations

import contextlib
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from benchmarks.submissions import manifest, predictions
from benchmarks.submissions.problems import Problem
from botbench.core.errors import UserError

ALLOWED = (".yaml", ".csv", ".parquet", ".md", ".txt")
"""Endings of what a submission may hold. Nothing that is run or unpickled."""


@contextlib.contextmanager
def opened(path: Path) -> Iterator[tuple[Path, list[Problem]]]:
    """The submission's folder (a zip is unpacked into a temporary one) and its file errors.

    Raises UserError if there is neither a folder nor a zip.
    """
    if path.is_dir():
        yield path, list(_strangers(path))
        return
    if not path.is_file() or not zipfile.is_zipfile(path):
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


def _unpack(path: Path, target: Path) -> Iterator[Problem]:
    with zipfile.ZipFile(path) as archive:
        entries = [e for e in archive.infolist() if not e.is_dir()]
        total = sum(e.file_size for e in entries)
        if total > predictions.LARGEST or len(entries) > 50:
            yield Problem(
                f"the zip holds {len(entries):,} files of {total:,} bytes; at most 50 of"
                f" {predictions.LARGEST:,} are read",
                path.name,
            )
            return
        for entry in entries:
            place = PurePosixPath(entry.filename.replace("\\", "/"))
            link = (entry.external_attr >> 16) & 0o170000 == 0o120000
            if place.is_absolute() or ".." in place.parts or ":" in place.parts[0] or link:
                yield Problem(
                    f"{entry.filename!r} leads out of the zip; nothing of it was unpacked",
                    path.name,
                )
                return
        for entry in entries:
            if PurePosixPath(entry.filename).suffix in ALLOWED:
                archive.extract(entry, target)
            else:
                yield Problem(
                    f"{entry.filename!r} is no file that a submission holds ({', '.join(ALLOWED)});"
                    " it was not read",
                    path.name,
                )


def _strangers(folder: Path) -> Iterator[Problem]:
    for file in sorted(folder.rglob("*")):
        name = str(file.relative_to(folder))
        if file.is_symlink():
            yield Problem(f"{name} is a link; send the file itself", name)
        elif file.is_file() and file.suffix not in ALLOWED:
            yield Problem(
                f"{name} is no file that a submission holds ({', '.join(ALLOWED)}); it was not"
                " read",
                name,
            )
