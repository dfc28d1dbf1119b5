"""Diagnose a store without changing it: catalog, schema, files and folders, with remedies."""

from __future__ import annotations

import contextlib
import shlex
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import duckdb

from botbench.core.errors import UserError, first_line
from botbench.core.files import withheld
from botbench.text.numbers import counted
from curation.maintenance.cleanup import (
    COMPARE,
    RESTING,
    more_than_half,
    orphans,
    relative,
    unfinished,
)
from curation.release import release
from curation.store import catalog, file_hashes, migrations, schema
from curation.store.connection import (
    TRASH,
    Location,
    connect_to_read,
    holds_store,
    lost,
    readable,
    remains,
)
from curation.store.upkeep import objects
from curation.store.upkeep.failures import CatalogLost, ServerFailure
from curation.store.upkeep.opening import has_tables

Outcome = Literal["well", "note", "ill"]


@dataclass(frozen=True)
class Finding:
    """The result of one check: `well`, `note` (works, can be tidied) or `ill`, with a remedy."""

    check: str
    outcome: Outcome
    says: str
    do: str | None = None
    items: tuple[str, ...] = ()


@dataclass(frozen=True)
class Diagnosis:
    """All findings, in the order of the checks."""

    findings: tuple[Finding, ...]

    @property
    def well(self) -> bool:
        """Whether no finding is ill; notes are allowed."""
        return all(f.outcome != "ill" for f in self.findings)

    def document(self) -> dict[str, Any]:
        """The diagnosis as plain data."""
        return {"well": self.well, "findings": [asdict(f) for f in self.findings]}


def examine(location: Location, now: float | None = None) -> Diagnosis:
    """Look at a store; raises UserError where there is none, ResourceFailure for a server."""
    if not location.exists() and remains(location) is None:
        raise UserError(
            f"There is no store at {location.home}. Name yours with --store PATH (or"
            " BOTBENCH_STORE), or make one: botbench pull CARD."
        )
    before = (time.time() if now is None else now) - RESTING
    findings = [_catalog_file(location)]
    if findings[0].outcome != "well":
        return Diagnosis(tuple(findings))
    try:
        connection = connect_to_read(location)
    except CatalogLost as error:
        return Diagnosis((_lost(location, error),))
    except ServerFailure:
        raise
    except UserError as error:
        return Diagnosis(
            (
                *findings,
                Finding(
                    "catalog opens", "ill", str(error).partition(" What is wrong")[0], _RESTORE
                ),
            )
        )
    with contextlib.closing(connection):
        if remains(location) is None and not has_tables(connection):
            return Diagnosis((_lost(location, lost(location)),))
        for check in (_tables, _schema, _guard, _files, _orphans, _releases):
            with objects.explaining(location.objects):
                findings += check(connection, location, before)
    findings += [_unfinished(location, before), _trash(location), _permissions(location)]
    return Diagnosis(tuple(findings))


_RESTORE = (
    "Move the store's folder away, and make it again from a backup: botbench restore-backup BACKUP"
    " --store PLACE. Copies of the catalog from before a change of the schema stand in its folder"
    " backups/."
)


def _catalog_file(location: Location) -> Finding:
    if catalog.kind(location) != "sqlite":
        return Finding("catalog file", "well", "The catalog is a Postgres database.")
    if not holds_store(location):
        return _lost(location, lost(location))
    path = Path(readable(location).catalog.partition(":")[2])
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=30)) as opened:
            problems = [row[0] for row in opened.execute("PRAGMA quick_check(5)")]
    except sqlite3.DatabaseError as error:
        problems = [str(error)]
    if problems == ["ok"]:
        return Finding("catalog file", "well", "The catalog is a sound SQLite database.")
    return Finding(
        "catalog file", "ill", f"The catalog is broken: {problems[0]}", _RESTORE, tuple(problems)
    )


