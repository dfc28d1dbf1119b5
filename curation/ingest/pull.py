"""Pulling a data set: its files to the schema, in one store version, with a ledger that adds up."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from botbench.core.duckdb_work import alone, in_turn, one_thread
from botbench.core.errors import ResourceFailure, UserError, first_line
from botbench.core.hashing import canonical_json, short_hash
from botbench.core.sql import literal
from botbench.untrusted.csv_tables import unreadable
from curation.ingest import packings, supersession
from curation.ingest.card_model import Card
from curation.ingest.faults import likely
from curation.ingest.ledger import COUNTS, PullResult, over_limit, stored
from curation.ingest.memory import bounded, little_first
from curation.ingest.reading.files import SourceFile, locate, select, verify
from curation.ingest.reading.stage import FED, QUARANTINE, Stage
from curation.ingest.sources import FORMATS, READER_VERSION, options_of
from curation.ingest.supersession import Supersession
from curation.store import retractions, schema, tombstones
from curation.store.insert import few
from curation.store.store import Store, Transaction
from curation.store.upkeep import leftovers

__all__ = ["PullResult", "over_limit", "pull"]

Tell = Callable[[str, int, int], None]
"""Progress: what is being done, how much of it is done, of how much."""

LITTLE = 8_000_000
"""Bytes of files up to which a pull works on one thread."""

LONG_LINE = re.compile(r"Maximum line size of ([0-9]+) bytes exceeded")


def pull(
    store: Store,
    card: Card,
    folder: Path | None = None,
    tell: Tell = lambda *_: None,
    memory: str = "2GB",
    *,
    show: Callable[[Supersession], None] = lambda _: None,
    origin: str | None = None,
) -> PullResult:
    """Read a card's files from `folder` (or download them) into the store; safe to repeat.

    A pull of the same files under an older card or reader is superseded: `show` is given what
    changes before anything is written. `memory` is DuckDB's limit before it spills to disk.
    `origin` says where the files are from, where the folder does not. Raises UserError, and writes
    nothing, for files that are missing, broken or not the card's, and for contents that a format
    cannot read.
    """
    started = datetime.now(UTC)
    files, found_at = gather(store, card, folder, tell)
    row = _pull_row(card, files, origin or found_at, started)
    leftovers.remove(store.home)
    with one_thread(store.connection, when=True):
        pull_id, is_there = supersession.id_in_force(store, str(row["pull_id"]))
    if is_there and (known := stored(store, pull_id)) is not None:
        return known
    row["pull_id"] = pull_id
    little = sum(f.size for group in files.values() for f in group) <= LITTLE
    with (
        _scratch(store) as scratch,
        bounded(store.connection, memory) as limit,
        one_thread(store.connection, when=little),
    ):

        def staged() -> Stage:
            new = Stage(store.connection, card, scratch, pull_id, memory=limit)
            _read(new, card, files, tell)
            return new

        stage = little_first(store.connection, limit, staged)
        with alone(store.connection, when=stage.has_few):
            tombstones.set_aside(
                store.connection,
                store.home,
                card.id,
                card.platform,
                staged={table: f"pull_{table}" for table in FED},
                quarantine=QUARANTINE,
            )
            with one_thread(store.connection, when=True):
                found = supersession.superseded(store, row)
            older = supersession.compared(store, stage, found)
            if older.direct:
                show(older)
                stage.notes["supersedes"] = older.sentence()
                row["supersedes"] = list(older.direct)
            tell("writing", 1, 1)
            version, _ = little_first(
                store.connection,
                limit,
                lambda: store.transact(
                    lambda t: _write(t, stage, row, older), None, f"pull {card.id}"
                ),
            )
        stage.close()
    result = stored(store, pull_id)
    if result is None:
        raise AssertionError(f"the pull {pull_id} was written and is not there")
    return replace(result, unchanged=version is None)


def gather(
    store: Store, card: Card, folder: Path | None, tell: Tell
) -> tuple[dict[str, list[SourceFile]], str]:
    """A card's files by source name, each read to its end and checked, and where they came from."""
    if not card.sources:
        return {}, "made here"
    origin = str(folder) if folder is not None else "download"
    if folder is None:
        from curation.ingest import downloads

        folder = downloads.fetch(card, store.home / "downloads" / card.id, tell)
    located = locate(card, folder)
    total, done = sum(packings.size_of(p) for paths in located.values() for p in paths), 0
    files: dict[str, list[SourceFile]] = {}
    for source in card.sources:
        for path in located[source.file]:
            tell(f"checking {path.name}", done, total)
            files.setdefault(source.file, []).append(verify(source, path, folder))
            done += packings.size_of(path)
    return files, origin


