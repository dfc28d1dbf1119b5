"""JSON files as SQL: one row an object for each file form, with numbers as written."""

from __future__ import annotations

import codecs
import json
import re
from typing import TYPE_CHECKING

import duckdb

from botbench.core.errors import UserError
from botbench.core.sql import literal, literals
from botbench.untrusted import json_items
from curation.ingest.reading.files import CHUNK

if TYPE_CHECKING:
    from pathlib import Path

    from curation.ingest.reading.files import SourceFile
    from curation.ingest.reading.stage import Stage

PEEK = 1 << 16
SCRIPT = b"window.YTD."
"""How an array begins that stands in a script of a personal archive of Twitter."""
LINE = 1 << 25
"""The longest line or object, in bytes."""


def objects(stage: Stage, file: SourceFile, member: str = "") -> str:
    """SQL in brackets for the objects of a file: `j`, `raw` (text) and `row` (from 1).

    `j` is JSON, NULL where malformed. The file is one array, one object a line, or concatenated
    objects (of which none may be malformed). With `member`, the objects are the items of the list
    at that path (`data.users`) of the file's object.
    """
    form = "array" if member else _form(file)
    if form == "array":
        if not member and _is_sound(stage, file):
            return _array(file)
        return lines(_divided(stage, file, member), zipped=False)
    if form == "lines":
        if file.size > LINE:
            _no_long_line(file)
        if _is_utf8(file):
            return lines(file.path, zipped=file.gzip)
        return lines(_escaped(stage, file), zipped=False)
    source = (
        f"read_json_objects({literal(file.path)}, format = '{form}', compression ="
        f" '{'gzip' if file.gzip else 'uncompressed'}',"
        f" maximum_object_size = {max(LINE, file.size + 1)})"
    )
    return f"(SELECT json AS j, json::VARCHAR AS raw, row_number() OVER () AS row FROM {source})"


def is_array(file: SourceFile) -> bool:
    """Whether the file is one array."""
    return _form(file) == "array"


def lines(path: Path, *, zipped: bool) -> str:
    """SQL in brackets for a file of one object a line."""
    source = (
        f"read_csv({literal(path)}, header = false, columns = {{'line': 'VARCHAR'}}, delim ="
        " chr(1), quote = '', escape = '', auto_detect = false, strict_mode = false, compression ="
        f" '{'gzip' if zipped else 'none'}', max_line_size = {LINE}, buffer_size = {2 * LINE})"
    )
    numbered = f"SELECT line, row_number() OVER () AS row FROM {source}"
    return (
        f"(SELECT try_cast(line AS JSON) AS j, line AS raw, row FROM ({numbered}) WHERE"
        " trim(line) <> '')"
    )


def _array(file: SourceFile) -> str:
    """SQL in brackets for the items of a sound array."""
    broken = "contains(json, chr(10)) OR contains(json, chr(13))"
    raw = "replace(replace(json, chr(13), ' '), chr(10), ' ')"
    return (
        f"(SELECT json AS j, CASE WHEN {broken} THEN {raw} ELSE json END AS raw,"
        f" row_number() OVER () AS row FROM {_read_array(file)})"
    )


def _read_array(file: SourceFile) -> str:
    return (
        f"read_json_objects({literal(file.path)}, format = 'array', compression ="
        f" '{'gzip' if file.gzip else 'uncompressed'}')"
    )


def _is_sound(stage: Stage, file: SourceFile) -> bool:
    """Whether DuckDB can read the whole array, in a quarter of the time that dividing it takes.

    It does not see that an array is cut after a comma.
    """
    if file.last != b"]":
        return False
    if file.sha256 not in stage.sound:
        try:
            stage.connection.execute(f"SELECT count(*) FROM {_read_array(file)}")
        except duckdb.Error:
            stage.sound[file.sha256] = False
        else:
            stage.sound[file.sha256] = True
    return stage.sound[file.sha256]


def _divided(stage: Stage, file: SourceFile, member: str) -> Path:
    """A copy of the file's items, one a line, so that a bad one costs one row and not the file."""
    path = stage.scratch / f"{file.sha256[:16]}-{member or 'items'}.jsonl"
    if not path.exists():
        keys = tuple(member.split(".")) if member else ()
        with file.open() as stream, path.open("wb", CHUNK) as out:
            for item in json_items.items(stream, str(file.path), keys, LINE):
                out.write(item if item.isascii() else _readable(item))
                out.write(b"\n")
    return path


def _escaped(stage: Stage, file: SourceFile) -> Path:
    """A copy of the file's lines in which bytes that are no UTF-8 are written as \\xNN.

    JSON has no such escape, so these lines are set aside.
    """
    path = stage.scratch / f"{file.sha256[:16]}-lines.jsonl"
    if not path.exists():
        with file.open() as stream, path.open("wb", CHUNK) as out:
            for line in stream:
                out.write(line if line.isascii() else _readable(line))
    return path


