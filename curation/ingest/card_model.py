"""The fields of a data set's card, each checked."""

from __future__ import annotations

from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from botbench.core.strict_model import StrictModel
from curation.store.schema import ClaimantKind


class Source(StrictModel, coerce_numbers_to_str=True):
    """One file (or a glob of local files) that the card reads."""

    file: str = Field(min_length=1)
    url: str | None = Field(None, pattern=r"^https?://")
    commit: str | None = None
    sha256: str | None = Field(None, pattern=r"^[0-9a-f]{64}$")
    sha256_of: Literal["original", "stored"] = "original"
    local_only: bool = False
    note: str | None = None

    @field_validator("file")
    @classmethod
    def _inside(cls, value: str) -> str:
        if value.startswith(("/", "~")) or ".." in Path(value).parts:
            raise ValueError("a path inside the folder of the data set")
        return value


class Label(StrictModel, coerce_numbers_to_str=True):
    """What the label means, and its claimant."""

    meaning: str
    claimant: str = Field(min_length=1)
    claimant_kind: ClaimantKind = "dataset"


class Read(StrictModel, coerce_numbers_to_str=True):
    """One reading: a format with its options, over some of the files (default: all)."""

    format: str
    files: tuple[str, ...] = ()
    options: dict[str, Any] = Field(default_factory=dict)


class Window(StrictModel, coerce_numbers_to_str=True):
    """The stated period of the posts."""

    start: datetime | date
    end: datetime | date


class Card(StrictModel, coerce_numbers_to_str=True):
    """A data set's card."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    title: str = Field(min_length=1)
    description: str | None = None
    platform: str = Field(min_length=1)
    licence: str = Field(min_length=1)
    citation: str = Field(min_length=1)
    simulated: bool = False
    family: str | None = Field(default=None, min_length=1)
    """What related data sets have in common; a board counts a family as one (no part of a pull's
    identity)."""
    sources: tuple[Source, ...] = ()
    label: Label | None = None
    reads: tuple[Read, ...] = Field(min_length=1)
    window: Window | None = None
    time_zone: str = "UTC"
    expected: dict[str, Any] = Field(default_factory=dict)
    quirks: tuple[str, ...] = ()
    known_issues: tuple[str, ...] = ()
    suite: dict[str, Any] | None = None
    """The data set's own rules, from suite.yaml (`curation.store.rules.DataSetSuite`)."""

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        from zoneinfo import available_timezones

        if value not in available_timezones():
            raise ValueError("a time zone's name such as UTC or Europe/Rome")
        return value

    @model_validator(mode="after")
    def _names_once(self) -> Card:
        names = [s.file for s in self.sources]
        doubled = sorted({n for n in names if names.count(n) > 1})
        if doubled:
            raise ValueError(f"each source file once; {doubled[0]} is there twice")
        return self

    @cached_property
    def document(self) -> dict[str, Any]:
        """The card as plain data, as the store keeps it."""
        return self.model_dump(mode="json", exclude_none=True)
