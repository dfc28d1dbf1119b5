"""The one way to write a decimal number for people."""

from __future__ import annotations

MINUS = "−"


def decimal(value: float, places: int = 3, sign: bool = False) -> str:
    """A fixed number of places, a true minus, no zero before the point; zero has no sign.

    >>> decimal(0.6686), decimal(-0.067), decimal(1.0), decimal(0.2, 2, sign=True), decimal(-1e-9)
    ('.669', '−.067', '1.000', '+.20', '.000')
    """
    digits = f"{abs(value):.{places}f}"
    zero = not digits.strip("0.")
    mark = "" if zero else MINUS if value < 0 else "+" if sign else ""
    return mark + (digits[1:] if digits.startswith("0.") else digits)
