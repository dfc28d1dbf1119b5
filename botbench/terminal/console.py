"""Console output: tables and progress for people; JSON on stdout, the rest on stderr.

Everything that a command prints goes through here: without secrets and control characters.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botbench.core.decimals import decimal
from botbench.terminal.redaction import scrub, scrubbed
from botbench.terminal.streams import plain
from botbench.text.escaping import json_escaped, to_terminal, visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress


_WORD = 64
"""The longest word that is never broken: a sha256 in full. Only text longer than it is folded."""
_WIDEST = 10_000

_live: list[Console] = []


def _console(stderr: bool, width: int | None = None) -> Console:
    from rich.console import Console

    if stderr and _live:
        return _live[-1]
    stream = plain(sys.stderr if stderr else sys.stdout)
    return Console(file=stream, highlight=False, soft_wrap=True, width=width)


def clean(text: str, reveals: bool = False) -> str:
    """Text without secrets and control characters; `reveals` leaves a login that is meant."""
    return to_terminal(text if reveals else scrub(text))


def say(text: str = "", reveals: bool = False) -> None:
    """Print a message to stderr; stdout stays free for tables and JSON.

    `reveals` is for a message whose purpose is to hand out a login or a link with a token.
    """
    from rich.text import Text

    _console(stderr=True).print(Text(clean(text, reveals)))


def show(text: str = "") -> None:
    """Print text for people on stdout."""
    plain(sys.stdout).write(f"{clean(text)}\n")


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table on stdout: numbers to the right, text literal (no markup is read in it).

    No word is broken, so that an id can be copied. Where no terminal reads it, no row is folded.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    body = [list(row) for row in rows]
    shown = [[_shown(value) for value in row] for row in body]
    name = Text(clean(title)) if title else None
    grid = Table(title=name, title_justify="left", box=box.SIMPLE_HEAD, title_style="bold")
    is_terminal = sys.stdout.isatty()
    for i, column in enumerate(columns):
        numeric = bool(body) and all(isinstance(row[i], int | float) for row in body)
        words = max((len(word) for row in shown for word in row[i].split()), default=0)
        one_word = not any(" " in row[i] for row in shown)
        grid.add_column(
            column,
            justify="right" if numeric else "left",
            overflow="fold",
            min_width=words if one_word else min(words, _WORD),
            no_wrap=not is_terminal,
        )
    for row in shown:
        grid.add_row(*map(Text, row))
    _console(stderr=False, width=None if is_terminal else _WIDEST).print(grid)


def _shown(value: object) -> str:
    """A value as one line of a table's cell."""
    return to_terminal(str(visible(scrub(_cell(value)))))


def _cell(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return decimal(value)
    return str(value)


def emit(document: Any, reveals: bool = False) -> None:
    """Write one JSON document to stdout: no secret in its texts, no raw control character.

    `reveals` is for a document whose purpose is to hand out a login or a link with a token.
    """
    text = as_json(document)
    if not reveals and scrub(text) != text:
        text = as_json(scrubbed(json.loads(text)))
    plain(sys.stdout).write(f"{text}\n")


def as_json(document: Any) -> str:
    """A document as JSON text for people to read, with hidden characters escaped."""
    return json_escaped(json.dumps(document, indent=1, ensure_ascii=False, default=_plain))


def _plain(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


@contextmanager
def progress(quiet: bool = False) -> Iterator[Progress]:
    """A progress bar on stderr with remaining time; `quiet` (or no terminal) shows none."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        Task,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Description(TextColumn):
        """A task's name as literal text."""

        def render(self, task: Task) -> Text:
            return Text(to_terminal(str(visible(scrub(task.description)))))

    console = _console(stderr=True)
    bar = Progress(
        Description(""),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=quiet or not sys.stderr.isatty(),
        transient=True,
        # Its own redirection would let control characters of libraries through.
        redirect_stdout=False,
        redirect_stderr=False,
    )
    _live.append(console)
    try:
        with bar:
            yield bar
    finally:
        _live.remove(console)
