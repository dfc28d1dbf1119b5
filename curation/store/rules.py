"""Validation rules: generated from the schema's columns, or written in suites/*.yaml."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from botbench.core.hashing import short_hash
from botbench.core.strict_model import StrictModel
from botbench.untrusted import yaml_documents
from curation.store.schema import TABLES, Column, Severity, Table

SUITES = Path(__file__).parent / "suites"
ORDER = (
    "pulls",
    "accounts",
    "posts",
    "edges",
    "claims",
    "batches",
    "assignments",
    "labels",
    "splits",
    "releases",
)

ACCOUNT_OF = {
    "edges": "source_id",
    "batches": "NULL::VARCHAR",
    "pulls": "NULL::VARCHAR",
    "releases": "NULL::VARCHAR",
}
"""SQL for the account in findings on tables without an account_id column."""

IDS = ("account_id", "post_id", "ref_post_id", "ref_account_id", "source_id", "target_id")
FLOAT_ID = r"^[+-]?\d(\.\d+)?[eE]\+?\d{1,2}$|^[+-]?\d+\.0+$"
"""An id that went through a floating-point number: 1.23E+17 or 12345.0, but no hexadecimal id."""


class Rule(StrictModel):
    """What must hold for every row of a table.

    `rows` is SQL over the views of `curation.validation.views` that yields the rows that break the
    rule, with the columns account_id (NULL where the finding is not of one account) and detail.
    `says` is what must hold, `finding` what is the case where it does not: the title of a failure.
    A `kind` other than `query` is one of Great Expectations' column expectations for the same test.
    """

    name: str = Field(pattern=r"^[a-z0-9_-]+$")
    says: str = Field(min_length=1)
    finding: str = ""
    severity: Severity = "critical"
    rows: str = Field(min_length=1)
    kind: Literal["query", "required", "vocabulary", "range"] = "query"
    column: str = ""
    values: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None

    @property
    def title(self) -> str:
        """What a reader is told where the rule is broken."""
        return self.finding or f"Not so: {self.says}"


class Suite(StrictModel):
    """The rules of one table. Without rows, a required suite fails; another is not applicable."""

    table: str
    about: str = Field(min_length=1)
    required: bool = False
    rules: tuple[Rule, ...] = ()


class Addition(StrictModel):
    """What a data set's suite adds to a table's: rules, and whether rows are required."""

    required: bool | None = None
    rules: tuple[Rule, ...] = ()


class DataSetSuite(StrictModel):
    """A data set's own rules by table, from suite.yaml beside its card.

    Raises ValidationError where a table has no suite, or a rule has the name of one that every data
    set has.
    """

    tables: dict[str, Addition]

    @model_validator(mode="after")
    def _new_names(self) -> DataSetSuite:
        for table, added in self.tables.items():
            if table not in ORDER:
                raise ValueError(f"a table with a suite ({', '.join(ORDER)}), not {table!r}")
            names = [r.name for r in _suite(table).rules] + [r.name for r in added.rules]
            if doubled := {n for n in names if names.count(n) > 1}:
                raise ValueError(
                    f"a rule of its own name; {table} has a rule {sorted(doubled)[0]!r} already"
                )
        return self


def extended(card: Mapping[str, Any]) -> tuple[Suite, ...]:
    """Every suite, with the rules of the data set's card."""
    own = DataSetSuite.model_validate(card.get("suite") or {"tables": {}}).tables
    return tuple(_with(s, own[s.table]) if s.table in own else s for s in suites())


def _with(suite: Suite, own: Addition) -> Suite:
    required = suite.required if own.required is None else own.required
    return suite.model_copy(update={"required": required, "rules": (*suite.rules, *own.rules)})


def fingerprint(chosen: Iterable[Suite]) -> str:
    """The hash that identifies a set of rules."""
    return short_hash([s.model_dump(mode="json") for s in chosen])


@cache
def suites() -> tuple[Suite, ...]:
    """Every suite in the order of ORDER: the schema's rules, then those of suites/<table>.yaml.

    Raises ValueError where two rules of a suite have one name.
    """
    return tuple(_suite(name) for name in ORDER)


@cache
def _suite(name: str) -> Suite:
    written = Suite.model_validate(yaml_documents.read(SUITES / f"{name}.yaml"))
    rules = (*generated(TABLES[written.table]), *written.rules)
    names = [r.name for r in rules]
    if doubled := {n for n in names if names.count(n) > 1}:
        raise ValueError(f"suites/{name}.yaml: two rules are called {sorted(doubled)[0]!r}")
    return written.model_copy(update={"rules": rules})