def _readable(item: bytes) -> bytes:
    return item.decode("utf-8", "backslashreplace").encode()


def _is_utf8(file: SourceFile) -> bool:
    """Whether the whole file is UTF-8; DuckDB refuses all of a file that is not."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with file.open() as stream:
            while chunk := stream.read(CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _no_long_line(file: SourceFile) -> None:
    """Raise UserError for a line over `LINE` bytes: DuckDB may pass over it without a word."""
    run = number = 0
    with file.open() as stream:
        while chunk := stream.read(min(CHUNK, LINE // 2)):
            first = chunk.find(b"\n")
            if run + (first if first >= 0 else len(chunk)) > LINE:
                raise UserError(
                    f"{file.path}, line {number + 1:,}: the line is longer than {LINE:,} bytes."
                    " Take it out, or get the file again."
                )
            number += chunk.count(b"\n")
            run = run + len(chunk) if first < 0 else len(chunk) - chunk.rfind(b"\n") - 1


def value(document: str, path: str) -> str:
    """SQL: the text at a path (`key` or `key.inner`) of a JSON document; numbers as written."""
    steps = "".join(f'."{step}"' for step in path.split("."))
    return f"json_extract_string({document}, {literal('$' + steps)})"


def first(document: str, *paths: str) -> str:
    """SQL: the text at the first of several paths that has one."""
    return f"coalesce({', '.join(value(document, path) for path in paths)})"


def each_listed(names: tuple[str, ...], document: str = "j") -> str:
    """SQL of the items of the lists of these names in a document; it is its only item without."""
    lists = " || ".join(f"coalesce(json_extract({document}, '$.{n}[*]'), [])" for n in names)
    there = " OR ".join(f"json_type({document}, '$.{n}') = 'ARRAY'" for n in names)
    return f"CASE WHEN {there} THEN {lists} ELSE [{document}] END"


def parsed_once(columns: str, found: str, document: str = "j", name: str = "texts") -> str:
    """SQL that selects columns from `found`, with each text of a document taken in one parse.

    DuckDB parses a document anew for each call of `json_extract_string`, but takes many paths in
    one call. So each call that `value` wrote becomes an entry of one list, called `name`.
    """
    call = rf"json_extract_string\({re.escape(document)}, ('\$(?:\.\"[^\"']*\")+')\)"
    paths = list(dict.fromkeys(re.findall(call, columns)))
    if not paths:
        return f"SELECT {columns} FROM {found}"
    taken = re.sub(call, lambda found: f"{name}[{paths.index(found[1]) + 1}]", columns)
    texts = f"json_extract_string({document}, [{', '.join(paths)}]) AS {name}"
    return f"SELECT {taken} FROM (SELECT *, {texts} FROM {found})"


def rest(document: str, known: list[str], said: str = "{}") -> str:
    """SQL: a map of a JSON object's members that are not `known` and not null.

    `said` is SQL around each value (`{}`).
    """
    member = (
        f"CASE WHEN k = '' THEN NULL WHEN k[1] IN ('$', '/') THEN json_extract_string({document},"
        f" '$.\"' || k || '\"') ELSE json_extract_string({document}, k) END"
    )
    others = f"k NOT IN ({literals(known) or literal('')})"
    keys = f"list_distinct(list_filter(json_keys({document}), lambda k: {others}))"
    value_of = said.replace("{}", member)
    entries = f"list_transform({keys}, lambda k: {{'k': k, 'v': {value_of}}})"
    return f"map_from_entries(list_filter({entries}, lambda e: e.v IS NOT NULL))"


def malformed(is_bad: str = "j IS NULL") -> str:
    """SQL: the two columns that send a malformed object to the quarantine."""
    return (
        f"CASE WHEN {is_bad} THEN 'bad_json' END AS _reason, "
        f"CASE WHEN {is_bad} THEN 'This is not a JSON object of the expected form.' END AS _message"
    )


def _form(file: SourceFile) -> str:
    with file.open() as stream:
        head = stream.read(PEEK).removeprefix(b"\xef\xbb\xbf").lstrip()
    if head[:1] == b"[" or head.startswith(SCRIPT):
        return "array"
    first, _, more = head.partition(b"\n")
    try:
        json.loads(first)
    except (ValueError, RecursionError):
        # A first line that is cut off by the peek or malformed is a line; a pretty-printed object
        # is not.
        pretty = first.strip() in (b"{", b"") or (
            more and first.rstrip().endswith((b"{", b"[", b","))
        )
        return "unstructured" if pretty else "lines"
    return "lines"
