"""The questions of a study, one file each; an answer is tables, figures and sentences.

    @question("my-question", title="What is it?", order=50)
    def my_question(study: Study) -> Answer: ...

An answer gives `estimates` and `refused` (they go into the document of `botbench study --json`),
and `blocks`: `Text`, `Table`, `Figure` and `Overview` in the order of the page. Every table and
figure is also written as CSV and into `figures.json`. A question without data (no posts, no cohort)
gives an answer with empty `blocks`, or raises UserError with the reason; the others are still
answered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.study.estimators.estimate import Estimate, Refused
from botbench.core.registry import Registry

if TYPE_CHECKING:
    from benchmarks.study.study import Study

Cell = str | float | int | None
FLAGGED = "Thin upright line: what the detector flags."
"""The legend of figures with the shares that are not corrected."""


@dataclass(frozen=True)
class Text:
    """A paragraph; `warning` highlights it."""

    text: str
    warning: bool = False


@dataclass(frozen=True)
class Table:
    """A table; `name` is its file's. Cells are escaped by the report.

    A `folded` table is opened by the reader, and only its file is named in print. `half` is half as
    wide as the page. Numbers of the columns in `points` are differences of shares.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]
    note: str = ""
    folded: bool = False
    half: bool = False
    points: tuple[str, ...] = ()


@dataclass(frozen=True)
class Overview:
    """A small table of the page alone: numbers that a `Table` has, put together for reading."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]
    note: str = ""
    half: bool = False


@dataclass(frozen=True)
class Figure:
    """A chart as inline SVG (from `botbench.html.charts`) with the rows it was drawn from.

    `folded` and `half` are those of a `Table`.
    """

    name: str
    title: str
    svg: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]
    note: str = ""
    folded: bool = False
    half: bool = False


@dataclass
class Answer:
    """The answer to a question."""

    blocks: list[Text | Table | Overview | Figure] = field(default_factory=list)
    estimates: list[Estimate] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    lead: str = ""
    """The answer in a sentence or two, for the conclusions at the head of the report."""
    files: Callable[[Path], dict[str, Any]] | None = None
    """Writes further files into the report's folder, and returns what the document says of them."""

    def take(self, results: Sequence[Estimate | Refused]) -> list[Estimate]:
        """Keep estimates and refusals; returns the estimates."""
        new = [f for f in results if isinstance(f, Estimate)]
        self.estimates += new
        self.refused += [f for f in results if isinstance(f, Refused)]
        return new


@dataclass(frozen=True)
class Question:
    """A registered question; `order` is its place in the report."""

    name: str
    title: str
    order: int
    ask: Callable[[Study], Answer]


QUESTIONS: Registry[Question] = Registry(
    "question", "benchmarks.study.questions", "botbench.questions"
)


def question(
    name: str, *, title: str, order: int
) -> Callable[[Callable[[Study], Answer]], Callable[[Study], Answer]]:
    """Register a function that answers a question of a study."""

    def register(ask: Callable[[Study], Answer]) -> Callable[[Study], Answer]:
        QUESTIONS.add(name, Question(name, title, order, ask))
        return ask

    return register


def questions() -> list[Question]:
    """Every registered question in the order of the report."""
    return sorted(QUESTIONS.all().values(), key=lambda q: (q.order, q.name))