def _lost(location: Location, error: CatalogLost) -> Finding:
    """Ill where files have lost their catalog; an interrupted creation without files is not ill."""
    has_files = remains(location) is not None
    if not has_files and (other := objects.unknown_files(location.objects)):
        has_files, error = True, other
    return Finding("catalog file", "ill" if has_files else "note", error.says, error.do)


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
        row = connection.execute("SELECT count(*) FROM lake.main.guard").fetchone()
        rows = int(row[0]) if row else 0
    except duckdb.CatalogException:
        rows = 0
    if rows == 1:
        yield Finding("guard", "well", "Writers meet at one row.")
    else:
        yield Finding(
            "guard",
            "ill",
            f"The table guard has {counted(rows, 'row')} instead of one: two writers at once might"
            " double rows.",
            _RESTORE,
        )


def _files(
    connection: duckdb.DuckDBPyConnection, location: Location, before: float
) -> Iterator[Finding]:
    """Read every data file whole and compare it with its size and sha256."""
    del before
    needed = catalog.data_files(connection, location.data_path)
    found = file_hashes.wrong(connection, needed)
    for kind, check, word in (
        ("missing", "files missing", "missing"),
        ("of another size", "files changed", "of another size than the catalog says"),
        ("changed", "files damaged", "not what was written: their sha256 is another"),
    ):
        if paths := sorted(p for p, what in found.items() if what == kind):
            yield Finding(
                check,
                "ill",
                f"{len(paths):,} of {counted(len(needed), 'file')}"
                f" {'is' if len(paths) == 1 else 'are'} {word}: versions that rest on this"
                f" cannot be {'trusted' if kind == 'changed' else 'read'}.",
                f"Put them back from a backup (its folder files/). {_RESTORE}",
                _shown(paths, location),
            )
    if not found:
        yield Finding(
            "files",
            "well",
            f"Nothing is missing of {counted(len(needed), 'file')} that versions rest on: size and"
            " sha256 are as recorded.",
        )
    yield from _hashes(connection, needed)


def _shown(paths: list[str], location: Location) -> tuple[str, ...]:
    """Addresses as they are, paths relative to the store's home."""
    return tuple(paths) if location.objects else relative([Path(p) for p in paths], location)


def _hashes(
    connection: duckdb.DuckDBPyConnection, needed: list[catalog.DataFile]
) -> Iterator[Finding]:
    """Whose sha256 was not recorded at the commit, so that earlier damage would not show."""
    hashes = file_hashes.recorded(connection)
    if lacking := [f for f in needed if f.id not in hashes.of]:
        yield Finding(
            "hashes of files",
            "note",
            f"No sha256 is recorded for {len(lacking):,} of {counted(len(needed), 'file')}: an"
            " older botbench wrote that, or a command was killed.",
            "The next command that writes records them; what happened to them before is not known.",
        )
    elif later := [f for f in needed if f.id in hashes.later]:
        yield Finding(
            "hashes of files",
            "well",
            f"The sha256 of {len(later):,} of {counted(len(needed), 'file')} was recorded after"
            " they were committed; they were not checked before.",
        )


def _orphans(
    connection: duckdb.DuckDBPyConnection, location: Location, before: float
) -> Iterator[Finding]:
    if location.objects:
        yield _orphaned_objects(connection, location)
    elif paths := orphans(connection, location, before):
        size = sum(p.stat().st_size for p in paths) / 1e6
        says = (
            f"No version needs {counted(len(paths), 'file')} ({size:,.1f} MB): a writer was killed."
        )
        do = f"They take room and do no harm. Move them to {TRASH}/: botbench doctor --clean."
        if most := more_than_half(paths, location):
            says, do = most, COMPARE
        yield Finding("orphaned files", "note", says, do, relative(paths, location))
    else:
        yield Finding("orphaned files", "well", "No file is left over.")


