"""Replace passwords, tokens and keys in any text that leaves botbench: `scrub`.

It knows secrets by their place (a URL, `password=`, an Authorization header), by their form (a
JWT, an AWS key id), and by value: those of secret-like environment variables and of `remember`.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import pairwise
from typing import Any
from urllib.parse import quote, quote_plus, unquote

MASK = "***"
SHORTEST = 4
"""A shorter secret is replaced only in its place, because it stands in other words too."""
_WHOLE_WORD = 12
_NO_SECRETS = frozenset(
    (
        *("true", "false", "none", "null", "human", "unknown", "password"),
        *("postgres", "postgresql", "botbench", "mlflow"),
    )
)
"""Values that a careless setting may have and that every text holds."""

_WORD = (
    r"(?:passw(?:or)?d|pwd|passphrase|secret|token|api[_-]?key|access[_-]?key(?:[_-]?id)?"
    r"|secret[_-]?key|private[_-]?key|key[_-]?id|signature|sig|credentials?)"
)
_KEY = rf"(?<![A-Za-z0-9])(?:[A-Za-z0-9_.-]{{0,40}}?)(?<![A-Za-z0-9]n_){_WORD}(?![A-Za-z0-9_-])"
_QUOTED = r"""(?:'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|\\"(?:(?!\\").)*\\")"""
_NOTHING = r"(?:None|null)[,;)}\]]*(?:\s|$)"
_RULES = (
    # scheme://user:password@host; the user stays. Then a password with an unescaped slash.
    (r"([a-z][a-z0-9+.-]{0,30}://[^\s:/?#@\"<>]*):[^\s/?#\"<>]*@", rf"\1:{MASK}@"),
    (
        r"([a-z][a-z0-9+.-]{0,30}://[^\s:/?#@\"<>]*):(?!\d{1,5}(?:[/?#\s]|$))"
        r"[^\s@\"<>]*@(?=[^\s@]*(?:\s|$|[\"'<>]))",
        rf"\1:{MASK}@",
    ),
    # https://token@host
    (r"(https?://)[^\s:/?#@\"<>]+@", rf"\1{MASK}@"),
    # Authorization: Basic abc=
    (
        r"(authorization\\?[\"']?\s*[:=]\s*\\?[\"']?)"
        r"((?:bearer|basic|token|digest)\s+)[^\s\"',;}\\]+",
        rf"\1\2{MASK}",
    ),
    (
        r"(authorization\\?[\"']?\s*[:=]\s*\\?[\"']?)"
        r"(?!(?:bearer|basic|token|digest)\s)[^\s\"',;}\\]{12,}",
        rf"\1{MASK}",
    ),
    (
        r"\b(bearer|basic|token)(\s+)(?=[A-Za-z._~+/=-]*[\d=])[\w.~+/=-]{16,}",
        rf"\1\2{MASK}",
    ),
    # 'password': 'abc', password='abc', SECRET 'abc'
    (rf"({_KEY}\\?[\"']?\s*[:=]\s*){_QUOTED}", rf"\1{MASK}"),
    (rf"({_KEY}\s+)'(?:[^'\\]|\\.|'')+'", rf"\1{MASK}"),
    # ?password=abc&data_path=/folder
    (rf"(?<=[?&;])({_KEY}=)(?![\"'])[^&#\s\"'<>]+", rf"\1{MASK}"),
    # password=abc, up to the next blank
    (rf"(?<![?&;])({_KEY}\s*=[ \t]*)(?!=[\s\"']|[\"'\\]|{_NOTHING})\S+", rf"\1{MASK}"),
    # a line `password: abc` of a YAML document, and {password: abc}
    (rf"^([ \t-]*{_KEY}[ \t]*:[ \t]+)(?![\"'|>])\S+([ \t]*)$", rf"\1{MASK}\2"),
    (rf"([{{,]\s*{_KEY}[ \t]*:[ \t]*)(?![\"'])[^\s,{{}}]+(?=\s*[,}}])", rf"\1{MASK}"),
)
_FORMS = (
    r"\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\bgh[pousr]_\w{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}|\bhf_[A-Za-z0-9]{20,}"
    r"|\bsk-[A-Za-z0-9]{20,}|\bxox[abprs]-[\w-]{10,}"
)
_SIGNS = (
    r"://\S*@|passw|pwd|passphrase|secret|token|key(?:_?id)?(?![a-z])|signature(?![a-z])"
    r"|sig(?![a-z])|credential|authorization|bearer\s|basic\s|eyJ|AKIA|ASIA|gh[pousr]_|github_pat|glpat|hf_|sk-|xox"
)
_SECRET_NAME = rf"(?:^|_){_WORD}$|PASSWORD$|TOKEN$"
_OPTION = rf"--(?:[a-z]+-)*{_WORD}"
_URL_PASSWORD = r"://[^\s:/?#@]*:([^\s/?#]*)@"
_QUERY_PASSWORD = rf"[?&;]{_KEY}=([^&#\s]+)"

_known: set[str] = set()
_values: list[re.Pattern[str]] = []


def scrub(text: str) -> str:
    """The text with every secret replaced by three stars; text without a secret is unchanged.

    >>> scrub("cannot open postgresql://ada:p%40ss@db.example/bots?sslmode=require")
    'cannot open postgresql://ada:***@db.example/bots?sslmode=require'
    >>> scrub("host=db password='a b' user=ada"), scrub("Give a token: --token or a file.")
    ('host=db password=*** user=ada', 'Give a token: --token or a file.')
    """
    if not _values:
        remember_environment(os.environ)
        remember_arguments(sys.argv)
    for pattern in _values:
        text = pattern.sub(MASK, text)
    if not _pattern(_SIGNS).search(text):
        return text
    for rule, replacement in _compiled():
        text = rule.sub(replacement, text)
    return text


@cache
def _pattern(text: str) -> re.Pattern[str]:
    """A pattern, compiled when it is first needed: `--help` needs few."""
    return re.compile(text, re.IGNORECASE)


@cache
def _compiled() -> list[tuple[re.Pattern[str], str]]:
    rules = [(re.compile(p, re.IGNORECASE | re.MULTILINE), new) for p, new in _RULES]
    return [*rules, (re.compile(_FORMS), MASK)]


def scrubbed(value: Any) -> Any:
    """A document of lists, dictionaries and texts with `scrub` applied to every text.

    >>> scrubbed({"store": "https://t0ken@host/", "n": [1, "plain"]})
    {'store': 'https://***@host/', 'n': [1, 'plain']}
    """
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, list | tuple):
        return [scrubbed(part) for part in value]
    if isinstance(value, Mapping):
        return {
            scrub(key) if isinstance(key, str) else key: scrubbed(v) for key, v in value.items()
        }
    return value


