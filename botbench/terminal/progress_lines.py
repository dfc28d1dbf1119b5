"""Progress bars on a terminal; in a log the same as a line from time to time."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Column
from rich.text import Text

from botbench.terminal.redaction import scrub
from botbench.text.escaping import to_terminal, visible

if TYPE_CHECKING:
    from rich.console import Console

FIRST, LATER = 10.0, 60.0
"""Seconds to the first line in a log, and from line to line after the first minute."""


class Description(TextColumn):
    """A task's name as literal text."""

    def render(self, task: Task) -> Text:
        """The name without secrets and control characters."""
        return Text(_name(task))


class Lines(Progress):
    """A progress bar that is never drawn: `tell` gets a line when there is something to tell."""

    tell: Callable[[str], None]
    told: float
    begun: float

    def update(self, task_id: TaskID, **changes: Any) -> None:
        """Note progress, and tell it if the last line is old."""
        super().update(task_id, **changes)
        self._maybe(task_id)

    def advance(self, task_id: TaskID, advance: float = 1) -> None:
        """Note steps, and tell them if the last line is old."""
        super().advance(task_id, advance)
        self._maybe(task_id)

    def _maybe(self, task_id: TaskID) -> None:
        now = time.monotonic()
        if now - self.told >= (FIRST if now - self.begun < LATER else LATER):
            self.told = now
            self.tell(line(self._tasks[task_id]))


def bar(console: Console, quiet: bool, tell: Callable[[str], None]) -> Progress:
    """What draws progress on a terminal, tells it in lines elsewhere, and does neither if quiet."""
    is_terminal = sys.stderr.isatty()
    made: Progress = (Progress if is_terminal or quiet else Lines)(
        # 40 + 20 + 15 (a million of a million) + 8 + 8 columns and 4 blanks: 95.
        Description("", table_column=Column(no_wrap=True, overflow="ellipsis", max_width=40)),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=quiet or not is_terminal,
        transient=True,
        # Its own redirection would let control characters of libraries through.
        redirect_stdout=False,
        redirect_stderr=False,
    )
    if isinstance(made, Lines):
        made.tell = tell
        made.begun = made.told = time.monotonic()
    return made


def line(task: Task) -> str:
    """A task in a line: what is done, how much of it, and about how long the rest takes."""
    spent = task.elapsed or 0.0
    if not task.total or not task.completed:
        return f"{_name(task)}: {_span(spent)} so far"
    left = spent * (task.total - task.completed) / task.completed
    return (
        f"{_name(task)}: {task.completed:,.0f} of {task.total:,.0f}, {_span(spent)} so far, about"
        f" {_span(left)} left"
    )


def _name(task: Task) -> str:
    return to_terminal(str(visible(scrub(task.description))))


def _span(seconds: float) -> str:
    """Seconds for people.

    >>> _span(7.2), _span(170), _span(7300)
    ('7 s', '3 min', '2.0 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
