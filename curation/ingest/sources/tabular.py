"""`tabular`: any table (CSV, TSV, JSON, Parquet) with the columns mapped on its card."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from botbench.core.sql import identifier, literal
from botbench.core.strict_model import StrictModel
from botbench.text.numbers import counted
from curation.features.given import PREFIX
from curation.ingest.reading.files import SourceFile
from curation.ingest.reading.mapping import Cell, Compiler, Condition, known_columns
from curation.ingest.reading.records import (
    Kind,
    Records,
    kind_of,
    map_of,
    open_json,
    open_parquet,
    open_text,
)
from curation.ingest.reading.stage import FED, Stage
from curation.ingest.reading.tidy import Dialect
from curation.ingest.recognition import names
from curation.ingest.recognition.head import Guess, Head
from curation.ingest.sources import Traits, format_
from curation.store.schema import TABLES

MAPS = ("extra", "attributes")
OURS = ("dataset", "pull_id", "claim_id")


def _split(value: Any) -> Any:
    """A card's mapping with its columns apart from `where`, `largest`, `extra`, `attributes`."""
    if not isinstance(value, dict) or "cells" in value:
        return value
    special = {k: v for k, v in value.items() if k in ("where", "largest", "features", *MAPS)}
    return {"cells": {k: v for k, v in value.items() if k not in special}, **special}


class GivenFeature(Cell):
    """A number that others computed: its column, its unit, and who or what computed it."""

    unit: str = Field(min_length=1, max_length=200)
    source: str = Field(min_length=1, max_length=500)


FeatureName = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,59}$")]


class Mapping(StrictModel):
    """What the columns of one table are."""

    cells: dict[str, Cell]
    where: dict[str, Condition] = Field(default_factory=dict)
    largest: str | None = None
    """Of several rows of one key, the one with the largest number in this column or entry of
    `extra`, then the last in the file, is kept; the others are duplicates."""
    extra: dict[str, Cell] = Field(default_factory=dict)
    attributes: dict[str, Cell] = Field(default_factory=dict)
    features: dict[FeatureName, GivenFeature] = Field(default_factory=dict)
    """Of accounts: numbers that others computed (`curation.features.given`)."""

    def sources(self) -> set[str]:
        """The source's columns that the mapping reads."""
        maps = (self.cells, self.extra, self.attributes, self.features)
        cells = [cell for of in maps for cell in of.values()]
        return {name for cell in cells for name in cell.columns}


Mappings = Annotated[
    tuple[Annotated[Mapping, BeforeValidator(_split)], ...],
    BeforeValidator(lambda v: tuple(v) if isinstance(v, list | tuple) else (v,)),
]


class Options(StrictModel, coerce_numbers_to_str=True):
    """Options of `tabular`: how the file is written, and what its columns are."""

    type: Kind | None = None
    separator: str | None = Field(None, min_length=1, max_length=4)
    quote: str = Field('"', max_length=1)
    escape: str | None = Field(None, max_length=1)
    encoding: str = "utf-8"
    header: bool = True
    columns: list[str] | None = None
    skip_lines: int = Field(0, ge=0)
    records: str | None = None
    nulls: tuple[str, ...] = ()
    trim: bool = False
    nul: Literal["reject", "symbol"] = "reject"
    where: dict[str, Condition] = Field(default_factory=dict)
    ignore: tuple[str, ...] = ()
    keep_rest: bool = True
    accounts: Mappings = ()
    posts: Mappings = ()
    edges: Mappings = ()
    claims: Mappings = ()

    @model_validator(mode="after")
    def _sound(self) -> Options:
        mappings = {t: getattr(self, t) for t in FED if getattr(self, t)}
        if not mappings:
            raise ValueError("at least one of accounts, posts, edges, claims")
        for table, several in mappings.items():
            for mapping in several:
                self._check(table, mapping)
        return self

    def _check(self, table: str, mapping: Mapping) -> None:
        there = set(mapping.cells) | {m for m in MAPS if getattr(mapping, m)}
        if mapping.features and table != "accounts":
            raise ValueError(f"features of accounts, not of {table}")
        if mapping.largest is not None and mapping.largest not in {*mapping.extra, *mapping.cells}:
            raise ValueError(f"largest: a column of {table} that is mapped, not {mapping.largest}")
        if wrong := known_columns(table, there) or sorted(there & set(OURS)):
            allowed = [n for n in TABLES[table].names if n not in OURS]
            raise ValueError(f"columns of {table} ({', '.join(allowed)}), not {', '.join(wrong)}")
        known = {"account_id"} if table == "claims" and self.accounts else set()
        needed = (
            {c.name for c in TABLES[table].columns if c.required}
            - {*OURS, "platform", "claimant", "claimant_kind"}
            - known
        )
        if lacking := sorted(needed - set(mapping.cells)):
            raise ValueError(f"{table} needs {', '.join(lacking)}")

    def mappings(self) -> list[tuple[str, Mapping]]:
        """Every mapping with its table; claims are about the accounts' id where they name none."""
        found = []
        for table in FED:
            for mapping in getattr(self, table):
                cells = dict(mapping.cells)
                if table == "claims" and "account_id" not in cells:
                    cells["account_id"] = self.accounts[0].cells["account_id"]
                found.append((table, mapping.model_copy(update={"cells": cells})))
        return found


