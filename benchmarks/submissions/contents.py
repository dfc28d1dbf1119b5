"""What stands in a submission's folder, looked at without opening or following anything."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from benchmarks.submissions.problems import Problem

MOST = 50
"""Files and folders that a submission may hold; a manifest, predictions and a text are three."""
SORTS = (
    (stat.S_ISLNK, "is a link; send the file itself"),
    (stat.S_ISFIFO, "is a pipe, which is not read; send a file"),
    (stat.S_ISSOCK, "is a socket, which is not read; send a file"),
    (stat.S_ISCHR, "is a device, which is not read; send a file"),
    (stat.S_ISBLK, "is a device, which is not read; send a file"),
)


def unsafe(folder: Path) -> list[Problem]:
    """Why nothing of the folder may be opened: links, pipes, devices, or too many entries.

    Opening a pipe waits for ever, a link leads elsewhere, and a file with a second name may be
    somebody else's.
    """
    if folder.is_symlink():
        return [Problem(f"{shown(folder.name)} is a link; send the folder itself", "")]
    problems: list[Problem] = []
    for n, (name, status) in enumerate(_walk(folder)):
        if n >= MOST:
            return [*problems, Problem(f"it holds more than {MOST} files and folders", "")]
        what = next((said for is_one, said in SORTS if is_one(status.st_mode)), None)
        if stat.S_ISREG(status.st_mode) and status.st_nlink > 1:
            what = "has a second name elsewhere (a hard link); send a copy"
        if what:
            problems.append(Problem(f"{shown(name)} {what}", shown(name)))
    return problems


def files(folder: Path) -> Iterator[str]:
    """The names of the regular files in a folder that is not `unsafe`, relative to it."""
    for name, status in _walk(folder):
        if stat.S_ISREG(status.st_mode):
            yield name


def shown(name: str) -> str:
    """A name for a message: short, and with its control characters written out."""
    printable = name if name.isprintable() else ascii(name)[1:-1]
    return printable if len(printable) <= 100 else f"{printable[:97]}..."


def _walk(folder: Path, above: str = "") -> Iterator[tuple[str, os.stat_result]]:
    """Name and status of every entry, folders before what they hold; links are not followed."""
    with os.scandir(folder) as found:
        for entry in found:
            status = entry.stat(follow_symlinks=False)
            yield f"{above}{entry.name}", status
            if stat.S_ISDIR(status.st_mode):
                yield from _walk(folder / entry.name, f"{above}{entry.name}/")
