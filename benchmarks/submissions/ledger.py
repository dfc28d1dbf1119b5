"""The history of all submissions: one line an event, appended and never edited."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botbench.core.files import locked


def path(home: Path) -> Path:
    """The ledger's file under a store's home."""
    return home / "submissions" / "ledger.jsonl"


@contextlib.contextmanager
def turn(home: Path) -> Iterator[None]:
    """Hold the ledger: two answers at once would both think that they are the first."""
    with locked(path(home).with_name("ledger.lock")):
        yield


def append(home: Path, event: str, **fields: Any) -> dict[str, Any]:
    """Add an event (scored, accepted, withdrawn) with the time; returns it."""
    row = {"event": event, "at": datetime.now(UTC).isoformat(timespec="seconds"), **fields}
    with path(home).open("a", encoding="utf-8") as file:
        file.write(json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n")
        file.flush()
    return row


def events(home: Path, **wanted: Any) -> list[dict[str, Any]]:
    """The events, oldest first, that have these values."""
    file = path(home)
    if not file.is_file():
        return []
    rows = [
        json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()
    ]
    return [row for row in rows if all(row.get(k) == v for k, v in wanted.items())]
