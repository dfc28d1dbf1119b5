"""Read a campaign's file. All errors are reported at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from benchmarks.study.campaign.definition import Campaign, Cohort, Detector, Group, Missing, Window
from botbench.core.errors import UserError, unknown
from botbench.core.files import no_file
from botbench.core.strict_model import StrictModel
from botbench.untrusted import yaml_documents


def load(path: Path) -> Campaign:
    """The campaign of a file, its files relative to it. Raises UserError with every mistake."""
    if not path.is_file():
        raise UserError(f"{no_file('campaign file', path)}. docs/study.md shows one.")
    return check(yaml_documents.read(path, "The campaign"), path)


def check(document: Any, path: Path) -> Campaign:
    """The campaign of a document. Raises UserError with all errors: field, expected, actual."""
    if not isinstance(document, dict):
        raise UserError(
            f"{path}: expected a mapping with name and dataset, got {type(document).__name__}."
        )
    try:
        campaign = Campaign.model_validate(document)
    except ValidationError as error:
        raise UserError(
            f"{path}: {' '.join(_sentences(error))} docs/study.md has every field."
        ) from error
    campaign = _resolved(campaign, path.parent)
    missing = [
        f"There is no file {file} ({field})."
        for field, file in _files(campaign)
        if not file.is_file()
    ]
    if missing:
        raise UserError(f"{path}: {' '.join(missing)}")
    return campaign


def _sentences(error: ValidationError) -> Iterator[str]:
    seen = set()
    for mistake in error.errors():
        where = [
            str(part)
            for part in mistake["loc"]
            if not str(part).startswith(("literal[", "tuple[", "function-", "path"))
        ]
        field = ".".join(where)
        if mistake["type"] == "extra_forbidden":
            fields = _fields(where[:-1])
            sentence = (
                f"{'.'.join(where[:-1]) or 'the file'}: {unknown('field', where[-1], fields)}"
            )
        elif mistake["type"] == "missing":
            sentence = f"{field} is missing."
        else:
            what = mistake["msg"].removeprefix("Value error, ")
            sentence = f"{field}: {what} (got {mistake['input']!r})."
        if sentence not in seen:
            seen.add(sentence)
            yield sentence


def _fields(where: list[str]) -> list[str]:
    parts: dict[str, type[StrictModel]] = {
        "window": Window,
        "groups": Group,
        "cohort": Cohort,
        "detector": Detector,
        "missing": Missing,
    }
    model = parts.get(where[0], Campaign) if where else Campaign
    return [info.alias or name for name, info in model.model_fields.items()]


def _resolved(campaign: Campaign, folder: Path) -> Campaign:
    """The same with file names relative to the campaign's own folder."""
    changed: dict[str, Any] = {}
    if isinstance(campaign.accounts, Path):
        changed["accounts"] = folder / campaign.accounts
    changed["groups"] = tuple(
        g.model_copy(update={"file": folder / g.file}) if g.file else g for g in campaign.groups
    )
    if campaign.cohort:
        named = {
            n: folder / f
            for n in ("file", "posterior")
            if (f := getattr(campaign.cohort, n)) is not None
        }
        changed["cohort"] = campaign.cohort.model_copy(update=named)
    if campaign.detector:
        files = {
            n: folder / f
            for n in ("scores", "evidence", "model")
            if (f := getattr(campaign.detector, n)) is not None
        }
        changed["detector"] = campaign.detector.model_copy(update=files)
    return campaign.model_copy(update=changed)


def _files(campaign: Campaign) -> Iterator[tuple[str, Path]]:
    if isinstance(campaign.accounts, Path):
        yield "accounts: all, posting, or a file with an id a line", campaign.accounts
    for group in campaign.groups:
        if group.file:
            yield f"groups: {group.title}", group.file
    for name in ("file", "posterior"):
        if campaign.cohort and (file := getattr(campaign.cohort, name)):
            yield f"cohort.{name}", file
    if campaign.detector:
        yield "detector.scores; botbench predict --out FILE writes one", campaign.detector.scores
        if campaign.detector.evidence:
            yield "detector.evidence", campaign.detector.evidence
