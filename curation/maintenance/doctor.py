"""What is wrong with a store, and what to do: catalog, schema, files and folders, looked at without
changing anything.
"""

from __future__ import annotations

import contextlib
import shlex
import shutil
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import duckdb

from botbench.core.errors import UserError
from curation.release import release
from curation.store import catalog, migrations, schema
from curation.store import connection as lake
from curation.store.connection import TRASH, Location

Outcome = Literal["well", "note", "ill"]
RESTING = 24 * 3600
"""Seconds after which nobody is still writing a file: only older ones are called orphaned or
unfinished.
"""


@dataclass(frozen=True)
class Finding:
    """One thing looked at: `well`, a `note` (works, and may be tidied) or `ill`; what was found,
    and what to do.
    """

    check: str
    outcome: Outcome
    says: str
    do: str | None = None
    items: tuple[str, ...] = ()


@dataclass(frozen=True)
class Diagnosis:
    """What was found, in the order looked at."""

    findings: tuple[Finding, ...]

    @property
    def well(self) -> bool:
        """Nothing is ill (notes may be there)."""
        return all(f.outcome != "ill" for f in self.findings)

    def document(self) -> dict[str, Any]:
        """The diagnosis as plain data."""
        return {"well": self.well, "findings": [asdict(f) for f in self.findings]}


def examine(location: Location, now: float | None = None) -> Diagnosis:
    """Look at a store; raises UserError where there is none."""
    if not location.exists() and lake.remains(location) is None:
        raise UserError(
            f"There is no store at {location.home}. Name yours with --store PATH (or"
            " BOTBENCH_STORE)."
        )
    before = (time.time() if now is None else now) - RESTING
    found = [_catalog_file(location)]
    if found[0].outcome != "well":
        return Diagnosis(tuple(found))
    try:
        connection = lake.connect(location, create=False)
    except lake.CatalogLost as error:
        return Diagnosis((_lost(location, error),))
    except UserError as error:
        return Diagnosis(
            (
                *found,
                Finding(
                    "catalog opens", "ill", str(error).partition(" What is wrong")[0], _RESTORE
                ),
            )
        )
    with contextlib.closing(connection):
        for check in (_tables, _schema, _guard, _missing, _orphans, _releases):
            found += check(connection, location, before)
    found += [_unfinished(location, before), _trash(location)]
    return Diagnosis(tuple(found))


_RESTORE = (
    "Move the store's folder away, and make it again from a backup: botbench restore-backup BACKUP"
    " --store PLACE. Copies of the catalog from before a change of the schema stand in its folder"
    " backups/."
)


def _catalog_file(location: Location) -> Finding:
    if catalog.kind(location) != "sqlite":
        return Finding("catalog file", "well", "The catalog is a Postgres database.")
    if not lake.holds_store(location):
        return _lost(location, lake.lost(location))
    path = Path(location.catalog.partition(":")[2])
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=30)) as opened:
            said = [row[0] for row in opened.execute("PRAGMA quick_check(5)")]
    except sqlite3.DatabaseError as error:
        said = [str(error)]
    if said == ["ok"]:
        return Finding("catalog file", "well", "The catalog is a sound SQLite database.")
    return Finding(
        "catalog file", "ill", f"The catalog is broken: {said[0]}", _RESTORE, tuple(said)
    )


def _lost(location: Location, error: lake.CatalogLost) -> Finding:
    """Ill where files have lost their catalog; a store whose making was interrupted before any file
    has lost nothing.
    """
    return Finding(
        "catalog file", "ill" if lake.remains(location) else "note", error.says, error.do
    )


def _tables(
    connection: duckdb.DuckDBPyConnection, location: Location, before: float
) -> Iterator[Finding]:
    del location, before
    names = {
        str(r[0])
        for r in connection.execute("SELECT table_name FROM ducklake_table_info('lake')").fetchall()
    }
    strange = sorted(names - {*schema.STORED, "guard"})
    if strange:
        yield Finding(
            "tables",
            "note",
            f"{len(strange)} tables are not this botbench's: {', '.join(strange)}.",
            "They are from a newer botbench or made by hand; nothing here reads them.",
            tuple(strange),
        )
    else:
        yield Finding("tables", "well", f"{len(names) - 1} tables.")


