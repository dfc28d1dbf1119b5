"""Move unused files into the trash: data files of no version, and unfinished work."""

from __future__ import annotations

import contextlib
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from botbench.core.errors import UserError
from botbench.core.files import UNFINISHED as DRAFT
from curation.store import catalog
from curation.store.connection import TRASH, Location, connect, turn
from curation.store.upkeep.leftovers import SCRATCH, UNFINISHED

RESTING = 24 * 3600
"""Seconds after which a file counts as finished or abandoned; younger files are left alone."""


COMPARE = (
    "If botbench log lacks versions, an empty or older catalog stands in the place of the right"
    " one: restore a backup. If it lacks none, move the files to trash/ all the same: botbench"
    " doctor --clean --force."
)


def clean(location: Location, now: float | None = None, force: bool = False) -> list[str]:
    """Move orphaned files and unfinished work to trash/<UTC time>/; return what was moved.

    Holds the write turn meanwhile. Raises UserError, and moves nothing, where more than half of the
    data files would go and `force` is not given: the catalog may then be the wrong one.
    """
    when = time.time() if now is None else now
    before = when - RESTING
    with (
        contextlib.closing(connect(location, create=False)) as connection,
        turn(location),
    ):
        orphaned = orphans(connection, location, before)
        if not force and (most := more_than_half(orphaned, location)):
            raise UserError(f"{most} Nothing was moved. {COMPARE}")
        found = [*orphaned, *unfinished(location, before)]
        folder = (
            location.home
            / TRASH
            / datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%dT%H-%M-%S.%fZ")
        )
        for path in found:
            target = folder / path.relative_to(location.home)
            target.parent.mkdir(parents=True, exist_ok=True)
            # An unfinished file may lie in an unfinished folder, which has gone already.
            with contextlib.suppress(FileNotFoundError):
                shutil.move(path, target)
    return list(relative(found, location))


def orphans(connection: duckdb.DuckDBPyConnection, location: Location, before: float) -> list[Path]:
    """DuckLake's files of no version, older than `before` (epoch seconds), left by killed writers.

    Files with other names are not DuckLake's: somebody else put them there.
    """
    paths = catalog.unreferenced(connection, location.data, catalog.DATA_FILE)
    return [p for p in paths if p.stat().st_mtime < before]


def unfinished(location: Location, before: float) -> list[Path]:
    """Temporary folders and files of killed commands, unchanged since `before`.

    A lock file holds nothing, and stays after the command that held the lock.
    """
    left = [
        *(p for pattern in SCRATCH for p in location.home.glob(pattern) if p.suffix != ".lock"),
        *location.home.rglob(f"*{DRAFT}"),
        *location.home.rglob(f"{UNFINISHED}*"),
    ]
    trash = location.home / TRASH
    return sorted({p for p in left if not p.is_relative_to(trash) and p.lstat().st_mtime < before})


def more_than_half(found: list[Path], location: Location) -> str | None:
    """A message where orphaned files are over half of the data files (count or bytes), or None."""
    every = list(location.data.rglob(catalog.DATA_FILE))
    size, total = (sum(p.stat().st_size for p in files) for files in (found, every))
    if 2 * len(found) <= len(every) and 2 * size <= total:
        return None
    return (
        f"{len(found):,} of {len(every):,} data files ({size / 1e6:,.1f} of {total / 1e6:,.1f} MB)"
        " belong to no version of this catalog, which is more than half."
    )


def relative(paths: list[Path], location: Location) -> tuple[str, ...]:
    """Paths relative to the home of the store, for messages; others as they are."""
    return tuple(
        p.relative_to(location.home).as_posix() if p.is_relative_to(location.home) else str(p)
        for p in paths
    )
