"""Pulling a data set: its files to the schema, in one store version, with a ledger that adds up."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from curation import identity, schema
from curation.cards import Card
from curation.sources import FORMATS, READER_VERSION, _files
from curation.sources._stage import FED, QUARANTINE, Stage
from curation.store import Store, Transaction

Ledger = dict[str, dict[str, int]]


@dataclass(frozen=True)
class PullResult:
    """What a pull came to; `document()` is the JSON contract of `botbench pull`."""

    dataset: str
    version: int
    unchanged: bool
    tables: Ledger
    totals: dict[str, Any] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    pull_id: str = ""

    def document(self) -> dict[str, Any]:
        """The result as one JSON document."""
        return {"dataset": self.dataset, "version": self.version, "unchanged": self.unchanged, "tables": self.tables, **self.totals,
                "quarantine": self.reasons, "pull_id": self.pull_id}


def pull(store: Store, card: Card, folder: Path | None = None, tell: Callable[[str], None] = lambda _: None) -> PullResult:
    """Read a card's files from `folder` (or download them) into the store; the same pull again changes nothing.

    Raises UserError for files that are missing, broken or not the card's, and for what a format cannot read at all.
    """
    started = datetime.now(UTC)
    if folder is None:
        from curation import downloads

        folder = downloads.fetch(card, store.home / "downloads" / card.id, tell)
    files = {name: [_files.verify(source, path, folder) for path in paths]
             for (name, paths), source in zip(_files.locate(card, folder).items(), card.sources, strict=True)}
    pull_id = _pull_id(card, files)
    if (known := _known(store, card, pull_id)) is not None:
        return known
    with _scratch(store) as scratch:
        stage = Stage(store.connection, card, scratch, pull_id)
        for read in card.reads:
            tell(f"reading {read.format}")
            FORMATS.get(read.format).read(stage, _files.select(files, read), card.options(read))
        stage.finish()
        rows = _pull_row(card, pull_id, files, folder, started)
        version, _ = store.transact(lambda t: _write(t, stage, rows), None, f"pull {card.id}")
    stored = _known(store, card, pull_id)
    assert stored is not None
    return stored if version is None else _fresh(stored)


def _fresh(result: PullResult) -> PullResult:
    from dataclasses import replace

    return replace(result, unchanged=False)


def _pull_id(card: Card, files: dict[str, list[_files.SourceFile]]) -> str:
    formats = {read.format: FORMATS.get(read.format).version for read in card.reads}
    return identity.short_hash({
        "card": card.document, "files": {f.name: f.sha256 for group in files.values() for f in group},
        "reader": {"stage": READER_VERSION, **formats}}, 64)


def _pull_row(card: Card, pull_id: str, files: dict[str, list[_files.SourceFile]], folder: Path, started: datetime) -> dict[str, object]:
    return {"pull_id": pull_id, "dataset": card.id, "card": identity.canonical_json(card.document),
            "files": {f.name: f.sha256 for group in files.values() for f in group}, "reader_version": READER_VERSION,
            "origin": str(folder), "started_at": started}


@contextmanager
def _scratch(store: Store) -> Iterator[Path]:
    root = store.home / "tmp"
    root.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="pull-", dir=root))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write(transaction: Transaction, stage: Stage, pull_row: dict[str, object]) -> None:
    """Everything of a pull in one transaction; nothing where another process has written this pull already."""
    connection = transaction.connection
    if connection.execute("SELECT 1 FROM lake.main.pulls WHERE pull_id = ?", [stage.pull_id]).fetchone():
        return
    connection.execute(f"CREATE OR REPLACE TEMP TABLE pull_aside AS FROM {QUARANTINE}")
    ledger = []
    for table in FED:
        counts = transaction.insert(table, f"pull_{table}")
        if counts.conflicting:
            _conflicts(stage, table)
        aside = connection.execute("SELECT count(*) FROM pull_aside WHERE table_name = ?", [table]).fetchone()
        quarantined = int(aside[0]) if aside else 0
        read = stage.read[table]
        if read != counts.kept + counts.duplicate + quarantined:
            raise AssertionError(f"the ledger of {table} does not add up: {read} rows read, {counts} and {quarantined} quarantined")
        if table in stage.read:
            ledger.append({"pull_id": stage.pull_id, "table_name": table, "read": read, "kept": counts.kept,
                           "duplicate": counts.duplicate, "quarantined": quarantined})
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE pull_aside_rows AS
        SELECT '{stage.pull_id}' AS pull_id, table_name,
          _member || ':' || _row || CASE WHEN n > 1 THEN '#' || n ELSE '' END AS "row", reason, message, raw
        FROM (SELECT *, row_number() OVER (PARTITION BY table_name, _member, _row ORDER BY rowid) AS n FROM pull_aside)""")
    transaction.insert("quarantine", "pull_aside_rows")
    transaction.insert("ledger", schema.rows("ledger", ledger))
    transaction.insert("pulls", schema.rows("pulls", [{**pull_row, "finished_at": datetime.now(UTC)}]))


