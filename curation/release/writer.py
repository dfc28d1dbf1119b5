"""Write a release atomically: stage its files, let the store number it, rename the folder."""

from __future__ import annotations

import contextlib
import json
import shutil
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botbench.core.errors import UserError
from botbench.core.hashing import file_sha256
from botbench.core.sql import literal
from curation.release import duplicate_groups
from curation.release.contents import BESIDE, TABLES_FROZEN, Frozen
from curation.store.schema import TABLES, rows
from curation.store.store import Store, Transaction
from curation.store.upkeep import leftovers

UNFINISHED = leftovers.UNFINISHED
REWRITING = ".rewriting"
"""The folder within a release in which an erasure writes its files anew."""


def folder(home: Path, name: str, version: int) -> Path:
    """The folder of a release version."""
    return home / "releases" / name / str(version)


def recorded(store: Store, name: str, content_hash: str) -> dict[str, Any] | None:
    """The store's row of a release with this content, None where there is none."""
    found = [r for r in _rows(store, name) if r["content_hash"] == content_hash]
    return found[0] if found else None


def refuse_other_dataset(store: Store, name: str, dataset: str) -> None:
    """Raise UserError where the name belongs to releases of another data set.

    Call it early to save work, and again in the transaction that numbers: two processes can
    both find the name free.
    """
    for row in _rows(store, name):
        if row["dataset"] != dataset:
            raise UserError(
                f"The release {name} freezes {row['dataset']}; give the one of {dataset} another"
                " name."
            )


def _rows(store: Store, name: str) -> list[dict[str, Any]]:
    found = store.arrow(
        "SELECT * FROM lake.main.releases WHERE name = ? ORDER BY version", [name]
    ).to_pylist()
    return [dict(row) for row in found]


def put(store: Store, name: str, content: Frozen, info: dict[str, Any]) -> tuple[Path, int]:
    """Write the files, get the number from the store, and move the files; return path and number.

    A process killed before it has the number leaves an unfinished folder, which the next run
    removes. One killed after that leaves a row without a folder, which the next run with the same
    content fills.
    """
    shelf = store.home / "releases" / name
    with workplace(shelf) as work:
        size = write_files(content, work)
        row = _number(store, name, content, info)
        said = {k: row[k] for k in ("name", "version", "parent")}
        noted = {k: row[k] for k in ("snapshot_id", "accepted")}
        document = {
            **said,
            **info,
            **noted,
            "duplicate_groups": size._asdict(),
            "made_at": row["made_at"].isoformat(),
            "files": hashes(work),
        }
        text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
        (work / "release.json").write_text(text, encoding="utf-8")
        target = folder(store.home, name, row["version"])
        _move(work, target)
    return target, int(row["version"])


def write_files(content: Frozen, folder: Path) -> duplicate_groups.Size:
    """Write all tables of a release and its duplicate groups; returns how many groups there are."""
    for table in TABLES_FROZEN:
        write_table(content, table, folder / f"{table}.parquet")
    return duplicate_groups.write(content.store.connection, content.dataset, folder)


def write_table(content: Frozen, table: str, path: Path) -> None:
    """Write one table as Parquet, sorted by key; it streams, and sorting spills to disk."""
    columns = ", ".join(f'"{c}"' for c in (*TABLES[table].names, *BESIDE.get(table, ())))
    content.store.connection.execute(
        f"COPY (SELECT {columns} FROM {content.relation(table)} ORDER BY {content.order(table)}) "
        f"TO {literal(path)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 100000)"
    )


def _number(store: Store, name: str, content: Frozen, info: dict[str, Any]) -> dict[str, Any]:
    """The store's row for this content: the present one, or a new one with the next number."""
    made_at = datetime.now(UTC)
    relation = content.relation("splits")

    def work(transaction: Transaction) -> dict[str, Any]:
        refuse_other_dataset(store, name, content.dataset)
        there = _rows(store, name)
        for row in there:
            if row["content_hash"] == info["content_hash"]:
                return row
        version = there[-1]["version"] + 1 if there else 1
        row = {
            "name": name,
            "version": version,
            "dataset": content.dataset,
            "snapshot_id": content.version,
            "content_hash": info["content_hash"],
            "consensus_id": content.consensus,
            "suite_result": "passed" if info["validation"]["success"] else "failed and accepted",
            "accepted": info["accepted"],
            "parent": f"{name}@{there[-1]['version']}" if there else None,
            "made_at": made_at,
            "notes": info.get("because"),
        }
        transaction.insert("releases", rows("releases", [row]))
        transaction.insert(
            "splits",
            store.arrow(
                f"SELECT '{name}@{version}/' || split_id AS split_id, dataset, account_id, part"
                f" FROM {relation}"
            ),
        )
        return row

    return store.transact(work, None, f"release {name} of {content.dataset}")[1]


def _move(work: Path, target: Path) -> None:
    try:
        work.rename(target)
    except OSError:
        # Another process was first and wrote the same content.
        if not target.is_dir():
            raise


def hashes(work: Path) -> dict[str, str]:
    """sha256 of each Parquet file of a folder, by name."""
    return {path.name: file_sha256(path) for path in sorted(work.glob("*.parquet"))}


@contextlib.contextmanager
def workplace(shelf: Path) -> Iterator[Path]:
    """A folder of this process beside the finished ones; those of dead processes are removed.

    A lock on the folder shows that its process lives: the kernel releases it when the process ends.
    """
    shelf.mkdir(parents=True, exist_ok=True)
    remove_unfinished(shelf)
    while True:
        work = shelf / f"{UNFINISHED}{uuid.uuid4().hex}"
        work.mkdir()
        # Between making and locking it, another process may take the folder for a leftover: then
        # take another.
        with contextlib.suppress(BlockingIOError, FileNotFoundError), leftovers.held(work):
            if work.is_dir():
                try:
                    yield work
                finally:
                    shutil.rmtree(work, ignore_errors=True)
                return


def remove_unfinished(shelf: Path) -> int:
    """Remove the unfinished folders on a shelf that no living process holds; returns how many."""
    return sum(map(leftovers.remove_one, shelf.glob(f"{UNFINISHED}*")))
