"""Format numbers, shares and durations for people; an unknown value is a dash, never a zero."""

from __future__ import annotations

from botbench.core.decimals import MINUS, decimal


def number(value: float | None, digits: int = 0) -> str:
    """A number with narrow spaces between thousands; unknown is a dash, never a zero.

    >>> number(None), number(1234567), number(0.25, 1)
    ('–', '1\\u202f234\\u202f567', '0.2')
    """
    return "–" if value is None else f"{value:,.{digits}f}".replace(",", "\u202f")


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """A count with its noun, in the plural where it is not one.

    >>> counted(1, "account"), counted(1197, "account"), counted(0, "person", "people")
    ('1 account', '1,197 accounts', '0 people')
    """
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def score(value: float | None, places: int = 3, sign: bool = False) -> str:
    """A score or any other number around 0 to 1.

    >>> score(0.783), score(-0.067, sign=True), score(0.5, 2), score(None)
    ('.783', '−.067', '.50', '–')
    """
    return "–" if value is None else decimal(value, places, sign)


def share(value: float | None, places: int = 1, sign: bool = False) -> str:
    """A share in percent.

    >>> share(0.128), share(-0.03, sign=True), share(0.123, 0), share(None)
    ('12.8 %', '−3.0 %', '12 %', '–')
    """
    return "–" if value is None else f"{_percent(value, places, sign)} %"


def percent(value: float | None) -> str:
    """A share in whole percent.

    >>> percent(0.123), percent(None)
    ('12 %', '–')
    """
    return share(value, 0)


def score_range(low: float | None, high: float | None, places: int = 3, sign: bool = False) -> str:
    """The interval of a score.

    >>> score_range(0.751, 0.812), score_range(-0.1, 0.1, sign=True), score_range(None, None)
    ('.751 to .812', '−.100 to +.100', '–')
    """
    if low is None or high is None:
        return "–"
    return f"{decimal(low, places, sign)} to {decimal(high, places, sign)}"


def share_range(low: float | None, high: float | None, places: int = 1, sign: bool = False) -> str:
    """The interval of a share in percent.

    >>> share_range(0.094, 0.172), share_range(0.53, 0.978, 0), share_range(None, None)
    ('9.4 to 17.2 %', '53 to 98 %', '–')
    """
    if low is None or high is None:
        return "–"
    return f"{_percent(low, places, sign)} to {_percent(high, places, sign)} %"


def score_interval(
    value: float | None, low: float | None, high: float | None, places: int = 3, sign: bool = False
) -> str:
    """A score with its interval.

    >>> score_interval(0.783, 0.751, 0.812), score_interval(0.783, None, None)
    ('.783 (.751 to .812)', '.783')
    """
    text = score(value, places, sign)
    return (
        text if low is None or high is None else f"{text} ({score_range(low, high, places, sign)})"
    )


def share_interval(
    value: float | None, low: float | None, high: float | None, places: int = 1, sign: bool = False
) -> str:
    """A share in percent with its interval.

    >>> share_interval(0.128, 0.094, 0.172), share_interval(None, None, None)
    ('12.8 % (9.4 to 17.2)', '–')
    """
    text = share(value, places, sign)
    if low is None or high is None:
        return text
    return f"{text} ({share_range(low, high, places, sign).removesuffix(' %')})"


def points(
    value: float | None, low: float | None = None, high: float | None = None, places: int = 1
) -> str:
    """A difference of two shares in percentage points, with its interval.

    >>> points(-0.035), points(0.12, 0.022, 0.218), points(None)
    ('−3.5 points', '12.0 points (2.2 to 21.8)', '–')
    """
    if value is None:
        return "–"
    text = f"{_percent(value, places, False)} points"
    if low is None or high is None:
        return text
    return f"{text} ({share_range(low, high, places).removesuffix(' %')})"


def p_value(value: float) -> str:
    """The probability of a test, as a paper says it.

    >>> p_value(0.0421), p_value(1.3e-11)
    ('p = .042', 'p < .001')
    """
    return "p < .001" if value < 0.001 else f"p = {decimal(value, 3, False)}"


def _percent(value: float, places: int, sign: bool) -> str:
    digits = f"{abs(100 * value):.{places}f}"
    zero = not digits.strip("0.")
    return ("" if zero else MINUS if value < 0 else "+" if sign else "") + digits


def duration(hours: float | None) -> str:
    """Hours as hours, below one as minutes, or as days from three days on; unknown is a dash.

    >>> duration(5.4), duration(0.27), duration(100), duration(None)
    ('5 h', '16 min', '4 d', '–')
    """
    if hours is None:
        return "–"
    if hours < 1:
        return f"{hours * 60:.0f} min"
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
    """The time for 1,000 accounts.

    >>> milliseconds(4.4641), milliseconds(1234.5), milliseconds(None)
    ('4.46 ms', '1.23 s', '–')
    """
    if value is None:
        return "–"
    return f"{value:.3g} ms" if value < 999 else f"{value / 1000:.3g} s"


def tick(value: float) -> str:
    """The label of an axis.

    >>> tick(0.5), tick(1.0), tick(0.0), tick(-0.2), tick(1000.0)
    ('.5', '1', '0', '−.2', '1,000')
    """
    return f"{value:,g}".replace("-", MINUS).replace("0.", ".")
