"""Turn an error that is not a user's mistake into a sentence: what failed, and what to do."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from botbench.core.errors import brief

AGAIN = "Run the same command again; nothing is lost."
OWN_FAULT = "This is a fault of botbench, not yours."

_USERS_PATH = {
    errno.ENOTDIR: "a part of it is a file, where a folder was expected",
    errno.EISDIR: "it is a folder, where a file was expected",
    errno.EEXIST: "it is a file, where a folder was expected",
    errno.ENAMETOOLONG: "a name in it is too long",
    errno.ELOOP: "its links lead in a circle",
}
_BY_NUMBER = {
    errno.ENOSPC: "full",
    errno.EDQUOT: "full",
    errno.EFBIG: "full",
    errno.EACCES: "forbidden",
    errno.EPERM: "forbidden",
    errno.EROFS: "read only",
    errno.EMFILE: "too many files",
    errno.ENFILE: "too many files",
    errno.ENOMEM: "memory",
    errno.EIO: "disk",
    errno.ENOENT: "missing",
    errno.ESTALE: "disk",
}
_SENTENCES = {
    "full": f"The disk is full{{where}}. Free some space. {AGAIN}",
    "forbidden": (
        "{what} may not be read or written by this user. Give yourself the right to it, or name"
        " another place."
    ),
    "read only": "{what} is on a disk that is read-only. Make it writable, or name another place.",
    "too many files": (
        "Too many files are open at once. Raise the limit (ulimit -n 1024) and run the same command"
        " again; nothing is lost."
    ),
    "memory": (
        "The memory is not enough. Close other programs, or give less work at once (--memory where"
        " the command has it). " + AGAIN
    ),
    "disk": "The disk does not read or write{where}. Look at it (dmesg), then run botbench doctor.",
    "missing": "A file that botbench needs is missing{where}. Look what is wrong: botbench doctor.",
    "database": f"The database server does not answer, or has closed the connection. {AGAIN}",
    "password": (
        "The database server refuses this user, password or database. Give the right ones in"
        " --store (or PGPASSWORD)."
    ),
    "locked": f"Another process holds the database. Wait until it has finished. {AGAIN}",
    "server": f"A server does not answer{{where}}. See that it runs and can be reached. {AGAIN}",
    "tracking": (
        "MLflow's tracking store does not work{where}. See that MLFLOW_TRACKING_URI is right and"
        " its server runs."
    ),
    "broken": "A file is damaged or is not what its name says{where}. Find it: botbench doctor.",
    "library": "A library that botbench needs is missing or broken{where}. Install botbench again.",
}
_MESSAGES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        (
            "full",
            r"no space left on device|disk quota exceeded|database or disk is full|disk is full"
            r"|disk full|max_temp_directory_size|file too large",
        ),
        ("read only", r"read-only file system|readonly database|read-only database"),
        ("forbidden", r"permission denied|access denied|operation not permitted"),
        ("too many files", r"too many open files"),
        ("memory", r"out of memory|bad_alloc|cannot allocate memory|failed to allocate|malloc of"),
        (
            "password",
            r"password authentication failed|no password supplied|no pg_hba\.conf entry"
            r"|(?:role|database) \S+ does not exist",
        ),
        (
            "database",
            r"server closed the connection|connection to server|terminating connection"
            r"|unable to connect to postgres|no connection to the server|could not connect"
            r"|could not (?:receive|send) data (?:from|to) server|could not translate host name"
            r"|consuming input failed|SSL SYSCALL|connection has been closed|connection is lost"
            r"|the database system is (?:shutting down|starting up|in recovery)",
        ),
        ("locked", r"database is locked|could not set lock on file|database table is locked"),
        ("disk", r"input/output error|disk i/o error"),
        (
            "server",
            r"connection refused|connection reset|max retries exceeded|name or service not known"
            r"|temporary failure in name resolution|timed out|network is unreachable"
            r"|remote end closed|server disconnected",
        ),
        (
            "broken",
            r"malformed|not a database|magic bytes|corrupt|checksum|truncated|unexpected end of"
            r"|too small to be a parquet|invalid (?:thrift|parquet)|parquet file size is 0"
            r"|snappy|zstd",
        ),
        ("missing", r"no such file or directory|no files found|cannot open file|does not exist"),
    )
)
"""Kinds by words of a message, most telling first; read only for errors of disks and servers."""
_BY_CLASS = {
    "MemoryError": "memory",
    "OutOfMemoryException": "memory",
    "ArrowMemoryError": "memory",
    "HTTPException": "server",
    "JSONDecodeError": "broken",
    "UnicodeDecodeError": "broken",
    "BadZipFile": "broken",
    "ReadError": "broken",
    "CompressionError": "broken",
    "BadGzipFile": "broken",
    "LZMAError": "broken",
    "UnpicklingError": "broken",
    "EOFError": "broken",
    "SerializationException": "broken",
    "ModuleNotFoundError": "library",
    "ImportError": "library",
}
_BY_PACKAGE = {
    "psycopg": "database",
    "requests": "server",
    "urllib3": "server",
    "httpx": "server",
    "httpcore": "server",
    "label_studio_sdk": "server",
    "mlflow": "tracking",
    "sqlalchemy": "tracking",
    "alembic": "tracking",
    "zlib": "broken",
    "yaml": "broken",
}
_READ_MESSAGE = frozenset(("duckdb", "_duckdb", "sqlite3", "pyarrow", "skops", *_BY_PACKAGE))
"""Packages whose messages tell what failed outside of botbench."""
_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^\s'\"<>()]+")
_QUOTED_PATH = re.compile(r"[\"'](/[^\"'\n]+)[\"']")
_LONGEST = 300


@dataclass(frozen=True)
class Failure:
    """What is said of an error, and the exit code: 2 for a user's path, else 3."""

    says: str
    exit_code: int = 3


