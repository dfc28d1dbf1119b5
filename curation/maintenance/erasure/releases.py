"""Releases without the erased accounts: files rewritten, and a successor for the newest version."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from botbench.core.errors import UserError
from botbench.core.sql import literal
from curation.maintenance.erasure import file_cleaning
from curation.maintenance.erasure import rows as table_rows
from curation.maintenance.erasure.account import Target
from curation.release import duplicate_groups, writer
from curation.release.contents import BESIDE, TABLES_FROZEN, Frozen
from curation.release.publish import seals
from curation.release.release import Release, listed, load
from curation.store.connection import turn
from curation.store.schema import TABLES

if TYPE_CHECKING:
    from curation.store.store import Store

WHY = "an account was erased"
_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Shelf:
    """What the releases hold: references of those with the accounts, and broken folders.

    A release is broken if a file of it is missing or cannot be read; `broken` has the files that
    cannot be read, by folder. One broken release stops nothing: its other files are cleaned.
    """

    holding: list[str]
    broken: dict[Path, list[Path]]


def shelf(store: Store, target: Target) -> Shelf:
    """Look through all releases for the accounts, and for mentions of them in others' texts."""
    target.marks.load(store.connection)
    found = Shelf([], {})
    for folder in sorted((store.home / "releases").glob("*/*")):
        if not folder.is_dir() or not folder.name.isdigit():
            continue
        reference = f"{folder.parent.name}@{folder.name}"
        unreadable, whole, held = [], True, False
        try:
            load(store.home, reference)
        except (UserError, OSError, ValueError, KeyError):
            whole = False
            unreadable += [p for p in (folder / "release.json",) if p.is_file()]
        for table in TABLES_FROZEN:
            file = folder / f"{table}.parquet"
            try:
                held = (file.is_file() and _table_held(store, file, table, target)) or held
            except duckdb.BinderException:  # columns are missing: no table of a whole release
                whole = False
            except duckdb.Error:
                unreadable.append(file)
            whole = whole and file.is_file()
        if unreadable or not whole:
            found.broken[folder] = unreadable
        elif held:
            found.holding.append(reference)
    return found


def holding(store: Store, target: Target) -> list[str]:
    """References of the whole releases whose files hold the accounts or mention them."""
    return shelf(store, target).holding


def clean_broken(store: Store, target: Target) -> tuple[dict[str, int], list[str]]:
    """Clean what can be read of broken releases, one file after the other.

    Returns the files by what was done, and a sentence on each broken release.
    """
    counts: dict[str, int] = {}
    sentences = []
    for folder, unreadable in shelf(store, target).broken.items():
        readable = [p for p in file_cleaning.below(folder) if p not in unreadable]
        ours = {f"{t}.parquet" for t in TABLES_FROZEN} | {"release.json", duplicate_groups.FILE}
        swept = file_cleaning.sweep(store, [p for p in readable if p.name in ours], target.marks)
        for what, n in swept.cleaned.items():
            counts[what] = counts.get(what, 0) + n
        names = ", ".join(p.name for p in unreadable)
        sentences.append(
            f"The release in {folder} is broken"
            + (
                f" ({names} cannot be read, so whether the account is in there is not known)"
                if unreadable
                else " (files or columns of it are missing)"
            )
            + "; what could be read of it was cleaned, and it has no successor. Delete the folder,"
            " or put its files back from a backup and run the same erase again."
        )
    return counts, sentences


def _held(store: Store, release: Release, target: Target) -> bool:
    return any(
        _table_held(store, release.file(table), table, target)
        for table in TABLES_FROZEN
        if release.file(table).is_file()
    )


def _table_held(store: Store, path: Path, table: str, target: Target) -> bool:
    file = f"read_parquet({literal(path)})"
    there = {
        str(r[0]): str(r[1]) for r in store.connection.execute(f"DESCRIBE FROM {file}").fetchall()
    }
    tests = [
        f"SELECT 1 FROM {file} WHERE {where}"
        for where in (table_rows.theirs(TABLES[table], target),)
        if where
    ]
    tests += _traces(file, table, there, target)
    return any(store.connection.execute(f"{t} LIMIT 1").fetchone() for t in tests)


def _traces(file: str, table: str, there: dict[str, str], target: Target) -> list[str]:
    texts = [sql for name, sql in table_rows.texts_of(TABLES[table]).items() if name in there]
    return [f"FROM ({target.marks.rows_with(file, '1', texts)})"] if texts else []


