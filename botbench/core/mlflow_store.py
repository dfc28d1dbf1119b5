"""Where MLflow's tracking store is, and a quiet client of it.

A local store is an SQLite file. MLflow makes it in some fifty steps, and a kill between two of them
leaves a file that MLflow can never open again. So it is made in a scratch folder, and renamed when
it is complete.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

from botbench.core.errors import ResourceFailure, first_line

WAIT = 20.0
"""The seconds for which a locked database is waited for. MLflow itself waits as long."""
MAKING = 120.0
"""The seconds for which another process that makes the database is waited for."""
SCRATCH = ".unfinished-mlflow-"
NO_DATABASE = ("file is not a database", "malformed", "disk image")


def tracking_uri() -> str:
    """MLFLOW_TRACKING_URI, else the SQLite file of the current folder's `mlruns`."""
    return (
        os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{Path('mlruns').absolute()}/mlflow.db"
    )


def database(uri: str) -> Path | None:
    """The SQLite file of a tracking store, existing or not; None for another kind of store."""
    name = uri.removeprefix("sqlite:///")
    return Path(name) if name not in {uri, "", ":memory:"} and "?" not in name else None


def client(uri: str) -> Any:
    """MLflow's client of a tracking store, without telemetry and without messages of migrations.

    A missing SQLite file is made. Raises ResourceFailure if the file is locked for long, is damaged
    or was only half made, or is of another version of MLflow.
    """
    file = database(uri)
    if file is None:
        return _client(uri)
    if _is_missing(file):
        _make(file)
    _wait_for(file)
    try:
        return _client(uri)
    except Exception as error:  # MLflow's, SQLAlchemy's and Alembic's errors have no common base
        raise ResourceFailure(sentence(file, error)) from error


def _client(uri: str) -> Any:
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = os.environ["DO_NOT_TRACK"] = "true"
    from mlflow.tracking import MlflowClient

    for name in ("alembic", "mlflow"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # It logs a traceback for each error that it raises again.
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
    let_pyspark_import()
    # Without a registry named, MLflow asks for one of a Spark session, which can end the process.
    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def let_pyspark_import() -> None:
    """Let PySpark's client be imported by a program without a file, as `python -c` or a pipe.

    It takes such a program for its own doctests, looks for Spark, and ends the process. MLflow
    imports it where it is installed.
    """
    program = sys.modules["__main__"]
    if program.__spec__ is None and not hasattr(program, "__file__") and not hasattr(sys, "ps1"):
        program.__spec__ = ModuleSpec("__main__", None)


def _make(file: Path) -> None:
    """Make the database whole or not at all; of several processes one makes it, the others wait."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with _alone_in(file.parent):
        if not _is_missing(file):
            return
        # Who makes one holds the lock, so these are of processes that were killed.
        for left in file.parent.glob(f"{SCRATCH}*"):
            shutil.rmtree(left, ignore_errors=True)
        scratch = Path(tempfile.mkdtemp(prefix=SCRATCH, dir=file.parent))
        try:
            made = scratch / file.name
            _client(f"sqlite:///{made.absolute()}")
            if _is_missing(file):
                made.replace(file)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def _is_missing(file: Path) -> bool:
    """Whether there is no file, or an empty one, as a killed first opening leaves it."""
    try:
        return file.stat().st_size == 0
    except FileNotFoundError:
        return True


@contextlib.contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Hold the folder's lock. The system gives it back when the process ends in any way."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        until = time.monotonic() + MAKING
        while not _taken(handle):
            if time.monotonic() > until:
                raise ResourceFailure(
                    f"Another process has been making MLflow's database in {folder} for"
                    f" {MAKING:.0f} seconds. Wait for it or end it, then run the command again."
                )
            time.sleep(0.05)
        yield
    finally:
        os.close(handle)


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait_for(file: Path) -> None:
    """Wait until nobody writes to the database. Raises ResourceFailure after `WAIT` seconds."""
    try:
        with contextlib.closing(sqlite3.connect(file, timeout=WAIT)) as connection:
            connection.execute("SELECT name FROM sqlite_master").fetchall()
            connection.execute("BEGIN IMMEDIATE")
            connection.rollback()
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise ResourceFailure(sentence(file, error)) from error


def sentence(file: Path, error: Exception) -> str:
    """What is wrong with an SQLite file that MLflow cannot open or write, and what to do."""
    text, reason = str(error), first_line(error, 10_000).rstrip(".")
    if "locked" in text:
        return (
            f"MLflow's database {file} is locked by another process for more than {WAIT:.0f}"
            " seconds. End that process or wait for it, then run the command again."
        )
    if isinstance(error, UnicodeDecodeError) or any(words in text for words in NO_DATABASE):
        return (
            f"MLflow's database {file} is damaged ({reason}). Put a copy of it from a backup"
            " in its place; without one, move the file away and run the command again: a new one"
            " is made, and botbench logs its cells there again."
        )
    if (runs := _runs(file)) == 0:
        return (
            f"MLflow's database {file} was only half made, because the command that made it was"
            " ended. No run is in it. Delete that file and run the command again."
        )
    if runs:
        return (
            f"MLflow's database {file} is not of the installed version of MLflow"
            f" ({reason}). It holds {runs} runs: copy the file, then run `mlflow db upgrade"
            f" sqlite:///{file}`. If that fails, put the copy back and install the MLflow that"
            " wrote it."
        )
    return f"MLflow's database {file} cannot be used: {reason}."


def _runs(file: Path) -> int | None:
    """How many runs the file holds; 0 where it has no table for them, None if it cannot be read."""
    try:
        with contextlib.closing(sqlite3.connect(file, timeout=WAIT)) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
            if "runs" not in tables:
                return 0
            return int(connection.execute("SELECT count(*) FROM runs").fetchone()[0])
    except (sqlite3.Error, UnicodeDecodeError):
        return None
