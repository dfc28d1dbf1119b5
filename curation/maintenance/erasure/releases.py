"""Releases without the erased accounts: files rewritten, and a successor for the newest version."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import duckdb

from botbench.core.errors import ResourceFailure
from botbench.core.sql import literal
from curation.maintenance.erasure import file_cleaning
from curation.maintenance.erasure import rows as table_rows
from curation.maintenance.erasure.account import Target
from curation.release import writer
from curation.release.contents import TABLES_FROZEN, Frozen
from curation.release.publish import seals
from curation.release.release import Release, listed, load
from curation.store.schema import TABLES

if TYPE_CHECKING:
    from curation.store.store import Store

WHY = "an account was erased"
_NUMBERS = itertools.count(1)


def holding(store: Store, target: Target) -> list[str]:
    """References of the releases whose files hold the accounts or mention them in others' texts.

    A damaged release is left out: see `unreadable`.
    """
    return _surveyed(store, target)[0]


def unreadable(store: Store, target: Target) -> list[str]:
    """A sentence for each damaged release: whether it holds the accounts cannot be known."""
    return [
        f"{reference} is damaged, so nobody can tell whether it holds the account. Put its folder"
        " back from a backup, or remove it, and run the same erase again."
        for reference in _surveyed(store, target)[1]
    ]


def _surveyed(store: Store, target: Target) -> tuple[list[str], list[str]]:
    """References of the releases that hold the accounts, and of those that cannot be read."""
    target.marks.load(store.connection)
    held, damaged = [], []
    for reference in (f"{n}@{v}" for n, versions in listed(store.home).items() for v in versions):
        try:
            if _held(store, load(store.home, reference), target):
                held.append(reference)
        except (ResourceFailure, duckdb.Error):
            damaged.append(reference)
    return held, damaged


def _held(store: Store, release: Release, target: Target) -> bool:
    for table in TABLES_FROZEN:
        file = f"read_parquet({literal(release.file(table))})"
        if not release.file(table).is_file():
            continue
        there = {
            str(r[0]): str(r[1])
            for r in store.connection.execute(f"DESCRIBE FROM {file}").fetchall()
        }
        tests = [
            f"SELECT 1 FROM {file} WHERE {where}"
            for where in (table_rows.theirs(TABLES[table], target),)
            if where
        ]
        tests += _traces(file, table, there, target)
        if any(store.connection.execute(f"{t} LIMIT 1").fetchone() for t in tests):
            return True
    return False


def _traces(file: str, table: str, there: dict[str, str], target: Target) -> list[str]:
    texts = [sql for name, sql in table_rows.texts_of(TABLES[table]).items() if name in there]
    return [f"FROM ({target.marks.rows_with(file, '1', texts)})"] if texts else []


def rewrite(store: Store, reference: str, target: Target) -> None:
    """Rewrite a release's files without the accounts; its release.json says so, with the time."""
    release = load(store.home, reference)
    work = release.path / ".rewriting"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    with _content(store, release, target) as content:
        for table in TABLES_FROZEN:
            writer.write_table(content, table, work / f"{table}.parquet")
        now = {**content.counts(), "splits": content.splits(), "evidence": content.evidence()}
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
    for path in sorted(work.iterdir(), key=lambda p: p.name == "release.json"):
        path.replace(release.path / path.name)
    work.rmdir()


def supersede(store: Store, references: list[str], target: Target) -> dict[str, str]:
    """Rewrite releases and give each a clean newest version as successor; safe to repeat."""
    for reference in references:
        release = load(store.home, reference)
        # A rewrite that was killed while it moved its files left the others in
        # its folder; release.json is moved last.
        if _held(store, release, target) or (release.path / ".rewriting").exists():
            rewrite(store, reference, target)
    for name in sorted({r.partition("@")[0] for r in references}):
        newest = load(store.home, name)
        if newest.reference in references and newest.info["accounts"]:
            _succeed(store, newest, target)
    newest_of = {r: load(store.home, r.partition("@")[0]).reference for r in references}
    return {r: n for r, n in newest_of.items() if n not in references}


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
    columns += ['"group"'] if table == "splits" else []
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