def failure(error: BaseException, arguments: Sequence[str] = ()) -> Failure:
    """The sentence of an error; `arguments` tell which paths the user has named."""
    chain = list(_chain(error))
    for link in chain:
        if users := _users_path(link, arguments):
            return Failure(users, 2)
        if kind := kind_of(link):
            return Failure(_filled(_SENTENCES[kind], link))
    return Failure(f"{OWN_FAULT} It ended with {brief(error)}.")


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, then those behind it, the innermost first: it knows best what failed."""
    links: list[BaseException] = []
    found: BaseException | None = error
    while found is not None and found not in links and len(links) < 20:
        links.append(found)
        found = found.__cause__ or _context(found)
    yield error
    yield from links[:0:-1]


def _context(error: BaseException) -> BaseException | None:
    """What a library was handling; an error of ours beside another is not its effect."""
    is_ours = type(error).__module__ == "builtins" and not isinstance(error, OSError | RuntimeError)
    return None if is_ours or error.__suppress_context__ else error.__context__


def kind_of(error: BaseException) -> str | None:
    """What has failed: `full`, `disk`, `database`, `server` and so on; None for what is unknown."""
    if isinstance(error, OSError) and error.errno in _BY_NUMBER:
        return _BY_NUMBER[error.errno]
    names = [c.__name__ for c in type(error).__mro__]
    packages = {c.__module__.partition(".")[0] for c in type(error).__mro__}
    if isinstance(error, OSError) or packages & _READ_MESSAGE:
        message = str(error)
        for kind, pattern in _MESSAGES:
            if pattern.search(message):
                return kind
    by_class = next((_BY_CLASS[name] for name in names if name in _BY_CLASS), None)
    if by_class:
        return by_class
    if isinstance(error, ConnectionError | TimeoutError):
        return "server"
    if "IOException" in names or "ArrowInvalid" in names:
        return "broken"
    return next((kind for package, kind in _BY_PACKAGE.items() if package in packages), None)


def _users_path(error: BaseException, arguments: Sequence[str]) -> str | None:
    """A sentence on a path that is not what the user took it for."""
    if not isinstance(error, OSError) or error.filename is None:
        return None
    named = str(error.filename)
    if error.errno in _USERS_PATH:
        return f"{named} cannot be used: {_USERS_PATH[error.errno]}. Name another place."
    if error.errno == errno.ENOENT and _is_named(named, arguments):
        return f"There is no file or folder {named}. Name one that exists."
    return None


def _is_named(path: str, arguments: Sequence[str]) -> bool:
    given = [Path(a.partition("=")[2] if a.startswith("--") else a) for a in arguments]
    return any(str(g) == path or g.absolute() == Path(path).absolute() for g in given)


def _filled(sentence: str, error: BaseException) -> str:
    name = getattr(error, "filename", None)
    if name is None:
        found = _QUOTED_PATH.search(str(error)) or _URL.search(str(error))
        name = found.group(found.lastindex or 0) if found else None
    shown = str(name)[:_LONGEST] if name else ""
    return sentence.format(where=f" ({shown})" if shown else "", what=shown or "A file or folder")
