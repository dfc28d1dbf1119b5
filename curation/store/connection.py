"""DuckDB connections with the DuckLake catalog attached; extensions come from site-packages."""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import os
import random
import shlex
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import duckdb

from botbench.core.duckdb_work import no_progress_bar
from botbench.core.errors import ResourceFailure, UserError, first_line
from botbench.core.files import keep_private
from botbench.core.sql import literal
from curation.store.upkeep import failures, objects
from curation.store.upkeep.extensions import extension
from curation.store.upkeep.failures import CatalogLost

T = TypeVar("T")
CONFLICTS = (
    "transaction conflict",
    "database is locked",
    "could not serialize",
    "database table is locked",
    "deadlock detected",
    "duplicate key",
    "unique constraint",
    "already exists",
    "failed to commit",
)
TRIES = 60
TRASH = "trash"
"""The folder that `doctor --clean` moves files to. Erasure searches it; backups omit it."""
FOLDERS = ("data", "releases", "publications", "backups", TRASH)
"""Folders of a store's home whose files show that a catalog existed."""
MARKER = "botbench-store.txt"
"""A file that every finished store has. By it a lost catalog shows where no data file does."""


@dataclass(frozen=True)
class Location:
    """Where a store is: its local folder (`home`), and the catalog that DuckLake attaches.

    `objects` is where its data files are in object storage, empty where they are below `home`.
    """

    home: Path
    catalog: str
    options: str
    objects: str = ""

    def exists(self) -> bool:
        """Whether the store may exist; a Postgres store is recognised by its folder.

        One in object storage is not looked for: its catalog tells when it is opened.
        """
        if self.objects:
            return True
        prefix, _, file = self.catalog.partition(":")
        return Path(file).exists() if prefix == "sqlite" else self.home.exists()

    @property
    def data(self) -> Path:
        """The folder of the Parquet files where they are local; else it is empty."""
        return self.home / "data"

    @property
    def data_path(self) -> str:
        """The address of the Parquet files: a folder, or `s3://bucket/prefix`."""
        return self.objects or str(self.data)


def usual() -> str:
    """The address of the store where none is named: BOTBENCH_STORE, or `./.botbench`."""
    return os.environ.get("BOTBENCH_STORE", "./.botbench")


def locate(store: str | Path) -> Location:
    """Parse a store's address: a folder with an SQLite catalog, or a Postgres URL.

    The URL is `postgresql://user@host/db?data_path=FOLDER`, or `data_path=s3://bucket/prefix` with
    `home=FOLDER` (releases, runs; by default in the user's folder). Raises UserError for any other.
    """
    text = str(store)
    if "://" not in text:
        home = Path(text).expanduser().resolve()
        catalog = f"sqlite:{home / 'catalog.sqlite'}"
        return Location(home, catalog, "META_JOURNAL_MODE 'WAL', META_BUSY_TIMEOUT 5000")
    try:
        url = urlsplit(text)
    except ValueError as error:
        raise UserError(
            f"The store's URL cannot be read: {error}. Write it like"
            " postgresql://user@host/db?data_path=FOLDER."
        ) from None
    shown = f"{url.scheme}://{url.hostname or ''}{url.path}"
    if url.scheme not in ("postgres", "postgresql"):
        raise UserError(f"The store {shown} is neither a folder nor a postgresql:// URL.")
    options = parse_qs(url.query)
    folder, own = options.pop("data_path", None), options.pop("home", None)
    if not folder:
        raise UserError(
            f"The store {shown} does not say where its data files are: add ?data_path=FOLDER to the"
            " URL."
        )
    plain = urlunsplit(("postgresql", url.netloc, url.path, urlencode(options, doseq=True), ""))
    if not objects.is_remote(folder[0]):
        return Location(Path(folder[0]).expanduser().resolve(), f"postgres:{plain}", "")
    data = objects.checked(folder[0])
    local = (
        Path(own[0]) if own else objects.own_folder(f"{url.hostname}:{url.port}{url.path} {data}")
    )
    return Location(local.expanduser().resolve(), f"postgres:{plain}", "", data)


def holds_store(location: Location) -> bool:
    """Whether an SQLite catalog holds DuckLake's tables, without changing it.

    True for Postgres and for an unreadable file. An empty file is not opened, because SQLite would
    remove the log beside it.
    """
    prefix, _, name = location.catalog.partition(":")
    file = Path(name)
    if prefix != "sqlite":
        return True
    if not file.is_file() or not file.stat().st_size:
        return False
    query = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'ducklake_snapshot'"
    try:
        with contextlib.closing(
            sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=30)
        ) as connection:
            return bool(connection.execute(query).fetchone()[0])
    except sqlite3.DatabaseError:
        return True


