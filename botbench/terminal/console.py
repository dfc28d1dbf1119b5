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
    from rich.table import Table
    from rich.text import Text


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

    No word is broken, so that an id can be copied. On a terminal that is too narrow for the table,
    each row is a record, a line a column. Where no terminal reads it, no row is folded.
    """
    body = [list(row) for row in rows]
    shown = [[_shown(value) for value in row] for row in body]
    numeric = [_is_numeric([row[i] for row in body]) for i in range(len(columns))]
    is_terminal = sys.stdout.isatty()
    screen = _console(stderr=False, width=None if is_terminal else _WIDEST)
    widths = _widths(columns, shown, screen.width)
    if widths is None:
        screen.print(_records(clean(title), columns, shown))
        return
    grid = _grid(clean(title), columns, shown, numeric, widths)
    with screen.capture() as captured:
        screen.print(grid)
    lines = captured.get().splitlines()
    if not is_terminal:
        lines = [line.rstrip() for line in lines]
    plain(sys.stdout).write("\n".join(lines) + "\n")


def _is_numeric(values: Sequence[object]) -> bool:
    """Whether a column holds numbers, and nothing else that is there."""
    there = [value for value in values if value is not None]
    return bool(there) and all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in there
    )


def _widths(columns: Sequence[str], shown: Sequence[Sequence[str]], width: int) -> list[int] | None:
    """A width for each column so that the table fits and no word is broken; None if none is."""
    from rich.cells import cell_len

    least, natural = [], []
    for i, column in enumerate(columns):
        cells = [row[i] for row in shown]
        words = max((cell_len(word) for cell in cells for word in cell.split()), default=0)
        longest = max(map(cell_len, (column, *cells)))
        head = max((cell_len(word) for word in column.split()), default=0)
        folds = any(" " in cell for cell in cells)
        least.append(max(head, min(words, _WORD) if folds else words))
        natural.append(longest)
    # A blank at each side of a cell, one between two cells, one at each edge.
    free = width - 3 * len(columns) - 1
    if not shown or sum(natural) <= free:
        return natural
    if sum(least) > free:
        return None
    wanted = [n - k for n, k in zip(natural, least, strict=True)]
    spare = free - sum(least)
    return [k + spare * more // sum(wanted) for k, more in zip(least, wanted, strict=True)]


def _grid(
    title: str,
    columns: Sequence[str],
    shown: Sequence[Sequence[str]],
    numeric: Sequence[bool],
    widths: Sequence[int],
) -> Table:
    """The table as rich draws it, with these widths."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    name = Text(title) if title else None
    grid = Table(title=name, title_justify="left", box=box.SIMPLE_HEAD, title_style="bold")
    for i, column in enumerate(columns):
        grid.add_column(
            column,
            justify="right" if numeric[i] else "left",
            overflow="fold",
            width=widths[i],
        )
    for row in shown:
        grid.add_row(*map(Text, row))
    return grid


def _records(title: str, columns: Sequence[str], shown: Sequence[Sequence[str]]) -> Text:
    """Each row as lines of a column's name and its value, rows apart by a blank line."""
    from rich.text import Text

    width = max(map(len, columns))
    text = Text()
    if title:
        text.append(f"{title}\n", style="bold")
    for row in shown:
        lines = (f"  {n:<{width}}  {v}\n" for n, v in zip(columns, row, strict=True))
        text.append("\n" + "".join(lines))
    return text


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
    """A progress bar on stderr with remaining time; `quiet` shows none.

    Where no terminal reads it, such as in a log, a line from time to time tells the same.
    """
    from botbench.terminal import progress_lines

    console = _console(stderr=True)
    bar = progress_lines.bar(console, quiet, say)
    _live.append(console)
    try:
        with bar:
            yield bar
    finally:
        _live.remove(console)
