"""What goes into a CSV file that people open in a spreadsheet: text by others can neither run as a
formula nor hide.
"""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

FORMULA = tuple("=+-@\t\r\n＝＋－＠|%")
"""Beginnings that a spreadsheet takes for a formula or a command."""
HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
"""Unicode categories of what cannot be seen."""


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Write rows as CSV, every value through `cell`; lists are joined by `; `, times are ISO 8601.
    Returns how many rows.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            writer.writerow([cell(_flat(value)) for value in row])
            count += 1
    return count


def _flat(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return "; ".join(map(str, value))
    return value.isoformat() if hasattr(value, "isoformat") else value


def plain(said: Any) -> Any:
    """Control and direction characters made visible, in text and in whatever holds text.

    No name can then turn round, hide or break the text beside it.

    >>> plain("a\\u202eb")
    'a⟨U+202E⟩b'
    """
    if isinstance(said, str):
        return "".join(
            f"⟨U+{ord(c):04X}⟩" if unicodedata.category(c) in HIDDEN else c for c in said
        )
    if isinstance(said, list | tuple):
        return [plain(part) for part in said]
    if isinstance(said, dict):
        return {plain(key): plain(part) for key, part in said.items()}
    return said


def cell(said: Any) -> Any:
    """A CSV value; text that a spreadsheet would run as a formula gets an apostrophe before it.

    >>> cell("=HYPERLINK(1)"), cell("tree"), cell(-0.5), cell(None), cell(True)
    ("'=HYPERLINK(1)", 'tree', -0.5, '', 'true')
    """
    if said is None:
        return ""
    if isinstance(said, bool):
        return str(said).lower()
    if not isinstance(said, str):
        return said
    return "'" + plain(said) if said.lstrip(" \u00a0").startswith(FORMULA) else plain(said)
