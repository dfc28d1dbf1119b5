"""Remove what killed commands left in a store's folder; what a living one uses stays.

Whoever makes such a folder or draft holds its lock, which the kernel releases when the process
ends. Some names have the number of the process too.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from curation.store.upkeep import processes

UNFINISHED = ".unfinished-"
"""How the name of an unfinished release or publication begins."""
SHELVES = ("releases/*", "publications/*/*")
SHELVED = re.compile(rf"{re.escape(UNFINISHED)}[0-9a-f]{{32}}")
SCRATCH = {
    "tmp/*": re.compile(r"(pull|cell|study)-(?P<process>\d+)-\w{8}"),
    "sealed/*/.sealing-*": re.compile(r"\.sealing-(?P<process>\d+)-\w{8}"),
    "*.salt.[0-9]*.????????": re.compile(r".+\.salt\.(?P<process>\d+)\.[0-9a-f]{8}"),
}
"""Names with the number of a process; the last is how versions before 0.2 made a salt."""
DRAFT = re.compile(r"\..+\.(?P<process>\d+)\.[0-9a-f]{8}\w*\.unfinished")
"""The name of a draft (see `botbench.core.files.draft_of`)."""
NOT_SEARCHED = {"backups", "data", "downloads", "servers", "tmp", "trash"}
"""Folders without drafts of ours, or with files of other programs."""


def scratch_folder(home: Path, what: Literal["pull", "cell", "study"]) -> Path:
    """Make a folder of this process in a store's `tmp/`, which `remove` finds after a kill."""
    (home / "tmp").mkdir(exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=f"{what}-{os.getpid()}-", dir=home / "tmp"))


@contextlib.contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the lock of a folder or file; raises OSError where another process does."""
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)


def remove(home: Path) -> int:
    """Remove the leftovers of ended processes in a store's folder; return how many."""
    return sum(remove_one(path, process) for path, process in _found(home))


def remove_drafts(folder: Path) -> int:
    """Remove the drafts of ended processes in one folder; return how many."""
    drafts = [(p, match) for p in folder.iterdir() if (match := DRAFT.fullmatch(p.name))]
    return sum(remove_one(p, int(match["process"])) for p, match in drafts)


def remove_one(path: Path, process: int | None = None) -> bool:
    """Remove a leftover whose lock nobody holds and whose process has ended; whether it went."""
    with contextlib.suppress(OSError):
        if process is None or not processes.ran_at(process, path.lstat().st_mtime):
            with held(path):
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink()
                return True
    return False


def _found(home: Path) -> Iterator[tuple[Path, int | None]]:
    """Each leftover by its name, with the number of its process if the name has one."""
    for shelf in SHELVES:
        for path in home.glob(f"{shelf}/{UNFINISHED}*"):
            if SHELVED.fullmatch(path.name):
                yield path, None
    for pattern, scratch in SCRATCH.items():
        for path in home.glob(pattern):
            if match := scratch.fullmatch(path.name):
                yield path, int(match["process"])
    for folder, below, files in os.walk(home):
        below[:] = [name for name in below if name not in NOT_SEARCHED]
        for name in (*files, *below):
            if match := DRAFT.fullmatch(name):
                yield Path(folder) / name, int(match["process"])