def _conflicts(stage: Stage, table: str) -> None:
    message = f"another row has the same {', '.join(schema.TABLES[table].key)} and other content"
    rows = stage.with_raw(table, f'FROM "conflicts_{table}"', "key_conflict", message)
    stage.connection.execute(f"INSERT INTO pull_aside SELECT '{table}', _member, _row, _reason, _message, _raw FROM ({rows})")


def _known(store: Store, card: Card, pull_id: str) -> PullResult | None:
    """The stored result of a pull; None where the store does not have it."""
    connection = store.connection
    if not connection.execute("SELECT 1 FROM lake.main.pulls WHERE pull_id = ?", [pull_id]).fetchone():
        return None
    rows = connection.execute(
        "SELECT table_name, read, kept, duplicate, quarantined FROM lake.main.ledger WHERE pull_id = ? ORDER BY table_name", [pull_id])
    tables = {name: dict(zip(("read", "kept", "duplicate", "quarantined"), n, strict=True)) for name, *n in rows.fetchall()}
    reasons = dict(connection.execute(
        "SELECT reason, count(*) FROM lake.main.quarantine WHERE pull_id = ? GROUP BY ALL ORDER BY ALL", [pull_id]).fetchall())
    version = _version_of(store, pull_id)
    return PullResult(card.id, version, True, tables, _totals(store, card.id, version), reasons, pull_id)


def _version_of(store: Store, pull_id: str) -> int:
    row = store.connection.execute(
        f"SELECT min(snapshot_id) FROM ducklake_table_changes('lake', 'main', 'pulls', 1, {store.head()}) WHERE pull_id = ?",
        [pull_id]).fetchone()
    return int(row[0]) if row and row[0] is not None else store.head()


def _totals(store: Store, dataset: str, version: int) -> dict[str, Any]:
    """Accounts, posts, claims, answers, conflicts and unprofiled ids of a data set at a version."""
    run = store.connection.execute
    where = f"WHERE dataset = '{dataset}'"
    accounts, posts, claims = (f"{store.relation(t, version)}" for t in ("accounts", "posts", "claims"))
    pulled = f"(FROM {claims} {where} AND pull_id IS NOT NULL)"

    def one(query: str) -> int:
        row = run(query).fetchone()
        return int(row[0]) if row else 0

    by_answer: dict[str, dict[str, int]] = {}
    for kind, answer, n in run(f"SELECT claimant_kind, answer, count(*) FROM {pulled} GROUP BY ALL ORDER BY ALL").fetchall():
        by_answer.setdefault(kind, {})[answer] = n
    alone: dict[str, dict[str, int]] = {kind: {} for kind in by_answer}
    conflicts: dict[str, int] = dict.fromkeys(by_answer, 0)
    per_account = f"SELECT claimant_kind, account_id, count(DISTINCT answer) AS n, min(answer) AS answer FROM {pulled} GROUP BY ALL"
    for kind, answer, n in run(
            f"SELECT claimant_kind, CASE WHEN n = 1 THEN answer END AS a, count(*) FROM ({per_account}) GROUP BY ALL ORDER BY ALL").fetchall():
        if answer is None:
            conflicts[kind] = n
        else:
            alone[kind][answer] = n
    observed = f"(SELECT DISTINCT account_id FROM {accounts} {where})"
    return {
        "accounts": one(f"SELECT count(*) FROM {observed}"), "posts": one(f"SELECT count(*) FROM {posts} {where}"),
        "claims": by_answer, "answers": alone, "conflicts": conflicts,
        "unprofiled": one(f"SELECT count(*) FROM (SELECT DISTINCT account_id FROM {pulled}) c ANTI JOIN {observed} o USING (account_id)"),
    }
