"""Keep tracebacks of libraries and threads off the terminal: they go to a log file."""

from __future__ import annotations

import logging
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from botbench.core.errors import RowsSetAside, brief
from botbench.terminal import console, signals

UNWANTED = ("PySpark does not yet fully support pandas",)
"""How warnings begin that come of what a library imports, whether or not it is used."""
Log = Callable[[BaseException], Path | None]


def quieten(log: Log) -> None:
    """Send what threads, warnings and loggers would print as a traceback to `log`."""
    make = logging.getLogRecordFactory()

    def record(*arguments: Any, **named: Any) -> logging.LogRecord:
        made = make(*arguments, **named)
        if made.exc_info and made.exc_info[1] is not None:
            error = made.exc_info[1]
            more = f" ({brief(error)}){_where(log(error))}"
            made.msg = f"{made.msg}{more.replace('%', '%%') if made.args else more}"
        made.exc_info = made.exc_text = made.stack_info = None
        return made

    def of_thread(found: threading.ExceptHookArgs) -> None:
        if found.exc_value is not None and signals.caught() is None:
            path = log(found.exc_value)
            print(f"botbench: {brief(found.exc_value)}{_where(path)}", file=sys.stderr)

    def unraisable(found: Any) -> None:
        if signals.caught() is not None:
            signals.unraisable(found)
        elif found.exc_value is not None:
            log(found.exc_value)

    def warned(  # noqa: PLR0917 (the signature of warnings.showwarning)
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if issubclass(category, RowsSetAside):
            console.say(str(message))
        elif not str(message).startswith(UNWANTED):
            show(message, category, filename, lineno, file, line)

    show = warnings.showwarning
    warnings.showwarning = warned
    logging.setLogRecordFactory(record)
    logging.raiseExceptions = False
    threading.excepthook = of_thread
    sys.unraisablehook = unraisable


def _where(path: Path | None) -> str:
    return "" if path is None else f" The details are in {path}."
