"""Amounts of memory as people write them, such as 2GB."""

from __future__ import annotations

import re

LEAST = 100_000_000
"""Bytes with which DuckDB still reads a data set."""
EXAMPLE = "write for example 2GB or 500MB"
_UNITS = {
    f"{letter}{unit}": base**power
    for power, letter in enumerate("kmgt", 1)
    for unit, base in (("b", 1000), ("ib", 1024))
}
_AMOUNT = r"([0-9]+(?:\.[0-9]+)?)\s*([kmgt]i?b)"


def memory_bytes(text: str) -> int | None:
    """The bytes of an amount of memory; None for what is no amount.

    >>> memory_bytes("500 MB"), memory_bytes("1.5GiB"), memory_bytes("much"), memory_bytes("-1GB")
    (500000000, 1610612736, None, None)
    """
    found = re.fullmatch(_AMOUNT, text.strip(), re.IGNORECASE)
    return int(float(found[1]) * _UNITS[found[2].lower()]) if found else None
