"""The manifest of a submission: author, detector, training data; checked, and shown as text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from benchmarks.submissions.problems import FORMULA, Problem
from botbench.core.errors import UserError
from botbench.core.strict_model import StrictModel
from botbench.untrusted import yaml_documents

NAME = "manifest.yaml"
LIMITS = yaml_documents.Limits(size=100_000, depth=10, nodes=5_000, aliases=50)
"""Of a manifest: it is a page of text."""
MARKUP = re.compile(r"[<>\x00-\x08\x0b-\x1f\x7f]")


class Of(StrictModel):
    """The release that was predicted."""

    name: str = Field(min_length=1, max_length=100)
    version: int = Field(ge=1)
    content_hash: str = Field(pattern=r"^[0-9a-f]{64}$")


class Training(StrictModel):
    """One data set on which the detector was trained.

    `release` is set for a release of botbench, `part` if only that part was used.
    """

    name: str = Field(min_length=1, max_length=200)
    release: str | None = Field(None, pattern=r"^[a-z0-9][a-z0-9._-]*@[0-9]+$")
    part: str | None = Field(None, pattern=r"^(train|validation|test)$")
    note: str = Field("", max_length=1_000)


class Predictions(StrictModel):
    """The predictions file, beside the manifest."""

    file: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\.(csv|parquet)$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Manifest(StrictModel):
    """A submission's manifest.

    `threshold`: bot if p_bot >= threshold. `seconds` is the total scoring time.
    """

    detector: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{1,39}$")
    version: str = Field(min_length=1, max_length=40)
    authors: list[str] = Field(min_length=1, max_length=50)
    about: str = Field(min_length=10, max_length=500)
    cites: str = Field("", max_length=500)
    code: str = Field(min_length=1, max_length=300)
    licence: str = Field(min_length=1, max_length=100)
    hardware: str = Field(min_length=1, max_length=300)
    seconds: float = Field(ge=0, allow_inf_nan=False)
    threshold: float = Field(ge=0, le=1, allow_inf_nan=False)
    trained_on: list[Training]
    transductive: bool = False
    supersedes: str | None = Field(None, max_length=40)
    release: Of
    predictions: Predictions


def read(folder: Path) -> tuple[Manifest | None, list[Problem]]:
    """The manifest of a submission's folder, or every mistake in it."""
    file = folder / NAME
    if not file.is_file():
        return None, [Problem("there is no manifest; make one with botbench submit prepare", NAME)]
    try:
        document = yaml_documents.read(file, limits=LIMITS)
    except yaml_documents.UnreadableYaml as error:
        line = f", line {error.line}" if error.line is not None else ""
        return None, [Problem(f"not readable as YAML: {error.problem}", NAME + line)]
    return parse(document)


def parse(document: Any) -> tuple[Manifest | None, list[Problem]]:
    """The same from a document."""
    problems = list(_texts(document, ""))
    try:
        manifest = Manifest.model_validate(document)
    except ValidationError as error:
        return None, [*(_mistake(dict(e)) for e in error.errors()), *problems]
    return (None if problems else manifest), problems


def _mistake(error: dict[str, Any]) -> Problem:
    field = ".".join(str(part) for part in error["loc"]) or "the whole file"
    got = "" if error["type"] == "missing" else f" (found {str(error.get('input'))[:60]!r})"
    message = (
        "is missing" if error["type"] == "missing" else error["msg"][0].lower() + error["msg"][1:]
    )
    return Problem(
        f"{field} {message}{got}" if error["type"] == "missing" else f"{field}: {message}{got}",
        f"{NAME}: {field}",
    )


def _texts(value: Any, field: str) -> Iterator[Problem]:
    """Find markup, control characters and formulas in any text.

    Pages show text; spreadsheets run formulas.
    """
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, f"{field}.{key}" if field else str(key))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from _texts(inner, f"{field}[{i}]")
    elif isinstance(value, str) and MARKUP.search(value):
        yield Problem(
            f"{field}: holds markup or control characters ({value[:40]!r}); write plain text",
            f"{NAME}: {field}",
        )
    elif isinstance(value, str) and re.match(FORMULA, value):
        yield Problem(
            f"{field}: begins like a spreadsheet's formula ({value[:40]!r}); write plain text",
            f"{NAME}: {field}",
        )


def write(folder: Path, document: dict[str, Any]) -> Path:
    """Write a manifest. Raises UserError with every mistake, and then writes nothing."""
    import yaml

    _, problems = parse(document)
    if problems:
        raise UserError(
            "The manifest would not be accepted; nothing was written. "
            + "; ".join(p.what for p in problems)
            + "."
        )
    path = folder / NAME
    path.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return path
