"""Texts that cost much to make, kept for the user: in `botbench` of the user's cache folder.

What is kept holds nothing of any store. A file that is damaged, or cannot be read or written, costs
the time that it would have saved, and nothing else.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from botbench.core.errors import UserError
from botbench.core.files import draft_of

MOST = 20
"""Files that are kept; the oldest go first."""


def kept(name: str, make: Callable[[], str]) -> str:
    """The text of that name, or what `make` gives, which is kept.

    The name has to tell all that the text depends on.
    """
    folder = _folder()
    if folder is None:
        return make()
    file = folder / name
    # Also a folder where the file should be, and bytes that are no text.
    with suppress(OSError, ValueError):
        said, _, text = file.read_text(encoding="utf-8").partition("\n")
        if said == _sum(text):
            return text
    made = make()
    with suppress(OSError, UserError):
        with draft_of(file, 0o600) as draft:
            draft.write_bytes(f"{_sum(made)}\n{made}".encode())
        _let_go(folder)
    return made


def _folder() -> Path | None:
    """The user's own folder; None where there is none that nobody else can write to.

    What another could put there would be run.
    """
    named = os.environ.get("XDG_CACHE_HOME", "")
    with suppress(OSError, RuntimeError):
        # As the specification has it, a path that is not absolute counts as none.
        base = Path(named) if named.startswith("/") else Path.home() / ".cache"
        folder = base / "botbench"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        about = folder.stat()
        others = stat.S_IWGRP | stat.S_IWOTH
        if about.st_uid == os.getuid() and not about.st_mode & others:
            return folder
    return None


def _sum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _let_go(folder: Path) -> None:
    files = sorted(folder.iterdir(), key=lambda file: file.stat().st_mtime)
    for file in files[:-MOST]:
        file.unlink(missing_ok=True)
