"""Ctrl-C, SIGTERM and SIGHUP: one sentence and an exit code, wherever they arrive.

It imports next to nothing, so that signals are taken early.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import time
from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType
    from typing import Any, NoReturn

NAMES = ("SIGINT", "SIGTERM", "SIGHUP")
TWICE = 2.0
"""Seconds in which a second signal counts as the same: work is being ended already."""
AGAIN = 0.1
"""Seconds after which an interrupt that a library has swallowed is raised again."""

_caught: list[tuple[int, float]] = []
_ended: list[int] = []


def install() -> None:
    """Catch the signals from now on; what the caller ignores (nohup) stays ignored."""
    for name in NAMES:
        number = getattr(signal, name)
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _catch)
    signal.signal(signal.SIGALRM, _again)
    sys.unraisablehook = unraisable
    # The first clean-up registered runs last.
    atexit.register(_ignore)


def caught() -> int | None:
    """The first signal caught, or None.

    Libraries turn a KeyboardInterrupt into errors of their own, so an error after it is its effect.
    """
    return _caught[0][0] if _caught else None


def sentence(number: int) -> str:
    """What is said at the end."""
    what = "interrupted" if number == signal.SIGINT else f"stopped by {signal.Signals(number).name}"
    return f"botbench: {what}; run the same command again, nothing is lost."


@contextmanager
def held() -> Iterator[None]:
    """Answer signals when the block ends: what it starts is known then, and can be ended.

    They are not blocked, for a process that is started inherits what is blocked. For the main
    thread; no other one is interrupted.
    """
    before: dict[int, Any] = {}
    came: list[int] = []
    try:
        for name in NAMES:
            number = getattr(signal, name)
            if callable(signal.getsignal(number)):
                before[number] = signal.signal(number, lambda n, _: came.append(n))
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for number in came:
            signal.raise_signal(number)


def rest() -> None:
    """The interrupt has reached the outermost handler, or the work is done: raise it no more."""
    signal.setitimer(signal.ITIMER_REAL, 0)


def ended(code: int) -> None:
    """The command is over: a signal during the interpreter's end changes nothing."""
    _ended.append(code)


def _ignore() -> None:
    """Take no signal from now on: while its modules are ended, Python gives each its own effect.

    A finished command would then end as one that was killed.
    """
    for name in NAMES:
        signal.signal(getattr(signal, name), signal.SIG_IGN)


def leave(code: int) -> NoReturn:
    """End an interrupted process: registered clean-ups run, the interpreter is not taken down.

    A thread of a library that still works at the interpreter's end aborts the process.
    """
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        pass
    os._exit(code)


def _catch(number: int, _: FrameType | None) -> None:
    if _ended:
        os._exit(_ended[0])
    now = time.monotonic()
    if not _caught:
        _caught.append((number, now))
        signal.setitimer(signal.ITIMER_REAL, AGAIN, AGAIN)
        raise KeyboardInterrupt
    if now - _caught[0][1] > TWICE:
        os.write(2, f"{sentence(_caught[0][0])}\n".encode())
        os._exit(128 + _caught[0][0])


def unraisable(found: Any) -> None:
    """Do as Python does; after an interrupt say nothing, for it is raised again."""
    if not _caught:
        sys.__unraisablehook__(found)


def _again(*_: object) -> None:
    """Raise an interrupt again that nothing handles: then a library has swallowed it.

    DuckDB swallows one that arrives while it tries to import a package that it can do without.
    """
    # While an error is handled, something is put in order, which is not to be interrupted.
    if not _ended and sys.exc_info()[1] is None:
        raise KeyboardInterrupt