def _read(stage: Stage, card: Card, files: dict[str, list[SourceFile]], tell: Tell) -> None:
    """Let each format offer its rows; DuckDB's reading errors become a UserError."""
    files = {n: [f.unpacked(stage.scratch) for f in group] for n, group in files.items()}
    platforms = {FORMATS.get(read.format).traits.platform for read in card.reads} - {""}
    for i, read in enumerate(card.reads):
        chosen = select(files, read)
        tell(
            f"reading {', '.join(f.name for f in chosen[:3])}{', ...' if len(chosen) > 3 else ''}",
            i,
            len(card.reads),
        )
        # Of files of several networks, each is of its own.
        stage.platform = FORMATS.get(read.format).traits.platform if len(platforms) > 1 else ""
        try:
            FORMATS.get(read.format).read(stage, chosen, options_of(read))
        except unreadable() as error:
            raise _unreadable(error, chosen, read.format) from error
    with alone(stage.connection, when=stage.has_few):
        stage.finish()
        likely.tell(stage, [f for group in files.values() for f in group], FED)


def _unreadable(error: Exception, chosen: list[SourceFile], form: str) -> UserError:
    """What DuckDB's error means for whoever gave the files."""
    names = ", ".join(str(f.path) for f in chosen[:3]) or "what was made"
    what = first_line(error, 10_000).rstrip(".")
    if "No space left on device" in str(error):
        return ResourceFailure(
            f"The disk of the store is full while {names} is read: {what}. Make room and pull"
            " again; nothing was written."
        )
    if isinstance(error, duckdb.OutOfMemoryException):
        return UserError(
            f"{names} needs more memory than --memory allows: {what}. Give more, such as --memory"
            " 4GB; nothing was written."
        )
    if found := LONG_LINE.search(str(error)):
        what = f"a line is longer than {int(found.group(1)):,} bytes"
    return UserError(
        f"{names} cannot be read as {form}: {what}. Get the file again, or correct the card's"
        " format and options; nothing was written."
    )


def _pull_row(
    card: Card, files: dict[str, list[SourceFile]], origin: str, started: datetime
) -> dict[str, object]:
    """The pull's own row; its id is the hash of card, file hashes and reader version."""
    hashes = {f.name: f.sha256 for group in files.values() for f in group}
    reader = canonical_json(
        {"stage": READER_VERSION, **{r.format: FORMATS.get(r.format).version for r in card.reads}}
    )
    read_by = {field: said for field, said in card.document.items() if field != "family"}
    pull_id = short_hash({"card": read_by, "files": hashes, "reader": reader}, 64)
    return {
        "pull_id": pull_id,
        "dataset": card.id,
        "card": canonical_json(card.document),
        "files": hashes,
        "reader_version": reader,
        "origin": origin,
        "started_at": started,
    }


