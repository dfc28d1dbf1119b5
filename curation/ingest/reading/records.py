"""A file of records as a relation with columns: delimited text, JSON or Parquet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from botbench.core.errors import unknown
from botbench.core.sql import identifier, literal
from curation.ingest.reading import json
from curation.ingest.reading.files import SourceFile
from curation.ingest.reading.heads import check_width
from curation.ingest.reading.text import Rows, delimited
from curation.ingest.reading.tidy import Dialect

if TYPE_CHECKING:
    from curation.ingest.reading.stage import Stage

NUMBER = "file_row_number"
"""The column that DuckDB's reader of Parquet adds when it is asked to number the rows."""

Kind = Literal["csv", "tsv", "json", "parquet"]
ENDINGS: dict[str, Kind] = {
    ".csv": "csv",
    ".txt": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".parquet": "parquet",
}


class Records(Protocol):
    """The rows that the table format works with.

    `relation` holds `_member`, `_row` and `_raw` beside the source's own columns.
    """

    @property
    def broken(self) -> tuple[str, str, str] | None:
        """Which rows are no record: SQL of the condition, reason, SQL of the message; or None."""

    @property
    def relation(self) -> str:
        """The view of the rows."""

    def has(self, name: str) -> bool:
        """Whether the source has a column of this name."""

    def text(self, name: str, optional: bool = False) -> str | None:
        """SQL of a source column as text; None where an optional one is missing.

        Raises UserError where another is missing.
        """

    def rest(self, mapped: set[str], said: str) -> str | None:
        """SQL of a map of the unmapped values, or None without any.

        `said` is SQL around each value (`{}`).
        """

    def feed(self, table: str, query: str) -> None:
        """Give rows to the stage."""


def kind_of(stage: Stage, file: SourceFile, told: Kind | None) -> Kind:
    """A file's form, as given or else by its ending; raises UserError for another ending."""
    if told is not None:
        return told
    ending = "." + file.name.rpartition(".")[2].lower()
    if ending not in ENDINGS:
        stage.fail(
            f"The name {file.name} does not say what form the file has: add `type: csv`, tsv, json"
            " or parquet to the options."
        )
    return ENDINGS[ending]


@dataclass
class TextRecords:
    """Records of a delimited file."""

    rows: Rows
    broken: tuple[str, str, str] | None = None

    @property
    def relation(self) -> str:
        """The view of the rows."""
        return self.rows.relation

    def has(self, name: str) -> bool:
        """Whether the header names the column."""
        return name in self.rows.names

    def text(self, name: str, optional: bool = False) -> str | None:
        """SQL of a column."""
        return None if optional and name not in self.rows.names else self.rows.column(name)

    def rest(self, mapped: set[str], said: str) -> str | None:
        """SQL of a map of the columns that no mapping reads."""
        return map_of(
            [
                (n, said.replace("{}", self.rows.column(n)))
                for n in self.rows.names
                if n not in mapped
            ]
        )

    def feed(self, table: str, query: str) -> None:
        """Give rows to the stage."""
        self.rows.feed(table, query)


@dataclass
class ParquetRecords:
    """Records of a Parquet file; nested columns are JSON text."""

    stage: Stage
    file: SourceFile
    names: dict[str, str]
    view: str

    @property
    def relation(self) -> str:
        """The view of the rows."""
        return self.view

    @property
    def broken(self) -> tuple[str, str, str] | None:
        """Rows in which a column of bytes is not text."""
        conditions = [
            f"(r.p{i} IS NOT NULL AND try(decode(r.p{i})) IS NULL)"
            for i, kind in enumerate(self.names.values())
            if kind == "BLOB"
        ]
        message = "'a column of bytes is not UTF-8 text'"
        return (" OR ".join(conditions), "bad_encoding", message) if conditions else None

    def has(self, name: str) -> bool:
        """Whether the file has the column."""
        return name in self.names

    def text(self, name: str, optional: bool = False) -> str | None:
        """SQL of a column."""
        if name not in self.names:
            if optional:
                return None
            self.stage.fail(
                f"{unknown(f'column in {self.file.name} called', name, self.names)} Correct the"
                " name on the card."
            )
        kind, column = self.names[name], f"r.p{list(self.names).index(name)}"
        if kind == "BLOB":
            return f"try(decode({column}))"
        nested = kind.endswith(("]", ")")) and not kind.startswith("DECIMAL")
        return f"to_json({column})::VARCHAR" if nested else f"{column}::VARCHAR"

    def rest(self, mapped: set[str], said: str) -> str | None:
        """SQL of a map of the columns that no mapping reads."""
        return map_of(
            [(n, said.replace("{}", str(self.text(n)))) for n in self.names if n not in mapped]
        )

    def feed(self, table: str, query: str) -> None:
        """Give rows to the stage."""
        self.stage.add(table, query)