_UNREAD = (
    "The column {} may be a label; it is kept under extra, and no claim is read from it. To have it"
    " read: botbench new card FILE."
)


def recognise(head: Head) -> Guess | None:
    """A table or objects with columns of the schema: `account_id`, `post_id`, `followers`, ..."""
    there = head.columns or (sorted(head.members()) if head.share("account_id") > 0.5 else [])
    # A name that is written as the schema has it comes before one that is in other letters.
    columns = {c.lower(): c for c in there} | {c: c for c in there}
    if "account_id" not in columns:
        return None
    found: dict[str, Any] = {}
    is_of_posts = "post_id" in columns
    for table in ("accounts", "posts"):
        mapped = [c for c in TABLES[table].names if c in columns and c not in (*OURS, *MAPS)]
        if is_of_posts and table == "accounts":
            # When a post was written says nothing of when its account was made.
            mapped = [c for c in mapped if c == "account_id" or c not in TABLES["posts"].names]
        if table == "accounts" or "post_id" in columns:
            found[table] = {c: columns[c] for c in mapped}
    if "post_id" in columns:
        # Each post names its account, which is an account of the data set.
        found["accounts"]["largest"] = "account_id"
    if head.form == "table":
        found |= {"type": "csv"}
        found |= {"separator": head.separator} if head.separator != "," else {}
        found |= {"skip_lines": head.skipped} if head.skipped else {}
        found |= {"encoding": head.encoding} if head.encoding else {}
    else:
        found |= {"type": "parquet" if head.form == "parquet" else "json"}
    if "answer" in columns:
        found["claims"] = {"answer": {"column": columns["answer"], "optional": True}}
        found["label"] = {"meaning": "as the file says", "claimant": "the file"}
        return Guess(0.8, found)
    plain = set(names.LABELS) - names.VAGUE
    labels = [c for c in sorted(there) if names.folded(c) in plain]
    return Guess(0.8, found, notes=tuple(_UNREAD.format(c) for c in labels[:1]))


@format_(
    "tabular",
    options=Options,
    traits=Traits(
        fills=("accounts", "posts", "edges", "claims"),
        unknown="what no column says; columns of other names need a card",
        recognise=recognise,
    ),
)
def read(stage: Stage, files: list[SourceFile], options: Options) -> None:
    """Any table (CSV, TSV, JSON, Parquet) whose card says which column is what."""
    mappings = options.mappings()
    home = next(
        (t for t in ("posts", "accounts", "claims") if any(t == table for table, _ in mappings)),
        None,
    )
    for file in files:
        records = _open(stage, file, options)
        mapped = {n for _, m in mappings for n in m.sources()} | set(options.ignore)
        seen = False
        for table, mapping in mappings:
            before, mark = stage.read[table], stage.mark(table)
            rest = mapped if table == home and not seen and options.keep_rest else None
            seen = seen or table == home
            compiler = Compiler(
                file,
                _text(records),
                options.nulls,
                options.trim,
                options.nul == "symbol",
                stage.card.time_zone,
            )
            if table == "claims" and _lacks_labels(records, mapping):
                continue
            where = {**options.where, **mapping.where}
            records.feed(
                table,
                _query(records, compiler, table, mapping.model_copy(update={"where": where}), rest),
            )
            if mapping.largest is not None:
                number = _number(mapping.largest, mapping)
                stage.keep_one(table, mark, f"{number} DESC NULLS LAST, _row DESC")
            if stage.read[table] == before:
                _not_empty(stage, file, records, options)
        _tell_repeats(stage, file, records, options)


def _number(name: str, mapping: Mapping) -> str:
    """SQL of a staged value as a number."""
    value = f"extra[{literal(name)}]" if name in mapping.extra else f"{identifier(name)}::VARCHAR"
    return f"try_cast({value} AS DOUBLE)"


def _lacks_labels(records: Records, mapping: Mapping) -> bool:
    """Whether the label stands in an optional column that the file lacks."""
    answer = mapping.cells["answer"]
    return bool(answer.optional and answer.column and records.text(answer.column, True) is None)