def remember(*secrets: str) -> None:
    """Replace these values from now on, wherever they appear, in every usual encoding."""
    _known.update(s for s in map(str.strip, secrets) if _may_be_replaced(s))
    forms = sorted({form for secret in _known for form in _encodings(secret)}, key=len)[::-1]
    _values[:] = [re.compile("|".join(map(_bounded, forms)) or r"(?!)")]


def remember_environment(environ: Mapping[str, str]) -> None:
    """Remember values of secret-like variables, and passwords of URLs in any variable."""
    is_secret = _pattern(_SECRET_NAME).search
    found = [v for name, v in environ.items() if is_secret(name) and not _is_path(v)]
    for value in environ.values():
        found += _of_url(value)
    remember(*found)


def remember_arguments(arguments: Sequence[str]) -> None:
    """Remember what stands after `--token` and its like, and passwords in URLs among arguments."""
    found = [value for option, value in pairwise(arguments) if _is_secret_option(option)]
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if equals and _is_secret_option(name):
            found.append(value)
        found += _of_url(argument)
    remember(*found)


def _is_secret_option(argument: str) -> bool:
    return argument.startswith("--") and bool(_pattern(_OPTION).fullmatch(argument))


def _of_url(text: str) -> list[str]:
    if "=" not in text and "://" not in text:
        return []
    return [
        form
        for pattern in (_URL_PASSWORD, _QUERY_PASSWORD)
        for raw in _pattern(pattern).findall(text)
        for form in (raw, unquote(raw))
    ]


def _may_be_replaced(secret: str) -> bool:
    # A name of secrets, as a password, would hide the names that show where others stand.
    is_name = _pattern(_WORD).fullmatch(secret) is not None
    usual = is_name or secret.casefold() in _NO_SECRETS
    return len(secret) >= SHORTEST and not usual and MASK not in secret


def _is_path(value: str) -> bool:
    return value.startswith(("/", "~", "./"))


def _encodings(secret: str) -> Iterable[str]:
    """The forms in which a value is written in URLs, JSON, Python, SQL and HTML."""
    import html

    encoded = quote(secret, safe="")
    yield from (secret, encoded, quote(secret), quote_plus(secret), quote(encoded, safe=""))
    yield from (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1])
    yield from (repr(secret)[1:-1], secret.replace("'", "''"), html.escape(secret))


def _bounded(form: str) -> str:
    """A pattern of a value; a short one only as a whole word."""
    found = re.escape(form)
    if len(form) >= _WHOLE_WORD:
        return found
    return rf"(?<![A-Za-z0-9]){found}(?![A-Za-z0-9])"
