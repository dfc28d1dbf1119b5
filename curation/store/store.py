"""The store: attach, append and transact (the only ways to write), versions, tags, old states."""

from __future__ import annotations

import contextlib
import getpass
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import duckdb

from botbench.core.duckdb_work import one_thread
from botbench.core.errors import ResourceFailure, UserError, unknown
from botbench.core.sql import literal
from botbench.text.numbers import counted
from curation.store import catalog, file_hashes, schema
from curation.store.connection import locate, remains, retried, turn, usual
from curation.store.insert import Counts, insert
from curation.store.upkeep import failures, leftovers, objects, opening

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")


@dataclass(frozen=True)
class Version:
    """One state of the store: a DuckLake snapshot with who made it and why."""

    number: int
    made_at: datetime
    author: str
    message: str
    tags: tuple[str, ...] = ()


@dataclass
class Transaction:
    """The handle of a writer: `insert` counts the new rows; without one no version is made."""

    connection: duckdb.DuckDBPyConnection
    fresh: int = 0
    counts: dict[str, Counts] = field(default_factory=dict)

    def insert(
        self, name: str, rows: pa.Table | str, filled: Mapping[str, str] | None = None
    ) -> Counts:
        """Insert rows whose key is new: an Arrow table, or the name of a temporary table.

        Equal key and content is a duplicate. Equal key and other content is conflicting: the caller
        finds these rows in `Counts.conflicts` and may quarantine them. A retraction of another
        claimant's claim goes to the table `retractions_set_aside`, with its reason. `filled` gives
        the text of columns that is the same in every row.
        """
        counts = insert(self.connection, schema.STORED[name], rows, filled)
        if counts.set_aside:
            self.insert("retractions_set_aside", "claims_set_aside")
        self.fresh += counts.kept
        self.counts[name] = counts
        return counts


