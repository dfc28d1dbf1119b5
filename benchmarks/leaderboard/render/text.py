"""How the board writes: numbers, lists and seconds for people, and text by others made harmless."""

from __future__ import annotations

from collections.abc import Sequence

from botbench.text.escaping import visible


def num(value: float | None, sign: bool = False) -> str:
    """Three places, a true minus, no zero before the point.

    >>> num(0.6686), num(-0.067, True), num(1.0), num(0.2, True), num(None)
    ('.669', '−.067', '1.000', '+.200', '–')
    """
    if value is None:
        return "–"
    digits = f"{abs(value):.3f}".removeprefix("0")
    mark = "" if digits == ".000" else "−" if value < 0 else "+" if sign else ""
    return mark + digits


def span(score: Sequence[float | None], sign: bool = False) -> str:
    """An interval in words: the last two of (value, low, high), or of (low, high).

    >>> span((0.2, 0.1, 0.25)), span((0.5, 0.5)), span((-0.1, 0.1), sign=True), span((0.2, None, None))
    ('.100 to .250', 'same in every draw', '−.100 to +.100', 'no interval')
    """
    low, high = score[-2:]
    if low is None or high is None:
        return "no interval"
    return "same in every draw" if high - low < 5e-7 else f"{num(low, sign)} to {num(high, sign)}"


def listed(names: Sequence[str]) -> str:
    """Names as a sentence lists them.

    >>> listed(["a"]), listed(["a", "b", "c"]), listed([])
    ('a', 'a, b and c', '')
    """
    return (
        names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""
    )


def seconds(value: float | None) -> str:
    """A duration as far as it matters.

    >>> seconds(0.004), seconds(0.5), seconds(12.34), seconds(600.0), seconds(None)
    ('< 0.01 s', '0.50 s', '12.3 s', '10 min', '–')
    """
    if value is None:
        return "–"
    steps = ((0.01, "< 0.01 s"), (1, f"{value:.2f} s"), (100, f"{value:.1f} s"))
    return next((text for limit, text in steps if value < limit), f"{value / 60:.0f} min")


def milliseconds(value: float | None) -> str:
    """What 1,000 accounts cost.

    >>> milliseconds(4.4641), milliseconds(1234.5), milliseconds(None)
    ('4.46 ms', '1.23 s', '–')
    """
    if value is None:
        return "–"
    return f"{value:.3g} ms" if value < 999 else f"{value / 1000:.3g} s"


def markdown(said: object) -> str:
    """Text for a Markdown table cell: no markup, link, HTML or column break of others' making.

    >>> markdown("a|b <i>*x*</i>")
    'a\\\\|b &lt;i&gt;\\\\*x\\\\*&lt;/i&gt;'
    """
    text = visible(str(said)).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join("\\" + c if c in "\\`*_{}[]()#!|~" else c for c in text)
