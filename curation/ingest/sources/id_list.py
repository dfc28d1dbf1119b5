"""`id-list`: one account id a line, with one label for the whole file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from botbench.core.sql import literal
from botbench.core.strict_model import StrictModel
from curation.ingest.reading import text
from curation.ingest.reading.files import SourceFile
from curation.ingest.reading.stage import Stage
from curation.ingest.sources import format_
from curation.store.schema import Answer


class Options(StrictModel):
    """Options of `id-list`."""

    answer: Answer | dict[str, Answer] | None = None
    """The answer for the file's accounts: one for all files, or one by file name.

    Without it no claims are made.
    """
    attributes: dict[str, str | dict[str, str]] = Field(default_factory=dict)
    """Attributes of the claims: a text for all files, or one for each file name."""
    prefix: str = ""
    """A prefix to remove from each id that has it."""
    trim: bool = False
    """Remove blanks around an id instead of quarantining the row."""
    encoding: str = "utf-8"


@format_("id-list", options=Options)
def read(stage: Stage, files: list[SourceFile], options: Options) -> None:
    """One account id a line; the label stands for the whole file."""
    for file in files:
        lines = text.lines(stage, file, options.encoding)
        value = "trim(c1)" if options.trim else "c1"
        if options.prefix:
            rest = f"substr({value}, {len(options.prefix) + 1})"
            value = (
                f"CASE WHEN starts_with({value}, {literal(options.prefix)}) THEN {rest} ELSE"
                f" {value} END"
            )
        base = f"{value} AS account_id, _member, _row, _raw"
        lines.feed("accounts", f"SELECT {base} FROM {lines.relation}")
        answer = _for(options.answer, file)
        if answer is None:
            continue
        pairs = {
            k: v
            for k, v in ((k, _for(v, file)) for k, v in options.attributes.items())
            if v is not None
        }
        made = ", ".join(f"{literal(k)}: {literal(v)}" for k, v in pairs.items())
        lines.feed(
            "claims",
            f"SELECT {base}, {literal(answer)} AS"
            f" answer{f', MAP {{{made}}} AS attributes' if made else ''} FROM {lines.relation}",
        )


def _for(value: str | Mapping[str, str] | None, file: SourceFile) -> str | None:
    """The value for one file, by its name with or without folders and ending."""
    if value is None or isinstance(value, str):
        return value
    return next(
        (value[n] for n in (file.name, Path(file.name).name, file.stem) if n in value), None
    )
