"""The journal of an erasure: its target, which the store no longer has when files are searched.

The journal is a file in the store's folder, readable by its owner alone, and removed at the end.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from botbench.core.files import write_json

FOLDER = "erasing"


def path(home: Path, tombstone: str) -> Path:
    """The path of an erasure's journal; it is named after the tombstone."""
    return home / FOLDER / f"{tombstone}.json"


def write(file: Path, document: dict[str, Any]) -> None:
    """Write the journal atomically."""
    write_json(file, document, mode=0o600)


def unfinished(home: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Every journal of an erasure that was interrupted."""
    for file in sorted((home / FOLDER).glob("*.json")):
        yield file, json.loads(file.read_text(encoding="utf-8"))


def close(file: Path) -> None:
    """Remove the journal of a finished erasure."""
    file.unlink(missing_ok=True)
    try:
        file.parent.rmdir()
    except OSError:
        return
