"""Formats: each turns the files of a card into loose rows of the schema; one module each.

A walk of this package finds the modules. A format knows a *form* (Twitter v1.1 JSON, any table,
...), never a data set by name. It is a function that offers rows to the stage as SQL; the stage
types and checks the rows of all formats the same way:

    @format_("lines-of-ids", options=Options)
    def read(stage: Stage, files: list[SourceFile], options: Options) -> None:
        for file in files:
            stage.add("accounts", f"SELECT ... FROM {...}")

With `Traits(recognise=...)` a format also says whether a file looks like it, and files are pulled
without a card.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel

from botbench.core.registry import Registry

if TYPE_CHECKING:
    from curation.ingest.card_model import Read
    from curation.ingest.reading.files import SourceFile
    from curation.ingest.reading.stage import Stage
    from curation.ingest.recognition.head import Guess, Head

O = TypeVar("O", bound=BaseModel)  # noqa: E741

READER_VERSION = "1"
"""Raise it when the stage types or checks differently: the same files are then a new pull."""


@dataclass(frozen=True)
class Traits:
    """What is to be known of a format before it is chosen, for `botbench sources`."""

    platform: str = ""
    fills: tuple[str, ...] = ()
    """The tables that it fills."""
    unknown: str = ""
    """What files of this format cannot say."""
    recognise: Callable[[Head], Guess | None] | None = None
    """Whether the head of a file looks like this format; without it, only cards name it."""


@dataclass(frozen=True)
class Format:
    """A registered format: its name on cards, options model, reader and code version."""

    name: str
    options: type[BaseModel]
    read: Callable[[Stage, list[SourceFile], Any], None]
    version: int = 1
    traits: Traits = Traits()

    @property
    def about(self) -> str:
        """The first paragraph of the reader's docstring, on one line."""
        return " ".join((self.read.__doc__ or "").strip().split("\n\n")[0].split())


FORMATS: Registry[Format] = Registry("source format", "curation.ingest.sources", "botbench.sources")


def options_of(read: Read) -> BaseModel:
    """A reading's options as its format's model.

    Raises ValidationError, or UserError for an unknown format.
    """
    return FORMATS.get(read.format).options.model_validate(read.options)


_Read = Callable[["Stage", "list[SourceFile]", O], None]


def format_(
    name: str, options: type[O], version: int = 1, traits: Traits = Traits()
) -> Callable[[_Read[O]], _Read[O]]:
    """Register a format's reader; raise `version` when it reads the same bytes differently."""

    def register(read: _Read[O]) -> _Read[O]:
        FORMATS.add(name, Format(name, options, read, version, traits))
        return read

    return register
