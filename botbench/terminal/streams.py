"""Standard output and error that let no secret and no control character through."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from typing import Any, TextIO, cast

from botbench.terminal.redaction import scrub
from botbench.text.escaping import to_terminal

_LONGEST = 1 << 16


class GuardedStream:
    """A text stream in front of another: whole lines are scrubbed and escaped before they go on.

    A reader that closes its pipe ends nothing: what follows goes nowhere, and work is finished.
    """

    def __init__(self, raw: TextIO) -> None:
        self.raw = raw
        self.pending = ""
        self.lock = threading.RLock()

    def write(self, text: str) -> int:
        """Take text; a line goes on when it is complete."""
        with self.lock:
            self.pending += text
            cut = self.pending.rfind("\n") + 1
            if len(self.pending) - cut > _LONGEST:
                cut = len(self.pending)
            if cut:
                whole, self.pending = self.pending[:cut], self.pending[cut:]
                self._pass_on(to_terminal(scrub(whole)))
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Take several texts."""
        for line in lines:
            self.write(line)

    def write_plain(self, text: str) -> None:
        """Write text that is clean already, or that moves the cursor of a progress bar."""
        with self.lock:
            self._drain()
            self._pass_on(text)

    def flush(self) -> None:
        """Pass on an unfinished line too."""
        with self.lock:
            self._drain()
            self._quietly(self.raw.flush)

    def _drain(self) -> None:
        rest, self.pending = self.pending, ""
        if rest:
            self._pass_on(to_terminal(scrub(rest)))

    def _pass_on(self, text: str) -> None:
        self._quietly(lambda: self.raw.write(text))

    def _quietly(self, work: Any) -> None:
        try:
            work()
        except BrokenPipeError:
            discard(self.raw)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.raw, name)


class PlainStream:
    """What rich writes to: it composes escape sequences itself, of text that is clean already."""

    def __init__(self, guarded: GuardedStream) -> None:
        self.guarded = guarded

    def write(self, text: str) -> int:
        """Write at once."""
        self.guarded.write_plain(text)
        return len(text)

    def flush(self) -> None:
        """Flush the stream behind."""
        self.guarded.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.guarded.raw, name)


def guard() -> None:
    """Put guards before standard output and error, once for the process."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, GuardedStream):
            continue
        if stream is None:  # closed by the caller
            stream = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(errors="backslashreplace")
        setattr(sys, name, GuardedStream(stream))


def guard_worker() -> None:
    """Set up a worker process: guarded streams; its parent answers Ctrl-C and ends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    guard()


def plain(stream: TextIO) -> TextIO:
    """The stream for text that is clean already."""
    return cast(TextIO, PlainStream(stream)) if isinstance(stream, GuardedStream) else stream


def discard(stream: TextIO) -> None:
    """Let a stream whose reader is gone, or whose disk is full, write into nothing."""
    with contextlib.suppress(OSError, ValueError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, stream.fileno())
        os.close(nothing)
