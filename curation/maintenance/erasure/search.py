"""Search for what is left of erased accounts: in tables, pages, releases and all other files."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from botbench.core.sql import literals
from curation.maintenance.erasure import (
    file_cleaning,
    journal,
    label_studio_tasks,
    mlflow_runs,
    own_files,
    purge,
    releases,
    rows,
)
from curation.maintenance.erasure.account import Target
from curation.release.publish import folder as published
from curation.store import catalog
from curation.store.connection import TRASH
from curation.store.upkeep import objects

if TYPE_CHECKING:
    from curation.annotation.label_studio.client import Client
    from curation.store.store import Store

ELSEWHERE = (
    "Backups made elsewhere (botbench backup FOLDER, copies of the store's folder or of its disk)"
    " are not known to the store and may hold the account: delete them, or restore each, run the"
    " same erase there, and back up anew."
)
"""A manual step after every erasure: a store does not know where its copies went."""


@dataclass(frozen=True)
class Search:
    """The places searched, and the tables, files, releases and tasks with hits."""

    places: list[str]
    left: list[str]


def search(store: Store, target: Target, places: Sequence[Path], client: Client | None) -> Search:
    """Search every place for what is left of the accounts."""
    target.marks.load(store.connection)
    shelved = sorted(own_files.shelved(store.home))
    on_shelf = releases.shelf(store, target)
    runs = mlflow_runs.sweep(store, target.marks, dry=True)
    checks = [
        ("the store's tables, every version", tables(store, target)),
        ("data files", data(store, target)),
        (
            f"the catalog ({catalog.kind(store.location)}), its free pages and log",
            pages(store, target),
        ),
        (
            "releases",
            [
                *on_shelf.holding,
                *_swept(store, _unlisted(store, shelved, on_shelf.broken), target),
                *(f"{p} cannot be read" for paths in on_shelf.broken.values() for p in paths),
            ],
        ),
        (
            "publications",
            _swept(
                store,
                sorted(
                    {
                        *(p for p in shelved if p.is_relative_to(store.home / "publications")),
                        *(
                            p
                            for folder in published.broken(store.home)
                            for p in file_cleaning.below(folder)
                        ),
                    }
                ),
                target,
            ),
        ),
        (
            "caches, predictions, reports and downloads of the store",
            _swept(store, own_files.of_home(store.home), target),
        ),
        ("MLflow's runs of botbench", runs.left),
    ]
    checks.append(
        (
            "what doctor --clean moved to trash/",
            _swept(store, file_cleaning.below(store.home / TRASH), target),
        )
    )
    checks += [
        (f"what botbench wrote below {place}", _swept(store, _named(store, place), target))
        for place in places
    ]
    if servers := label_studio_tasks.databases(store.home):
        held = [p for p in servers if label_studio_tasks.is_left(store, p, target)]
        checks.append(
            (
                "Label Studio's databases of annotate serve",
                [f"{p}. {label_studio_tasks.STILL}" for p in held],
            )
        )
    if client:
        n = label_studio_tasks.left(client, target)
        checks.append((f"Label Studio at {client.url}", [f"{n} tasks"] if n else []))
    left = [f"{name}: {hit}" for name, hits in checks for hit in hits]
    return Search([name for name, _ in checks], left)


def _named(store: Store, place: Path) -> list[Path]:
    return [p for p in own_files.in_place(place) if not p.is_relative_to(store.home)]


def _unlisted(store: Store, shelved: Iterable[Path], broken: Collection[Path] = ()) -> list[Path]:
    """Files below the releases that no whole release reads, and each release.json."""
    below = [p for p in shelved if p.is_relative_to(store.home / "releases")]
    listed = {
        p.parent
        for p in below
        if p.name == "release.json" and len(p.relative_to(store.home).parts) == 4
    } - set(broken)
    return [p for p in below if p.parent not in listed or p.name == "release.json"]


def strangers(store: Store, target: Target, places: Sequence[Path]) -> list[str]:
    """Sentences on the foreign files that hold the accounts; these files are only read.

    Searches the store's folder, the folder of a local MLflow store, and the folders that the user
    named.
    """
    target.marks.load(store.connection)
    home = store.home
    shelved = own_files.shelved(home)
    cleaned = {*own_files.of_home(home), *(p for place in places for p in _named(store, place))}
    undecoded = file_cleaning.sweep(store, sorted(cleaned), target.marks, dry=True).undecoded
    runs = mlflow_runs.sweep(store, target.marks, dry=True)
    database = runs.database
    of_mlflow = (
        {database.with_name(database.name + end) for end in ("", "-wal", "-shm")}
        if database
        else set()
    )
    servers = label_studio_tasks.databases(home)
    ours = {*shelved, *cleaned, *of_mlflow, *servers}
    sentences = file_cleaning.strangers(
        store, (p for p in file_cleaning.below(home) if not _is_own(home, p)), target.marks, ours
    )
    folder, away = mlflow_runs.folder(), [home, *runs.folders]
    for place in dict.fromkeys([*([folder.resolve()] if folder else []), *places]):
        outside = (
            p for p in file_cleaning.below(place) if not any(p.is_relative_to(a) for a in away)
        )
        sentences += file_cleaning.strangers(store, outside, target.marks, ours)
    sentences += [
        f"{p} holds the account, but is not in the form in which botbench writes it (UTF-8, whole"
        " JSON), so it was left as it is: clean or delete it yourself."
        for p in undecoded
    ]
    return [*dict.fromkeys(sentences), *runs.strangers]


def _is_own(home: Path, path: Path) -> bool:
    """Whether a file of the store's folder is searched in another way or is exempt (backups)."""
    name = path.relative_to(home)
    if len(name.parts) == 1:
        return (
            name.name == "write.lock"
            or name.name.startswith("catalog.sqlite")
            or name.suffix == ".salt"
        )
    return name.parts[0] in ("backups", journal.FOLDER, TRASH) or (
        name.parts[0] == "data" and fnmatchcase(name.name, catalog.DATA_FILE)
    )


