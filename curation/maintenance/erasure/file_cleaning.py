"""Files outside the store's tables: botbench's own are cleaned, others are only read.

Tables lose the rows, documents are masked. What can only be made again is removed.
"""

from __future__ import annotations

import bz2
import contextlib
import errno
import gzip
import json
import lzma
import os
import shutil
import sqlite3
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from botbench.core.files import draft_of, write_text
from botbench.core.sql import literal, literals
from botbench.terminal import crash_log
from curation.maintenance.erasure.masks import Marks
from curation.store.tombstones import MASK

if TYPE_CHECKING:
    from curation.store.store import Store

TEXTS = {
    ".html",
    ".md",
    ".txt",
    ".csv",
    ".tsv",
    ".log",
    ".yaml",
    ".yml",
    ".cff",
    ".jsonl",
    ".ndjson",
    ".js",
    ".css",
    ".svg",
    ".xml",
    ".graphml",
}
WHOLE = ("cache", "logs", "tmp")
"""Folders of a store whose files are removed whole: they can be made again, or are not needed."""
SQLITE = b"SQLite format 3\0"
PIECE, OVERLAP = 64 << 20, 64 << 10
"""Bytes of a large file that are searched at a time, and the overlap with the next bytes."""


@dataclass
class Sweep:
    """The result of a search of files.

    `cleaned` counts files by what was done, `left` are files that still mention the accounts,
    `undecoded` are files that are no UTF-8 and were not changed.
    """

    cleaned: dict[str, int] = field(default_factory=dict)
    left: list[Path] = field(default_factory=list)
    undecoded: list[Path] = field(default_factory=list)

    def note(self, what: str) -> None:
        """Count one more file."""
        self.cleaned[what] = self.cleaned.get(what, 0) + 1


def below(folder: Path) -> Iterator[Path]:
    """Every file under a folder."""
    for root, _, names in os.walk(folder):
        for name in sorted(names):
            path = Path(root) / name
            if path.is_file() and not path.is_symlink():
                yield path


def forget_downloads(store: Store, marks: Marks) -> int:
    """Remove the downloaded files of the accounts' data sets; return the number of data sets.

    They can be downloaded again. Where the cards name the files, other files in the folder stay.
    """
    count = 0
    for dataset in marks.datasets:
        folder = store.home / "downloads" / dataset
        if not folder.is_dir():
            continue
        query = (
            "SELECT DISTINCT unnest(from_json(card->'$.sources[*].file', '[\"VARCHAR\"]')) FROM"
            f" {store.relation('pulls')} WHERE dataset = {literal(dataset)}"
        )
        names = [str(name) for (name,) in store.connection.execute(query).fetchall()]
        for name in names:
            for path in (folder / name, folder / f"{name}.part"):
                path.unlink(missing_ok=True)
        if not names:
            shutil.rmtree(folder)
        count += 1
    return count


def sweep(store: Store, paths: Iterable[Path], marks: Marks, dry: bool = False) -> Sweep:
    """Clean botbench's own files of the accounts; `dry` only searches."""
    done = Sweep()
    for path in paths:
        if not path.is_file() or not holds(store, path, marks):
            continue
        if _is_undecodable(store, path, marks):
            done.undecoded.append(path)
        elif dry or not clean(store, path, marks, done):
            done.left.append(path)
    return done


def strangers(
    store: Store, paths: Iterable[Path], marks: Marks, ours: Collection[Path] = ()
) -> list[str]:
    """A sentence on each file not in `ours` that mentions the accounts or is unreadable."""
    sentences = []
    for path in paths:
        if path in ours:
            continue
        try:
            mentioned = mentions(store, path, marks)
        except OSError as error:
            sentences.append(
                f"{path} could not be read ({error.strerror}): whether it holds the account is not"
                " known."
            )
            continue
        if mentioned:
            sentences.append(
                f"{path} holds the account. botbench did not make it and left it as it is: clean or"
                " delete it yourself."
            )
    return sentences


def holds(store: Store, path: Path, marks: Marks) -> bool:
    """Whether one of botbench's files mentions the accounts in its name, table values or bytes."""
    if marks.in_bytes(path.name.encode()):
        return True
    if path.suffix == ".parquet":
        with contextlib.suppress(duckdb.Error):
            hits = _rows(store, path, marks)
            return bool(
                hits and store.connection.execute(f"SELECT 1 FROM ({hits}) LIMIT 1").fetchone()
            )
    document = _json(path) if path.suffix == ".json" else None
    if document is not None:
        return bool(scrubbed(document, marks) != document)
    return any(map(marks.in_bytes, _pieces(path)))


