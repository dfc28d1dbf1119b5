"""Numbers of the board's script as short text, so that a large board stays a small page.

A number is its thousandths in base 64, in as many characters as the metric needs, the middle of
what these can say being 0; `board.js` reads them. Three places are what the page shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"
NOTHING = "~"


def width(numbers: Iterable[float | None]) -> int:
    """The characters that each of the numbers needs.

    >>> width([0.5, -1.0]), width([12.0, None]), width([])
    (2, 3, 2)
    """
    most = max((abs(round(1000 * n)) for n in numbers if n is not None), default=0)
    return next(w for w in range(2, 12) if most < 64**w // 2)


def packed(numbers: Iterable[float | None], wide: int) -> str:
    """The numbers one after the other, `wide` characters each.

    >>> packed([0.0, 0.655, None], 2)
    'W0gF~~'
    """
    return "".join(_text(n, wide) for n in numbers)


def _text(number: float | None, wide: int) -> str:
    if number is None:
        return NOTHING * wide
    left, text = _thousandths(number) + 64**wide // 2, ""
    for _ in range(wide):
        left, digit = divmod(left, 64)
        text = DIGITS[digit] + text
    return text


def _thousandths(number: float) -> int:
    """The thousandths that the page shows: as a format rounds, not as a product does."""
    return int(f"{number:.3f}".replace(".", ""))


def counts(numbers: Iterable[int | None], wide: int) -> str:
    """Ranks and places, `wide` characters each: one below 64, two below 4,096.

    >>> counts([1, None, 63], 1), counts([70], 2)
    ('1~_', '16')
    """
    return "".join(
        NOTHING * wide if n is None else (DIGITS[n // 64] + DIGITS[n % 64])[-wide:] for n in numbers
    )


def lists(numbers: Iterable[Sequence[int]], wide: int) -> str:
    """Lists of such numbers, with a comma between two lists.

    >>> lists([[0], [0, 1], []], 1)
    '0,01,'
    """
    return ",".join(counts(own, wide) for own in numbers)


def widths(board: Mapping[str, Any]) -> dict[str, int]:
    """The width of each metric over everything that the board says in it."""
    found: dict[str, list[Sequence[float | None]]] = {m["name"]: [] for m in board["metrics"]}
    for row in board["rows"]:
        found[row["metric"]].append((row["value"], row["low"], row["high"]))
        found[row["metric"]].append((row.get("value_decided"),))
    parts = [board["summary"], *(part["summary"] for part in board["subsets"])]
    for entry in (e for part in parts for e in part):
        own = found[entry["metric"]]
        own += [v for v in (*entry["scores"].values(), *entry["wide"].values()) if v]
        own += [v for v in (entry["above"], entry["lost"]) if v]
    return {name: width(n for v in values for n in v) for name, values in found.items()}
