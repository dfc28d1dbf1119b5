"""How far each project was read: files in the store's folder. A sync reads only what is new.

If a file is lost or wrong, the project is read whole; the log of annotations decides what is new in
either case.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from botbench.core.files import write_text

OVERLAP = timedelta(seconds=60)
"""A change can become visible after a later one. So this much time is read again, and the cursor
holds the changes already seen in it.
"""


def utc_text(moment: datetime | str) -> str:
    """A time as Label Studio writes it, whether the SDK parsed it or not."""
    # Its filter refuses a time without microseconds.
    text = moment if isinstance(moment, str) else moment.isoformat(timespec="microseconds")
    return text.replace("+00:00", "Z")


@dataclass(frozen=True)
class Cursor:
    """The newest change read of a project, and the changes shortly before it (task id to time)."""

    newest: str
    seen: dict[str, str] = field(default_factory=dict)

    @property
    def since(self) -> str:
        """The time from which to read again."""
        return utc_text(datetime.fromisoformat(self.newest) - OVERLAP)

    def after(self, changes: dict[str, str]) -> Cursor:
        """The cursor after these changes (task id to time) were stored."""
        if not changes:
            return self
        both = {**self.seen, **changes}
        moved = Cursor(max(both.values()))
        return Cursor(moved.newest, {task: at for task, at in both.items() if at > moved.since})


class Cursors:
    """One file for each server and batch's project."""

    def __init__(self, home: Path, server: str) -> None:
        self._folder, self._server = home / "annotate" / "read", server

    def get(self, mark: str) -> Cursor | None:
        """How far the project with this mark was read; None if that is not known."""
        try:
            stored = json.loads(self._file(mark).read_text(encoding="utf-8"))
            datetime.fromisoformat(stored["newest"])
            return Cursor(stored["newest"], dict(stored["seen"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def put(self, mark: str, cursor: Cursor) -> None:
        """Write the cursor; call it only after the annotations were stored."""
        target = self._file(mark)
        write_text(target, json.dumps({"newest": cursor.newest, "seen": cursor.seen}))

    def _file(self, mark: str) -> Path:
        return (
            self._folder
            / f"{hashlib.sha256(f'{self._server} {mark}'.encode()).hexdigest()[:20]}.json"
        )