def remains(location: Location) -> Path | None:
    """One file that an earlier store left in its home, or None. Hidden files do not count."""
    for name in FOLDERS:
        for folder, _, files in os.walk(location.home / name):
            if shown := [f for f in files if not f.startswith(".")]:
                return Path(folder) / min(shown)
    return mark if (mark := location.home / MARKER).is_file() else None


def is_writable(location: Location) -> bool:
    """Whether this user can write the store's folder and its SQLite catalog."""
    prefix, _, name = location.catalog.partition(":")
    files = [location.home, *([Path(name)] if prefix == "sqlite" else [])]
    return all(os.access(path, os.W_OK) for path in files if path.exists())


def readable(location: Location) -> Location:
    """The location to read a store from: itself, or one with a copy of its SQLite catalog.

    SQLite keeps files beside a catalog that it reads, which it cannot make in a folder that is
    read-only. The copy is removed when the process ends. Raises ResourceFailure if another user
    writes the catalog all the time.
    """
    prefix, _, name = location.catalog.partition(":")
    if prefix != "sqlite" or is_writable(location):
        return location
    folder = Path(tempfile.mkdtemp(prefix="botbench-catalog-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    parts = [p for p in (Path(name), Path(f"{name}-wal")) if p.is_file()]

    def state() -> list[tuple[int, int]]:
        return [(p.stat().st_size, p.stat().st_mtime_ns) for p in parts]

    for _ in range(TRIES):
        before = state()
        for part in parts:
            shutil.copyfile(part, folder / part.name)
        if state() == before:
            return replace(location, catalog=f"sqlite:{folder / Path(name).name}", options="")
        time.sleep(0.1)
    raise ResourceFailure(
        f"The catalog {name} is being written by another user all the time, and this user cannot"
        " write it. Try again later."
    )


def lost(location: Location) -> CatalogLost:
    """The error for a catalog without a store, with how to restore it."""
    prefix, _, name = location.catalog.partition(":")
    if prefix == "sqlite":
        file, place = Path(name), str(location.home)
        size = file.stat().st_size if file.is_file() else None
        state = (
            "is missing"
            if size is None
            else "holds no tables of a store"
            if size
            else "is empty (0 bytes)"
        )
        what = f"The catalog {file} {state}"
    else:
        url = urlsplit(name)
        # The URL may hold a password.
        server = f"{url.username or ''}@{url.netloc.rpartition('@')[2]}".lstrip("@")
        place = f"postgresql://{server}{url.path}?data_path={location.home}"
        what = f"The Postgres database {url.path.lstrip('/')} holds no tables of a store"
    if (file_left := remains(location)) is None:
        return CatalogLost(
            f"{what}, and no file belongs to it: the store was not finished.",
            "Run botbench pull CARD again: it makes the store.",
        )
    home = shlex.quote(str(location.home))
    return CatalogLost(
        f"{what}, but {location.home} holds files of a store (one is"
        f" {file_left.relative_to(location.home)}). A new catalog would know none of them, so none"
        " was made and nothing was changed.",
        f"Restore the catalog from a backup: mv {home} {home}.lost && botbench --store"
        f" {shlex.quote(place)} restore-backup BACKUP. Without a backup, move {location.home} away"
        " and pull again; its releases/ keep their own files.",
    )


def attach_statement(location: Location, create: bool = False, read_only: bool = False) -> str:
    """The SQL that attaches the catalog as `lake`; `create` makes a missing one."""
    options = ", ".join(
        o
        for o in (
            f"DATA_PATH {literal(location.data_path)}",
            "OVERRIDE_DATA_PATH true",
            f"CREATE_IF_NOT_EXISTS {str(create).lower()}",
            "READ_ONLY" if read_only else location.options,
        )
        if o
    )
    return f"ATTACH IF NOT EXISTS {literal(f'ducklake:{location.catalog}')} AS lake ({options})"


def setup_statements(location: Location, create: bool = True, read_only: bool = False) -> list[str]:
    """The SQL that sets a connection up and attaches the catalog (see `attach_statement`)."""
    scanner = "postgres_scanner" if location.catalog.startswith("postgres:") else "sqlite_scanner"
    spill = location.home / "tmp"
    if not is_writable(location):
        spill = Path(tempfile.gettempdir()) / f"botbench-{os.getpid()}"
    return [
        "SET autoinstall_known_extensions = false",
        "SET autoload_known_extensions = false",
        "SET TimeZone = 'UTC'",
        *no_progress_bar(),
        f"SET temp_directory = {literal(spill)}",
        *(objects.statements() if location.objects else ()),
        *(f"LOAD {literal(extension(name))}" for name in (scanner, "ducklake")),
        attach_statement(location, create, read_only),
    ]


def connect(location: Location, create: bool | None = None) -> duckdb.DuckDBPyConnection:
    """Open a new connection with the catalog attached; retry while another process locks it.

    `create` allows a new store in an empty catalog; the default allows it only where no file of an
    earlier store exists. Raises ResourceFailure where the catalog does not open, and CatalogLost
    where it holds no store and `create` does not allow one.
    """
    keep_private(location.home)
    place = location.home if location.objects else location.data
    place.mkdir(parents=True, exist_ok=True)
    creates = remains(location) is None if create is None else create

    with turn(location):
        if location.objects and create is None:
            return _opened_or_made(location)
        if not creates and not holds_store(location):
            raise lost(location)
        return _opened(location, setup_statements(location, creates))


def _opened_or_made(location: Location) -> duckdb.DuckDBPyConnection:
    """A store in object storage: as it is, or a new one where neither folder nor bucket holds a
    file of an earlier one.
    """
    try:
        return _opened(location, setup_statements(location, create=False))
    except CatalogLost:
        if remains(location) is not None:
            raise
    if other := objects.unknown_files(location.objects):
        raise other
    return _opened(location, setup_statements(location, create=True))


def connect_to_read(location: Location) -> duckdb.DuckDBPyConnection:
    """Open a new connection that cannot write: it takes no lock, makes nothing in the store, and
    works where the store is read-only.

    Raises as `connect` does.
    """
    if not holds_store(location):
        raise lost(location)
    if location.objects:
        keep_private(location.home)
        location.home.mkdir(parents=True, exist_ok=True)
    return _opened(location, setup_statements(readable(location), create=False, read_only=True))


def allow_writing(connection: duckdb.DuckDBPyConnection, location: Location) -> None:
    """Attach the catalog of a connection of `connect_to_read` anew, to write.

    Call it while holding the write turn. Temporary tables stay.
    """
    connection.execute("DETACH lake")
    retried(lambda: connection.execute(attach_statement(location)))


def _opened(location: Location, statements: list[str]) -> duckdb.DuckDBPyConnection:
    def attach() -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect()
        try:
            for statement in statements:
                connection.execute(statement)
        except BaseException:
            connection.close()
            raise
        return connection

    try:
        return retried(attach)
    except duckdb.Error as error:
        if "creating a new DuckLake is explicitly disabled" in str(error):
            raise lost(location) from None
        failure = failures.of_extension(error)
        if location.objects:
            failure = failure or objects.explained(error, location.objects)
        if failure := failure or failures.explained(error, location.home, location.catalog):
            raise failure from error
        # The URL may hold a password.
        url = location.catalog.partition(":")[2]
        reason = first_line(error, 10_000).replace(url, "the catalog")[:300]
        raise ResourceFailure(
            f"The store at {location.home} does not open: {reason.rstrip('.')}. What is wrong and"
            " what to do: botbench doctor."
        ) from error


@contextlib.contextmanager
def turn(location: Location) -> Iterator[None]:
    """Hold this machine's turn to write; the kernel gives it back when a process dies.

    DuckLake's optimistic commits stay correct without it (see `retried`), but writers on one SQLite
    catalog then lose most of their time to attempts that fail.
    """
    try:
        lock = (location.home / "write.lock").open("a")
    except OSError:
        # Who cannot write has no turn: a backup of a read-only store.
        if is_writable(location):
            raise
        yield
        return
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def retried(work: Callable[[], T]) -> T:
    """Repeat `work`, with jitter, while the catalog reports that another writer was first.

    A full disk and a server that has gone read like a conflict too. They are raised at once.
    """
    for attempt in range(TRIES):
        try:
            return work()
        except duckdb.Error as error:
            text = str(error).lower()
            if (
                attempt == TRIES - 1
                or failures.lasting(error)
                or not any(sign in text for sign in CONFLICTS)
            ):
                raise
            time.sleep(random.uniform(0.01, 0.05) * min(attempt + 1, 20))
    raise AssertionError("unreachable")
