"""Progress where people look: a bar on the terminal, a line that is drawn over in a notebook."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botbench.core.progress import NoProgress, Progress, ProgressBars
from botbench.text.escaping import to_html
from botbench.text.numbers import span

AFTER = 2.0
"""Seconds that work takes before a notebook shows a line of it."""


class NotebookLine:
    """The stage, its steps and the remaining time as one line of a notebook, gone at the end."""

    def __init__(self) -> None:
        self.stage_name, self.total, self.done = "", 0, 0
        self.begun = self.stage_begun = time.monotonic()
        self.handle: Any = None

    def stage(self, name: str, total: int) -> None:
        """Begin a stage of `total` steps."""
        self.stage_name, self.total, self.done = name, total, 0
        self.stage_begun = time.monotonic()
        self._draw("")

    def step(self, name: str) -> None:
        """One step is done."""
        self.done += 1
        self._draw(name)

    def tell(self, name: str, done: int, total: int) -> None:
        """What is being done, how much of it is done, of how much."""
        self.stage_name, self.total, self.done = name, total, done
        self._draw("")

    def end(self) -> None:
        """Take the line away."""
        if self.handle is not None:
            self.handle.update(_html(""))

    def _draw(self, step: str) -> None:
        now = time.monotonic()
        if now - self.begun < AFTER:
            return
        left = (now - self.stage_begun) / self.done * (self.total - self.done) if self.done else 0
        text = f"{self.stage_name}: {self.done:,} of {self.total:,}" if self.total else step
        text += f", {span(left)} left" if left >= 1 else ""
        shown = _html(f"<small>{to_html(f'{text} {step}' if self.total else text)}</small>")
        if self.handle is None:
            self.handle = sys.modules["IPython.display"].display(shown, display_id=True)
        else:
            self.handle.update(shown)


def _html(text: str) -> Any:
    from IPython import display

    make: Any = display.HTML
    return make(text)


def in_notebook() -> bool:
    """Whether this process is a notebook's kernel."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and hasattr(shell, "kernel")


@contextmanager
def shown() -> Iterator[Progress]:
    """Progress of stages and steps; silent where nobody watches."""
    if in_notebook():
        line = NotebookLine()
        try:
            yield line
        finally:
            line.end()
    elif sys.stderr.isatty():
        from botbench.terminal import console

        with console.progress() as bars:
            yield ProgressBars(bars, lambda _: None)
    else:
        yield NoProgress()


@contextmanager
def told(what: str) -> Iterator[Any]:
    """A function of (what, done, total) that shows progress; silent where nobody watches."""
    if in_notebook():
        line = NotebookLine()
        try:
            yield line.tell
        finally:
            line.end()
        return
    from botbench.terminal import console

    with console.progress() as bars:
        task = bars.add_task(what, total=None)
        yield lambda name, done, total: bars.update(
            task, description=name, completed=done, total=total
        )
