"""Names with options, as `random-forest(trees=500)`, for detectors, protocols and designs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from botbench.core.errors import UserError

_NAME = re.compile(r"\s*([^()]*?)\s*(?:\((.*)\))?\s*", re.DOTALL)
_PART = re.compile(
    r"""(?:[^,'"\[\]]|\[[^\[\]]*\]|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')+""", re.DOTALL
)
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.@+-]*")
"""A text that stands in a list without quotes."""
KEYWORDS = {"True", "False", "None"}
_PLAIN = re.compile(r"""[^'"()\[\]{}=\\]+""")


def parse(text: str, kind: str = "name", example: str = "") -> tuple[str, dict[str, object]]:
    """The name and the options of a canonical string, in the order of the string.

    A value is a Python literal (number, quoted text, True, None), a list of texts, or else plain
    text without quotes and brackets. Raises UserError that names the `kind`, the part that cannot
    be read and an `example`.

    >>> parse('external(file="scores.csv", threshold=0.4)')
    ('external', {'file': 'scores.csv', 'threshold': 0.4})
    >>> parse("stratified(by=lang, n=100)")
    ('stratified', {'by': 'lang', 'n': 100})
    >>> parse("train-test(train=[a, b], test=[c])")
    ('train-test', {'train': ('a', 'b'), 'test': ('c',)})
    """
    try:
        match = _NAME.fullmatch(text)
        if match is None:
            raise ValueError
        return match[1], dict(_options(match[2] or ""))
    except ValueError as error:
        place = f" at {str(error)!r}" if str(error) else ""
        hint = f"; write it like {example}" if example else ""
        raise UserError(f"The {kind} {text!r} cannot be read{place}{hint}.") from error


def _options(inside: str) -> Iterator[tuple[str, object]]:
    """Options between the brackets; raises ValueError with the part that is not OPTION=VALUE."""
    names = set()
    for part in _parts(inside):
        name, _, value = (piece.strip() for piece in part.partition("="))
        if not name.isidentifier() or not value or name in names:
            raise ValueError(part.strip())
        names.add(name)
        yield name, _value(value)


def _parts(inside: str) -> Iterator[str]:
    """The text between commas outside quotes."""
    start = 0
    while inside[start:].strip():
        match = _PART.match(inside, start)
        if match is None or inside[match.end() : match.end() + 1] not in {"", ","}:
            raise ValueError(inside[start:].strip())
        yield match[0]
        start = match.end() + 1


def _value(text: str) -> object:
    if text.startswith("[") and text.endswith("]"):
        return tuple(str(_value(part.strip())) for part in _parts(text[1:-1]))
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        if not _PLAIN.fullmatch(text):
            raise ValueError(text) from None
        return text


def write(name: str, options: Iterable[tuple[str, object]]) -> str:
    """The canonical string: `parse(write(name, options)) == (name, dict(options))`.

    >>> write("external", [("file", "scores.csv"), ("threshold", 0.4)])
    'external(file="scores.csv", threshold=0.4)'
    """
    return f"{name}({', '.join(f'{option}={_literal(value)}' for option, value in options)})"


def _literal(value: object) -> str:
    """A value as text: strings in double quotes unless they hold what must be escaped."""
    if isinstance(value, tuple):
        plain = (v if _WORD.fullmatch(v) and v not in KEYWORDS else _literal(v) for v in value)
        return f"[{', '.join(plain)}]"
    if isinstance(value, str) and not set(value) & {'"', "\\"} and value.isprintable():
        return f'"{value}"'
    return repr(value)
