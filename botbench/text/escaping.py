"""Escape foreign text for terminals, HTML pages, Markdown and spreadsheets."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from botbench.text.numbers import number

FORMULA = tuple("=+-@|%\u2212\t\r\n＝＋－＠｜％﹦﹢﹣﹫﹪⁼⁺⁻₌₊₋﬩")
"""Beginnings that a spreadsheet takes for a formula or a command, in every width."""
HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
"""Unicode categories of characters that cannot be seen."""

BLANK_LETTERS = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
"""Letters and marks that show nothing, though Unicode does not count them as hidden."""

# On an HTML page line breaks, tabs and the joiners that emoji and Persian need may stay. Hidden are
# controls, blank letters, lone surrogates, zero-width characters, and all that turns the direction
# of text.
_HIDDEN_IN_HTML = (
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e"
    + BLANK_LETTERS
    + "\ud800-\udfff\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)
_BLANK = f"[{BLANK_LETTERS}]"
_FIRST_MARK = "\u0300"
_MARK = "\u0300-\u036f\u0489\u1ab0-\u1aff\u20d0-\u20ff"
# More than three combining marks on one letter would cover the lines above.
_PILE = f"([{_MARK}]{{3}})[{_MARK}]+"
# A spreadsheet of many countries splits lines at semicolons too, so a cell can begin after each.
_CELL_BEGINS = rf"(^|;)(?=\s*[{re.escape(''.join(FORMULA))}])"
_MARKDOWN = r"([\\`*_{}\[\]#!|~])"


@cache
def _pattern(text: str) -> re.Pattern[str]:
    """A pattern, compiled when it is first needed: `--help` needs none of them."""
    return re.compile(text)


def visible(value: Any) -> Any:
    """Text with control and direction characters spelled out, also inside lists and dictionaries.

    No name can then turn round, hide or break the text beside it.

    >>> visible("a\\u202eb")
    'a⟨U+202E⟩b'
    """
    if isinstance(value, str):
        if value.isprintable():
            return value
        from unicodedata import category

        return "".join(f"⟨U+{ord(c):04X}⟩" if category(c) in HIDDEN else c for c in value)
    if isinstance(value, list | tuple):
        return [visible(part) for part in value]
    if isinstance(value, dict):
        return {visible(key): visible(part) for key, part in value.items()}
    return value


def readable(text: str) -> str:
    r"""Text of several lines as `visible`, and without piles of marks that cover the lines above.

    >>> readable("a\u202eb\nc"), readable("Z" + "\u0351" * 60)
    ('a⟨U+202E⟩b\nc', 'Z\u0351\u0351\u0351⟨57 more marks⟩')
    """
    if not _on_lines(text).isprintable():
        text = "".join(c if c in "\n\t" else visible(c) for c in text)
    return _pattern(_PILE).sub(lambda m: f"{m[1]}⟨{len(m[0]) - 3} more marks⟩", text)


def to_terminal(text: str) -> str:
    r"""Text for a terminal: `readable`, with blank letters spelled out; line breaks and tabs stay.

    >>> to_terminal("a\x1b[31m\u202eb\n\tc\u3164")
    'a⟨U+001B⟩[31m⟨U+202E⟩b\n\tc⟨U+3164⟩'
    """
    if _on_lines(text).isprintable() and max(text, default="") < _FIRST_MARK:
        return text
    return _pattern(_BLANK).sub(lambda match: f"⟨U+{ord(match.group()):04X}⟩", readable(text))


def _on_lines(text: str) -> str:
    return text.replace("\n", "").replace("\t", "")


def json_escaped(document: str) -> str:
    r"""A JSON document with hidden characters as its own escapes: the same after parsing.

    >>> json_escaped('["\x9b\u202e\U000e0041"]')
    '["\\u009b\\u202e\\udb40\\udc41"]'
    """
    if document.replace("\n", "").isprintable() and not _pattern(_BLANK).search(document):
        return document
    from unicodedata import category

    return "".join(
        json.dumps(c)[1:-1] if c != "\n" and (category(c) in HIDDEN or c in BLANK_LETTERS) else c
        for c in document
    )


def to_line(value: object) -> str:
    r"""A value as one line of text: `visible`, unusual blanks spelled out too; None is a dash.

    >>> to_line("a\u202eb\x00\u00a0"), to_line(None)
    ('a⟨U+202E⟩b⟨U+0000⟩⟨U+00A0⟩', '–')
    """
    if value is None:
        return "–"
    text = str(value)
    if text.isprintable():
        return text
    from unicodedata import category

    return "".join(f"⟨U+{ord(c):04X}⟩" if category(c)[0] in "CZ" and c != " " else c for c in text)


def to_html(value: object, length: int | None = None) -> str:
    """A value as HTML text: escaped, isolated in its direction, hidden characters spelled out.

    `length` is the text's full length in characters where `value` was cut: a note then says how
    much is missing.

    >>> to_html("<b>\\u202egnp.exe</b>")
    '<bdi dir="auto">&lt;b&gt;<i class="ac-cp">U+202E</i>gnp.exe&lt;/b&gt;</bdi>'
    >>> to_html("abc", length=1000)
    '<bdi dir="auto">abc</bdi><i class="ac-cut">… 997 more characters</i>'
    """
    import html

    text = "" if value is None else str(value)
    piled = _pattern(_PILE).sub(r"\1", text.replace("\r\n", "\n"))
    marked = _pattern(_HIDDEN_IN_HTML).sub(
        lambda match: f'<i class="ac-cp">U+{ord(match.group()):04X}</i>',
        html.escape(piled, quote=True),
    )
    missing = (length or 0) - len(text)
    cut = f'<i class="ac-cut">… {number(missing)} more characters</i>' if missing > 0 else ""
    return f'<bdi dir="auto">{marked}</bdi>{cut}'


def to_markdown(value: object) -> str:
    r"""A value as Markdown text on one line, without tag, link, emphasis or list.

    >>> to_markdown("<b>1. *x*</b>\n# y")
    '&lt;b&gt;1. \\*x\\*&lt;/b&gt; \\# y'
    """
    text = to_line(" ".join(str("" if value is None else value).split()))
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(sign, entity)
    return _pattern(_MARKDOWN).sub(r"\\\1", text)


def to_cell(value: Any) -> Any:
    """A value of a CSV file; text that a spreadsheet would run as a formula gets an apostrophe.

    Numbers stay as they are. Text gets the apostrophe after a semicolon too.

    >>> to_cell("=HYPERLINK(1)"), to_cell("tree"), to_cell(-0.5), to_cell(None), to_cell(True)
    ("'=HYPERLINK(1)", 'tree', -0.5, '', 'true')
    >>> to_cell("hello;=1+1"), to_cell("a - b; c")
    ("hello;'=1+1", 'a - b; c')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        return value
    return visible(_pattern(_CELL_BEGINS).sub(r"\1'", value))
