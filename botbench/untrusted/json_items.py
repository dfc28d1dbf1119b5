"""The items of a JSON array, one after the other, in bounded memory.

A JSON parser gives up a whole array for one bad text in it. Here the array is only divided at its
brackets, so each item is read, or set aside, alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from botbench.core.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK = 1 << 20
LONGEST = 1 << 25
"""Bytes of one item."""
BOM = b"\xef\xbb\xbf"
BETWEEN = b" \t\r\n,"
BRACKETS = np.zeros(256, dtype=np.int8)
"""1 for a byte that opens a list or object, -1 for one that closes it."""
BRACKETS[[ord("["), ord("{")]] = 1
BRACKETS[[ord("]"), ord("}")]] = -1


def items(
    stream: BinaryIO, name: str, member: tuple[str, ...] = (), longest: int = LONGEST
) -> Iterator[bytes]:
    """Each item of the arrays of a document, without line breaks; a bad item comes as it is.

    The arrays are those at the top, or, with `member`, the ones at that path of the document's
    objects, such as ("data", "users"). `name` is the file's name in messages. Raises UserError
    where the document ends inside an array, and for an item of over `longest` bytes.
    """
    return _Splitter(name, member, longest).split(stream)


@dataclass
class _Splitter:
    """The state between two chunks: what is not yet given out, and where it stands."""

    name: str
    member: tuple[str, ...]
    longest: int
    text: bytearray = field(default_factory=bytearray)
    """Bytes from the start of the current item, or what stands between two items."""
    looked: int = 0
    """How many bytes of `text` were looked through."""
    depth: int = 0
    quoted: bool = False
    path: list[bool] = field(default_factory=list)
    """Whether the open object at each depth is the one that the path names."""
    inside: bool = False
    """Whether an array of the path is open, so that depth is that of its items."""
    given: int = 0

    def __post_init__(self) -> None:
        self.path = [False] * (len(self.member) - 1)

    @property
    def base(self) -> int:
        """The depth of the items: below the objects of the path, within the array."""
        return len(self.member) + 1

    def split(self, stream: BinaryIO) -> Iterator[bytes]:
        """Every item in turn."""
        first = True
        while chunk := stream.read(CHUNK):
            self.text += chunk.removeprefix(BOM) if first else chunk
            first = False
            yield from self._take()
            if len(self.text) > self.longest:
                raise UserError(
                    f"{self.name}: item {self.given + 1:,} is longer than {self.longest:,} bytes,"
                    " or a quote in it never closes. Mend it, or get the file again."
                )
        if self.depth > 0 or self.quoted:
            raise UserError(
                f"{self.name} ends in the middle of item {self.given + 1:,}: the file is cut, or a"
                " quote or bracket in it never closes. Get the file again."
            )

    def _take(self) -> Iterator[bytes]:
        """The items that are complete; the rest stays in `text`."""
        start, inside = 0, self.inside
        for at, depth, is_open in self._brackets():
            if is_open:
                if 0 < depth < len(self.member):
                    self.path[depth - 1] = self._follows(at, self.member[depth - 1])
                if depth == self.base and inside:
                    yield from self._between(start, at)
                    start = at
                elif depth == self.base - 1 and self._is_array(at):
                    inside, start = True, at + 1
            elif depth == self.base and inside:
                self.given += 1
                yield _one_line(self.text[start : at + 1])
                start = at + 1
            elif depth == self.base - 1 and inside:
                yield from self._between(start, at)
                inside, start = False, at + 1
            if not inside:
                start = at + 1
        if not inside:
            # A key may stand before the next bracket: keep enough to see it.
            start = max(start, len(self.text) - 1_000)
        elif self.depth == self.base and not self.quoted:
            start = self._skipped(start)
        self.inside = inside
        del self.text[:start]
        self.looked = max(0, self.looked - start)

    def _skipped(self, start: int) -> int:
        """The end of the blanks and commas from `start` on."""
        rest = self.text[start:]
        return start + len(rest) - len(rest.lstrip(BETWEEN))

    def _between(self, start: int, end: int) -> Iterator[bytes]:
        """What stands between two items and is none: numbers, texts, or damage."""
        odd = bytes(self.text[start:end]).strip(BETWEEN)
        for part in odd.split(b",") if odd else ():
            self.given += 1
            yield _one_line(part.strip(BETWEEN))

    def _is_array(self, at: int) -> bool:
        """Whether the bracket at a position opens an array of the path."""
        if self.text[at] != ord("["):
            return False
        return not self.member or (all(self.path) and self._follows(at, self.member[-1]))

    def _follows(self, at: int, key: str) -> bool:
        """Whether a bracket is the value of a key."""
        before = bytes(self.text[max(0, at - 1_000) : at])
        return re.search(rb'"' + re.escape(key.encode()) + rb'"\s*:\s*$', before) is not None

    def _brackets(self) -> Iterator[tuple[int, int, bool]]:
        """Of each bracket that can begin or end an item or its array: position, the depth outside
        of it, and whether it opens. Brackets in quoted texts, and within items, do not count.
        """
        new = bytes(self.text[self.looked :])
        # A backslash at the end may belong to the next chunk's first byte.
        odd = (len(new) - len(new.rstrip(b"\\"))) % 2
        new = new[: len(new) - odd]
        plain = np.frombuffer(new.replace(b"\\\\", b"__").replace(b'\\"', b"__"), dtype=np.uint8)
        quotes = np.flatnonzero(plain == ord('"'))
        brackets = np.flatnonzero(BRACKETS[plain])
        outside = (np.searchsorted(quotes, brackets) + self.quoted) % 2 == 0
        brackets = brackets[outside]
        steps = BRACKETS[plain[brackets]]
        after = self.depth + np.cumsum(steps, dtype=np.int64)
        depths = np.minimum(after, after - steps)
        told = depths <= self.base
        found = zip(
            (brackets[told] + self.looked).tolist(),
            depths[told].tolist(),
            (steps[told] > 0).tolist(),
            strict=True,
        )
        self.looked += len(new)
        self.depth = int(after[-1]) if len(after) else self.depth
        self.quoted = bool((len(quotes) + self.quoted) % 2)
        return found


def _one_line(item: bytes | bytearray) -> bytes:
    """An item without line breaks, which in JSON stand only between values."""
    return bytes(item).replace(b"\r", b" ").replace(b"\n", b" ")
