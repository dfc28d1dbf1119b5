"""JSON that strangers wrote: one bounded reading of whole documents.

Python's reader takes a repeated key, NaN and lone surrogates without a word, and gives up on deep
nesting with an error of its own. Here each of them is a mistake with a sentence.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, NoReturn

from botbench.core.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

SIZE = 64_000_000
"""Bytes of a document."""
DEPTH = 100
"""Levels of lists and objects."""
DIGITS = 100
"""The longest number, in characters. Python cannot print those over 4,300."""
TEXT = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
"""A quoted text, or one that never ends; it never goes back, so its time is linear."""
SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
"""How a surrogate, alone or in a pair, stands in a text."""
SURROGATES = re.compile("[\ud800-\udfff]")
OTHERS = bytes(b for b in range(256) if b not in b"[]{}")
"""All bytes but brackets."""


class UnreadableJson(UserError):
    """A file that is no such document; `problem` says why."""

    def __init__(self, what: str, problem: str, verdict: str = "is not sound JSON") -> None:
        super().__init__(f"{what} {verdict}: {problem}.")
        self.problem = problem


def read(path: Path, what: str = "", size: int = SIZE, *, halves: bool = False) -> Any:
    """The document of a file; `what` precedes its path in messages.

    Raises UnreadableJson for a file that cannot be read, is over `size` bytes or `DEPTH` levels,
    repeats a key of an object, or holds a number that is not finite or over `DIGITS` long. Texts
    with half a character (a lone surrogate) are refused too, unless `halves`: then the caller
    treats them (`is_whole`), and bytes that are no UTF-8 are such halves as well.
    """
    name = f"{what} {path}".strip()
    try:
        with path.open("rb") as stream:
            content = stream.read(size + 1)
    except OSError as error:
        told = error.strerror or type(error).__name__
        raise UnreadableJson(name, told, verdict="cannot be read") from None
    if len(content) > size:
        raise UnreadableJson(name, f"it has more than {size:,} bytes")
    return parse(content, name, halves=halves)


def parse(content: bytes, what: str, *, halves: bool = False) -> Any:
    """The document of some bytes; raises as `read` does.

    >>> parse(b'{"a": [1, null]}', "this")
    {'a': [1, None]}
    """
    try:
        text = content.decode("utf-8-sig", "surrogateescape" if halves else "strict")
    except UnicodeDecodeError as error:
        problem = f"byte {content[error.start]:#04x} at {error.start:,} is not UTF-8 text"
        raise UnreadableJson(what, problem) from None
    if depth_of(content) > DEPTH:
        raise UnreadableJson(what, f"it is nested more than {DEPTH} levels deep")
    try:
        document = json.loads(
            text,
            parse_constant=_constant,
            parse_int=_integer,
            parse_float=_number,
            object_pairs_hook=_object,
        )
    except ValueError as error:
        raise UnreadableJson(what, str(error)) from None
    if not halves and SURROGATE.search(content) and not is_whole(document):
        raise UnreadableJson(what, "a text holds half a character (a lone surrogate)")
    return document


def is_whole(document: Any) -> bool:
    """Whether every text of a document can be written as UTF-8: none holds half a character."""
    try:
        json.dumps(document, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def mended(document: Any) -> Any:
    """The same document with U+FFFD for each half of a character.

    >>> mended({"note": "cut " + chr(0xD83D)})
    {'note': 'cut \ufffd'}
    """
    text = json.dumps(document, ensure_ascii=False)
    return json.loads(SURROGATES.sub("\ufffd", text))


def depth_of(content: bytes) -> int:
    """How deep the brackets of a text are nested, without those inside quoted texts.

    >>> depth_of(b'[{"a": "[["}, []]')
    2
    """
    import numpy as np

    bare = np.frombuffer(TEXT.sub(b"", content).translate(None, OTHERS), dtype=np.uint8)
    opens = np.isin(bare, np.frombuffer(b"[{", dtype=np.uint8))
    return int(np.cumsum(np.where(opens, 1, -1)).max(initial=0))


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _integer(text: str) -> int:
    if len(text) > DIGITS:
        raise ValueError(f"a number has more than {DIGITS} digits")
    return int(text)


def _number(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"the number {text[:20]} is too large")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"the key {twice[:80]!r} is written twice in one object")
    return made
