"""The maintainer's answers about a data set: asked once and kept in the store's folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from botbench.core.errors import UserError, unknown
from botbench.core.files import no_file
from botbench.untrusted import yaml_documents

QUESTIONS = Path(__file__).parent / "datasheet.yaml"
FOLDER = "datasheets"


def sections() -> dict[str, list[dict[str, Any]]]:
    """The datasheet's sections and questions, as the YAML has them."""
    return dict(yaml_documents.read(QUESTIONS))


def asked() -> dict[str, str]:
    """The names of the answers a person gives, with the question each is for."""
    return {
        q["answer"]: q["question"]
        for questions in sections().values()
        for q in questions
        if "answer" in q
    }


@dataclass(frozen=True)
class Answers:
    """Answers by name, as they were typed."""

    given: dict[str, str | list[str]] = field(default_factory=dict)

    def text(self, name: str) -> str | None:
        """One answer as text, or None."""
        value = self.given.get(name)
        return ", ".join(value) if isinstance(value, list) else value

    def listed(self, name: str) -> list[str]:
        """An answer as a list (one text is a list of one)."""
        value = self.given.get(name)
        return value if isinstance(value, list) else [value] if value else []

    def texts(self, name: str) -> list[str]:
        """An answer as a list of one text, or an empty list."""
        return [t] if (t := self.text(name)) else []

    @property
    def open(self) -> list[str]:
        """The names without an answer."""
        return [name for name in asked() if name not in self.given]


def path(home: Path, name: str) -> Path:
    """Where the answers for a release's name are kept."""
    return home / FOLDER / f"{name}.yaml"


def load(home: Path, name: str) -> Answers:
    """The answers kept for a release's name."""
    kept = path(home, name)
    return Answers(_read(kept)) if kept.is_file() else Answers()


def keep(home: Path, name: str, file: Path) -> Answers:
    """Add the answers of a YAML file to the earlier ones; raises UserError for unknown names."""
    if not file.is_file():
        raise UserError(
            f"{no_file('file of answers', file)}. It is YAML, one line an answer:"
            f" {', '.join(asked())}."
        )
    return add(home, name, _read(file))


def add(home: Path, name: str, more: Mapping[str, str | list[str]]) -> Answers:
    """Add answers to the earlier ones for a release's name."""
    given = {**load(home, name).given, **more}
    kept = path(home, name)
    kept.parent.mkdir(parents=True, exist_ok=True)
    draft = kept.with_suffix(".new")
    draft.write_text(yaml.safe_dump(given, allow_unicode=True, sort_keys=True), encoding="utf-8")
    draft.replace(kept)
    return Answers(given)


def _read(file: Path) -> dict[str, str | list[str]]:
    """The answers of a file, checked; blank ones are none."""
    document = yaml_documents.read(file, "The file of answers") or {}
    if not isinstance(document, dict):
        raise UserError(
            f"{file} holds {type(document).__name__}; expected answers by name, such as `contact:"
            " ...`."
        )
    for name, value in document.items():
        if name not in asked():
            raise unknown("question of the datasheet called", str(name), asked())
        if not (
            isinstance(value, str | int | float)
            or value is None
            or (isinstance(value, list) and all(isinstance(v, str | int | float) for v in value))
        ):
            raise UserError(
                f"{file}, {name}: expected text or a list of texts, found {type(value).__name__}."
            )
    plain = {
        str(n): [str(v) for v in value] if isinstance(value, list) else str(value).strip()
        for n, value in document.items()
        if value is not None
    }
    return {n: v for n, v in plain.items() if v}