@dataclass
class JsonRecords:
    """Records of a JSON file: one object a row; columns are paths with dots."""

    stage: Stage
    file: SourceFile
    view: str
    broken: tuple[str, str, str] | None = (
        "coalesce(json_type(r.j) <> 'OBJECT', true)",
        "bad_json",
        "'this is not one JSON object'",
    )

    @property
    def relation(self) -> str:
        """The view of the rows."""
        return self.view

    def has(self, name: str) -> bool:
        """Whether any object has a value at the path."""
        path = "$" + "".join(f'."{step}"' for step in name.split("."))
        return (
            self.stage.connection.execute(
                f"SELECT 1 FROM {self.relation} r WHERE json_exists(r.j, {literal(path)}) LIMIT 1"
            ).fetchone()
            is not None
        )

    def text(self, name: str, optional: bool = False) -> str | None:
        """SQL of the value at a path."""
        if not optional:
            self._present(name)
        return json.value("r.j", name)

    def rest(self, mapped: set[str], said: str) -> str | None:
        """SQL of a map of the members that no mapping reads."""
        return json.rest("r.j", sorted({n.split(".")[0] for n in mapped}), said)

    def feed(self, table: str, query: str) -> None:
        """Give rows to the stage."""
        self.stage.add(table, query)

    def _present(self, name: str) -> None:
        """A path that no object has is a wrong name, not a missing value."""
        if not self.has(name):
            sample = self.stage.connection.execute(
                f"SELECT DISTINCT unnest(json_keys(j)) FROM (SELECT j FROM {self.relation} WHERE"
                " json_type(j) = 'OBJECT' LIMIT 100)"
            ).fetchall()
            if sample:
                what = f"member in any object of {self.file.name} called"
                problem = unknown(what, name, [k for (k,) in sample])
                self.stage.fail(f"{problem} Correct the name on the card.")


def map_of(pairs: list[tuple[str, str]]) -> str | None:
    """SQL of a map of the pairs whose value is not NULL."""
    if not pairs:
        return None
    entries = ", ".join(f"{{'k': {literal(name)}, 'v': {sql}}}" for name, sql in pairs)
    return f"map_from_entries(list_filter([{entries}], lambda e: e.v IS NOT NULL))"


def open_text(
    stage: Stage, file: SourceFile, dialect: Dialect, names: list[str] | None
) -> TextRecords:
    """A delimited file; columns without names are called 1, 2, ..."""
    rows = delimited(stage, file, dialect, names)
    if names is None and not dialect.header:
        rows.names = [str(i + 1) for i in range(len(rows.names))]
    return TextRecords(rows)


def open_parquet(stage: Stage, file: SourceFile) -> ParquetRecords:
    """A Parquet file."""
    plain = f"read_parquet({literal(file.path)}, hive_partitioning = false)"
    names = {
        n: str(k) for n, k, *_ in stage.connection.execute(f"DESCRIBE FROM {plain}").fetchall()
    }
    check_width(stage, file, len(names))
    number, source = "row_number() OVER ()", plain
    if NUMBER not in {n.lower() for n in names}:
        # DuckDB numbers rows itself, and faster, unless a column has that name.
        number = f"{NUMBER} + 1"
        source = f"{plain[:-1]}, {NUMBER} = true)"
    relation = stage.name("parquet")
    # The file's own names may be any, also those of the columns added here.
    columns = ", ".join(f"{identifier(n)} AS p{i}" for i, n in enumerate(names))
    raw = ", ".join(identifier(n) for n in names)
    stage.connection.execute(
        f"CREATE OR REPLACE TEMP VIEW {relation} AS SELECT {columns},"
        f" {literal(file.name)} AS _member, {number} AS _row, struct_pack({raw}) AS _raw"
        f" FROM {source}"
    )
    return ParquetRecords(stage, file, names, relation)


def open_json(stage: Stage, file: SourceFile, records: str | None) -> JsonRecords:
    """Open a JSON file: an array, one object a line, or an object with a list at `records`."""
    relation = stage.name("json")
    whole = records is None or json.is_array(file)
    source = json.objects(stage, file, "" if whole else str(records))
    if records is not None and whole:
        path = "$" + "".join(f'."{step}"' for step in records.split(".")) + "[*]"
        source = (
            "(SELECT j, j::VARCHAR AS raw, row_number() OVER () AS row FROM "
            f"(SELECT unnest(json_extract(j, {literal(path)})) AS j FROM {source}))"
        )
    stage.connection.execute(
        f"CREATE OR REPLACE TEMP VIEW {relation} AS SELECT j, raw AS _raw, row AS _row,"
        f" {literal(file.name)} AS _member FROM {source}"
    )
    return JsonRecords(stage, file, relation)
