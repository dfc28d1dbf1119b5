"""The answer scheme: possible answers, their keys, and the label that each answer means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from botbench.core.errors import UserError
from botbench.core.hashing import short_hash
from botbench.core.sql import literals
from botbench.core.strict_model import StrictModel
from botbench.untrusted import yaml_documents
from curation.annotation.scheme.hotkeys import HOTKEY_PATTERN, RESERVED_HOTKEYS
from curation.annotation.scheme.sections import SECTIONS

DEFAULT = Path(__file__).parent / "schemes" / "default.yaml"

Text = Annotated[str, Field(min_length=1, max_length=200, strict=True)]
Story = Annotated[str, Field(min_length=1, max_length=1000, strict=True)]
# Titles are written into Label Studio's visibleWhen lists, whose separator is the comma.
Title = Annotated[str, Field(min_length=1, max_length=60, strict=True, pattern=r"^[^,<>&\"]+$")]
Key = Annotated[str, Field(strict=True, pattern=HOTKEY_PATTERN)]
Share = Annotated[float, Field(ge=0, le=1)]


class Choice(StrictModel):
    """One thing to choose: its key, its title on the page and a hint beside it."""

    key: Key
    title: Title
    hint: Text | None = None


class Answer(Choice):
    """An answer; `kinds` and `sure` say whether it asks for the kind of bot and for confidence.

    `report` marks the answer for content that nobody should have to see: it asks for a note only,
    and takes the account out of every queue. `example` is a worked example for the instructions.
    """

    label: Literal["bot", "human", "leave-out"]
    kinds: bool = False
    # Default values are not written to the JSON: older schemes, which lack these fields, keep their
    # versions.
    sure: Annotated[bool, Field(exclude_if=bool)] = True
    report: Annotated[bool, Field(exclude_if=lambda report: not report)] = False
    example: Annotated[Story | None, Field(exclude_if=lambda example: example is None)] = None


class Reason(Choice):
    """A reason; `section` is the section of the card that it points to."""

    section: str


class Step(Choice):
    """A step of confidence; `value` is the stored number."""

    value: Share


class Note(StrictModel):
    """The free note; `longest` is in characters."""

    longest: Annotated[int, Field(ge=0, le=100_000)] = 2000


class Rule(StrictModel):
    """The consensus rule: the votes needed, the share of them that must agree, and which
    adjudicator's answer decides.
    """

    minimum: Annotated[int, Field(ge=1)] = 1
    agreed: Annotated[float, Field(gt=0.5, le=1)] = 0.6667
    adjudication: Literal["latest", "unanimous"] = "latest"


class Document(StrictModel):
    """The content of the YAML file."""

    name: Text
    version: Text
    title: Title
    question: Text
    answers: Annotated[dict[Title, Answer], Field(min_length=2)]
    kinds: dict[Title, Choice] = Field(default_factory=dict)
    reasons: dict[Title, Reason] = Field(default_factory=dict)
    confidence: Annotated[dict[Title, Step], Field(min_length=4, max_length=4)]
    note: Note = Note()
    consensus: Rule = Rule()


class Scheme:
    """A checked scheme.

    >>> scheme = Scheme.load()
    >>> scheme.labels["organisation"], scheme.labels["hybrid"]
    ('human', None)
    """

    def __init__(self, document: Document) -> None:
        self.document = document

    @classmethod
    def load(cls, path: Path | str | None = None) -> Scheme:
        """Read a YAML file (by default the default scheme); raises UserError with all mistakes."""
        file = Path(path) if path else DEFAULT
        return cls.of(yaml_documents.read(file, "The scheme"), str(file))

    @classmethod
    def of(cls, raw: object, where: str = "scheme", *, kept: bool = False) -> Scheme:
        """A scheme from its document; raises UserError with all mistakes: field, expected, found.

        A `kept` scheme is one that people were asked under: it was valid then, and keys that were
        reserved later do not make it invalid.
        """
        try:
            document = Document.model_validate(raw)
        except ValidationError as error:
            raise _mistakes(where, (_sentence(dict(e)) for e in error.errors())) from None
        if problems := [] if kept else list(_contradictions(document)):
            raise _mistakes(where, problems)
        return cls(document)

    @property
    def answers(self) -> dict[str, Answer]:
        """The answers by name."""
        return dict(self.document.answers)

    @property
    def kinds(self) -> dict[str, Choice]:
        """The kinds of bot by name."""
        return dict(self.document.kinds)

    @property
    def reasons(self) -> dict[str, Reason]:
        """The reasons by name."""
        return dict(self.document.reasons)

    @property
    def confidence(self) -> dict[str, float]:
        """The steps of confidence and their stored numbers."""
        return {name: step.value for name, step in self.document.confidence.items()}

    @cached_property
    def labels(self) -> dict[str, Literal["bot", "human"] | None]:
        """Answer to binary label; None if the answer leaves the account out."""
        answers = self.document.answers.items()
        return {name: None if a.label == "leave-out" else a.label for name, a in answers}

    def label_values(self, name: str = "meaning") -> str:
        """SQL for the relation `name` (answer, label), to be joined on answer; label is NULL where
        the answer leaves the account out.

        >>> Scheme.load().label_values()[:30]
        "(VALUES ('bot', 'bot'), ('huma"
        """
        rows = ", ".join(f"({literals(pair)})" for pair in self.labels.items())
        return f"(VALUES {rows}) {name}(answer, label)"

    @cached_property
    def reporting(self) -> frozenset[str]:
        """The answers that take an account out of every queue."""
        return frozenset(name for name, a in self.document.answers.items() if a.report)

    @property
    def consensus(self) -> dict[str, Any]:
        """The consensus rule: `minimum` votes, the share `agreed` of them, and `adjudication` if it
        is not the default.
        """
        return self.document.consensus.model_dump(exclude=self._default_fields)

    @property
    def _default_fields(self) -> set[str] | None:
        """Fields that are not written: schemes older than the fields keep their version."""
        default = self.document.consensus.adjudication == Rule().adjudication
        return {"adjudication"} if default else None

    @cached_property
    def version(self) -> str:
        """The declared version and a short hash of the content and its order, without the file's
        comments and layout.
        """
        return f"{self.document.version}+{short_hash(self.to_json(), 8)}"

    def to_json(self) -> str:
        """The document as JSON, in the file's order; `Scheme.of` makes the same scheme of it."""
        fields = self._default_fields
        return self.document.model_dump_json(exclude={"consensus": fields} if fields else None)