def tables(store: Store, target: Target) -> list[str]:
    """Tables with rows that mention the accounts."""
    names = []
    for table in rows.filled(store.connection):
        name = f'lake.main."{table.name}"'
        tests = [
            f"SELECT 1 FROM {name} WHERE {where}"
            for where in (rows.theirs(table, target),)
            if where
        ]
        if texts := list(rows.texts_of(table).values()):
            tests.append(target.marks.rows_with(name, "1", texts))
        if any(store.connection.execute(f"SELECT 1 FROM ({t}) LIMIT 1").fetchone() for t in tests):
            names.append(table.name)
    return names


def data(store: Store, target: Target) -> list[str]:
    """DuckLake's data files, in use or not, that mention the accounts."""
    if store.location.objects:
        return _objects(store, target)
    return _swept(store, sorted(store.location.data.rglob(catalog.DATA_FILE)), target)


def _objects(store: Store, target: Target) -> list[str]:
    """The same of data files in object storage, each copied here for the time of the search."""
    found = []
    with tempfile.TemporaryDirectory(prefix="search-", dir=_scratch(store)) as folder:
        copy = Path(folder) / "object.parquet"
        for address in objects.listed(store.connection, store.location.objects, catalog.DATA_FILE):
            objects.fetch(store.connection, address, copy)
            found += [address] if _swept(store, [copy], target) else []
            copy.unlink()
    return found


def _scratch(store: Store) -> Path:
    folder = store.home / "tmp"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def orphans(store: Store) -> list[str]:
    """A sentence on the remaining data files that no version reads."""
    paths = purge.unreferenced(store)
    if not paths:
        return []
    names = ", ".join(p.relative_to(store.home).as_posix() for p in paths[:3])
    return [
        f"{len(paths):,} data files that no version of this catalog reads do not hold the account"
        f" and were left ({names}{', ...' if len(paths) > 3 else ''}). Look at them with botbench"
        " doctor; an older catalog may stand in the place of the right one."
    ]


def pages(store: Store, target: Target) -> list[str]:
    """Where the catalog mentions the accounts: all values, and SQLite's free pages and log."""
    if catalog.kind(store.location) == "sqlite":
        path = Path(store.location.catalog.partition(":")[2])
        return [path.name] if _holds(store, target, file_cleaning.database(path)) else []
    with catalog.attached(store.location) as connection:
        names = []
        for name in catalog.tables(connection):
            values = connection.execute(f'SELECT t::VARCHAR FROM meta.public."{name}" t').fetchall()
            if _holds(store, target, "\n".join(str(v) for (v,) in values).encode()):
                names.append(name)
        return names


def _holds(store: Store, target: Target, data: bytes) -> bool:
    """Whether a catalog's bytes mention the accounts, by more than what others' rows say too."""
    if not target.marks.in_bytes(data):
        return False
    seen = data.decode("utf-8", errors="replace")
    return rows.unshared(store, target.marks, seen).in_bytes(data)


def _swept(store: Store, paths: Iterable[Path], target: Target) -> list[str]:
    return [str(p) for p in file_cleaning.sweep(store, paths, target.marks, dry=True).left]


def backups(store: Store) -> list[str]:
    """Copies that only the operator can delete."""
    copies = [
        str(p) for p in sorted((store.home / "backups").glob("*")) if not p.name.startswith(".")
    ]
    if catalog.kind(store.location) == "postgres":
        copies.append(
            "PostgreSQL: its write-ahead log until it is recycled, base backups, archives and"
            " replicas of the server"
        )
    return copies


def origins(store: Store, target: Target) -> list[str]:
    """The places of the source files that the accounts were read from."""
    held = literals(target.marks.datasets) or "NULL"
    pulled = store.connection.execute(
        f"SELECT DISTINCT dataset, origin FROM {store.relation('pulls')} WHERE dataset IN ({held}) "
        "AND origin NOT IN ('download', 'made here') ORDER BY ALL"
    ).fetchall()
    return [
        f"The source files of {dataset} in {origin} still hold the account; delete or keep them as"
        " the law where you are asks."
        for dataset, origin in pulled
    ]