def generated(table: Table) -> Iterator[Rule]:
    """The rules that a table's definition implies: types, key, and each column's own limits."""
    yield _types(table)
    yield _key(table)
    account = account_of(table)
    for column in table.columns:
        yield from _column(table.name, account, column)


def account_of(table: Table) -> str:
    """SQL for the account that a row of `table` is about."""
    return ACCOUNT_OF.get(table.name, "account_id")


def _types(table: Table) -> Rule:
    wanted = ", ".join(f"('{c.name}', '{_stored_type(c)}')" for c in table.columns)
    rows = (
        "SELECT NULL::VARCHAR AS account_id, w.name || ' is ' || coalesce(d.column_type,"
        f" 'missing') AS detail FROM (VALUES {wanted}) w(name, type) LEFT JOIN (DESCRIBE FROM"
        f" {table.name}) d ON d.column_name = w.name WHERE d.column_type IS DISTINCT FROM w.type"
    )
    return Rule(
        name="columns-typed",
        says="The table has the schema's columns with the schema's types.",
        finding="A column is missing, or has another type than the schema's.",
        rows=rows,
    )


def _stored_type(column: Column) -> str:
    return "TIMESTAMP WITH TIME ZONE" if column.type == "TIMESTAMPTZ" else column.type


def _key(table: Table) -> Rule:
    # GROUP BY takes NULL as equal to NULL, as the schema's keys do.
    key = ", ".join(f'"{k}"' for k in table.key)
    detail = f"count(*) || ' rows with the key ' || concat_ws(' / ', {key})"
    rows = (
        f"SELECT any_value({account_of(table)}) AS account_id, {detail} AS detail FROM {table.name}"
        f" GROUP BY {key} HAVING count(*) > 1"
    )
    return Rule(
        name="key-unique",
        says=f"No two rows have the same {' + '.join(table.key)}.",
        finding=f"Several rows have the same {' + '.join(table.key)}.",
        rows=rows,
    )


def _column(table: str, account: str, column: Column) -> Iterator[Rule]:
    name, value = column.name, f'"{column.name}"'

    def failing(condition: str, shown: str = f"{value}::VARCHAR") -> str:
        return f"SELECT {account} AS account_id, {shown} AS detail FROM {table} WHERE {condition}"

    if column.required:
        yield Rule(
            name=f"{name}-required",
            says=f"{name} is never missing.",
            finding=f"{name} is missing.",
            kind="required",
            column=name,
            rows=failing(f"{value} IS NULL", "NULL::VARCHAR"),
        )
    if column.vocabulary:
        words = ", ".join(f"'{w}'" for w in column.vocabulary)
        yield Rule(
            name=f"{name}-known-word",
            says=f"{name} is one of: {', '.join(column.vocabulary)}.",
            finding=f"{name} is another word than {', '.join(column.vocabulary)}.",
            kind="vocabulary",
            column=name,
            values=column.vocabulary,
            rows=failing(f"{value} NOT IN ({words})"),
        )
    if column.minimum is not None or column.maximum is not None:
        yield _range(name, column, failing)
    if name in IDS:
        yield Rule(
            name=f"{name}-is-text",
            says=f"{name} never went through a floating-point number (1.23E+17).",
            finding=f"{name} went through a floating-point number (1.23E+17).",
            rows=failing(f"regexp_matches({value}, '{FLOAT_ID}')"),
        )
        yield Rule(
            name=f"{name}-not-blank",
            says=f"{name} is not blank.",
            finding=f"{name} is blank.",
            rows=failing(f"trim({value}) = ''"),
        )


def _range(name: str, column: Column, failing: Callable[[str], str]) -> Rule:
    low, high, value = column.minimum, column.maximum, f'"{column.name}"'
    tests = [f"{value} < {low:g}"] if low is not None else []
    tests += [f"{value} > {high:g}"] if high is not None else []
    # NaN is greater than every number in DuckDB: an upper bound finds it, without one it is asked
    # for.
    asked = column.type == "DOUBLE" and high is None
    tests += [f"isnan({value})"] if asked else []
    bounds = " and ".join(
        f"{word} {n:g}" for word, n in (("at least", low), ("at most", high)) if n is not None
    )
    outside = " or ".join(
        f"{word} {n:g}" for word, n in (("below", low), ("above", high)) if n is not None
    )
    return Rule(
        name=f"{name}-in-range",
        says=f"{name} is {bounds}.",
        finding=f"{name} is {outside}.",
        kind="query" if asked else "range",
        column=name,
        minimum=low,
        maximum=high,
        rows=failing(" OR ".join(tests)),
    )