def rewrite(store: Store, reference: str, target: Target) -> None:
    """Rewrite a release's files without the accounts; its release.json says so, with the time."""
    release = load(store.home, reference)
    work = release.path / writer.REWRITING
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    with _content(store, release, target) as content:
        size = writer.write_files(content, work)
        now = {
            **content.counts(),
            "splits": content.splits(),
            "evidence": content.evidence(),
            "duplicate_groups": size._asdict(),
        }
        noted = {
            "at": datetime.now(UTC).isoformat(),
            "why": WHY,
            "content_hash": content.content_hash(),
        }
    files = writer.hashes(work)
    info = {
        **release.info,
        **now,
        "files": files,
        "rewritten": [*release.info.get("rewritten", []), noted],
    }
    (work / "release.json").write_text(
        json.dumps(info, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    # A publication is placed in the same turn, and only if the release is still as it was read.
    with turn(store.location):
        for path in sorted(work.iterdir(), key=lambda p: p.name == "release.json"):
            path.replace(release.path / path.name)
    work.rmdir()


def supersede(store: Store, references: list[str], target: Target) -> dict[str, str]:
    """Rewrite releases and give each a clean newest version as successor; safe to repeat."""
    broken = shelf(store, target).broken
    folders = {r: writer.folder(store.home, *_parts(r)) for r in references}
    references = [r for r in references if folders[r].is_dir() and folders[r] not in broken]
    for reference in references:
        release = load(store.home, reference)
        # A rewrite that was killed while it moved its files left the others in its folder;
        # release.json is moved last. An empty folder is left where all were moved already.
        if _held(store, release, target) or any(
            file_cleaning.below(release.path / writer.REWRITING)
        ):
            rewrite(store, reference, target)
        elif (release.path / writer.REWRITING).exists():
            (release.path / writer.REWRITING).rmdir()
    for name in sorted({r.partition("@")[0] for r in references}):
        newest = _newest(store, name, broken)
        if newest.reference in references and newest.info["accounts"]:
            _succeed(store, newest, target)
    newest_of = {r: _newest(store, r.partition("@")[0], broken).reference for r in references}
    return {r: n for r, n in newest_of.items() if n not in references}


def _parts(reference: str) -> tuple[str, int]:
    name, _, version = reference.partition("@")
    return name, int(version)


def _newest(store: Store, name: str, broken: Collection[Path]) -> Release:
    """The newest version of a release that is whole."""
    versions = [
        v for v in listed(store.home)[name] if writer.folder(store.home, name, v) not in broken
    ]
    return load(store.home, f"{name}@{versions[-1]}")


def _succeed(store: Store, release: Release, target: Target) -> None:
    """Write what is left of a release as its next version."""
    with _content(store, release, target) as content:
        carried = {
            k: v
            for k, v in release.info.items()
            if k not in ("name", "version", "parent", "made_at", "files", "rewritten")
        }
        writer.put(
            store,
            release.name,
            content,
            {**carried, "content_hash": content.content_hash(), "because": WHY},
        )


@contextmanager
def _content(store: Store, release: Release, target: Target) -> Iterator[Frozen]:
    """The release's files as relations, without the accounts' rows and masked elsewhere."""
    content = Frozen(
        store,
        release.dataset,
        store.head(),
        str(release.info["consensus_id"]),
        0,
        f"memory.rewritten_{next(_NUMBERS)}",
    )
    target.marks.load(store.connection)
    store.connection.execute(f"CREATE SCHEMA {content.schema}")
    try:
        for table in TABLES_FROZEN:
            kind = "TABLE" if table in ("labels", "splits") else "VIEW"
            query = _without(store, release, table, target)
            store.connection.execute(f"CREATE {kind} {content.schema}.{table} AS {query}")
        store.connection.execute(
            f"CREATE VIEW {content.schema}.judged AS SELECT account_id, label FROM"
            f" {content.schema}.labels"
        )
        yield content
    finally:
        store.connection.execute(f"DROP SCHEMA {content.schema} CASCADE")


def _without(store: Store, release: Release, table: str, target: Target) -> str:
    file = f"read_parquet({literal(release.file(table))})"
    there = {str(r[0]) for r in store.connection.execute(f"DESCRIBE FROM {file}").fetchall()}
    masked: dict[str, Any] = {
        n: sql for n, sql in table_rows.masks_of(TABLES[table], target).items() if n in there
    }
    columns = [
        (
            masked.get(c.name, f'"{c.name}"') + f' AS "{c.name}"'
            if c.name in there
            else f'NULL::{c.type} AS "{c.name}"'
        )
        for c in TABLES[table].columns
    ]
    columns += [
        f'"{name}"' if name in there else f'NULL::BIGINT AS "{name}"'
        for name in BESIDE.get(table, ())
    ]
    return (
        f"SELECT {', '.join(columns)} FROM {file} WHERE NOT"
        f" coalesce({table_rows.theirs(TABLES[table], target)}, false)"
    )


# -- sealed releases: their files are cleaned like others, which breaks the seals


def broken_seals(store: Store, references: list[str], target: Target) -> dict[str, bool]:
    """The sealed ones among the releases to rewrite: whether the account is in the part kept back.

    Call it before anything is removed: afterwards this cannot be known.
    """
    sealed = {r: seals.folder(store.home, r) for r in references}
    return {
        r: file_cleaning.holds(store, place / "labels.parquet", target.marks)
        for r, place in sealed.items()
        if place
    }


def seals_to_do(broken: dict[str, bool], successors: dict[str, str]) -> list[str]:
    """What the operator has to do about each seal."""
    return [
        _seal_sentence(r, kept_back, successors.get(r)) for r, kept_back in sorted(broken.items())
    ]


def _seal_sentence(reference: str, kept_back: bool, successor: str | None) -> str:
    what = (
        "its commitment was made over labels that held the account and no longer matches those that"
        " are kept, so that submissions to it are not scored any more"
        if kept_back
        else (
            "its commitment still matches (the account was not in the part kept back), but its"
            " public files were written anew and differ from the hashes in its release.json"
        )
    )
    then = (
        f"botbench submit seal {successor}"
        if successor
        else "make a new release version and seal that"
    )
    return (
        f"The seal of {reference} is broken: {what}. Seal the new version and hand that out"
        f" instead: {then}."
    )
