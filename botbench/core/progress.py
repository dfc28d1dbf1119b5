"""Progress reporting of work in several stages. `console.progress` draws the bars."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol


class Progress(Protocol):
    """The progress interface of long work: stages, and the steps of each stage."""

    def stage(self, name: str, total: int) -> None:
        """A stage of `total` steps begins."""

    def step(self, name: str) -> None:
        """One step is done."""


class NoProgress:
    """Reports nothing: for tests and scripts."""

    def stage(self, name: str, total: int) -> None:
        """Report nothing."""

    def step(self, name: str) -> None:
        """Report nothing."""


class ProgressBars:
    """Shows each stage as a bar with the remaining time; without a terminal, as one line.

    `bars` is what `console.progress` yields; `say` prints a line.
    """

    def __init__(self, bars: Any, say: Callable[[str], None]) -> None:
        self.bars, self.say = bars, say
        self.task: Any = None

    def stage(self, name: str, total: int) -> None:
        """Begin a bar; a stage without steps shows none."""
        self.task = self.bars.add_task(name, total=total) if total else None
        if total and self.bars.disable:
            self.say(f"{name}: {total:,} to do")

    def step(self, name: str) -> None:
        """Move the bar and show the name of the step."""
        if self.task is not None:
            self.bars.update(self.task, advance=1, description=name[:60])
