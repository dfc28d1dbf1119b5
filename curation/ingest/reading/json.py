"""JSON files as SQL: one row an object for each file form, with numbers as written."""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import duckdb

from botbench.core.duckdb_work import alone, in_turn
from botbench.core.errors import UserError
from botbench.core.sql import identifier, literal, literals
from curation.ingest.reading.files import CHUNK
from curation.ingest.reading.heads import in_utf8, wide
from curation.ingest.reading.sql import not_blank

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import BinaryIO

    from curation.ingest.reading.files import SourceFile
    from curation.ingest.reading.stage import Stage

PEEK = 1 << 16
SCRIPT = "window.YTD."
"""How an array begins that stands in a script of a personal archive of Twitter."""
LINE = 1 << 25
"""The longest line or object, in bytes."""
LINE_END = re.compile("[\r\n]")
VECTOR, VECTOR_BYTES, MOST_PARTS = 2048, 1 << 21, 16
"""Rows of a vector, the bytes of documents it should hold, and into how many it is divided at most:
DuckDB joins vectors of fewer than 64 rows again."""
BUFFER, LEAST_LINE = 1 << 22, 1 << 10
"""What DuckDB reads of a file at once, in bytes, and how much longer a line may be than it is."""


def objects(stage: Stage, file: SourceFile, member: str = "") -> str:
    """SQL in brackets for the objects of a file: `j`, `raw` (text) and `row` (from 1).

    `j` is JSON, NULL where malformed. The file is one array, one object a line, or concatenated
    objects (of which none may be malformed), in UTF-8 or UTF-16. With `member`, the objects are the
    items of the list at that path (`data.users`) of the file's object.
    """
    file = _in_utf8(stage, file)
    form = "array" if member else _form(file)
    if form == "array":
        if not member and _is_sound(stage, file):
            return _array(file, stage.sound[file.sha256])
        return lines(_divided(stage, file, member), zipped=False)
    if form == "lines":
        with file.open() as stream:
            longest, is_utf8 = _surveyed(stream, file.path)
        if is_utf8:
            return lines(file.path, zipped=file.gzip, longest=longest)
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


def _in_utf8(stage: Stage, file: SourceFile) -> SourceFile:
    """The file itself, or its copy in UTF-8 where it is UTF-16."""
    with file.open() as stream:
        encoding = wide(stream.read(4))
    if not encoding:
        return file
    return replace(file, path=in_utf8(stage, file, encoding), packing="")


def lines(path: Path, *, zipped: bool, longest: int | None = None) -> str:
    """SQL in brackets for a file of one object a line.

    `longest` is the length of its longest line in bytes, where it is known; a packed file needs it.
    """
    if longest is None:
        with path.open("rb") as stream:
            longest, _ = _surveyed(stream, path)
    # DuckDB holds several buffers at once, and takes each whole however short the file is.
    line = longest + LEAST_LINE
    source = (
        f"read_csv({literal(path)}, header = false, columns = {{'line': 'VARCHAR'}}, delim ="
        " chr(1), quote = '', escape = '', auto_detect = false, strict_mode = false, compression ="
        f" '{'gzip' if zipped else 'none'}', max_line_size = {line},"
        f" buffer_size = {max(BUFFER, 2 * line)})"
    )
    numbered = f"SELECT line, row_number() OVER () AS row FROM {source}"
    return (
        f"(SELECT try_cast(line AS JSON) AS j, line AS raw, row FROM ({numbered}) WHERE"
        f" {not_blank('line')})"
    )


