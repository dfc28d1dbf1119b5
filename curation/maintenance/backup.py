"""`backup` and `restore`: copy a store into a folder with checksums, and make a store from it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from botbench.core.errors import UserError
from botbench.core.files import keep_private
from botbench.core.hashing import file_sha256
from botbench.text.numbers import counted
from curation.maintenance import secrets_left_out
from curation.store import catalog, connection, file_hashes
from curation.store.connection import Location
from curation.store.store import Store
from curation.store.upkeep import objects

MANIFEST = "manifest.json"
FORMAT = 1
LEFT_OUT = ("tmp", "cache", "downloads", "backups", "logs", connection.TRASH)
"""Folders left out: what can be made or fetched again, backups, logs of errors, and the trash."""

Tell = Callable[[int, int], None]
"""Progress, called for each file: files done, and files in all."""


@dataclass(frozen=True)
class Backup:
    """A backup: its folder and manifest."""

    path: Path
    manifest: dict[str, Any]

    def document(self) -> dict[str, Any]:
        """The backup as plain data, without the list of files."""
        files = self.manifest["files"]
        return {
            "backup": self.path,
            **{k: self.manifest[k] for k in ("version", "catalog", "made_at")},
            "files": len(files),
            "bytes": sum(f["bytes"] for f in files.values()),
        }


def make(store: Store, target: Path, tell: Tell = lambda _done, _all: None) -> Backup:
    """Copy a store in use into the new folder `target`; the copy is complete or absent.

    The catalog is copied as of one moment while this machine's writers wait. Data files never
    change, so they are copied after it; what a writer adds meanwhile is not part of the backup.
    Only this user can read it, and it holds no token and no plain password.
    Raises UserError where the target exists, and ResourceFailure where a data file is missing or
    not as it was committed.
    """
    if target.exists():
        raise UserError(
            f"{target} is there already. Name a folder that does not exist yet; backups are never"
            " written over."
        )
    if target.resolve().is_relative_to(store.home) and not target.resolve().is_relative_to(
        store.home / "backups"
    ):
        raise UserError(
            f"{target} is inside the store itself. Name a folder elsewhere, best on another disk."
        )
    unfinished = target.with_name(f".{target.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    (unfinished / "files").mkdir(parents=True)
    with connection.turn(store.location):
        version = store.head()
        needed = catalog.data_files(store.connection, store.location.data_path)
        hashes = file_hashes.recorded(store.connection).of
        saved = catalog.save(store.location, unfinished)
    _all_there(store, needed)
    wanted = {_name_of(store.location, f.path): hashes.get(f.id) for f in needed}
    names = sorted(set(_names(store.home)) | wanted.keys())
    files = {}
    for done, name in enumerate(names, 1):
        copy = unfinished / "files" / name
        if name in wanted and store.location.objects:
            files[name] = _fetched(store, name, copy)
        else:
            files[name] = _kept(name, store.home / name, copy)
        if wanted.get(name) not in (None, files[name]["sha256"]):
            raise file_hashes.failure({str(store.home / name): "changed"}, store.location)
        tell(done, len(names))
    manifest = {
        "format": FORMAT,
        "version": version,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "catalog": catalog.kind(store.location),
        "catalog_file": saved.name,
        "catalog_sha256": file_sha256(saved),
        "files": files,
    }
    (unfinished / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return Backup(unfinished.rename(target), manifest)


def _all_there(store: Store, needed: list[catalog.DataFile]) -> None:
    place = store.location.objects
    there = set(objects.listed(store.connection, place)) if place else set()
    missing: dict[str, file_hashes.Wrong] = {
        f.path: "missing"
        for f in needed
        if (f.path not in there if place else not Path(f.path).is_file())
    }
    if missing:
        raise file_hashes.failure(missing, store.location)


def _name_of(location: Location, path: str) -> str:
    """A data file's name in a backup: below data/, wherever the store has it."""
    if location.objects:
        return f"data/{path.removeprefix(location.objects).lstrip('/')}"
    return Path(path).relative_to(location.home).as_posix()


def _address_of(location: Location, name: str) -> str:
    """Where a store in object storage has the data file of this name."""
    return f"{location.objects}/{name.removeprefix('data/')}"


def _fetched(store: Store, name: str, target: Path) -> dict[str, Any]:
    """Copy one object of a store; return bytes and sha256 of the copy."""
    target.parent.mkdir(parents=True, exist_ok=True)
    objects.fetch(store.connection, _address_of(store.location, name), target)
    return {"bytes": target.stat().st_size, "sha256": file_sha256(target)}