def _sentence(error: dict[str, Any]) -> str:
    field = ".".join(str(part) for part in error["loc"] if part != "[key]") or "the whole file"
    found = "" if error["type"] == "missing" else f" (found {_shown(error.get('input'))})"
    return f"{field}: {error['msg'][0].lower()}{error['msg'][1:]}{found}"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _contradictions(document: Document) -> Iterator[str]:
    """Mistakes across fields: repeated keys and titles, missing labels, unknown sections."""
    taken: dict[str, str] = {}
    for field, name, choice in _choices(document):
        at = f"{field}.{name}.key"
        if choice.key in RESERVED_HOTKEYS:
            yield (
                f"{at}: {choice.key!r} belongs to the page itself; expected another letter or digit"
            )
        if choice.key in taken:
            yield (
                f"{at}: expected a key of its own (found {choice.key!r}, also {taken[choice.key]})"
            )
        taken.setdefault(choice.key, at)
    for field in ("answers", "kinds", "reasons", "confidence"):
        yield from _twice(field, getattr(document, field))
    for label in sorted({"bot", "human"} - {a.label for a in document.answers.values()}):
        yield f"answers: expected an answer whose label is {label} (found none)"
    for name, reason in document.reasons.items():
        if reason.section not in SECTIONS:
            known = ", ".join(SECTIONS)
            yield f"reasons.{name}.section: expected one of {known} (found {reason.section!r})"
    for name, answer in document.answers.items():
        if answer.report and (answer.label != "leave-out" or answer.kinds):
            yield (
                f"answers.{name}.report: expected `label: leave-out` and no kinds, for who reports"
                f" an account does not judge it (found label {answer.label}, kinds"
                f" {str(answer.kinds).lower()})"
            )
    if document.kinds and not any(a.kinds for a in document.answers.values()):
        yield "kinds: expected an answer with `kinds: true` (found none), else nobody is ever asked"
    values = [step.value for step in document.confidence.values()]
    if values != sorted(set(values)):
        yield f"confidence: expected values that rise from step to step (found {values})"


def _choices(document: Document) -> Iterator[tuple[str, str, Choice]]:
    for field in ("answers", "kinds", "reasons", "confidence"):
        for name, choice in getattr(document, field).items():
            yield field, name, choice


def _twice(field: str, choices: dict[str, Choice]) -> Iterator[str]:
    seen: dict[str, str] = {}
    for name, choice in choices.items():
        same = re.sub(r"\s+", " ", choice.title).strip().lower()
        if same in seen:
            yield (
                f"{field}.{name}.title: expected another than {seen[same]}'s (found"
                f" {choice.title!r})"
            )
        seen[same] = name


def _mistakes(where: str, problems: Iterable[str]) -> UserError:
    found = list(problems)
    count = "1 mistake" if len(found) == 1 else f"{len(found)} mistakes"
    lines = "".join(f"\n  {p}" for p in found)
    return UserError(f"{where}: {count} in the scheme; nothing was done.{lines}")
