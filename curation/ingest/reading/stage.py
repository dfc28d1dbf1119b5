"""The stage between a format and the store: types loose rows and quarantines bad ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from botbench.core.duckdb_work import ROW_GROUP, in_turn
from botbench.core.errors import UserError
from botbench.core.sql import identifier, literal, literals
from curation.ingest.card_model import Card
from curation.ingest.faults import notes, rounded
from curation.ingest.faults.notes import Shape
from curation.ingest.reading import json
from curation.ingest.reading.sql import FIELD, IDS, SATURATED, Fault, faults_of, typed
from curation.store import identity
from curation.store.schema import TABLES

if TYPE_CHECKING:
    import duckdb

FED = ("accounts", "posts", "edges", "claims")
"""The tables that a source can feed."""

FULLEST = "posts_total DESC NULLS LAST, followers DESC NULLS LAST"
MOST_LIKED = "likes DESC NULLS LAST"
"""Which of several accounts or posts was probably seen last, where nobody says when."""

EXTRAS = ("_member", "_row", "_raw", "_reason", "_message")
QUARANTINE = "pull_quarantine"


@dataclass
class Stage:
    """The staged rows: good ones in the tables `pull_<table>`, bad ones in `pull_quarantine`.

    `scratch` is a folder for temporary files, removed after the pull. `memory` is how many bytes a
    reader may take.
    """

    connection: duckdb.DuckDBPyConnection
    card: Card
    scratch: Path
    pull_id: str = ""
    memory: int = 2 * 10**9
    platform: str = ""
    """The platform of what is read now, where it is not the card's."""
    queries: dict[str, list[str]] = field(default_factory=dict)
    read: Counter[str] = field(default_factory=Counter)
    repeated: Counter[str] = field(default_factory=Counter)
    """Rows of each table that a reader has left out, for another row says the same thing better."""
    names: int = 0
    notes: dict[str, str] = field(default_factory=dict)
    """What is odd about the files though no row was set aside for it: a word, and a sentence."""
    parsed: list[str] = field(default_factory=list)
    """Tables of what was parsed once, dropped in the end."""
    sound: dict[str, int | None] = field(default_factory=dict)
    """How many items DuckDB reads of a file whole, by sha256; None where it cannot."""
    shapes: list[Shape] = field(default_factory=list)
    """How the delimited files are written."""

    def __post_init__(self) -> None:
        for table in FED:
            columns = ", ".join(f"{identifier(c.name)} {c.type}" for c in TABLES[table].columns)
            self.connection.execute(
                f"CREATE OR REPLACE TEMP TABLE pull_{table} ({columns}, _member VARCHAR, _row"
                " BIGINT, _reason VARCHAR, _message VARCHAR, _raw VARCHAR)"
            )
        self.connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {QUARANTINE} (table_name VARCHAR, _member VARCHAR, _row"
            " BIGINT, reason VARCHAR, message VARCHAR, raw VARCHAR)"
        )

    @property
    def dataset(self) -> str:
        """The data set's id."""
        return self.card.id

    @property
    def has_few(self) -> bool:
        """Whether no table has more rows than DuckDB gives to one thread."""
        return max(self.read.values(), default=0) <= ROW_GROUP

    def close(self) -> None:
        """Drop the staged rows, which may be large."""
        for table in (*(f"pull_{t}" for t in FED), QUARANTINE, *self.parsed):
            self.connection.execute(f"DROP TABLE IF EXISTS {table}")

    def name(self, stem: str) -> str:
        """A name for a temporary table or view, unique in this pull."""
        self.names += 1
        return f"{stem}_{self.names}"

    def keep(self, stem: str, query: str) -> str:
        """Run a query once into a table, for a file that several queries read; the name to read."""
        name = self.name(stem)
        self.parsed.append(name)
        return json.keep(self.connection, name, query)

    def fail(self, sentence: str) -> NoReturn:
        """Stop the pull with a sentence; nothing is written."""
        raise UserError(sentence)

    def add(self, table: str, query: str) -> None:
        """Stage the rows of `query` for `table`, with the schema's columns as text or typed.

        Absent columns are NULL. Further columns: `_member` (file or tar member), `_row` (from 1),
        `_raw` (the row as read: text, or a struct shown as JSON), and, for rows known to be bad,
        `_reason` and `_message`. The query must give the same rows until the pull ends: it is run
        again where a row is quarantined later. Raises ValueError for a column that is not the
        schema's.
        """
        given = {
            name: str(kind)
            for name, kind, *_ in self.connection.execute(f"DESCRIBE {query}").fetchall()
        }
        unknown = set(given) - set(TABLES[table].names) - set(EXTRAS)
        if unknown:
            raise ValueError(f"table {table} has no column {', '.join(sorted(unknown))}")
        self.queries.setdefault(table, []).append(query)
        self.read[table] += self._count(
            f"INSERT INTO pull_{table} BY NAME {self._typing(table, query, given)}"
        )
        self._set_aside(table)

    def add_once(self, table: str, query: str, key: str, order: str, counted: str = "") -> None:
        """Stage one row of `query` for each key, the first in this order; count the others.

        They count as duplicates. For formats that say one thing at several places. `counted` is a
        cheaper query of as many rows, where there is one.
        """
        kept = f"SELECT * FROM ({query}) QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY"
        before = self.read[table]
        self.add(table, f"SELECT * EXCLUDE (_order) FROM ({kept} {order}) = 1)")
        row = self.connection.execute(f"SELECT count(*) FROM ({counted or query})").fetchone()
        more = (int(row[0]) if row else 0) - (self.read[table] - before)
        self.read[table] += more
        self.repeated[table] += more

    def keep_one(self, table: str, mark: tuple[int, int, int, int], order: str) -> None:
        """Of the rows staged since `mark`, keep one for each key of the table, the first in this
        order; the others count as duplicates.
        """
        since = f"FROM pull_{table} WHERE rowid > {mark[0]}"
        key = ", ".join(TABLES[table].key)
        gone = self._count(
            f"DELETE FROM pull_{table} WHERE rowid IN (SELECT rowid FROM (SELECT rowid,"
            f" row_number() OVER (PARTITION BY {key} ORDER BY {order}) AS n {since}) WHERE n > 1)"
        )
        self.repeated[table] += gone

    @contextmanager
    def newest_of_each(self, **orders: str) -> Iterator[None]:
        """Of the rows that are staged within, over all files, keep one for each key of a table.

        `orders` is SQL by table: the first row in this order is kept. For formats that do not say
        when they saw what they say, so that two files of one account or post contradict each other.
        """
        marks = {table: self.mark(table) for table in orders}
        yield
        for table, order in orders.items():
            self.keep_one(table, marks[table], f"{order}, _row DESC")

    def mark(self, table: str) -> tuple[int, int, int, int]:
        """The stage's position in a table, for `undo`."""
        run = self.connection.execute
        rows = [
            run(f"SELECT coalesce(max(rowid), -1) FROM {t}").fetchone()
            for t in (f"pull_{table}", QUARANTINE)
        ]
        staged, aside = (int(r[0]) if r else -1 for r in rows)
        return staged, aside, self.read[table], len(self.queries.get(table, []))

    def undo(self, table: str, mark: tuple[int, int, int, int]) -> None:
        """Remove the rows added to a table since `mark`."""
        staged, aside, self.read[table], queries = mark
        self.connection.execute(f"DELETE FROM pull_{table} WHERE rowid > {staged}")
        self.connection.execute(f"DELETE FROM {QUARANTINE} WHERE rowid > {aside}")
        del self.queries[table][queries:]

    def reject(  # noqa: PLR0917
        self, table: str, member: str, row: int, reason: str, message: str, raw: str | None
    ) -> None:
        """Quarantine one row that a parser could not read."""
        self.connection.execute(
            f"INSERT INTO {QUARANTINE} VALUES (?, ?, ?, ?, ?, ?)",
            [table, member, row, reason, message, raw],
        )
        self.read[table] += 1

    def reject_rows(self, table: str, query: str) -> None:
        """Quarantine the rows of a query: `_member`, `_row`, `_reason`, `_message`, `_raw`."""
        self.read[table] += self._quarantine(table, query)

    def finish(self) -> None:
        """Check all rows together: for ids cut off or rounded, and for what is odd though sound."""
        filled = [t for t in FED if self.read[t]]
        for table in filled:
            for name in (n for n in IDS if n in TABLES[table].names):
                self._saturated(table, name)
                for condition, message in rounded.found(self.connection, f"pull_{table}", name):
                    self._take_out(table, condition, "float_id", message)
        for word, sentence in (
            ("quoted_ids", notes.quoted_ids(self.connection, filled)),
            ("rows_in_values", notes.rows_in_values(self.connection, filled, self.shapes)),
        ):
            if sentence:
                self.notes[word] = sentence

    # -- typing

    def _typing(self, table: str, query: str, given: dict[str, str]) -> str:
        """SQL that types the rows of `query`, with `_reason`, `_message`, `_raw` of bad rows."""
        values, faults = self._values(table, given)
        offered = ", ".join(f"{identifier(n)} AS {identifier('s:' + n)}" for n in given)
        cast = ", ".join(f"{sql} AS {identifier(name)}" for name, sql in values.items())
        number = " ".join(f"WHEN {f.condition} THEN {i}" for i, f in enumerate(faults))
        known = 'CASE WHEN "s:_reason" IS NOT NULL THEN -1 END' if "_reason" in given else "NULL"
        fault = f"coalesce({known}, CASE {number} END)" if faults else known
        columns = ", ".join(identifier(n) for n in values)
        absent = {name for name, sql in values.items() if sql.startswith("NULL::")}
        same = {n: sql for n, sql in values.items() if self._filled(table, n, given) == sql}
        claim = (
            f" REPLACE ({identity.claim_id(absent=absent, same=same)} AS claim_id)"
            if table == "claims"
            else ""
        )
        place = f"{_or_null('_member', given)} AS _member, {_or_null('_row', given)} AS _row"
        return f"""SELECT *{claim} FROM (SELECT {columns}, {place},
            {self._told(faults, "reason", given)} AS _reason,
            {self._told(faults, "message", given)} AS _message,
            CASE WHEN _fault IS NOT NULL THEN {_raw(given)} END AS _raw
          FROM (SELECT *, {fault} AS _fault
                FROM (SELECT *, {cast} FROM (SELECT {offered} FROM ({query})))))"""

    def _values(self, table: str, given: dict[str, str]) -> tuple[dict[str, str], list[Fault]]:
        values, faults = {}, []
        for column in TABLES[table].columns:
            filled = self._filled(table, column.name, given)
            if filled is not None:
                values[column.name] = filled
                continue
            if column.name in given:
                value, kind = identifier("s:" + column.name), given[column.name]
                values[column.name] = typed(column, value, kind, self.card.time_zone)
            else:
                value, kind = "NULL::VARCHAR", "VARCHAR"
                values[column.name] = f"NULL::{column.type}"
            if column.name in given or column.required:
                faults += faults_of(column, table, value, kind, identifier(column.name))
        if table == "claims":
            faults.append(
                Fault(
                    "answer IS NULL AND retracts IS NULL",
                    "missing_answer",
                    "answer is missing",
                    "NULL",
                )
            )
        return values, faults

    def _filled(self, table: str, name: str, given: dict[str, str]) -> str | None:
        """SQL of a column that the stage fills; None for the columns of the rows."""
        # A text that is the same in every row is not staged: `Transaction.insert` fills it.
        # Which of two claims is of which pull matters where one retracts the other.
        if name == "claim_id" or (name == "pull_id" and "retracts" not in given):
            return "NULL::VARCHAR"
        if name in ("dataset", "pull_id"):
            return literal(getattr(self, name))
        if name in given:
            return None
        if (table, name) == ("accounts", "platform"):
            return literal(self.platform or self.card.platform)
        if table == "claims" and name in ("claimant", "claimant_kind"):
            if self.card.label is None:
                self.fail(
                    f"The card {self.dataset} makes claims but has no `label`: say there what the"
                    " label means and who claims it, or map the column claimant."
                )
            return literal(getattr(self.card.label, name))
        return None

    def _told(self, faults: list[Fault], what: str, given: dict[str, str]) -> str:
        """SQL of a bad row's reason or message."""
        cases = []
        for i, f in enumerate(faults):
            if what == "reason":
                cases.append(f"WHEN {i} THEN {literal(f.reason)}")
            else:
                found = (
                    ""
                    if f.value == "NULL"
                    else f" || ', found ' || left(to_json({f.value})::VARCHAR, 80)"
                )
                cases.append(f"WHEN {i} THEN {literal(f.message)}{found}")
        if "_reason" in given:
            cases.append(
                "WHEN -1 THEN"
                f" {identifier('s:_' + what) if '_' + what in given else identifier('s:_reason')}"
            )
        return f"CASE _fault {' '.join(cases)} END" if cases else "NULL::VARCHAR"

    # -- setting aside

    def _set_aside(self, table: str) -> None:
        self.connection.execute(
            f"INSERT INTO {QUARANTINE} SELECT {literal(table)}, _member, _row, _reason,"
            f" _message, _raw FROM pull_{table} WHERE _reason IS NOT NULL"
        )
        self.connection.execute(f"DELETE FROM pull_{table} WHERE _reason IS NOT NULL")

    def _saturated(self, table: str, name: str) -> None:
        """Quarantine ids at an integer type's limit on three or more rows (of a claimant)."""
        who = ", claimant" if table == "claims" else ""
        many = self.connection.execute(
            f"SELECT DISTINCT {name} FROM (SELECT {name}, count(*) AS n FROM pull_{table} WHERE"
            f" {name} IN ({literals(SATURATED)}) GROUP BY {name}{who}) WHERE n >= 3 ORDER BY 1"
        ).fetchall()
        for (value,) in many:
            message = (
                f"{name} {value} stands on many rows: an integer too small for the ids has cut"
                " them off"
            )
            self._take_out(table, f"{name} = {literal(value)}", "saturated_id", message)

    def _take_out(self, table: str, condition: str, reason: str, message: str) -> None:
        """Quarantine staged rows."""
        bad = f"FROM pull_{table} WHERE {condition}"
        self._quarantine(table, self.with_raw(table, bad, reason, message))
        self.connection.execute(f"DELETE {bad}")

    def _quarantine(self, table: str, query: str) -> int:
        return self._count(
            f"INSERT INTO {QUARANTINE} SELECT {literal(table)}, _member, _row, _reason,"
            f" _message, _raw::VARCHAR FROM ({query})"
        )

    def _count(self, insert: str) -> int:
        with in_turn(self.connection, insert):
            row = self.connection.execute(insert).fetchone()
        return int(row[0]) if row else 0

    def with_raw(self, table: str, bad: str, reason: str, message: str) -> str:
        """A query of the rows of `bad` with their raw text read again, for the quarantine.

        `bad` is a FROM clause over staged rows.
        """
        parts = []
        for query in self.queries.get(table, []):
            given = {
                n: str(k) for n, k, *_ in self.connection.execute(f"DESCRIBE {query}").fetchall()
            }
            renamed = ", ".join(f"{identifier(n)} AS {identifier('s:' + n)}" for n in given)
            place = f"{_or_null('_member', given)} AS _member, {_or_null('_row', given)} AS _row"
            parts.append(
                f"SELECT {place}, {_raw(given)} AS _raw FROM (SELECT {renamed} FROM ({query}))"
            )
        again = (
            f"SELECT _member, _row, any_value(_raw) AS _raw FROM ({' UNION ALL '.join(parts)}) "
            f"WHERE (_member, _row) IN (SELECT (_member, _row) {bad}) GROUP BY ALL"
        )
        return (
            f"SELECT b._member, b._row, {literal(reason)} AS _reason, {literal(message)}"
            f" AS _message, a._raw FROM (SELECT _member, _row {bad}) b LEFT JOIN ({again}) a USING"
            " (_member, _row)"
        )


def _or_null(name: str, given: dict[str, str]) -> str:
    return identifier("s:" + name) if name in given else "NULL"


def _raw(given: dict[str, str]) -> str:
    kind = given.get("_raw")
    if kind is None:
        return "NULL"
    if kind.startswith(f"STRUCT({FIELD}1 "):
        fields = range(1, kind.count(FIELD) + 1)
        listed = ", ".join(f'"s:_raw".{FIELD}{i}' for i in fields)
        return f"to_json([{listed}])::VARCHAR"
    return '"s:_raw"' if kind == "VARCHAR" else 'to_json("s:_raw")::VARCHAR'
