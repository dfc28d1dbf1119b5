"""Asking all questions of a campaign, and the document that comes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.study.estimators.estimate import Estimate, Refused
from benchmarks.study.questions import QUESTIONS, Answer, Figure, Question, Table, questions
from botbench.core.errors import UserError

if TYPE_CHECKING:
    from benchmarks.study.campaign.definition import Campaign
    from benchmarks.study.study import Study


@dataclass(frozen=True)
class Answers:
    """A study with the answer to each question."""

    study: Study
    found: tuple[tuple[Question, Answer], ...]
    notes: tuple[str, ...]
    more: dict[str, Any] = field(default_factory=dict)
    """What the document says of further files."""

    @property
    def estimates(self) -> list[Estimate]:
        """Every estimate in the order of the report."""
        return [e for _, answer in self.found for e in answer.estimates]

    @property
    def refused(self) -> list[Refused]:
        """Every number that is not given, with the reason, once."""
        return list(dict.fromkeys(r for _, answer in self.found for r in answer.refused))

    @property
    def pieces(self) -> list[Figure | Table]:
        """Every figure and table."""
        return [
            b for _, answer in self.found for b in answer.blocks if isinstance(b, Figure | Table)
        ]

    def document(self, report: str) -> dict[str, Any]:
        """The contract of `botbench study FILE --json`."""
        return {
            "campaign": self.study.campaign.name,
            "accounts": self.study.frame.accounts,
            "posts": self.study.frame.posts,
            "estimates": [e.document() for e in self.estimates],
            "refused": [{"quantity": r.quantity, "reason": r.reason} for r in self.refused],
            "report": report,
            "simulated": self.study.simulated,
            "notes": list(self.notes),
            "provenance": self.study.provenance,
            "truth": self.study.truth,
        } | self.more

    def write_files(self, folder: Path) -> None:
        """Write what answers have besides tables and figures, and note it in `more`."""
        for _, answer in self.found:
            if answer.files is not None:
                self.more.update(answer.files(folder))


def chosen(campaign: Campaign) -> list[Question]:
    """The campaign's questions; all of them by default. Raises UserError for an unknown one."""
    there = questions()
    names = [q.name for q in there]
    for name in campaign.questions:
        if name not in names:
            raise QUESTIONS.missing(name, names)
    return [q for q in there if not campaign.questions or q.name in campaign.questions]


def ask(
    study: Study, asked: list[Question], done: Callable[[str], None] = lambda _: None
) -> Answers:
    """Answer each question. One that cannot be answered gives its reason; the others go on."""
    answered: list[tuple[Question, Answer]] = []
    for question in asked:
        try:
            answered.append((question, question.ask(study)))
        except UserError as error:
            answered.append((question, Answer(refused=[Refused(question.title, str(error))])))
        done(question.title)
    return Answers(study, tuple(answered), tuple(_notes(study)))


def _notes(study: Study) -> list[str]:
    notes = list(study.frame.notes)
    if study.labelled.problem:
        notes.append(study.labelled.problem)
    if study.refused_scores:
        notes.append(study.refused_scores)
    elif study.trained_here:
        notes.append(
            f"The detector was trained on {study.trained_here:,} of these accounts and its scores"
            " are used all the same (accept_trained_here): intervals that use them can be too"
            " narrow and off the truth."
        )
    return notes