def _open(stage: Stage, file: SourceFile, options: Options) -> Records:
    kind = kind_of(stage, file, options.type)
    if kind == "parquet":
        return open_parquet(stage, file)
    if kind == "json":
        return open_json(stage, file, options.records)
    separator = options.separator or ("\t" if kind == "tsv" else ",")
    dialect = Dialect(
        separator=separator,
        quote=options.quote,
        escape=options.escape or options.quote,
        header=options.header,
        skip=options.skip_lines,
        encoding=options.encoding,
    )
    records = open_text(stage, file, dialect, options.columns)
    if options.keep_rest and len(options.mappings()) > 1:
        records.rows.keep()
    return records


def _not_empty(stage: Stage, file: SourceFile, records: Records, options: Options) -> None:
    """Raise UserError for a file without rows; rows that a filter leaves out count."""
    if stage.connection.execute(f"SELECT 1 FROM {records.relation} LIMIT 1").fetchone() is None:
        delimited = kind_of(stage, file, options.type) in ("csv", "tsv")
        what = "no rows, only a header" if options.header and delimited else "no rows"
        stage.fail(f"{file.path} holds {what}. Get the file again, or take it off the card.")


def _query(
    records: Records, compiler: Compiler, table: str, mapping: Mapping, rest: set[str] | None
) -> str:
    """The loose rows of one table; with `rest`, unmapped columns are kept too."""
    if records.broken:
        compiler.faults.append(records.broken)
    made = {n: compiler.cell(cell, TABLES[table].column(n)) for n, cell in mapping.cells.items()}
    columns = [f"{sql} AS {identifier(n)}" for n, sql in made.items() if sql is not None]
    columns += _maps(records, compiler, table, mapping, rest)
    reasons = " ".join(f"WHEN {c} THEN {literal(r)}" for c, r, _ in compiler.faults)
    messages = " ".join(f"WHEN {c} THEN {m}" for c, _, m in compiler.faults)
    if reasons:
        columns += [f"CASE {reasons} END AS _reason", f"CASE {messages} END AS _message"]
    conditions = [c.sql(compiler.text(n, False) or "NULL") for n, c in mapping.where.items()]
    if table == "claims" and mapping.cells["answer"].optional:
        # A blank in an optional column is no claim, and no fault.
        unknown = [c for c, reason, _ in compiler.faults if reason == "unknown_answer"]
        conditions.append(f"(trim(coalesce({made['answer']}, '')) <> ''{_or(unknown)})")
    where = (
        f" WHERE {f'{records.broken[0]} OR ' if records.broken else ''}({' AND '.join(conditions)})"
        if conditions
        else ""
    )
    return f"SELECT {', '.join(columns)}, _member, _row, _raw FROM {records.relation} r{where}"


def _or(conditions: list[str]) -> str:
    return "".join(f" OR ({c})" for c in conditions)


def _text(records: Records) -> Callable[[str, bool], str | None]:
    """SQL of a column; `row` is where the row stands in the file, unless a column has that name."""

    def text(name: str, optional: bool = False) -> str | None:
        if name == "row" and not records.has(name):
            return "r._row::VARCHAR"
        return records.text(name, optional)

    return text


def _tell_repeats(stage: Stage, file: SourceFile, records: Records, options: Options) -> None:
    """Note the rows that are repeated to the letter where rows have no ids but their place."""
    ids = [m.cells.get("account_id") for m in options.accounts]
    ids += [m.cells.get("post_id") for m in options.posts]
    if not any(cell is not None and cell.row for cell in ids):
        return
    row = stage.connection.execute(
        "SELECT coalesce(sum(n - 1), 0)::BIGINT FROM"
        f" (SELECT count(*) AS n FROM {records.relation} r GROUP BY hash(_raw))"
    ).fetchone()
    if row and row[0]:
        stage.notes[f"repeated_rows {file.name}"] = (
            f"{counted(row[0], 'row')} of {file.name} {'repeats' if row[0] == 1 else 'repeat'}"
            " another to the letter. The file has no ids, so each is an account or a post of its"
            " own."
        )


def _maps(
    records: Records, compiler: Compiler, table: str, mapping: Mapping, rest: set[str] | None
) -> list[str]:
    """The map columns of a table: the card's entries, and the columns it does not name."""
    name = "attributes" if table == "claims" else "extra"
    pairs = compiler.pairs(getattr(mapping, name))
    given = {f"{PREFIX}{feature}": cell for feature, cell in mapping.features.items()}
    pairs += compiler.numbers(given)
    if compiler.symbol:
        pairs.append(
            ("nul_bytes", "CASE WHEN contains(_raw::VARCHAR, chr(0)) THEN 'written as U+2400' END")
        )
    named = (
        map_of(pairs)
        if table in ("accounts", "posts") or (table == "claims" and mapping.attributes)
        else None
    )
    unnamed = records.rest(rest, compiler.said()) if rest is not None else None
    both = [m for m in (unnamed, named) if m is not None]
    if not both:
        return []
    return [f"{'map_concat(' + ', '.join(both) + ')' if len(both) > 1 else both[0]} AS {name}"]