def _schema(
    connection: duckdb.DuckDBPyConnection, location: Location, before: float
) -> Iterator[Finding]:
    del location, before
    try:
        steps = [s.says for s in migrations.pending(connection)]
    except UserError as error:
        yield Finding("schema", "ill", str(error), "Use the botbench that made this store.")
        return
    if steps:
        yield Finding(
            "schema",
            "note",
            f"The store is of an older schema and lacks {', '.join(steps)}.",
            "Any command but this one adds them, once, after copying the catalog into backups/: run"
            " botbench log.",
            tuple(steps),
        )
    else:
        yield Finding("schema", "well", "The store has this botbench's schema.")


def _guard(
    connection: duckdb.DuckDBPyConnection, location: Location, before: float
) -> Iterator[Finding]:
    del location, before
    try:
        found = connection.execute("SELECT count(*) FROM lake.main.guard").fetchone()
        rows = int(found[0]) if found else 0
    except duckdb.CatalogException:
        rows = 0
    if rows == 1:
        yield Finding("guard", "well", "Writers meet at one row.")
    else:
        yield Finding(
            "guard",
            "ill",
            f"The table guard has {rows} rows instead of one: two writers at once might double"
            " rows.",
            _RESTORE,
        )


def _missing(
    connection: duckdb.DuckDBPyConnection, location: Location, before: float
) -> Iterator[Finding]:
    del before
    needed = catalog.files(connection, location.data)
    gone = sorted(p for p in needed if not p.is_file())
    short = sorted(p for p, size in needed.items() if p.is_file() and p.stat().st_size != size)
    for files, check, word in (
        (gone, "files missing", "missing"),
        (short, "files changed", "of another size than the catalog says"),
    ):
        if files:
            says = (
                f"{len(files):,} of {len(needed):,} files are {word}: versions that rest on them"
                " cannot be read."
            )
            yield Finding(
                check,
                "ill",
                says,
                f"Put them back from a backup (its folder files/). {_RESTORE}",
                _relative(files, location),
            )
    if not gone and not short:
        yield Finding(
            "files",
            "well",
            f"All {len(needed):,} files that versions rest on are there, in the size they should"
            " have.",
        )


def orphans(connection: duckdb.DuckDBPyConnection, location: Location, before: float) -> list[Path]:
    """Parquet files older than `before` (epoch seconds) that no version rests on: left by writers
    that were killed.
    """
    needed = {p.resolve() for p in catalog.files(connection, location.data)}
    return sorted(
        p
        for p in location.data.rglob("*.parquet")
        if p.resolve() not in needed and p.stat().st_mtime < before
    )


def _orphans(
    connection: duckdb.DuckDBPyConnection, location: Location, before: float
) -> Iterator[Finding]:
    if found := orphans(connection, location, before):
        size = sum(p.stat().st_size for p in found) / 1e6
        says = f"{len(found):,} files ({size:,.1f} MB) belong to no version: a writer was killed."
        do = f"They take room and do no harm. Move them to {TRASH}/: botbench doctor --clean."
        if most := _majority(found, location):
            says, do = most, _COMPARE
        yield Finding("orphaned files", "note", says, do, _relative(found, location))
    else:
        yield Finding("orphaned files", "well", "No file is left over.")


def _releases(
    connection: duckdb.DuckDBPyConnection, location: Location, before: float
) -> Iterator[Finding]:
    del before
    try:
        rows = connection.execute(
            "SELECT name, version FROM lake.main.releases ORDER BY ALL"
        ).fetchall()
    except duckdb.Error as error:
        yield Finding(
            "releases",
            "ill",
            f"The table of releases cannot be read: {str(error).splitlines()[0][:200]}",
            _RESTORE,
        )
        return
    there = release.listed(location.home)
    gone = [f"{n}@{v}" for n, v in rows if v not in there.get(n, [])]
    changed = [
        r
        for n, numbers in there.items()
        for v in numbers
        if not _whole(location.home, r := f"{n}@{v}")
    ]
    if gone:
        yield Finding(
            "releases without files",
            "ill",
            f"{len(gone)} releases have no files: {', '.join(gone)}.",
            "Run botbench release NAME --dataset DATASET --at VERSION again (the same content is"
            " the same release), or put the folder back from a backup.",
            tuple(gone),
        )
    if changed:
        yield Finding(
            "releases changed",
            "ill",
            f"{len(changed)} releases differ from their hashes: {', '.join(changed)}.",
            "Remove the folder and run botbench release again, or put it back from a backup.",
            tuple(changed),
        )
    if not gone and not changed:
        yield Finding(
            "releases",
            "well",
            f"{len(rows)} releases, all with the files and hashes they were made with.",
        )


