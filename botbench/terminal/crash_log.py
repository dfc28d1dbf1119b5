"""Log files of errors: the traceback, scrubbed, in the first folder that takes it."""

from __future__ import annotations

import contextlib
import os
import platform
import secrets
import sys
import traceback
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from botbench.core.version import __version__
from botbench.terminal.redaction import scrub
from botbench.text.escaping import to_terminal

KEPT = 20
"""Log files in one folder; the oldest are removed."""
LONGEST = 200_000
"""Characters of one log file; of a longer traceback its beginning and its end are kept."""
PATTERN = "error-*.log"


def state_folder() -> Path:
    """The user's own folder of log files: `XDG_STATE_HOME`, else `~/.local/state`."""
    own = os.environ.get("XDG_STATE_HOME", "")
    base = Path(own) if own.startswith("/") else Path("~/.local/state").expanduser()
    return base / "botbench" / "logs"


def kept() -> list[Path]:
    """The log files in the user's own folder."""
    return sorted(state_folder().glob(PATTERN))


def write(error: BaseException, folders: Iterable[Path]) -> Path | None:
    """Write the traceback to the first of the folders that takes it; None where none does."""
    text = _document(error)
    for folder in folders:
        with contextlib.suppress(OSError, ValueError):
            return _write(folder, text)
    return None


def _write(folder: Path, text: str) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    now = f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
    path = folder / f"error-{now}-{os.getpid()}-{secrets.token_hex(2)}.log"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError:
        path.unlink(missing_ok=True)
        raise
    for old in sorted(folder.glob(PATTERN))[:-KEPT]:
        old.unlink(missing_ok=True)
    return path


def _document(error: BaseException) -> str:
    found = "".join(traceback.format_exception(error))
    if len(found) > LONGEST:
        half = LONGEST // 2
        found = (
            f"{found[:half]}\n... {len(found) - LONGEST} characters left out ...\n{found[-half:]}"
        )
    head = (
        f"botbench {__version__}, Python {platform.python_version()}, {sys.platform}"
        f" {os.uname().release}\n"
        f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC\n"
        f"command: {' '.join(map(repr, sys.argv[1:]))}\n\n"
    )
    return to_terminal(scrub(head + found))
