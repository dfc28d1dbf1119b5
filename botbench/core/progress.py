"""Who is told how a long piece of work goes: a command shows it, tests and scripts need not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol


class Watcher(Protocol):
    """Told what goes on."""

    def stage(self, what: str, total: int) -> None:
        """A stage of so many steps begins."""

    def step(self, what: str) -> None:
        """One step is done."""


class Silent:
    """Says nothing."""

    def stage(self, what: str, total: int) -> None:
        """Nothing."""

    def step(self, what: str) -> None:
        """Nothing."""


class Bars:
    """A bar for each stage on a terminal, with the remaining time; a line for each stage elsewhere."""

    def __init__(self, progress: Any, say: Callable[[str], None]) -> None:
        self.progress, self.say = progress, say
        self.task: Any = None

    def stage(self, what: str, total: int) -> None:
        """Begin a bar; a stage with nothing to do shows none."""
        self.task = self.progress.add_task(what, total=total) if total else None
        if total and self.progress.disable:
            self.say(f"{what}: {total:,} to do")

    def step(self, what: str) -> None:
        """Move the bar and show what was last done."""
        if self.task is not None:
            self.progress.update(self.task, advance=1, description=what[:60])
