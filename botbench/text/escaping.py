"""Foreign text as HTML that it cannot break out of: escaped, isolated in its direction, invisible
characters made visible.
"""

from __future__ import annotations

import html
import re

# Controls (but tab and newline), blank letters, lone surrogates, zero-width characters (but the
# joiners that emoji and Persian need), and all that turns the direction of text.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u2800\u3164\uffa0\ud800-\udfff\u200b\u200e\u200f"
    "\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
# More than three combining marks on one letter would cover the lines above.
_PILE = re.compile(
    "([\u0300-\u036f\u0489\u1ab0-\u1aff\u20d0-\u20ff]{3})[\u0300-\u036f\u0489\u1ab0-\u1aff\u20d0-\u20ff]+"
)


def literal(value: object, length: int | None = None) -> str:
    """A value as HTML text. `length` is its full length in characters where `value` was cut; what
    is missing is said.

    >>> literal("<b>\\u202egnp.exe</b>")
    '<bdi dir="auto">&lt;b&gt;<i class="ac-cp">U+202E</i>gnp.exe&lt;/b&gt;</bdi>'
    >>> literal("abc", length=1000)
    '<bdi dir="auto">abc</bdi><i class="ac-cut">… 997 more characters</i>'
    """
    text = "" if value is None else str(value)
    shown = _PILE.sub(r"\1", text.replace("\r\n", "\n"))
    marked = _HIDDEN.sub(_sentinel, html.escape(shown, quote=True))
    missing = (length or 0) - len(text)
    cut = f'<i class="ac-cut">… {number(missing)} more characters</i>' if missing > 0 else ""
    return f'<bdi dir="auto">{marked}</bdi>{cut}'


def _sentinel(match: re.Match[str]) -> str:
    return f'<i class="ac-cp">U+{ord(match.group()):04X}</i>'


def number(value: float | None, digits: int = 0) -> str:
    """A number with narrow spaces between thousands; unknown is a dash, never a zero.

    >>> number(None), number(1234567), number(0.25, 1)
    ('–', '1\\u202f234\\u202f567', '0.2')
    """
    return "–" if value is None else f"{value:,.{digits}f}".replace(",", "\u202f")


def percent(share: float | None) -> str:
    """A share as percent; unknown is a dash.

    >>> percent(0.123), percent(None)
    ('12 %', '–')
    """
    return "–" if share is None else f"{100 * share:.0f} %"


def duration(hours: float | None) -> str:
    """Hours as hours, or as days from three days on; unknown is a dash.

    >>> duration(5.4), duration(100), duration(None)
    ('5 h', '4 d', '–')
    """
    if hours is None:
        return "–"
    return f"{hours:.0f} h" if hours < 72 else f"{hours / 24:.0f} d"


def span(seconds: float | None) -> str:
    """Seconds as seconds, minutes, hours or days; unknown is a dash.

    >>> span(7), span(95), span(5400), span(400000), span(None)
    ('7 s', '2 min', '2 h', '5 d', '–')
    """
    if seconds is None:
        return "–"
    for limit, unit, name in ((90, 1, "s"), (5_400, 60, "min"), (259_200, 3_600, "h")):
        if seconds < limit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds / 86_400:.0f} d"


def age(days: int | None) -> str:
    """Days as days, months or years; unknown is a dash.

    >>> age(12), age(94), age(2900), age(None)
    ('12 days', '3 months', '7.9 years', '–')
    """
    if days is None:
        return "–"
    if days < 60:
        return f"{days} day{'' if days == 1 else 's'}"
    return f"{days / 30.44:.0f} months" if days < 730 else f"{days / 365.25:.1f} years"
