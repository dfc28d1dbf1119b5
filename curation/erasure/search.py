"""Looking whether anything is left: tables, data files, the catalog's own pages, releases, publications, and every other file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from curation import catalog, lake
from curation.current import quoted
from curation.erasure import files, releases, rows, studio
from curation.erasure.account import Target
from curation.schema import STORED

if TYPE_CHECKING:
    from curation.annotation.client import Client
    from curation.erasure.run import Erasure
    from curation.store import Store

ELSEWHERE = (
    "Backups made elsewhere (botbench backup FOLDER, copies of the store's folder or of its disk) are not known to the store and "
    "may hold the account: delete them, or restore each, run the same erase there, and back up anew."
)
"""To be done after every erasure: nothing in a store tells where its copies went."""


def look(store: Store, target: Target, places: Sequence[Path], client: Client | None, done: Erasure) -> None:
    """Search every place and say where something is left; `done.left` counts tables, files, releases and tasks with hits."""
    target.marks.load(store.connection)
    checks = [
        ("the store's tables, every version", tables(store, target)),
        ("data files", data(store, target)),
        (f"the catalog ({catalog.kind(store.location)}), its free pages and log", pages(store, target)),
        ("releases", releases.holding(store, target)),
        ("publications", _swept(store, files.below(store.home / "publications"), target)),
        ("caches, predictions, reports and downloads of the store", _swept(store, files.of_store(store.home), target)),
    ]
    checks.append(("what doctor --clean moved to trash/", _swept(store, files.below(store.home / lake.TRASH), target)))
    checks += [(f"files below {place}", _swept(store, files.below(place), target)) for place in places]
    if client:
        n = studio.left(client, target)
        checks.append((f"Label Studio at {client.url}", [f"{n} tasks"] if n else []))
    done.places_checked = [name for name, _ in checks]
    done.left_in = [f"{name}: {hit}" for name, hits in checks for hit in hits]
    done.left = len(done.left_in)
    done.backups = backups(store)


def tables(store: Store, target: Target) -> list[str]:
    """Tables with rows that tell of the accounts."""
    found = []
    store.connection.execute("CREATE OR REPLACE TEMP TABLE erasing_claims AS SELECT NULL::VARCHAR AS claim_id WHERE false")
    for table in STORED.values():
        name = f'lake.main."{table.name}"'
        tests = [f"SELECT 1 FROM {name} WHERE {where}" for where in (rows.theirs(table, target),) if where]
        if texts := list(rows.texts_of(table).values()):
            tests.append(target.marks.rows_with(name, "1", texts))
        if any(store.connection.execute(f"SELECT 1 FROM ({t}) LIMIT 1").fetchone() for t in tests):
            found.append(table.name)
    return found


def data(store: Store, target: Target) -> list[str]:
    """Parquet files of the store, in use or not, that tell of the accounts."""
    return _swept(store, files.below(store.location.data), target)


def pages(store: Store, target: Target) -> list[str]:
    """Where the catalog tells of the accounts: every value, free page and log of SQLite, every value of Postgres' tables."""
    if catalog.kind(store.location) == "sqlite":
        path = Path(store.location.catalog.partition(":")[2])
        return [path.name] if target.marks.in_bytes(files.database(path)) else []
    with catalog.attached(store.location) as connection:
        found = []
        for name in catalog.tables(connection):
            values = connection.execute(f'SELECT t::VARCHAR FROM meta.public."{name}" t').fetchall()
            if any(target.marks.in_bytes(str(v).encode()) for (v,) in values):
                found.append(name)
        return found


def _swept(store: Store, paths: object, target: Target) -> list[str]:
    return [str(p) for p in files.sweep(store, paths, target.marks, dry=True).left]  # type: ignore[arg-type]


def backups(store: Store) -> list[str]:
    """Copies that only the operator can delete."""
    found = [str(p) for p in sorted((store.home / "backups").glob("*")) if not p.name.startswith(".")]
    if catalog.kind(store.location) == "postgres":
        found.append("PostgreSQL: its write-ahead log until it is recycled, base backups, archives and replicas of the server")
    return found


def origins(store: Store, target: Target) -> list[str]:
    """Where the source files lie that the accounts were read from."""
    held = ", ".join(map(quoted, target.marks.datasets)) or "NULL"
    pulled = store.connection.execute(
        f"SELECT DISTINCT dataset, origin FROM {store.relation('pulls')} WHERE dataset IN ({held}) "
        "AND origin NOT IN ('download', 'made here') ORDER BY ALL"
    ).fetchall()
    return [
        f"The source files of {dataset} in {origin} still hold the account; delete or keep them as the law where you are asks."
        for dataset, origin in pulled
    ]
