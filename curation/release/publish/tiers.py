"""Tiers: YAML files that list, by table and column, what may go out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from botbench.core.errors import UserError, unknown
from botbench.core.strict_model import StrictModel
from botbench.untrusted import yaml_documents
from curation.release.publish.publishable_columns import SALTED, Offered, offered

BUILT_IN = Path(__file__).parent / "tiers"


class Tier(StrictModel):
    """A tier: what may go out, and how ids and annotators are published.

    `ids: salted` publishes salted hashes of ids. `annotators: pseudonymous` replaces claimants by
    pseudonyms. After `retention_days`, `botbench erase --expired` removes a publication's data.
    """

    tier: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
    meaning: Annotated[str, Field(min_length=1, max_length=500)]
    ids: Literal["plain", "salted"] = "plain"
    annotators: Literal["named", "pseudonymous"] = "pseudonymous"
    retention_days: Annotated[int, Field(ge=1)] | None = None
    tables: Annotated[
        dict[str, Literal["all"] | Annotated[list[str], Field(min_length=1)]], Field(min_length=1)
    ]

    def columns(self, table: str) -> list[Offered]:
        """The columns of one table that may go out, in the order they are offered."""
        allowed = self.tables[table]
        return [
            self._as_published(c)
            for c in offered()[table].values()
            if allowed == "all" or c.name in allowed
        ]

    def _as_published(self, column: Offered) -> Offered:
        """The column with its meaning adapted to salted ids, which are not the platform's."""
        if self.ids == "plain" or column.sort not in SALTED:
            return column
        what = "group" if column.sort == "group" else "id"
        return replace(column, meaning=f"salted hash of the {what}: {column.meaning}")

    @property
    def personal(self) -> set[str]:
        """The names of the personal columns that the tier lets out (by listing them)."""
        return {c.name for t in self.tables for c in self.columns(t) if c.sort == "personal"}


def names() -> list[str]:
    """The built-in tiers."""
    return sorted(p.stem for p in BUILT_IN.glob("*.yaml"))


def load(name: str | Path) -> Tier:
    """Load a built-in tier by name, or one from a YAML path; raises UserError with all mistakes."""
    path = _find(str(name))
    document = yaml_documents.read(path, "The tier")
    if not isinstance(document, dict):
        raise UserError(
            f"The tier {path} holds {type(document).__name__}; expected the fields tier, meaning"
            " and tables."
        )
    try:
        tier = Tier.model_validate(document)
    except ValidationError as error:
        raise UserError(
            _told(
                path,
                [
                    f"{'.'.join(map(str, e['loc'])) or 'the file'}: {e['msg']}"
                    for e in error.errors()
                ],
            )
        ) from None
    if problems := [*_unknown(tier), *_traceable(tier)]:
        raise UserError(_told(path, problems))
    return tier


def _find(name: str) -> Path:
    if name.endswith((".yaml", ".yml")):
        path = Path(name)
        if not path.is_file():
            raise UserError(f"There is no tier file at {path}.")
        return path
    if name not in names():
        raise unknown("tier", name, names())
    return BUILT_IN / f"{name}.yaml"


def _unknown(tier: Tier) -> Iterable[str]:
    """A sentence for each unknown table or column."""
    for table, columns in tier.tables.items():
        known = offered().get(table)
        if known is None:
            yield str(unknown("table to publish called", table, offered()))
        elif columns != "all":
            for column in columns:
                if column not in known:
                    yield f"tables.{table}: {unknown('column called', column, known)}"
            for column in {c for c in columns if columns.count(c) > 1}:
                yield f"tables.{table}: the column {column} is listed twice."


def _traceable(tier: Tier) -> Iterable[str]:
    """Problems of a tier with salted ids where another column identifies the account."""
    if tier.ids == "plain":
        return
    for table in (t for t in tier.tables if t in offered()):
        told = [
            c.name
            for c in tier.columns(table)
            if c.sort in ("traceable", "personal")
            or (c.sort == "annotator" and tier.annotators == "named")
        ]
        if told:
            yield (
                f"tables.{table}: {', '.join(told)} would tell which account (or person) it is"
                " although ids are salted; take them off the list, or write `ids: plain`."
            )


def _told(path: Path, problems: Iterable[Any]) -> str:
    lines = "\n".join(f"  {p}" for p in problems)
    return (
        f"The tier {path} cannot be used; nothing was written:\n{lines}\nThe format is described in"
        " docs/publishing.md."
    )
