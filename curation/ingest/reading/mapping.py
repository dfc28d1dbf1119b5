"""How a card maps a column of the schema, compiled to SQL.

The origin is a source column, a constant, the file's name or the row's number; conversions follow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from botbench.core.sql import literal, literals
from botbench.core.strict_model import StrictModel
from botbench.text import patterns
from curation.ingest.reading.files import SourceFile
from curation.ingest.reading.sql import not_blank, time_of, unix
from curation.store.schema import TABLES, Column

UNIX = {"unix": 6, "unix_ms": 3, "unix_us": 0}
"""Forms of Unix times, and how many digits each lacks to microseconds."""
Expression = Annotated[str, AfterValidator(patterns.check_expression)]
"""A regular expression that DuckDB compiles."""
TimeForm = Annotated[str, AfterValidator(lambda v: v if v in UNIX else patterns.check_time_form(v))]
"""A strptime form that DuckDB reads, or one of `UNIX`."""
ORIGINS = ("column", "value", "file", "row", "join", "first", "when")


class Condition(StrictModel, coerce_numbers_to_str=True):
    """What a column must be for a row to be read; everything given must hold."""

    any_of: tuple[str, ...] | None = Field(None, alias="in")
    none_of: tuple[str, ...] | None = Field(None, alias="not")
    matches: Expression | None = None
    at_least: float | None = None
    below: float | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        if isinstance(value, dict):
            return {
                k: [v] if k in ("in", "not") and not isinstance(v, list | tuple) else v
                for k, v in value.items()
            }
        return {"in": list(value) if isinstance(value, list | tuple) else [value]}

    def sql(self, text: str) -> str:
        """The condition over a value as text."""
        parts = []
        if self.any_of is not None:
            parts.append(f"coalesce({text}, '') IN ({literals(self.any_of)})")
        if self.none_of is not None:
            parts.append(f"coalesce({text}, '') NOT IN ({literals(self.none_of)})")
        if self.matches is not None:
            parts.append(f"regexp_matches(coalesce({text}, ''), {literal(self.matches)})")
        if self.at_least is not None:
            parts.append(f"coalesce(try_cast({text} AS DOUBLE) >= {self.at_least}, false)")
        if self.below is not None:
            parts.append(f"coalesce(try_cast({text} AS DOUBLE) < {self.below}, false)")
        return "(" + " AND ".join(parts or ["true"]) + ")"


class Cell(StrictModel, coerce_numbers_to_str=True):
    """Where a value comes from and what is done to it, in the order of the fields."""

    column: str | None = None
    """A column of the source (a path with dots in JSON; a number from 1 where there is no header).
    """
    value: str | None = None
    """A constant."""
    file: Literal["stem", "name", "folder"] | None = None
    """The file's name: `stem` (without folders and ending), `name` (as on the card) or `folder`."""
    row: Literal["account", "post"] | None = None
    """The row's position: `<file stem>:<row>` (account) or `<file name>:<row>` (post)."""
    join: tuple[str, ...] | None = None
    """Several columns of the source, joined with `:`."""
    first: tuple[str, ...] | None = None
    """The first of several columns that has a value."""
    when: dict[str, str | dict[str, Condition]] | None = None
    """Columns and the word for a column that has a value, or words and the condition for each; the
    first counts, else `otherwise`."""
    optional: bool = False
    """The source may lack the column; then the value is missing."""
    trim: bool | None = None
    """Remove blanks around the value."""
    nulls: tuple[str, ...] = ()
    """Words for a missing value, besides those of the whole reading."""
    literal: bool = False
    """Whether the reading's words for a missing value are text here: a name may be NULL."""
    empty: str | None = None
    """The meaning of a blank or missing value."""
    remove_prefix: str | None = None
    replace: dict[str, str] = Field(default_factory=dict)
    """Texts to replace, one after the other."""
    extract: Expression | None = None
    """A regular expression: its first group (or whole match) is the value; else it is missing."""
    lower: bool = False
    codes: dict[str, str | None] | None = None
    """The meaning of each value of the source; any other value quarantines the row."""
    otherwise: str | None = None
    """The meaning of every value that is not in `codes`."""
    split: str | None = None
    """For lists: the separator between the values."""
    each: Expression | None = None
    """For lists: a regular expression, every match of which (its first group) is a value."""
    time: tuple[TimeForm, ...] = ()
    """For times: the only forms allowed, as strftime formats."""
    zone: str | None = None
    """For times without a zone: the zone, where it is not the card's."""

    @field_validator("time", "nulls", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("value", "empty", "otherwise", mode="before")
    @classmethod
    def _words(cls, value: Any) -> Any:
        return str(value).lower() if isinstance(value, bool) else value

    @field_validator("codes", mode="before")
    @classmethod
    def _code_words(cls, value: Any) -> Any:
        return (
            {k: str(v).lower() if isinstance(v, bool) else v for k, v in value.items()}
            if isinstance(value, dict)
            else value
        )

    @field_validator("zone")
    @classmethod
    def _zone(cls, value: str | None) -> str | None:
        from zoneinfo import available_timezones

        if value is not None and value not in available_timezones():
            raise ValueError("a time zone's name such as UTC or Europe/Rome")
        return value

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return (
            {"column": str(value)}
            if isinstance(value, str | int) and not isinstance(value, bool)
            else value
        )

    @model_validator(mode="after")
    def _codes_can_match(self) -> Cell:
        """Refuse codes that the steps before them make impossible."""
        for code in self.codes or ():
            if why := self._never(code):
                raise ValueError(f"codes that can match; {code!r} never does, for {why}")
        return self

    def _never(self, code: str) -> str | None:
        """Why no value can be this code after the steps that come before codes; None if one can."""
        if self.trim and code != code.strip(" \t\xa0"):
            return "trim takes its blanks away"
        if self.lower and code != code.lower():
            return "lower makes all letters small"
        if code in self.nulls:
            return "it is one of nulls"
        if not code.strip() and self.empty is not None:
            return "empty says what a blank means"
        gone = [old for old in self.replace if old and old in code and old not in self._news()]
        return f"replace takes {gone[0]!r} away" if gone else None

    def _news(self) -> str:
        """All that `replace` writes."""
        return "\n".join(self.replace.values())

    @model_validator(mode="after")
    def _one_origin(self) -> Cell:
        origins = [n for n in ORIGINS if getattr(self, n) is not None]
        if len(origins) != 1:
            raise ValueError(
                f"one of {', '.join(ORIGINS)}; {' and '.join(origins) or 'none'} given"
            )
        return self

    @model_validator(mode="after")
    def _otherwise_counts(self) -> Cell:
        if self.otherwise is not None and self.codes is None and self.when is None:
            raise ValueError("codes, or when, beside otherwise; without them it never counts")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the source that it reads."""
        return (
            self.join
            or self.first
            or tuple(self.when or ())
            or ((self.column,) if self.column is not None else ())
        )


@dataclass
class Compiler:
    """Compiles cells into SQL over one file.

    `text` gives the SQL of a source column as text (None where the file lacks it). `faults`
    collects the reasons for which a row can be quarantined.
    """

    file: SourceFile
    text: Callable[[str, bool], str | None]
    nulls: tuple[str, ...] = ()
    trim: bool = False
    symbol: bool = False
    zone: str = "UTC"
    faults: list[tuple[str, str, str]] = field(default_factory=list)

    def cell(self, cell: Cell, column: Column) -> str | None:
        """The SQL of one column; None where an optional one is missing."""
        origin = self._origin(cell)
        if origin is None:
            return None
        value = self._worked(cell, origin)
        if cell.codes is not None:
            value = self._coded(cell, value, column.name)
        if column.type == "VARCHAR[]":
            return _listed(cell, value)
        if column.type == "TIMESTAMPTZ" and (cell.time or cell.zone):
            return self._timed(cell, value, column.name)
        return value

    def pairs(self, cells: dict[str, Cell]) -> list[tuple[str, str]]:
        """Names and SQL for a map; those that the source lacks are left out."""
        text = Column("", "VARCHAR", "")
        made = ((name, self.cell(cell, text)) for name, cell in cells.items())
        return [(name, sql) for name, sql in made if sql is not None]

    def numbers(self, cells: Mapping[str, Cell]) -> list[tuple[str, str]]:
        """Names and SQL of the text of finite numbers; any other value is a fault of the row."""
        made = []
        for name, value in self.pairs(dict(cells)):
            number = f"try_cast({value} AS DOUBLE)"
            wrong = f"trim(coalesce({value}, '')) <> '' AND NOT coalesce(isfinite({number}), false)"
            told = f"'{name} is not a finite number, found ' || left(to_json({value})::VARCHAR, 80)"
            self.faults.append((wrong, "bad_number", told))
            made.append((name, f"nullif(trim({value}), '')"))
        return made

    def said(self) -> str:
        """SQL around a column's text (`{}`), for `extra`, that omits words for missing values."""
        value = self._visible("trim({})" if self.trim else "{}")
        if value == "{}" and not self.nulls:
            return f"CASE WHEN {not_blank(value)} THEN {value} END"
        return f"CASE WHEN trim({value}) NOT IN ({literals(('', *self.nulls))}) THEN {value} END"

    def _origin(self, cell: Cell) -> str | None:
        if cell.join is not None:
            parts = [self._visible(self.text(name, False) or "NULL") for name in cell.join]
            return "(" + " || ':' || ".join(parts) + ")"
        if cell.column is not None:
            found = self.text(cell.column, cell.optional)
            return None if found is None else self._visible(found)
        if cell.first is not None or cell.when is not None:
            return self._chosen(cell)
        if cell.row is not None:
            return (
                f"({literal(self.file.stem if cell.row == 'account' else self.file.name)} ||"
                " ':' || _row)"
            )
        if cell.file is not None:
            folder = self.file.name.rpartition("/")[0].rpartition("/")[2]
            return literal(
                {"stem": self.file.stem, "name": self.file.name, "folder": folder}[cell.file]
            )
        return literal(cell.value)

    def _chosen(self, cell: Cell) -> str:
        """SQL of the first column with a value: that value, or the card's word for it."""
        nothing = f"({literals(('', *cell.nulls, *self.nulls))})"
        cases = []
        for name in cell.columns:
            value = self.text(name, cell.optional)
            if value is None:
                continue
            word = (cell.when or {}).get(name)
            if isinstance(word, dict):
                cases += [f"WHEN {c.sql(value)} THEN {literal(w)}" for w, c in word.items()]
            else:
                told = self._visible(value) if word is None else literal(word)
                cases.append(f"WHEN trim({value}) NOT IN {nothing} THEN {told}")
        otherwise = f" ELSE {literal(cell.otherwise)}" if cell.otherwise is not None else ""
        return f"CASE {' '.join(cases or ['WHEN false THEN NULL'])}{otherwise} END"

    def _visible(self, value: str) -> str:
        """SQL that writes NUL bytes as U+2400 where the card allows it, else quarantines the row.

        The store cannot hold NUL bytes.
        """
        return f"replace({value}, chr(0), chr(9216))" if self.symbol else value

    def _worked(self, cell: Cell, value: str) -> str:
        """The steps on a text, in the order of the cell's fields."""
        if cell.trim or (cell.trim is None and self.trim):
            value = f"trim({value}, ' ' || chr(9) || chr(160))"
        nulls = (*cell.nulls, *(self.nulls if cell.columns and not cell.literal else ()))
        if nulls:
            value = f"CASE WHEN trim({value}) NOT IN ({literals(nulls)}) THEN {value} END"
        if cell.empty is not None:
            value = (
                f"CASE WHEN trim(coalesce({value}, '')) = '' THEN {literal(cell.empty)} ELSE"
                f" {value} END"
            )
        if cell.remove_prefix:
            prefix, rest = (
                literal(cell.remove_prefix),
                f"substr({value}, {len(cell.remove_prefix) + 1})",
            )
            value = f"CASE WHEN starts_with({value}, {prefix}) THEN {rest} ELSE {value} END"
        for old, new in cell.replace.items():
            value = f"replace({value}, {literal(old)}, {literal(new)})"
        if cell.extract is not None:
            group = patterns.groups(cell.extract)
            value = f"nullif(regexp_extract({value}, {literal(cell.extract)}, {group}), '')"
        return f"lower({value})" if cell.lower else value

    def _coded(self, cell: Cell, value: str, name: str) -> str:
        assert cell.codes is not None
        cases = " ".join(
            f"WHEN {literal(k)} THEN {'NULL' if v is None else literal(v)}"
            for k, v in cell.codes.items()
        )
        if cell.otherwise is None:
            reason = "unknown_answer" if name == "answer" else "unknown_code"
            unknown = (
                f"trim(coalesce({value}, '')) <> '' AND {value} NOT IN"
                f" ({literals(tuple(cell.codes))})"
            )
            message = (
                f"'no code for {name or 'the value'}: ' || left(to_json({value})::VARCHAR, 80)"
            )
            self.faults.append((unknown, reason, message))
        if cell.otherwise is None:
            return f"CASE {value} {cases} END"
        # A blank is not some other value: it says nothing, unless `empty` or a code says what.
        said = f"CASE WHEN trim({value}) <> '' THEN {literal(cell.otherwise)} END"
        return f"CASE {value} {cases} ELSE {said} END"

    def _timed(self, cell: Cell, value: str, name: str) -> str:
        zone = cell.zone or self.zone
        made = time_of(value, zone)
        if cell.time:
            forms = [_format(value, f, zone) for f in cell.time]
            made = f"coalesce({', '.join(forms)})"
            if len(forms) > 1:
                several = (
                    f"'{name} fits several of the forms that the card names and means another time"
                    f" in each, found ' || left(to_json({value})::VARCHAR, 80)"
                )
                times = f"list_distinct([{', '.join(forms)}])"
                self.faults.append((f"len({times}) > 1", "ambiguous_time", several))
        message = (
            f"'{name} is not a time of a form that the card names, found ' ||"
            f" left(to_json({value})::VARCHAR, 80)"
        )
        self.faults.append(
            (f"trim(coalesce({value}, '')) <> '' AND ({made}) IS NULL", "bad_time", message)
        )
        return made


def _format(value: str, form: str, zone: str) -> str:
    """A strftime form, or `unix`, `unix_ms`, `unix_us`."""
    shift = UNIX.get(form)
    if shift is not None:
        # A list of one, so that a value out of a JSON document is taken once.
        return f"list_transform([{value}], lambda t: {unix('t', shift)})[1]"
    parsed = f"try_strptime({value}, {literal(form)})"
    return parsed if "%z" in form else f"({parsed} AT TIME ZONE {literal(zone)})"


def _listed(cell: Cell, value: str) -> str:
    if cell.each is not None:
        group = patterns.groups(cell.each)
        return f"regexp_extract_all({value}, {literal(cell.each)}, {group})"
    if cell.split is not None:
        pieces = f"list_transform(string_split({value}, {literal(cell.split)}), lambda v: trim(v))"
        return f"list_filter({pieces}, lambda v: v <> '')"
    return f"CASE WHEN trim({value}) = '' THEN NULL ELSE {value} END"


def known_columns(table: str, names: set[str]) -> list[str]:
    """Names that are not columns of a table."""
    return sorted(names - set(TABLES[table].names))