def mentions(store: Store, path: Path, marks: Marks) -> bool:
    """Whether any file mentions the accounts in its name, (unpacked) bytes or table values."""
    if marks.in_bytes(path.name.encode()) or any(map(marks.in_bytes, _pieces(path))):
        return True
    if path.suffix == ".json":
        return holds(store, path, marks)
    if path.read_bytes()[:4] != b"PAR1":
        return False
    try:
        values = [f'"{name}"::VARCHAR' for name in _columns(store, path)]
        hits = marks.rows_with(f"read_parquet({literal(path)})", "1", values)
        hits = " UNION ".join(filter(None, (hits, _rows(store, path, marks))))
        return store.connection.execute(f"SELECT 1 FROM ({hits}) LIMIT 1").fetchone() is not None
    except duckdb.Error:
        raise OSError(errno.EIO, "it is a damaged Parquet file") from None


def database(path: Path) -> bytes:
    """The values of an SQLite file, one a line; also its free pages and log, if it has any.

    The pages alone are not enough: values follow each other there without a separator.
    """
    with contextlib.closing(
        sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=60)
    ) as connection:
        values = _values(connection)
        free = connection.execute("PRAGMA freelist_count").fetchone()[0]
    log = path.with_name(path.name + "-wal")
    return (
        values + (path.read_bytes() if free else b"") + (log.read_bytes() if log.exists() else b"")
    )


@contextlib.contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a foreign SQLite database without leaving a lock, a log or a log's index beside it."""
    log = path.with_name(path.name + "-wal")
    with tempfile.TemporaryDirectory() as scratch:
        options = "immutable=1"
        if log.exists() and log.stat().st_size:
            shutil.copyfile(log, Path(scratch) / f"{path.name}-wal")
            path, options = Path(shutil.copyfile(path, Path(scratch) / path.name)), "mode=rw"
        address = f"{path.absolute().as_uri()}?{options}"
        with contextlib.closing(sqlite3.connect(address, uri=True)) as connection:
            yield connection


def _values(connection: sqlite3.Connection) -> bytes:
    connection.text_factory = bytes
    names = [
        n.decode()
        for (n,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table'"
        ).fetchall()
    ]
    rows = (row for name in names for row in connection.execute(f'SELECT * FROM "{name}"'))
    return b"\n".join(
        v if isinstance(v, bytes) else str(v).encode() for row in rows for v in row if v is not None
    )


def _pieces(path: Path) -> Iterator[bytes]:
    """A file's raw bytes, and the contents of a packed file, archive (.zip, .docx) or database."""
    with path.open("rb") as file:
        first = file.read(16)
        file.seek(0)
        yield from _overlapping(file)
    if first[:2] in (b"\xff\xfe", b"\xfe\xff"):
        yield path.read_bytes().decode("utf-16", errors="replace").encode()
    yield from _unpacked(path, first)
    with contextlib.suppress(zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError):
        if first[:2] == b"PK":
            with zipfile.ZipFile(path) as archive:
                for member in archive.infolist():
                    yield member.filename.encode() + b"\n" + archive.read(member)
    with contextlib.suppress(sqlite3.Error):
        if first == SQLITE:
            with opened(path) as connection:
                yield _values(connection)


def _overlapping(stream: Any) -> Iterator[bytes]:
    kept = b""
    while piece := stream.read(PIECE):
        yield kept + piece
        kept = piece[-OVERLAP:]


def _unpacked(path: Path, first: bytes) -> Iterator[bytes]:
    """The contents of a file packed by gzip, bzip2, xz or zstd, as far as they can be read."""
    import pyarrow as pa

    openers: dict[bytes, Callable[[Path], Any]] = {
        b"\x1f\x8b": gzip.open,
        b"BZh": bz2.open,
        b"\xfd7zXZ\x00": lzma.open,
        b"\x28\xb5\x2f\xfd": lambda p: pa.input_stream(str(p), compression="zstd"),
    }
    for magic, unpack in openers.items():
        if first.startswith(magic):
            broken = (EOFError, OSError, zlib.error, lzma.LZMAError, pa.ArrowException)
            with contextlib.suppress(*broken), unpack(path) as stream:
                yield from _overlapping(stream)