def _array(file: SourceFile, items: int | None) -> str:
    """SQL in brackets for the items of a sound array."""
    broken = "contains(json, chr(10)) OR contains(json, chr(13))"
    raw = "replace(replace(json, chr(13), ' '), chr(10), ' ')"
    numbered = f"(SELECT json, row_number() OVER () AS row FROM {_read_array(file)})"
    return (
        f"(SELECT json AS j, CASE WHEN {broken} THEN {raw} ELSE json END AS raw, row"
        f" FROM {few_at_once(numbered, parts_of(file.size / max(items or 1, 1)))})"
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
            # An array is read by one thread, however many there are.
            with alone(stage.connection, when=True):
                row = stage.connection.execute(
                    f"SELECT count(*) FROM {_read_array(file)}"
                ).fetchone()
        except duckdb.Error:
            row = None
        stage.sound[file.sha256] = int(row[0]) if row else None
    return stage.sound[file.sha256] is not None


def _divided(stage: Stage, file: SourceFile, member: str) -> Path:
    """A copy of the file's items, one a line, so that a bad one costs one row and not the file."""
    # Here, as it imports NumPy, which few files need.
    from botbench.untrusted import json_items

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


def _surveyed(stream: BinaryIO, path: Path) -> tuple[int, bool]:
    """The length of the longest line in bytes, and whether all is UTF-8; both matter to DuckDB.

    DuckDB refuses all of a file that is not UTF-8, and may pass over a long line without a word.
    Raises UserError for a line over `LINE` bytes.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    longest = run = number = 0
    is_utf8 = True
    while chunk := stream.read(CHUNK):
        first, *more = chunk.split(b"\n")
        run += len(first)
        for part in more:
            longest, number, run = max(longest, run), number + 1, len(part)
            if longest > LINE:
                break
        if max(longest, run) > LINE:
            raise UserError(
                f"{path}, line {max(number, 1) if longest > LINE else number + 1:,}: the line is"
                f" longer than {LINE:,} bytes. Take it out, or get the file again."
            )
        is_utf8 = is_utf8 and _decodes(decoder, chunk)
    return max(longest, run), is_utf8 and _decodes(decoder, b"", final=True)


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True


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
    # One call for all names, which parses the document once.
    kinds = f"json_type({document}, [{literals(f'$.{n}' for n in names)}])"
    return f"CASE WHEN list_contains({kinds}, 'ARRAY') THEN {lists} ELSE [{document}] END"


def parsed_once(columns: str, found: str, *documents: str, name: str = "texts") -> str:
    """SQL that selects columns from `found`, with all that is read of each document (`j` where
    none is named) taken at once.

    DuckDB parses a document anew for each call, and each call keeps a whole vector of parsed
    documents in memory, but a call takes many paths. So the calls of one function become entries
    of one list: texts (called `name`), what is there, and of what type it is. Paths that match
    many members stay as they are.
    """
    taken, lists = columns, list[str]()
    for function, document in product(
        ("json_extract_string", "json_exists", "json_type"), documents or ("j",)
    ):
        call = rf"{function}\({re.escape(document)}, ('\$[^'*]*')\)"
        paths = list(dict.fromkeys(re.findall(call, columns)))
        if paths:
            listed = name if not lists else f"{name}_{len(lists)}"
            lists.append(f"{function}({document}, [{', '.join(paths)}]) AS {listed}")
            taken = re.sub(
                call,
                lambda found, n=listed, p=paths: f"{n}[{p.index(found[1]) + 1}]",  # type: ignore[misc]
                taken,
            )
    if not lists:
        return f"SELECT {columns} FROM {found}"
    return f"SELECT {taken} FROM (SELECT *, {', '.join(lists)} FROM {found})"


def keep(connection: duckdb.DuckDBPyConnection, table: str, query: str) -> str:
    """Run a query of documents into a temporary table; return the name to read its rows by.

    A row's text (`_raw`) is kept once where it is that of its document (`j` or `o`). Long documents
    come few at a time.
    """
    described = connection.execute(f"DESCRIBE {query}").fetchall()
    documents = [identifier(name) for name, kind, *_ in described if kind == "JSON"]
    same = next((d for d in documents if d in ('"j"', '"o"')), None)
    if not any(name == "_raw" for name, *_ in described):
        same = None
    once = f"SELECT * REPLACE (nullif(_raw, {same}::VARCHAR) AS _raw) FROM ({query})"
    with in_turn(connection, query):
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {once if same else query}")
    parts = 1
    if documents:
        length = " + ".join(f"coalesce(strlen({d}), 0)" for d in documents)
        row = connection.execute(f"SELECT avg({length}) FROM {table}").fetchone()
        parts = parts_of((row[0] if row else None) or 0)
    if parts == 1 and same is None:
        return table
    raw = f" REPLACE (coalesce(_raw, {same}::VARCHAR) AS _raw)" if same else ""
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW {table}_read AS SELECT *{raw}"
        f" FROM {few_at_once(table, parts)}"
    )
    return f"{table}_read"


def few_at_once(found: str, parts: int) -> str:
    """SQL of the rows of `found` in their order, in vectors that hold a share of what they did.

    DuckDB's JSON functions parse all documents of a vector (2,048 rows) before they let any go, and
    each call has its own: with documents of 8 kB that is 60 MB a call and thread. Where a row is
    made many, of which one is kept, a vector holds fewer.
    """
    if parts == 1:
        return found
    each = f"SELECT *, unnest(range({parts})) AS _part FROM {found}"
    return f"(SELECT * EXCLUDE (_part) FROM ({each}) WHERE _part = 0)"


def parts_of(length: float) -> int:
    """Into how many parts a vector of documents of this mean length in bytes is divided.

    >>> [parts_of(n) for n in (300, 1025, 4000, 10**7)]
    [1, 2, 4, 16]
    """
    parts = 1
    while parts < MOST_PARTS and length * VECTOR / parts > VECTOR_BYTES:
        parts *= 2
    return parts


def rest(
    document: str, known: list[str], said: str = "{}", added: Mapping[str, str] | None = None
) -> str:
    """SQL: a map of a JSON object's members that are not `known` and not null.

    `said` is SQL around each value (`{}`). `added` is SQL of further entries by name, which come
    last and count before members of their names; to join two maps takes DuckDB as long again.
    """
    more = ", ".join(f"{{'k': {literal(k)}, 'v': {v}}}" for k, v in (added or {}).items())
    left_out = literals(["", *known, *(added or ())])
    others = f"e[1] NOT IN ({left_out}) AND list_position(names, e[1]) = i"
    # All values are taken in one parse. Of a name that stands twice the first counts, as elsewhere.
    entries = (
        f"list_transform(list_filter(list_zip(names, json_extract_string({document}, '$.*')),"
        f" lambda e, i: {others}),"
        f" lambda e: {{'k': e[1], 'v': {said.replace('{}', 'e[2]')}}})"
    )
    found = f"list_transform([json_keys({document})], lambda names: {entries})[1]"
    kept = f"list_filter({found}, lambda e: e.v IS NOT NULL)"
    if not more:
        return f"CASE WHEN {document} IS NOT NULL THEN map_from_entries({kept}) END"
    return (
        f"map_from_entries(CASE WHEN {document} IS NOT NULL THEN list_concat({kept}, [{more}])"
        f" ELSE [{more}] END)"
    )


def malformed(is_bad: str = "j IS NULL") -> str:
    """SQL: the two columns that send a malformed object to the quarantine."""
    return (
        f"CASE WHEN {is_bad} THEN 'bad_json' END AS _reason, "
        f"CASE WHEN {is_bad} THEN 'This is not a JSON object of the expected form.' END AS _message"
    )


def _form(file: SourceFile) -> str:
    with file.open() as stream:
        head = stream.read(PEEK)
    text = head.decode(wide(head) or "utf-8-sig", "replace").lstrip()
    if text[:1] == "[" or text.startswith(SCRIPT):
        return "array"
    first, *more = LINE_END.split(text, maxsplit=1)
    try:
        json.loads(first)
    except (ValueError, RecursionError) as error:
        # A first line that is cut off by the peek or malformed is a line; a pretty-printed object
        # is not, nor are objects one after the other without a line break.
        pretty = first.strip() in ("{", "") or (more and first.rstrip().endswith(("{", "[", ",")))
        joined = (
            not more
            and isinstance(error, json.JSONDecodeError)
            and first[: error.pos].strip()
            and error.msg == "Extra data"
            and first[error.pos :].startswith("{")
        )
        return "unstructured" if pretty or joined else "lines"
    return "lines"
