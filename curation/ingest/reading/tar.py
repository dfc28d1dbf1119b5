"""Tars of many small delimited files, streamed into a few Parquet files."""

from __future__ import annotations

import fnmatch
import io
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botbench.core.errors import UserError
from curation.ingest.reading.heads import COLUMNS
from curation.ingest.reading.tar_members import members

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from curation.ingest.reading.files import SourceFile

CHUNK = 24 << 20
"""Bytes of members that are parsed at once."""

BLOCK = 64 << 20
"""No record is longer, in bytes."""

SHARE = 16
"""The part of the memory that one member may take: it is parsed in several copies."""

OVERHEAD = 300
"""Bytes that a waiting member takes besides its rows."""

FORMS = 200
"""How many different headers the members of one tar may have."""

MARK = "\x1d\x1e"
"""Begins the row before each member, which separates the members in one parse of many."""


@dataclass(frozen=True)
class Form:
    """How members are recognised and parsed: the id in the name, a glob, separator, encoding."""

    account: str
    members: str
    delimiter: str
    encoding: str


@dataclass
class Chunk:
    """Members with the same header, waiting to be parsed together."""

    names: list[str] = field(default_factory=list)
    accounts: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    size: int = 0


def to_parquet(
    file: SourceFile, folder: Path, form: Form, memory: int = 2 * 10**9
) -> dict[tuple[str, ...], str]:
    """Write a tar's rows to Parquet files in `folder`; returns a glob for each header found.

    Columns: member, account, row (from 1 after the header), c0, c1, ... (bytes as they were,
    unquoted). Under the empty header: what could not be read (member, account, row, reason,
    message, raw). Raises UserError for a tar that is broken or holds links, devices or paths that
    lead out of it, and for a member that does not fit in `memory` bytes.
    """
    writer = _Writer(folder, form)
    chunks: dict[tuple[str, ...], Chunk] = {}
    waiting = 0
    for name, content in members(file, lambda name: _wanted(name, form), memory // SHARE):
        found = re.fullmatch(form.account, _stem(name))
        account = found.group(1) if found else ""
        header, body = _split(content, form)
        if header is None:
            reason = "bad_encoding" if content.strip() else "empty_file"
            writer.refuse((name, account), 0, reason, "The member has no readable header.", body)
            continue
        if len(header) > COLUMNS or len(writer.headers | dict.fromkeys(chunks)) > FORMS:
            raise UserError(
                f"Members of {file.path} have more than {COLUMNS:,} columns, or more than {FORMS}"
                " different headers. Is the separator right on the card?"
            )
        chunk = chunks.setdefault(header, Chunk())
        chunk.names.append(name)
        chunk.accounts.append(account)
        chunk.bodies.append(body)
        added = len(body) + OVERHEAD
        chunk.size += added
        waiting += added
        if chunk.size >= CHUNK or waiting >= memory // SHARE:
            done = header if chunk.size >= CHUNK else max(chunks, key=lambda h: chunks[h].size)
            waiting -= chunks[done].size
            writer.write(done, chunks.pop(done))
    for header, chunk in chunks.items():
        writer.write(header, chunk)
    return writer.finish()


def _stem(name: str) -> str:
    """The name without folder and ending."""
    plain = name.rpartition("/")[2]
    return plain.rpartition(".")[0] or plain


def _wanted(name: str, form: Form) -> bool:
    plain = name.rpartition("/")[2]
    return fnmatch.fnmatchcase(plain, form.members) and not plain.startswith(".")


def _split(content: bytes, form: Form) -> tuple[tuple[str, ...] | None, bytes]:
    """The header's names and the rest as UTF-8; None without a header or in another encoding."""
    if form.encoding.lower().replace("-", "") not in ("utf8", "utf8sig"):
        try:
            content = content.decode(form.encoding).encode()
        except UnicodeError:
            return None, content
    line, _, body = content.removeprefix(b"\xef\xbb\xbf").partition(b"\n")
    try:
        names = tuple(n.strip('"') for n in line.rstrip(b"\r").decode().split(form.delimiter))
    except UnicodeDecodeError:
        return None, content
    return (names if line.strip() else None), body


class _Writer:
    """Parses chunks into one Parquet file each; a glob finds the files of one header."""

    def __init__(self, folder: Path, form: Form) -> None:
        self.folder, self.form = folder, form
        self.headers: dict[tuple[str, ...], str] = {}
        self.refused: list[dict[str, Any]] = []
        self.refused_size = 0
        self.files = 0

    def refuse(
        self, member: tuple[str, str], row: int, reason: str, message: str, raw: bytes
    ) -> None:
        """Remember a row that cannot be read; `member` is its name and account."""
        self.refused.append(
            {
                "member": member[0],
                "account": member[1],
                "row": row,
                "reason": reason,
                "message": message,
                "raw": raw.decode(errors="backslashreplace"),
            }
        )
        self.refused_size += len(raw) + OVERHEAD
        if self.refused_size > CHUNK:
            self._save_refused()

    def write(self, header: tuple[str, ...], chunk: Chunk) -> None:
        """Parse a chunk at once, or each member alone where members cannot be separated."""
        rows = _parse_together(header, chunk, self.form)
        parts = (
            [rows]
            if rows is not None
            else [self._parse_one(header, chunk, i) for i in range(len(chunk.names))]
        )
        self._save(header, [p for p in parts if p is not None])

    def finish(self) -> dict[tuple[str, ...], str]:
        """The globs by header; rejected rows are under the empty header."""
        self._save_refused()
        return self.headers

    def _save_refused(self) -> None:
        import pyarrow as pa

        if self.refused:
            self._save((), [pa.Table.from_pylist(self.refused)])
        self.refused, self.refused_size = [], 0

    def _save(self, header: tuple[str, ...], parts: list[pa.Table]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        if not parts:
            return
        number = list(self.headers).index(header) if header in self.headers else len(self.headers)
        self.headers[header] = str(self.folder / f"h{number}-*.parquet")
        self.files += 1
        pq.write_table(
            pa.concat_tables(parts),
            self.folder / f"h{number}-{self.files:05}.parquet",
            compression="lz4",
            use_dictionary=["member", "account"],
            write_statistics=False,
            row_group_size=100_000,
        )

    def _parse_one(self, header: tuple[str, ...], chunk: Chunk, i: int) -> pa.Table | None:
        """Parse one member alone, without the rows that have too few or too many fields."""
        import pyarrow as pa

        ragged: list[Any] = []
        member, body = (chunk.names[i], chunk.accounts[i]), chunk.bodies[i]
        try:
            fields = _parse(
                header, b"".join([*_ended(body), _mark(header, i, self.form)]), self.form, ragged
            )
            whole = fields.column("c0")[-1].as_py() == f"{MARK}{i}".encode()
        except (pa.ArrowInvalid, IndexError):
            whole = False
        if not whole:
            self.refuse(
                member,
                0,
                "bad_quote",
                "The member has a quote that never ends; none of its rows was read.",
                body,
            )
            return None
        fields = fields.slice(0, fields.num_rows - 1)
        for row in ragged:
            message = f"The row has {row.actual_columns} fields, its header {row.expected_columns}."
            self.refuse(member, row.number, "ragged_row", message, row.text.encode())
        import numpy as np

        numbers = np.setdiff1d(
            np.arange(1, fields.num_rows + len(ragged) + 1), [r.number for r in ragged]
        )
        return _named(fields, chunk, np.full(fields.num_rows, i), numbers)


def _parse(
    header: tuple[str, ...], body: bytes, form: Form, ragged: list[Any] | None = None
) -> pa.Table:
    """A table of c0, c1, ... as bytes.

    Ragged rows raise ArrowInvalid, or go into `ragged` with their numbers.
    """
    import pyarrow as pa
    from pyarrow import csv

    names = [f"c{i}" for i in range(len(header))]

    def skip(row: Any) -> str:
        if ragged is None:
            return "error"
        ragged.append(row)
        return "skip"

    return csv.read_csv(
        io.BytesIO(body),
        csv.ReadOptions(use_threads=False, block_size=BLOCK, column_names=names),
        csv.ParseOptions(
            delimiter=form.delimiter, newlines_in_values=True, invalid_row_handler=skip
        ),
        csv.ConvertOptions(
            check_utf8=False,
            column_types=dict.fromkeys(names, pa.binary()),
            strings_can_be_null=False,
        ),
    )


def _mark(header: tuple[str, ...], i: int, form: Form) -> bytes:
    """The row that marks the start of a member."""
    return f"{MARK}{i}{form.delimiter * (len(header) - 1)}\n".encode()


def _ended(body: bytes) -> tuple[bytes, bytes]:
    """A member's rows, with a line end after the last."""
    return body, b"" if body.endswith(b"\n") or not body else b"\n"


def _parse_together(header: tuple[str, ...], chunk: Chunk, form: Form) -> pa.Table | None:
    """All members of a chunk in one parse; None where that does not give every member back."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    parts = []
    for i, body in enumerate(chunk.bodies):
        parts += [_mark(header, i, form), *_ended(body)]
    try:
        rows = _parse(header, b"".join(parts), form).combine_chunks()
    except pa.ArrowInvalid:
        return None
    first = rows.column("c0")
    marked = pc.starts_with(first, MARK).to_numpy()
    at = np.flatnonzero(marked)
    expected = pa.array([f"{MARK}{i}".encode() for i in range(len(chunk.names))], pa.binary())
    if len(at) != len(expected) or not first.take(pa.array(at)).combine_chunks().equals(expected):
        return None
    member = np.repeat(np.arange(len(at)), np.diff([*at, len(marked)]))
    number = np.arange(len(marked)) - at[member]
    return _named(rows.filter(pa.array(~marked)), chunk, member[~marked], number[~marked])


def _named(
    fields: pa.Table, chunk: Chunk, member: np.ndarray[Any, Any], number: np.ndarray[Any, Any]
) -> pa.Table:
    """Put the member's name, the account and the row's number before the fields."""
    import pyarrow as pa

    def said(values: list[str]) -> pa.Array:
        return pa.DictionaryArray.from_arrays(
            pa.array(member.astype("int32")), pa.array(values)
        ).cast(pa.string())

    columns = {
        "member": said(chunk.names),
        "account": said(chunk.accounts),
        "row": pa.array(number.astype("int64")),
    }
    return pa.table(columns | {n: fields.column(n) for n in fields.column_names})