def _orphaned_objects(connection: duckdb.DuckDBPyConnection, location: Location) -> Finding:
    """Objects that no version reads. A writer at work may own one, so none is moved."""
    needed = {f.path for f in catalog.data_files(connection, location.data_path)}
    there = objects.listed(connection, location.objects, catalog.DATA_FILE)
    if not (left := [address for address in there if address not in needed]):
        return Finding("orphaned files", "well", "No file is left over.")
    return Finding(
        "orphaned files",
        "note",
        f"No version needs {counted(len(left), 'object')} of {location.objects}: a writer was"
        " killed, or is at work.",
        "They take room and do no harm. Remove those that stay for days with your storage's own"
        " tools.",
        tuple(left),
    )


def _releases(
    connection: duckdb.DuckDBPyConnection, location: Location, before: float
) -> Iterator[Finding]:
    del before
    try:
        with objects.explaining(location.objects):
            rows = connection.execute(
                "SELECT name, version FROM lake.main.releases ORDER BY ALL"
            ).fetchall()
    except duckdb.Error as error:
        yield Finding(
            "releases",
            "ill",
            f"The table of releases cannot be read: {first_line(error, 200)}",
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
            f"No files are left of {counted(len(gone), 'release')}: {', '.join(gone)}.",
            "Run botbench release NAME --dataset DATASET --at VERSION again (the same content is"
            " the same release), or put the folder back from a backup.",
            tuple(gone),
        )
    if changed:
        yield Finding(
            "releases changed",
            "ill",
            f"Hashes show a change in {counted(len(changed), 'release')}: {', '.join(changed)}.",
            "Remove the folder and run botbench release again, or put it back from a backup.",
            tuple(changed),
        )
    if not gone and not changed:
        yield Finding(
            "releases",
            "well",
            f"{counted(len(rows), 'release')}, with all files and hashes as they were made.",
        )


def _whole(home: Path, reference: str) -> bool:
    try:
        release.load(home, reference, verify=True)
    except (UserError, OSError, ValueError, KeyError):
        return False
    return True


def _unfinished(location: Location, before: float) -> Finding:
    if paths := unfinished(location, before):
        return Finding(
            "unfinished work",
            "note",
            "Killed commands have left"
            f" {counted(len(paths), 'file or folder', 'files and folders')}.",
            "Run those commands again if you still want what they make, then: botbench doctor"
            " --clean.",
            relative(paths, location),
        )
    return Finding("unfinished work", "well", "No command left anything unfinished.")


def _trash(location: Location) -> Finding:
    folder = location.home / TRASH
    if files := [p for p in folder.rglob("*") if p.is_file() or p.is_symlink()]:
        size = sum(p.lstat().st_size for p in files) / 1e6
        return Finding(
            "trash",
            "note",
            f"--clean has moved {counted(len(files), 'file')} ({size:,.1f} MB) to {TRASH}/.",
            f"Nothing reads them. To empty the trash: rm -r {shlex.quote(str(folder))}",
            tuple(sorted(p.name for p in folder.iterdir())),
        )
    return Finding("trash", "well", "The trash is empty.")


def _permissions(location: Location) -> Finding:
    """A note where other users of the machine can read the store, as older botbenches left it."""
    home, closed = location.home, withheld(location.home)
    if home.stat().st_mode & closed == 0:
        return Finding("permissions", "well", "Other users of this machine cannot read the store.")
    every = [p for p in home.rglob("*") if not p.is_symlink()]
    if not (found := [p for p in every if p.stat().st_mode & closed]):
        return Finding("permissions", "well", "Other users of this machine can read no file of it.")
    return Finding(
        "permissions",
        "note",
        "Other users of this machine can read"
        f" {counted(len(found), 'file or folder', 'files and folders')} of the store.",
        f"Close it: chmod -R {'o' if closed == 0o007 else 'go'}-rwx {shlex.quote(str(home))}",
        relative(sorted(found), location),
    )
