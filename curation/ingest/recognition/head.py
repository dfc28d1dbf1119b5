"""The head of a file: what formats look at to say whether a file is theirs."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from botbench.untrusted.csv_tables import SEPARATORS
from curation.ingest.reading.heads import wide

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from curation.ingest.reading.files import SourceFile

SIZE = 1 << 18
"""Bytes of a head, uncompressed."""
OBJECTS = 50
SCRIPT = re.compile(r"^\s*window\.YTD\.([a-z_]+)\.part[0-9]+\s*=\s*")
"""How the scripts of a personal archive of Twitter begin."""
LINE_END = re.compile(r"[\r\n]+")
DECODER = json.JSONDecoder(strict=False)


@dataclass(frozen=True)
class Head:
    """The beginning of a file.

    `form` is lines (one JSON value a line), array, document, script (an array with a name before
    it), table, parquet, or binary. `objects` are the first JSON objects, those that are cut off
    with what is there of them; `columns` and `rows` the first fields of a table; `script` the
    script's name.
    """

    name: str
    start: bytes
    form: str
    objects: list[dict[str, Any]] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    separator: str = ","
    skipped: int = 0
    """Lines before the header."""
    script: str = ""
    encoding: str = ""
    """The encoding of two bytes a sign that the file has; empty for UTF-8."""

    def members(self) -> set[str]:
        """The names of all members of the first objects."""
        return {name for o in self.objects for name in o}

    def is_empty(self) -> bool:
        """Whether the file is whole, and has lists without items, or a header without lines."""
        if self.form == "table":
            return bool(self.columns) and not self.rows
        if self.form == "array":
            return self.start.translate(None, b" \t\r\n\xef\xbb\xbf") == b"[]"
        lists = [v for o in self.objects for v in _inner(o) if isinstance(v, list)]
        return bool(lists) and not any(lists)

    def within(self, names: tuple[str, ...]) -> Head:
        """A head of the items of the lists of these names; of the objects that have none, those."""
        items: list[dict[str, Any]] = []
        for o in self.objects:
            inner = [i for n in names for i in _list(o.get(n)) if isinstance(i, dict)]
            items += inner or [o]
        return replace(self, objects=items)

    def at(self, name: str) -> Head:
        """A head of the objects at this member; of the objects that have none there, those."""
        inner = [i if isinstance(i := o.get(name), dict) else o for o in self.objects]
        return replace(self, objects=inner)

    def share(self, *names: str) -> float:
        """The share of the objects that have all of these members (`a.b`: b within a)."""
        hits = [o for o in self.objects if all(at(o, n) is not None for n in names)]
        return len(hits) / len(self.objects) if self.objects else 0.0


@dataclass(frozen=True)
class Guess:
    """A format's verdict on a file: how sure it is (0 to 1), and the options that it would take."""

    sure: float
    options: dict[str, Any] = field(default_factory=dict)
    platform: str = ""
    """The platform, where the format is not of one."""
    notes: tuple[str, ...] = ()


def _inner(value: dict[str, Any]) -> list[Any]:
    """The members of an object, and those of its objects."""
    inner = [v for o in value.values() if isinstance(o, dict) for v in o.values()]
    return [*value.values(), *inner]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def at(value: Any, path: str) -> Any:
    """What stands at a path with dots; None where nothing does.

    >>> at({"a": {"b": 1}}, "a.b"), at({"a": 1}, "a.b")
    (1, None)
    """
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def look(file: SourceFile) -> Head:
    """Read the head of a file."""
    with file.open() as stream:
        start = stream.read(SIZE)
    if start[:4] == b"PAR1" and not file.packing and file.path.is_file():
        return Head(file.name, start, "parquet", columns=_parquet_columns(file.path))
    return look_at(file.name, start, cut=len(start) == SIZE)


