"""CSV files that people open in a spreadsheet. Every CSV file that botbench writes is made here.

No such file is read back by botbench: what was changed for a spreadsheet stands unchanged in the
JSON document beside it, or in the store.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, TextIO

from botbench.text.escaping import to_cell


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Write rows as CSV, headings and values through `to_cell`; returns how many rows.

    Lists are joined by `; `, times are ISO 8601.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as handle:
        return _write(handle, columns, rows)


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """The text that `write_csv` would write."""
    out = io.StringIO()
    _write(out, columns, rows)
    return out.getvalue()


def _write(handle: TextIO, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    writer = csv.writer(handle, lineterminator="\n")
    count = 0
    for count, row in enumerate(chain([columns], rows)):  # noqa: B007 - the last is the number
        writer.writerow([to_cell(_flat(value)) for value in row])
    return count


def _flat(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return "; ".join(map(str, value))
    return value.isoformat() if hasattr(value, "isoformat") else value
