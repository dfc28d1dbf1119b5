"""Documents that are written whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


def write_json(path: Path, document: dict[str, Any]) -> None:
    """Write a document beside its place and move it there, so that no reader ever sees half of it."""
    whole = path.with_name(f".{path.name}.{os.getpid()}")
    whole.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    whole.replace(path)