def _whole(home: Path, reference: str) -> bool:
    try:
        release.load(home, reference, verify=True)
    except (UserError, OSError, ValueError, KeyError):
        return False
    return True


def unfinished(location: Location, before: float) -> list[Path]:
    """What killed commands left behind and nobody has touched since `before`: temporary folders and
    files.
    """
    left = [
        *location.home.glob("tmp/*"),
        *location.home.rglob("*.unfinished"),
        *location.home.rglob(".unfinished-*"),
    ]
    trash = location.home / TRASH
    return sorted({p for p in left if not p.is_relative_to(trash) and p.lstat().st_mtime < before})


def _unfinished(location: Location, before: float) -> Finding:
    if found := unfinished(location, before):
        return Finding(
            "unfinished work",
            "note",
            f"{len(found):,} files and folders were left by commands that were killed.",
            "Run those commands again if you still want what they make, then: botbench doctor"
            " --clean.",
            _relative(found, location),
        )
    return Finding("unfinished work", "well", "No command left anything unfinished.")


def _trash(location: Location) -> Finding:
    folder = location.home / TRASH
    if files := [p for p in folder.rglob("*") if p.is_file() or p.is_symlink()]:
        size = sum(p.lstat().st_size for p in files) / 1e6
        return Finding(
            "trash",
            "note",
            f"{len(files):,} files ({size:,.1f} MB) that --clean moved away are in {TRASH}/.",
            f"Nothing reads them. To empty the trash: rm -r {shlex.quote(str(folder))}",
            tuple(sorted(p.name for p in folder.iterdir())),
        )
    return Finding("trash", "well", "The trash is empty.")


_COMPARE = (
    "If botbench log lacks versions, an empty or older catalog stands in the place of the right"
    " one: restore a backup. If it lacks none, move the files to trash/ all the same: botbench"
    " doctor --clean --force."
)


def _majority(found: list[Path], location: Location) -> str | None:
    """What to say where orphaned files are more than half of the data files, by count or by bytes;
    None where they are not.
    """
    every = list(location.data.rglob("*.parquet"))
    size, total = (sum(p.stat().st_size for p in files) for files in (found, every))
    if 2 * len(found) <= len(every) and 2 * size <= total:
        return None
    return (
        f"{len(found):,} of {len(every):,} data files ({size / 1e6:,.1f} of {total / 1e6:,.1f} MB)"
        " belong to no version of this catalog, which is more than half."
    )


def clean(location: Location, now: float | None = None, force: bool = False) -> list[str]:
    """Move orphaned files and unfinished work to trash/<UTC time>/, with their paths below the
    home; returns what was moved.

    It holds the write turn meanwhile. Raises UserError, and moves nothing, where more than half of
    the data files would go and `force` is not given: the catalog may then be the wrong one.
    """
    when = time.time() if now is None else now
    before = when - RESTING
    with (
        contextlib.closing(lake.connect(location, create=False)) as connection,
        lake.turn(location),
    ):
        orphaned = orphans(connection, location, before)
        if not force and (most := _majority(orphaned, location)):
            raise UserError(f"{most} Nothing was moved. {_COMPARE}")
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
    return list(_relative(found, location))


def _relative(paths: list[Path], location: Location) -> tuple[str, ...]:
    return tuple(
        p.relative_to(location.home).as_posix() if p.is_relative_to(location.home) else str(p)
        for p in paths
    )