@contextmanager
def _scratch(store: Store) -> Iterator[Path]:
    """A folder for temporary files, held by this process."""
    root = store.home / "tmp"
    root.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"pull-{os.getpid()}-", dir=root))
    try:
        with leftovers.held(folder):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write(
    transaction: Transaction, stage: Stage, pull_row: dict[str, object], older: Supersession
) -> None:
    """Write a pull in one transaction; write nothing where another process wrote it already."""
    connection = transaction.connection
    if connection.execute(
        f"SELECT 1 FROM lake.main.pulls WHERE pull_id = {literal(stage.pull_id)}"
    ).fetchone():
        return
    connection.execute(f"CREATE OR REPLACE TEMP TABLE pull_aside AS FROM {QUARANTINE}")
    supersession.replace(transaction, stage, older)
    ledger = [_write_table(transaction, stage, table) for table in FED if table in stage.read]
    supersession.retract(transaction, stage, older)
    transaction.insert("quarantine", _numbered_aside(stage))
    itself = {**pull_row, "finished_at": datetime.now(UTC), "notes": stage.notes or None}
    for name, records in (("ledger", ledger), ("pulls", [itself])):
        transaction.insert(name, few(connection, schema.TABLES[name], records))


def _write_table(transaction: Transaction, stage: Stage, table: str) -> dict[str, object]:
    """One table's rows; its line of the ledger, which must add up."""
    if table == "claims":
        _set_foreign_retractions_aside(stage)
    counts = transaction.insert(table, f"pull_{table}", {"pull_id": stage.pull_id})
    if counts.conflicting:
        _set_conflicts_aside(stage, table, counts.conflicts)
    aside = transaction.connection.execute(
        f"SELECT count(*) FROM pull_aside WHERE table_name = {literal(table)}"
    ).fetchone()
    duplicate = counts.duplicate + stage.repeated[table]
    line = dict(
        zip(
            COUNTS,
            (stage.read[table], counts.kept, duplicate, int(aside[0]) if aside else 0),
            strict=True,
        )
    )
    if line["read"] != line["kept"] + line["duplicate"] + line["quarantined"]:
        raise AssertionError(f"the ledger of {table} does not add up: {line}")
    return {"pull_id": stage.pull_id, "table_name": table, **line}


def _set_foreign_retractions_aside(stage: Stage) -> None:
    if not retractions.any_retraction(stage.connection, "pull_claims"):
        return
    foreign = retractions.foreign_retractions("pull_claims", from_source=True)
    bad = f"FROM pull_claims WHERE claim_id IN (SELECT claim_id FROM {foreign})"
    rows = stage.with_raw("claims", bad, retractions.REASON, retractions.MESSAGE)
    _insert_aside(stage, "claims", rows)
    stage.connection.execute(f"DELETE {bad}")


def _set_conflicts_aside(stage: Stage, table: str, conflicts: str) -> None:
    message = f"another row has the same {', '.join(schema.TABLES[table].key)} and other content"
    rows = stage.with_raw(table, f"FROM {conflicts}", "key_conflict", message)
    _insert_aside(stage, table, rows)


def _insert_aside(stage: Stage, table: str, rows: str) -> None:
    insert = (
        f"INSERT INTO pull_aside SELECT '{table}', _member, _row, _reason, _message, _raw FROM"
        f" ({rows})"
    )
    with in_turn(stage.connection, insert):
        stage.connection.execute(insert)


def _numbered_aside(stage: Stage) -> str:
    """The quarantine's rows as a temporary table; several of one source row get `#2`, `#3`."""
    stage.connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE pull_aside_rows AS
        SELECT '{stage.pull_id}' AS pull_id, table_name,
          CASE WHEN reason = '{tombstones.REASON}' THEN '{tombstones.REASON}:' || n
            ELSE coalesce(_member, '?') || ':' || coalesce(_row, 0)
              || CASE WHEN n > 1 THEN '#' || n ELSE '' END END AS "row", reason, message,
          replace(raw, chr(0), '\\u0000') AS raw
        FROM (
            SELECT *, row_number() OVER (PARTITION BY table_name, _member, _row ORDER BY rowid) AS n
            FROM pull_aside)"""
    )
    return "pull_aside_rows"
