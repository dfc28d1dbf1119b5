"""Failures of disk, server and catalog as sentences: what failed, where, and what to do."""

from __future__ import annotations

import errno
import re
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import duckdb

from botbench.core.errors import ResourceFailure

FULL = (
    "no space left on device",
    "disk quota exceeded",
    "file too large",
    "disk full",
    "database or disk is full",
    "max_temp_directory_size",
)
"""What DuckDB, SQLite and Postgres say where a disk, a quota or a file size limit is reached."""
FULL_NUMBERS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
UNSOUND = ("disk i/o error", "input/output error")
"""What SQLite and the system say where a disk does not read or write, or is full."""
GONE = (
    "connection refused",
    "could not connect",
    "unable to connect to postgres",
    "server closed the connection",
    "terminating connection due to administrator command",
    "terminating connection because of crash",
    "no connection to the server",
    "connection has been closed unexpectedly",
    "the database system is ",
    "connection reset by peer",
    "could not receive data from server",
    "could not send data to server",
    "could not translate host name",
    "connection timed out",
)
"""What a Postgres server that does not answer, or has ended, makes its client say."""
WRONG_LOGIN = ("password authentication failed", "does not exist", "no pg_hba.conf entry")
"""The server answers: what it was asked for is wrong, and that is the user's to mend."""
FILE = re.compile(r'(?:file|directory) "([^"]+)"', re.IGNORECASE)


def lasting(error: BaseException) -> bool:
    """Whether an error of disk or server stays, so that trying again only takes time."""
    text = str(error).lower()
    return _is_full(error) or any(s in text for s in UNSOUND) or _is_gone(text)


def explained(error: BaseException, home: Path, catalog: str) -> ResourceFailure | None:
    """The sentence for a failure of disk or server; None for any other error.

    `catalog` is the store's, as DuckLake attaches it. The sentence has no password of it.
    """
    text = str(error).lower()
    if not isinstance(error, duckdb.Error | OSError):
        return None
    at_server = catalog.startswith("postgres:")
    if _is_full(error):
        if at_server and "error:" in text and ("53100" in text or "could not" in text):
            return ResourceFailure(
                f"The disk of {_server(catalog)} is full. Nothing of this step was written. Free"
                " space there, then run the same command again."
            )
        return ResourceFailure(
            f"The disk is full, or a limit of size is reached: {_place(error, home)}. Nothing of"
            " this step was written. Free space there (botbench doctor names what can go), then run"
            " the same command again."
        )
    if at_server and _is_gone(text):
        return ResourceFailure(
            f"{_server(catalog)} does not answer, or it ended the connection. Nothing of this step"
            " was written. Start it, then run the same command again."
        )
    if any(sign in text for sign in UNSOUND):
        return ResourceFailure(
            f"The disk does not read or write: {_place(error, home)}. Nothing of this step was"
            " written. It may be full or faulty: free space or check it, then run botbench doctor."
        )
    return None


def _is_full(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno in FULL_NUMBERS:
        return True
    return isinstance(error, duckdb.Error) and any(s in str(error).lower() for s in FULL)


def _is_gone(text: str) -> bool:
    return any(s in text for s in GONE) and not any(s in text for s in WRONG_LOGIN)


def _place(error: BaseException, home: Path) -> str:
    """The folder of the file that an error names, else the store's, and what is free there."""
    named = getattr(error, "filename", None) or next(iter(FILE.findall(str(error))), None)
    folder = Path(str(named)).parent if named and Path(str(named)).is_absolute() else home
    while not folder.exists():
        folder = folder.parent
    return f"{folder} has {shutil.disk_usage(folder).free / 1e6:,.1f} MB free"


def _server(catalog: str) -> str:
    url = urlsplit(catalog.partition(":")[2])
    return f"The Postgres server at {url.netloc.rpartition('@')[2] or 'localhost'}"