class Store:
    """A botbench store.

    `location` is a folder (SQLite catalog, made where it is missing) or a `postgresql://` URL with
    `data_path`; without one, BOTBENCH_STORE or `./.botbench`. `create=False`, for readers, raises
    UserError where no store exists; such a store is opened to read, without a lock and without
    writing, until it is first written to. A store that has lost its catalog does not get a new one:
    it raises UserError (`CatalogLost`). Opening a store of an older schema migrates it
    (`curation.store.migrations`).
    """

    def __init__(self, location: str | Path | None = None, create: bool = True) -> None:
        self.location = locate(location or usual())
        if not create and not self.location.exists() and remains(self.location) is None:
            raise UserError(
                f"There is no store at {self.location.home}. Name yours with --store PATH (or"
                " BOTBENCH_STORE), or make one: botbench pull CARD."
            )
        if create:
            self.connection, self._writes = opening.to_write(self.location), True
        else:
            self.connection, self._writes = opening.to_read(self.location)
        self._is_tidy = False

    @property
    def home(self) -> Path:
        """The local folder of releases, caches, runs and reports."""
        return self.location.home

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        try:
            if error is not None and (failure := self._failure(error)):
                raise failure from error
        finally:
            self.close()

    def _failure(self, error: BaseException) -> ResourceFailure | None:
        """The sentence for an error of disk or server, or of a damaged data file; else None."""
        place = self.location.objects
        if place and (said := objects.explained(error, place)):
            return said
        if said := failures.explained(error, self.home, self.location.catalog):
            return said
        if isinstance(error, duckdb.Error):
            with contextlib.suppress(duckdb.Error, OSError):
                files = catalog.data_files(self.connection, self.location.data_path)
                if found := file_hashes.wrong(self.connection, files):
                    return file_hashes.failure(found, self.location)
        return None

    def close(self) -> None:
        """Close the connection to the catalog."""
        self.connection.close()

    # -- writing

    def append(
        self, rows: Mapping[str, pa.Table | str], author: str | None, message: str
    ) -> tuple[int | None, dict[str, Counts]]:
        """Add rows by table in one version; return its number (None if nothing is new) and counts.

        Safe for concurrent processes and for repetition. Raises UserError where a row has the key
        of a stored one and other content; to quarantine such rows, use `transact`.
        """

        def work(transaction: Transaction) -> dict[str, Counts]:
            for name, table in rows.items():
                if counts := transaction.insert(name, table).conflicting:
                    raise UserError(
                        f"{counted(counts, 'row')} for the table {name}"
                        f" {'has' if counts == 1 else 'have'} the key of another row and other"
                        " content; nothing was written."
                    )
            return transaction.counts

        return self.transact(work, author, message)

    def transact(
        self, work: Callable[[Transaction], T], author: str | None, message: str
    ) -> tuple[int | None, T]:
        """Run `work` in one store transaction, again from its start where another writer was first.

        Use it for work that reads and then writes; stage temporary tables before. Returns the
        version made (None where nothing was new; then nothing is written) and `work`'s result.
        """
        if not self._writes:
            opening.refuse_read_only(self.location, "The command writes.")
        with turn(self.location):
            if not self._writes:
                opening.write_too(self.connection, self.location)
                self._writes = True
            if not self._is_tidy:
                leftovers.remove(self.home)
                self._is_tidy = True
            before = file_hashes.newest(self.connection)
            done = retried(lambda: self._attempt(work, author or whoami(), message))
            if done[0] is not None:
                file_hashes.record(self.connection, self.location, before)
            return done

    def _attempt(
        self, work: Callable[[Transaction], T], author: str, message: str
    ) -> tuple[int | None, T]:
        self.connection.execute("BEGIN")
        try:
            transaction = Transaction(self.connection)
            result = work(transaction)
            if not transaction.fresh:
                self.connection.execute("ROLLBACK")
                return None, result
            with one_thread(self.connection, when=True):
                # Two writers at once must conflict, and inserts alone do not: both touch this row.
                self.connection.execute("UPDATE lake.main.guard SET n = n + 1")
                # As literals: the first parameter of a process makes DuckDB import pandas (0.2 s).
                self.connection.execute(
                    f"CALL lake.set_commit_message({literal(author)}, {literal(message)})"
                )
                self.connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(duckdb.Error):
                self.connection.execute("ROLLBACK")
            raise
        row = self.connection.execute("FROM lake.last_committed_snapshot()").fetchone()
        return (int(row[0]) if row else None), result

    # -- reading

    def versions(self) -> list[Version]:
        """Every version from the first, with its tags."""
        tags: dict[int, list[str]] = {}
        for name, number in self.connection.execute(
            "SELECT name, version FROM lake.main.tags ORDER BY name"
        ).fetchall():
            tags.setdefault(number, []).append(name)
        rows = self.connection.execute(
            "SELECT snapshot_id, snapshot_time, author, commit_message FROM"
            " ducklake_snapshots('lake') WHERE snapshot_id > 0 ORDER BY snapshot_id"
        ).fetchall()
        return [
            Version(n, when, author or "", message or "", tuple(tags.get(n, ())))
            for n, when, author, message in rows
        ]

    def head(self) -> int:
        """The newest version's number."""
        return int(self.scalar("SELECT max(snapshot_id) FROM ducklake_snapshots('lake')"))

    def oldest(self) -> int:
        """The oldest version that can still be read: an erasure expires those before it."""
        return max(1, int(self.scalar("SELECT min(snapshot_id) FROM ducklake_snapshots('lake')")))

    def resolve(self, at: str | int | None) -> int:
        """A version's number from a number, a tag or a date (its last version); None is the newest.

        Raises UserError that lists the choices.
        """
        if at is None:
            return self.head()
        text = str(at)
        tagged = self.connection.execute(
            "SELECT version FROM lake.main.tags WHERE name = ?", [text]
        ).fetchone()
        if tagged and int(tagged[0]) < (oldest := self.oldest()):
            raise UserError(
                f"The tag {text!r} names version {tagged[0]}, which an erasure took away; the"
                f" oldest is {oldest}. Releases made before keep their own files."
            )
        if tagged:
            return int(tagged[0])
        if (
            text.isdecimal()
            and self.scalar(
                "SELECT count(*) FROM ducklake_snapshots('lake') WHERE snapshot_id = ?", [int(text)]
            )
            and int(text)
        ):
            return int(text)
        versions = self.versions()
        if text.isdecimal():
            raise UserError(
                f"There is no version {text}; the store has {versions[0].number} to"
                f" {versions[-1].number}. See botbench log."
            )
        moment = _moment(text)
        if moment is None:
            raise unknown("version or tag", text, [t for v in versions for t in v.tags])
        before = [v.number for v in versions if v.made_at <= moment]
        if not before:
            raise UserError(
                f"No version was made by {text}; the first was made at"
                f" {versions[0].made_at:%Y-%m-%d %H:%M:%S} UTC."
            )
        return before[-1]

    def relation(self, name: str, at: str | int | None = None, *, numbered: bool = False) -> str:
        """SQL, in brackets, for one table at one version, with the schema's columns.

        Columns added later are NULL. A table added later is empty. `numbered` adds `rowid`:
        DuckLake numbers rows as they are written, and rewriting files keeps the numbers.
        """
        table = schema.STORED.get(name)
        if table is None:
            raise unknown("table", name, schema.STORED)
        source = f'lake.main."{name}"' + (
            ""
            if at is None
            else (
                " AT (VERSION =>"
                f" {max(at, self.oldest()) if isinstance(at, int) else self.resolve(at)})"
            )
        )
        there = self._columns(source)
        source = source if there else "(SELECT 1) WHERE false"
        columns = ", ".join(
            f'"{c.name}"' if c.name in there else f'NULL::{c.type} AS "{c.name}"'
            for c in table.columns
        )
        number = f"{'rowid' if there else 'NULL::BIGINT AS rowid'}, " if numbered else ""
        return f"(SELECT {number}{columns} FROM {source})"

    def has(self, name: str, version: int) -> bool:
        """Whether a table existed at a version."""
        return bool(self._columns(f'lake.main."{name}" AT (VERSION => {version})'))

    def _columns(self, source: str) -> set[str]:
        """The columns of a table at a version; none where the table was added later."""
        try:
            return {
                c[0] for c in self.connection.execute(f"SELECT * FROM {source} LIMIT 0").description
            }
        except duckdb.CatalogException as error:
            if "does not exist at version" not in str(error):
                raise
            return set()

    def table(self, name: str, at: str | int | None = None) -> Any:
        """One table at one version as an Ibis table on the store's connection."""
        return self.ibis.sql(f"FROM {self.relation(name, at)}")

    @cached_property
    def ibis(self) -> Any:
        """The Ibis backend over the store's own connection."""
        import ibis

        return ibis.duckdb.from_connection(self.connection)

    def arrow(self, query: str, parameters: list[object] | None = None) -> pa.Table:
        """The result of a query as an Arrow table."""
        return self.connection.execute(query, parameters or []).to_arrow_table()

    def scalar(self, query: str, parameters: list[object] | None = None) -> Any:
        """The first value of a query's first row; None where there is no row."""
        row = self.connection.execute(query, parameters or []).fetchone()
        return row[0] if row else None

    # -- naming

    def tag(self, name: str, at: str | int | None = None) -> int:
        """Name a version; return its number.

        Raises UserError where another version has the name, or the name reads as a version.
        """
        import pyarrow as pa

        if not name or name.isdecimal() or _moment(name) is not None or name.strip() != name:
            raise UserError(
                f"{name!r} cannot be a tag: it would read as a version number or a date, or is"
                " blank."
            )
        number = self.resolve(at)
        row = pa.Table.from_pylist(
            [{"name": name, "version": number, "made_at": datetime.now(UTC)}]
        )

        def work(transaction: Transaction) -> None:
            if transaction.insert("tags", row).conflicting:
                taken = self.scalar("SELECT version FROM lake.main.tags WHERE name = ?", [name])
                raise UserError(
                    f"The tag {name!r} names version {taken} already; choose another name."
                )

        self.transact(work, None, f"tag {name} = version {number}")
        return number


def whoami() -> str:
    """The author of a version: BOTBENCH_AUTHOR, else the login name."""
    try:
        return os.environ.get("BOTBENCH_AUTHOR") or getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _moment(text: str) -> datetime | None:
    """An ISO date (its end) or time, UTC where no zone is given; None for anything else."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if len(text) == len("2026-01-01"):
        moment = moment.replace(hour=23, minute=59, second=59, microsecond=999999)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
