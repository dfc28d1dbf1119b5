"""Failures of disk, server and catalog as sentences: what failed, where, and what to do."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import duckdb

from botbench.core.errors import ResourceFailure
from botbench.terminal.failures import kind_of

GONE = ("database", "server")
"""Kinds of failures where a server does not answer, or has ended."""
REFUSED = re.compile(r"connection to server at .*failed: (?:FATAL: +)?(.+)")
"""What Postgres says where it answers, and lets nobody in."""
EXTENSION = re.compile(
    r"(?:Failed to load|Extension) ['\"](.+\.duckdb_extension)['\"],?"
    r" (?:could not be loaded because )?(.+)"
)
"""What DuckDB says of a file that is none of its extensions, or is not signed for this version."""
DISK_OF_SERVER = re.compile(r"error:.*(?:53100|could not)", re.IGNORECASE | re.DOTALL)
"""What Postgres says where its own disk is full."""
FILE = re.compile(r'(?:file|directory) "([^"]+)"', re.IGNORECASE)


class CatalogLost(ResourceFailure):
    """The catalog holds no store; `says` is what is wrong and where, `do` the next command."""

    def __init__(self, says: str, do: str) -> None:
        super().__init__(f"{says} {do}")
        self.says, self.do = says, do


class ServerFailure(ResourceFailure):
    """A server of databases failed, which tells nothing of the store."""


def lasting(error: BaseException) -> bool:
    """Whether an error of disk or server stays, so that trying again only takes time."""
    return kind_of(error) in ("full", "disk", *GONE)


def of_extension(error: duckdb.Error) -> ResourceFailure | None:
    """The sentence for a file that DuckDB does not load as an extension; None for other errors."""
    if not (told := EXTENSION.search(str(error))):
        return None
    return ResourceFailure(
        f"DuckDB does not load its extension {told[1]}: {told[2].rstrip('.')}. Install its package"
        f" again, or put the file for DuckDB v{duckdb.__version__} into the folder that"
        " BOTBENCH_EXTENSIONS names. What fits: botbench doctor --stack."
    )


def explained(error: BaseException, home: Path, catalog: str) -> ResourceFailure | None:
    """The sentence for a failure of disk or server; None for any other error.

    `catalog` is the store's, as DuckLake attaches it. The sentence has no password of it.
    """
    kind = _kind(error)
    at_server = catalog.startswith("postgres:")
    if kind == "full":
        if at_server and DISK_OF_SERVER.search(str(error)):
            return ResourceFailure(
                f"The disk of {_server(catalog)} is full. Nothing of this step was written. Free"
                " space there, then run the same command again."
            )
        return ResourceFailure(
            f"The disk is full, or a limit of size is reached: {_place(error, home)}. Nothing of"
            " this step was written. Free space there (botbench doctor names what can go), then run"
            " the same command again."
        )
    if at_server and kind in GONE:
        return ServerFailure(
            f"{_server(catalog)} does not answer, or it ended the connection. Nothing of this step"
            " was written. Start it, then run the same command again."
        )
    if at_server and isinstance(error, duckdb.Error) and (told := REFUSED.search(str(error))):
        return ServerFailure(
            f"{_server(catalog)} answers, but does not let you in: {told[1].rstrip('.')}. Nothing"
            " of this step was written. Make the database where it is missing (createdb NAME), or"
            " mend the user, the password or the name in the store's URL."
        )
    if kind == "disk":
        return ResourceFailure(
            f"The disk does not read or write: {_place(error, home)}. Nothing of this step was"
            " written. It may be full or faulty: free space or check it, then run botbench doctor."
        )
    return None


def _kind(error: BaseException) -> str | None:
    return kind_of(error) if isinstance(error, duckdb.Error | OSError) else None


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