def _parquet_columns(path: Path) -> list[str]:
    """The columns of a Parquet file, which its end says; none for a broken one."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return [str(name) for name in pq.read_schema(path).names]
    except (pa.ArrowException, OSError, ValueError):
        return []


def look_at(name: str, start: bytes, *, cut: bool) -> Head:
    """The head with these bytes; `cut` where the file goes on."""
    encoding = wide(start)
    if start[:4] == b"PAR1" or (not encoding and _is_binary(start[:1_000])):
        return Head(name, start, "binary")
    text = start.decode(encoding or "utf-8-sig", "replace")
    if found := SCRIPT.match(text):
        values = list(_items(text[found.end() :].lstrip().removeprefix("[")))
        return Head(name, start, "script", _objects(values), script=found.group(1))
    bare = text.lstrip()
    if bare.startswith("["):
        return Head(name, start, "array", _objects(list(_items(bare[1:]))))
    if bare.startswith("{"):
        lines = [line for line in LINE_END.split(text) if line.strip()]
        values = [_parsed(line) for line in (lines[:-1] if cut else lines)[:OBJECTS]]
        sound = [v for v in values if isinstance(v, dict)]
        if len(sound) > 1 or (len(lines) == 1 and sound):
            return Head(name, start, "lines", sound)
        document = partial(bare)
        return Head(name, start, "document", [document] if isinstance(document, dict) else [])
    return _table(name, start, text, encoding)


def _is_binary(start: bytes) -> bool:
    """Whether a file that begins so is no text; a text with a stray NUL byte is one."""
    if b"\0" not in start:
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return True
    return start.count(b"\0") > len(start) // 20


def _parsed(text: str) -> Any:
    try:
        return DECODER.decode(text.strip())
    except (ValueError, RecursionError):
        return None


def _objects(values: list[Any]) -> list[dict[str, Any]]:
    return [v for v in values if isinstance(v, dict)][:OBJECTS]


def _items(text: str) -> Iterator[Any]:
    """The values of a list's text, until one is cut off; of that, what is there."""
    position = 0
    for _ in range(OBJECTS):
        rest = re.compile(r"[\s,]*").match(text, position)
        position = rest.end() if rest else position
        if position >= len(text) or text[position] == "]":
            return
        try:
            value, position = DECODER.raw_decode(text, position)
        except (ValueError, RecursionError):
            yield partial(text[position:])
            return
        yield value


def partial(text: str) -> Any:
    """A JSON value of which the end may be cut off, as far as it goes.

    >>> partial('{"a": 1, "b": [{"c": 2}, {"d": "cut o')
    {'a': 1, 'b': [{'c': 2}, {}]}
    """
    text = text.lstrip()
    if text.startswith("["):
        return list(_items(text[1:]))
    if not text.startswith("{"):
        return None
    made: dict[str, Any] = {}
    position = 1
    key = re.compile(r'[\s,]*("(?:[^"\\]|\\.)*")\s*:\s*')
    while found := key.match(text, position):
        name = _parsed(found.group(1))
        try:
            value, position = DECODER.raw_decode(text, found.end())
        except (ValueError, RecursionError):
            value = partial(text[found.end() :]) if text[found.end() :][:1] in ("{", "[") else None
            if value is not None:
                made[str(name)] = value
            break
        # The first of two equal keys may be empty.
        made[str(name)] = value or made.get(str(name), value)
    return made


def _table(name: str, start: bytes, text: str, encoding: str) -> Head:
    """A delimited file: the header is the first line with as many fields as most lines."""
    sample = text[: 1 << 16].replace("\r\n", "\n").replace("\r", "\n")
    separator = max(SEPARATORS, key=sample[:10_000].count)
    try:
        rows = list(islice(csv.reader(io.StringIO(sample), delimiter=separator), 60))
    except csv.Error:
        rows = []
    widths = [len(r) for r in rows if r]
    # Lines before a header are narrower, or blank in places.
    usual = max((w for w in widths if widths.count(w) > 1), default=max(widths, default=0))
    first = next((i for i, r in enumerate(rows) if _is_header(r, usual)), 0)
    if not rows:
        return Head(name, start, "table")
    return Head(
        name,
        start,
        "table",
        columns=[c.strip() for c in rows[first]],
        rows=[r for r in rows[first + 1 :] if r],
        separator=separator,
        skipped=first,
        encoding=encoding,
    )


def _is_header(row: list[str], usual: int) -> bool:
    """Whether a row can be the header: every name said once, and none missing but the first, which
    is that of a data frame's index.
    """
    names = [c.strip() for c in row]
    return len(row) == usual and all(names[1:] or names) and len(set(names)) == len(names)
