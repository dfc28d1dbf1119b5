"""Segments of a watch: events on disk, in files that are stored one after the other.

An event is on disk before the position behind it is. So a kill loses nothing: the server is asked
again from the position, and what comes twice is a duplicate.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from botbench.core.files import write_json

EVENTS = 50_000
SECONDS = 30.0
"""A segment is closed after so many events or so long a time."""
FLUSH = 0.5
"""Seconds after which events are written at the latest."""
OPEN, CLOSED = ".open.jsonl", ".jsonl"
STATE = "state.json"


@dataclass
class State:
    """How far a watch is: the position of the last event, events seen and kept, gaps."""

    campaign: str = ""
    position: int | None = None
    events: int = 0
    kept: int = 0
    gaps: list[dict[str, str]] = field(default_factory=list)


class Segments:
    """The folder of a watch's segments; one thread writes, another stores what is closed."""

    def __init__(self, folder: Path, seconds: float = SECONDS) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        self.folder, self.seconds, self.lock = folder, seconds, threading.Lock()
        self.state = self._read_state()
        self.file: BinaryIO | None = None
        self.held: list[bytes] = []
        self.lines, self.begun, self.flushed = 0, 0.0, time.monotonic()
        for left in folder.glob(f"*{OPEN}"):
            _close(left)

    def write(self, line: bytes, position: int, keep: bool) -> None:
        """Take an event; a kept one goes to the open segment."""
        with self.lock:
            self.state.events += 1
            self.state.position = max(position, self.state.position or 0)
            if keep:
                self.state.kept += 1
                self.held.append(line.replace(b"\n", b" ") + b"\n")
            self._tidy()

    def tick(self) -> None:
        """Write and close what is due, where no event came."""
        with self.lock:
            self._tidy()

    def gap(self, gap: dict[str, str]) -> None:
        """Note that something was not seen."""
        with self.lock:
            self.state.gaps.append(gap)
            self._flush()

    def ready(self) -> list[Path]:
        """Closed segments, the oldest first."""
        return sorted(p for p in self.folder.glob(f"*{CLOSED}") if not p.name.endswith(OPEN))

    def close(self) -> None:
        """Write what is held, and close the open segment."""
        with self.lock:
            self._flush()
            self._rotate()

    def _tidy(self) -> None:
        now = time.monotonic()
        if now - self.flushed < FLUSH and len(self.held) < 1_000:
            return
        self._flush()
        if self.file and (self.lines >= EVENTS or now - self.begun >= self.seconds):
            self._rotate()

    def _flush(self) -> None:
        self.flushed = time.monotonic()
        if self.held:
            if self.file is None:
                path = self.folder / f"{time.time_ns():020d}{OPEN}"
                self.file, self.lines, self.begun = path.open("ab"), 0, self.flushed
            self.file.write(b"".join(self.held))
            self.file.flush()
            self.lines += len(self.held)
            self.held.clear()
        write_json(self.folder / STATE, vars(self.state), mode=0o600)

    def _rotate(self) -> None:
        if self.file is not None:
            path = Path(self.file.name)
            self.file.close()
            self.file = None
            _close(path)

    def _read_state(self) -> State:
        try:
            document: Any = json.loads((self.folder / STATE).read_text(encoding="utf-8"))
            return State(**document)
        except (OSError, ValueError, TypeError):
            return State()


def _close(path: Path) -> None:
    """Close a segment; a last line that a kill has cut off is left out, and comes again."""
    with path.open("rb+") as file:
        content_end = file.seek(0, 2)
        size = min(content_end, 1 << 23)
        file.seek(content_end - size)
        tail = file.read(size)
        file.truncate(content_end - size + tail.rfind(b"\n") + 1)
    if path.stat().st_size:
        path.rename(path.with_name(path.name.removesuffix(OPEN) + CLOSED))
    else:
        path.unlink()
