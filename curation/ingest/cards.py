"""Cards as files: found by id or path, read from YAML, and checked with every mistake reported."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from botbench.core.errors import UserError, unknown
from botbench.untrusted import yaml_documents
from curation.ingest.card_model import Card, Label, Read, Source, Window
from curation.ingest.sources import options_of

ROOTS = (Path(__file__).parents[1] / "datasets", Path(__file__).parents[2] / "datasets")
"""Where the built-in cards are: inside an installed package, or beside it in a checkout."""


@dataclass(frozen=True)
class Problem:
    """One mistake in a card: the field (dotted), what was expected there and what was found."""

    field: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.field}: expected {self.expected}, found {self.found}"


def folders() -> Iterator[Path]:
    """The folder of every built-in card, sorted by id."""
    root = next((r for r in ROOTS if r.is_dir()), None)
    if root is not None:
        yield from sorted(p.parent for p in root.glob("*/card.yaml"))


def all_cards() -> dict[str, Card]:
    """Every built-in card by id; raises UserError where one has a mistake."""
    return {folder.name: load(folder / "card.yaml") for folder in folders()}


def load(name: str | Path) -> Card:
    """A built-in card by its id, or any card by path; raises UserError that lists all mistakes."""
    path = find(name)
    card, problems = _parse(path)
    if card is None or problems:
        lines = "\n".join(f"  {p}" for p in problems)
        raise UserError(
            f"The card {path} has {len(problems)}"
            f" mistake{'s' * (len(problems) != 1)}:\n{lines}\nThe card format is described in"
            " datasets/README.md; check again with: botbench datasets check FILE."
        )
    return card


def find(name: str | Path) -> Path:
    """The path of a card; raises UserError naming the closest known one."""
    text = str(name)
    if text.endswith((".yaml", ".yml")) or isinstance(name, Path):
        path = Path(name)
        if not path.is_file():
            raise UserError(f"There is no card at {path}.")
        return path
    known = {folder.name: folder / "card.yaml" for folder in folders()}
    if text not in known:
        raise unknown("data set", text, known)
    return known[text]


def check(path: str | Path) -> list[Problem]:
    """Every mistake of a card, in the order of the file; an empty list is a good card."""
    return _parse(Path(path))[1]


def _parse(path: Path) -> tuple[Card | None, list[Problem]]:
    document, problems = _document(path)
    if problems:
        return None, problems
    own, problems = _own_suite(path)
    if problems:
        return None, problems
    try:
        card = Card.model_validate(document if own is None else {**document, "suite": own})
    except ValidationError as error:
        return None, _problems(error)
    problems = [p for i, read in enumerate(card.reads) for p in _read_problems(card, i, read)]
    if path.name == "card.yaml" and path.parent.parent in ROOTS and path.parent.name != card.id:
        problems.append(Problem("id", f"the folder's name, {path.parent.name}", card.id))
    return card, problems


def _own_suite(path: Path) -> tuple[dict[str, Any] | None, list[Problem]]:
    """The rules beside a card (made.suite.yaml for made.yaml), or None."""
    from curation.store.rules import DataSetSuite

    beside = path.with_name("suite.yaml" if path.stem == "card" else f"{path.stem}.suite.yaml")
    if not beside.is_file():
        return None, []
    document, problems = _document(beside)
    try:
        own = DataSetSuite.model_validate(document) if not problems else None
    except ValidationError as error:
        problems = _problems(error)
        own = None
    told = [Problem(f"{beside.name}, {p.field}", p.expected, p.found) for p in problems]
    return (own.model_dump(mode="json", exclude_none=True) if own else None), told


def _document(path: Path) -> tuple[Any, list[Problem]]:
    try:
        document = yaml_documents.read(path, "The card", plain=True)
    except yaml_documents.UnreadableYaml as error:
        where = f"line {error.line}" if error.line is not None else "the file"
        return None, [Problem(where, "YAML", error.problem)]
    if not isinstance(document, dict):
        return None, [
            Problem("the file", "fields such as id, title, reads", type(document).__name__)
        ]
    return document, []


def _read_problems(card: Card, index: int, read: Read) -> list[Problem]:
    from fnmatch import fnmatchcase

    names = [s.file for s in card.sources]
    missing = [
        f for f in read.files if f not in names and not any(fnmatchcase(n, f) for n in names)
    ]
    problems = [
        Problem(
            f"reads.{index}.files", f"names or globs of sources ({', '.join(names) or 'none'})", f
        )
        for f in missing
    ]
    try:
        options_of(read)
    except UserError as error:
        problems.append(Problem(f"reads.{index}.format", "a format", str(error)))
    except ValidationError as error:
        problems += _problems(error, f"reads.{index}.options")
    return problems


def _problems(error: ValidationError, prefix: str = "") -> list[Problem]:
    found = []
    for e in error.errors():
        field = ".".join(str(p) for p in ((prefix,) if prefix else ()) + e["loc"]) or "the card"
        value = "nothing" if e["type"] == "missing" else repr(e["input"])
        found.append(
            Problem(field, _expected(e), value if len(value) < 120 else value[:117] + "...")
        )
    return found


def _expected(error: Any) -> str:
    """What a field should have been, in plain words."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        known = {n for model in (Card, Source, Label, Read, Window) for n in model.model_fields}
        close = difflib.get_close_matches(str(error["loc"][-1]), sorted(known), n=1)
        return f"no such field{f'; did you mean {close[0]}?' if close else ''}"
    if kind == "string_pattern_mismatch":
        return f"text of the form {context['pattern']}"
    words = {
        "missing": "a value",
        "string_type": "text",
        "bool_type": "true or false",
        "bool_parsing": "true or false",
        "tuple_type": "a list",
        "list_type": "a list",
        "dict_type": "fields and values",
        "model_type": "fields and values",
        "int_parsing": "a whole number",
        "string_too_short": "text that is not blank",
        "too_short": "at least one",
    }
    return words.get(kind) or str(error["msg"]).removeprefix("Value error, ").removeprefix(
        "Input should be "
    )