def clean(store: Store, path: Path, marks: Marks, done: Sweep) -> bool:
    """Clean one of botbench's files; False where that is not possible."""
    if _is_removed_whole(store, path) or marks.in_bytes(path.name.encode()):
        path.unlink()
        done.note("removed")
    elif path.suffix == ".parquet":
        try:
            _filter(store, path, marks)
        except duckdb.Error:
            return False
        done.note("rows taken out")
    elif path.suffix == ".json" and (document := _json(path)) is not None:
        write_text(path, json.dumps(scrubbed(document, marks), indent=1, ensure_ascii=False) + "\n")
        done.note("masked")
    elif path.suffix in TEXTS:
        write_text(path, marks.clean(path.read_bytes().decode("utf-8")))
        done.note("masked")
    else:
        return False
    return not path.exists() or not holds(store, path, marks)


def _is_removed_whole(store: Store, path: Path) -> bool:
    return path in crash_log.kept() or any(path.is_relative_to(store.home / n) for n in WHOLE)


def _is_undecodable(store: Store, path: Path, marks: Marks) -> bool:
    """Whether a text cannot be masked because it is not in the UTF-8 that botbench writes."""
    if _is_removed_whole(store, path) or marks.in_bytes(path.name.encode()):
        return False
    if path.suffix not in {*TEXTS, ".json"}:
        return False
    try:
        path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        return True
    return path.suffix == ".json" and _json(path) is None


# -- tables


def _columns(store: Store, path: Path) -> dict[str, str]:
    return {
        str(r[0]): str(r[1])
        for r in store.connection.execute(f"DESCRIBE FROM read_parquet({literal(path)})").fetchall()
    }


def _rows(store: Store, path: Path, marks: Marks) -> str | None:
    """SQL (k): numbers of the rows of a Parquet file that mention the accounts."""
    columns = _columns(store, path)
    file = f"read_parquet({literal(path)}, file_row_number = true)"
    parts = []
    scope = f"dataset IN ({literals(marks.datasets)}) AND " if "dataset" in columns else ""
    for name in ("account_id", "source_id", "target_id"):
        if columns.get(name) == "VARCHAR":
            parts.append(
                f'SELECT file_row_number AS k FROM {file} WHERE {scope}("{name}" IN'
                f' {marks.values("ids")} OR "{name}" IN {marks.values("hashes")})'
            )
    texts = [
        f'"{n}"::VARCHAR'
        for n, kind in columns.items()
        if "VARCHAR" in kind and n not in ("dataset", "platform", "account_id")
    ]
    if texts:
        parts.append(marks.rows_with(file, "file_row_number", texts))
    return " UNION ".join(parts) or None


def _filter(store: Store, path: Path, marks: Marks) -> None:
    with draft_of(path) as draft:
        store.connection.execute(f"""
            COPY (
                SELECT * EXCLUDE (file_row_number)
                FROM read_parquet({literal(path)}, file_row_number = true)
                WHERE file_row_number NOT IN ({_rows(store, path, marks)})
                ORDER BY file_row_number
            ) TO {literal(draft)} (FORMAT parquet, COMPRESSION zstd)""")


# -- documents


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return None


def scrubbed(value: Any, marks: Marks) -> Any:
    """A JSON value without the accounts: their list entries and members go, texts are masked."""
    if isinstance(value, dict):
        return {k: scrubbed(v, marks) for k, v in value.items() if not _names(k, marks)}
    if isinstance(value, list):
        return [scrubbed(v, marks) for v in value if not _theirs(v, marks)]
    return MASK if _names(value, marks) else marks.clean(value) if isinstance(value, str) else value


def _names(value: Any, marks: Marks) -> bool:
    if not isinstance(value, str):
        return False
    return (
        value in marks.posts or value in marks.hashes or (len(value) > 4 and value in marks.own_ids)
    )


def _theirs(value: Any, marks: Marks) -> bool:
    """Whether an entry of a list is about an account of the target.

    It is an object with `account_id`, or a pair (platform or data set, account). An id that is only
    a row's position counts with its data set alone.
    """
    if isinstance(value, dict):
        ids = {
            value.get(k)
            for k in ("account_id", "account", "source_id", "target_id")
            if isinstance(value.get(k), str)
        }
        if value.get("dataset") in marks.datasets:
            return not ids.isdisjoint({*marks.ids, *marks.hashes})
        return "dataset" not in value and not ids.isdisjoint({*marks.own_ids, *marks.hashes})
    if isinstance(value, list) and len(value) == 2 and isinstance(value[1], str):
        return value[1] in marks.own_ids or (value[0], value[1]) in marks.scoped
    return _names(value, marks)
