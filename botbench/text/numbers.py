"""Numbers, shares and lengths of time as people read them. An unknown value is a dash, never a
zero.
"""

from __future__ import annotations


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