def _names(home: Path) -> Iterator[str]:
    """The files of a home beside its Parquet data, which the catalog names, relative to it."""
    for folder, below, files in os.walk(home):
        here = Path(folder)
        top = here == home
        below[:] = [
            d for d in below if ".unfinished" not in d and not (top and d in (*LEFT_OUT, "data"))
        ]
        for name in files:
            if ".unfinished" not in name and not (
                top and (name.startswith("catalog.sqlite") or name == "write.lock")
            ):
                path = (here / name).relative_to(home).as_posix()
                if not secrets_left_out.is_left_out(path):
                    yield path


def _kept(name: str, source: Path, target: Path) -> dict[str, Any]:
    """Copy one file of a store, without its secrets; return bytes and sha256 of the copy."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if secrets_left_out.copy_without(name, source, target):
        return {"bytes": target.stat().st_size, "sha256": file_sha256(target)}
    return _copied(source, target)


def _copied(source: Path, target: Path) -> dict[str, Any]:
    """Copy one file and compare the copy's sha256; return bytes and sha256.

    Raises UserError where the copy differs.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    read = hashlib.sha256()
    with source.open("rb") as old, target.open("wb") as new:
        while piece := old.read(1 << 20):
            read.update(piece)
            new.write(piece)
    if file_sha256(target) != read.hexdigest():
        raise UserError(
            f"{target} does not hold what was written to it: the disk is full or faulty. Back up to"
            " another one."
        )
    return {"bytes": target.stat().st_size, "sha256": read.hexdigest()}


def _sent(connection: duckdb.DuckDBPyConnection, source: Path, address: str) -> str:
    """Copy one file into object storage; return the sha256 of what is there then."""
    with objects.explaining(address):
        objects.put(connection, source, address)
        return file_hashes.digest_of(connection, address)


def read(folder: Path) -> Backup:
    """Read and check a backup; raises UserError for no backup, or one with files that differ."""
    file = folder / MANIFEST
    if not file.is_file():
        raise UserError(
            f"{folder} is no backup: it has no {MANIFEST}. Name the folder that botbench backup"
            " made."
        )
    manifest = json.loads(file.read_text(encoding="utf-8"))
    if manifest.get("format") != FORMAT:
        raise UserError(
            f"The backup {folder} has format {manifest.get('format')!r}; this botbench reads"
            f" {FORMAT}."
        )
    wrong = (
        []
        if _same(folder / manifest["catalog_file"], manifest["catalog_sha256"])
        else [manifest["catalog_file"]]
    )
    wrong += [
        n
        for n, entry in manifest["files"].items()
        if not _same(folder / "files" / n, entry["sha256"])
    ]
    if wrong:
        raise UserError(
            f"The backup {folder} is damaged: {len(wrong):,} of"
            f" {counted(len(manifest['files']) + 1, 'file')} {'is' if len(wrong) == 1 else 'are'}"
            f" missing or not as in its manifest, the first is {wrong[0]}. Nothing was"
            " restored; use another backup."
        )
    return Backup(folder, manifest)


def _same(path: Path, wanted: str) -> bool:
    return file_sha256(path) == wanted


def restore(folder: Path, location: Location, tell: Tell = lambda _done, _all: None) -> Backup:
    """Make a store from a backup at a free place; a killed restore can be run again.

    Files are compared with the manifest before anything is written, and the copies after it. The
    catalog is written last. Raises UserError where the backup is damaged, a store exists, or the
    catalog is of the other kind.
    """
    backup = read(folder)
    kinds = {"sqlite": "a folder", "postgres": "a postgresql:// URL"}
    if backup.manifest["catalog"] != (wanted := catalog.kind(location)):
        raise UserError(
            f"This is the backup of a store with a {backup.manifest['catalog']} catalog, and"
            f" {kinds[wanted]} was named for it. Name {kinds[backup.manifest['catalog']]} with"
            " --store."
        )
    # Another catalog's log must not be beside the restored one: SQLite would replay it into
    # it.
    if wanted == "sqlite" and any(location.home.glob("catalog.sqlite*")):
        raise UserError(
            f"There is a store at {location.home} already. Name a new place with --store, or move"
            " that one away."
        )
    keep_private(location.home)
    location.home.mkdir(parents=True, exist_ok=True)
    names = backup.manifest["files"]
    with contextlib.ExitStack() as opened:
        reach = opened.enter_context(objects.opened()) if location.objects else None
        for done, (name, entry) in enumerate(names.items(), 1):
            source = folder / "files" / name
            if reach is not None and name.startswith("data/"):
                digest = _sent(reach, source, _address_of(location, name))
            else:
                digest = _copied(source, location.home / name)["sha256"]
            if digest != entry["sha256"]:
                raise UserError(
                    f"{name} changed while it was restored. Run botbench restore-backup again."
                )
            tell(done, len(names))
    catalog.load(location, folder / backup.manifest["catalog_file"])
    return backup
