"""How the board writes: numbers, lists and seconds for people, and text by others made harmless."""

from __future__ import annotations

from collections.abc import Sequence

from botbench.text.escaping import visible
from botbench.text.numbers import score_range


def span(score: Sequence[float | None], sign: bool = False) -> str:
    """An interval in words: the last two of (value, low, high), or of (low, high).

    >>> span((0.2, 0.1, 0.25)), span((0.5, 0.5)), span((-0.1, 0.1), sign=True)
    ('.100 to .250', 'same in every draw', '−.100 to +.100')
    >>> span((0.2, None, None))
    'no interval'
    """
    low, high = score[-2:]
    if low is None or high is None:
        return "no interval"
    return "same in every draw" if high - low < 5e-7 else score_range(low, high, sign=sign)


def listed(names: Sequence[str]) -> str:
    """Names as a sentence lists them.

    >>> listed(["a"]), listed(["a", "b", "c"]), listed([])
    ('a', 'a, b and c', '')
    """
    return (
        names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""
    )


def markdown(said: object) -> str:
    """Text for a Markdown table cell: no markup, link, HTML or column break of others' making.

    >>> markdown("a|b <i>*x*</i>")
    'a\\\\|b &lt;i&gt;\\\\*x\\\\*&lt;/i&gt;'
    """
    text = visible(str(said)).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join("\\" + c if c in "\\`*_{}[]()#!|~" else c for c in text)
