"""The parts of a table definition: column types, vocabularies, `Column`, `Table`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Type = Literal[
    "VARCHAR", "BIGINT", "DOUBLE", "BOOLEAN", "TIMESTAMPTZ", "VARCHAR[]", "MAP(VARCHAR, VARCHAR)"
]
ClaimantKind = Literal["person", "dataset", "platform", "rule", "model"]
Answer = Literal["bot", "human", "hybrid", "organisation", "cannot tell"]
Status = Literal["active", "suspended", "deleted", "deactivated", "gone", "unknown"]
PostKind = Literal["original", "repost", "reply", "quote", "unknown"]
LabelStatus = Literal["agreed", "disputed", "too few", "adjudicated"]
Part = Literal["train", "validation", "test"]
Purpose = Literal["sample", "training", "gold", "adjudication"]
Joint = Literal["simple within stratum", "independent"]
ValidationOutcome = Literal["passed", "failed"]
Severity = Literal["critical", "warning"]
LogEvent = Literal["answered", "edited", "skipped", "deleted", "rejected"]

EXTRA: Type = "MAP(VARCHAR, VARCHAR)"


@dataclass(frozen=True)
class Column:
    """One column: its DuckDB type, its meaning (with the unit), and the rules for each row."""

    name: str
    type: Type
    meaning: str
    required: bool = False
    vocabulary: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    content: bool = True
    """False for provenance (pull ids, import times), which hashes and comparisons leave out."""
    later: bool = False
    """Added after the first schema; omitted from canonical rows where NULL, so old hashes hold."""


@dataclass(frozen=True)
class Table:
    """One table: its unique key (NULL equals NULL), its columns, and the meaning of a row."""

    name: str
    meaning: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    stored: bool = True
    """False for tables kept as Parquet beside a run instead of in the store."""
    of_versions: bool = False
    """True for tables about versions: read at the head, not compared by default or restored."""

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in schema order."""
        return tuple(c.name for c in self.columns)

    @property
    def content(self) -> tuple[str, ...]:
        """The columns that decide whether two rows are equal."""
        return tuple(c.name for c in self.columns if c.content)

    def column(self, name: str) -> Column:
        """The column called `name`; raises KeyError."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"table {self.name} has no column {name}")


def text(
    name: str, meaning: str, required: bool = False, words: object = None, content: bool = True
) -> Column:
    """A text column; `words` is a `Literal` of the allowed ones."""
    return Column(
        name, "VARCHAR", meaning, required, get_args(words) if words else (), content=content
    )


def count(name: str, meaning: str, required: bool = False) -> Column:
    """A column of integers from 0."""
    return Column(name, "BIGINT", meaning, required, minimum=0)


def time(name: str, meaning: str, required: bool = False, content: bool = True) -> Column:
    """A column of times in UTC."""
    return Column(name, "TIMESTAMPTZ", meaning + " (UTC)", required, content=content)


def flag(name: str, meaning: str) -> Column:
    """A column of true or false."""
    return Column(name, "BOOLEAN", meaning)


def share(name: str, meaning: str, required: bool = False, later: bool = False) -> Column:
    """A column of numbers from 0 to 1."""
    return Column(name, "DOUBLE", meaning, required, minimum=0, maximum=1, later=later)


def texts(name: str, meaning: str) -> Column:
    """A column of lists of texts."""
    return Column(name, "VARCHAR[]", meaning)


def text_map(name: str, meaning: str, content: bool = True, later: bool = False) -> Column:
    """A column of maps from text to text."""
    return Column(name, EXTRA, meaning, content=content, later=later)


DATASET = text("dataset", "the data set's id, the card's folder name", True)
ACCOUNT = text(
    "account_id", "the platform's id as text, or where the row stood (`<file stem>:<row>`)", True
)
PULL = text("pull_id", "the pull that brought the row", content=False)
OTHER = text_map("extra", "what the source said and no column holds")
