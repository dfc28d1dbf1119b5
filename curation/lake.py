"""A DuckDB connection with the DuckLake catalog attached: extensions from site-packages, nothing from the network."""

from __future__ import annotations

import contextlib
import fcntl
import importlib
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import duckdb

from curation.errors import UserError

T = TypeVar("T")
CONFLICTS = ("transaction conflict", "database is locked", "could not serialize", "database table is locked", "deadlock detected",
             "duplicate key", "unique constraint", "already exists", "failed to commit")
TRIES = 60


@dataclass(frozen=True)
class Location:
    """Where a store is: its local folder (`home`), and the catalog that DuckLake attaches."""

    home: Path
    catalog: str
    options: str

    def exists(self) -> bool:
        """Whether a store was made here; a Postgres catalog is told by its folder."""
        prefix, _, file = self.catalog.partition(":")
        return Path(file).exists() if prefix == "sqlite" else self.home.exists()

    @property
    def data(self) -> Path:
        """The folder of the Parquet files."""
        return self.home / "data"


def locate(store: str | Path) -> Location:
    """A folder (SQLite catalog inside) or `postgresql://user@host/db?data_path=FOLDER` (one catalog for a team).

    Raises UserError for another URL scheme or a Postgres URL without a folder for the data.
    """
    text = str(store)
    if "://" not in text:
        home = Path(text).expanduser().resolve()
        catalog = f"sqlite:{home / 'catalog.sqlite'}"
        return Location(home, catalog, "META_JOURNAL_MODE 'WAL', META_BUSY_TIMEOUT 5000")
    url = urlsplit(text)
    shown = f"{url.scheme}://{url.hostname or ''}{url.path}"
    if url.scheme not in ("postgres", "postgresql"):
        raise UserError(f"The store {shown} is neither a folder nor a postgresql:// URL.")
    options = parse_qs(url.query)
    folder = options.pop("data_path", None)
    if not folder:
        raise UserError(f"The store {shown} does not say where its data files are: add ?data_path=FOLDER to the URL.")
    plain = urlunsplit(("postgresql", url.netloc, url.path, urlencode(options, doseq=True), ""))
    return Location(Path(folder[0]).expanduser().resolve(), f"postgres:{plain}", "")


def extension(name: str) -> Path:
    """The signed extension file that the PyPI package `duckdb-extension-<name>` brought."""
    package = f"duckdb_extension_{name}"
    try:
        root = Path(str(importlib.import_module(package).__file__)).parent
    except ImportError:
        extra = " (install botbench[postgres])" if name.startswith("postgres") else ""
        raise UserError(f"DuckDB's {name} extension is not installed: pip install {package.replace('_', '-')}{extra}.") from None
    return next(root.rglob(f"v{duckdb.__version__}/{name}.duckdb_extension"))


def setup_statements(location: Location) -> list[str]:
    """The SQL that turns a fresh DuckDB connection into one with the catalog attached as `lake`."""
    scanner = "postgres_scanner" if location.catalog.startswith("postgres:") else "sqlite_scanner"
    options = ", ".join(o for o in (f"DATA_PATH '{quoted(location.data)}'", "OVERRIDE_DATA_PATH true", location.options) if o)
    return [
        "SET autoinstall_known_extensions = false", "SET autoload_known_extensions = false", "SET TimeZone = 'UTC'",
        # It goes to stdout, where a command's one JSON document stands.
        "SET enable_progress_bar = false",
        f"SET temp_directory = '{quoted(location.home / 'tmp')}'",
        *(f"LOAD '{quoted(extension(name))}'" for name in (scanner, "ducklake")),
        f"ATTACH IF NOT EXISTS 'ducklake:{quoted(location.catalog)}' AS lake ({options})",
    ]


def quoted(text: object) -> str:
    """Text as it stands between the quotes of an SQL literal."""
    return str(text).replace("'", "''")


def connect(location: Location) -> duckdb.DuckDBPyConnection:
    """A connection of its own with the catalog attached; retried while another process holds the catalog.

    Raises UserError where the catalog does not open.
    """
    location.data.mkdir(parents=True, exist_ok=True)

    def attach() -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect()
        try:
            for statement in setup_statements(location):
                connection.execute(statement)
        except BaseException:
            connection.close()
            raise
        return connection

    with turn(location):
        try:
            return retried(attach)
        except duckdb.Error as error:
            # The URL may hold a password.
            said = str(error).splitlines()[0].replace(location.catalog.partition(":")[2], "the catalog")[:300]
            raise UserError(f"The store at {location.home} does not open: {said} What is wrong and what to do: "
                            "botbench doctor.") from error


@contextlib.contextmanager
def turn(location: Location) -> Iterator[None]:
    """Hold this machine's turn to write; the kernel gives it back when a process dies.

    DuckLake's optimistic commits stay correct without it (see `retried`), but writers on one SQLite catalog then lose
    most of their time to attempts that fail.
    """
    with (location.home / "write.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def retried(work: Callable[[], T]) -> T:
    """Run `work` again, with jitter, while the catalog says that another writer was first."""
    for attempt in range(TRIES):
        try:
            return work()
        except duckdb.Error as error:
            if attempt == TRIES - 1 or not any(sign in str(error).lower() for sign in CONFLICTS):
                raise
            time.sleep(random.uniform(0.01, 0.05) * min(attempt + 1, 20))
    raise AssertionError("unreachable")
