"""Everything else that stands in files: predictions, MLflow's artifacts, reports, caches, downloads. Tables lose the rows,
documents are masked, and what can be made again but not mended is removed."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curation.current import quoted
from curation.erasure.masks import MASK, Marks

if TYPE_CHECKING:
    from curation.store import Store

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
}
DATABASES = {".db", ".sqlite"}
OURS = ("data", "releases", "publications", "backups", "erasing")
"""Folders of a store's home that have ways of their own, or (backups) are the operator's."""
SKIPPED = ("write.lock",)


@dataclass
class Sweep:
    """What a search of files came to: `cleaned` by what was done to how many files, `left` the files that still tell."""

    cleaned: dict[str, int] = field(default_factory=dict)
    left: list[Path] = field(default_factory=list)

    def note(self, what: str) -> None:
        """One file more."""
        self.cleaned[what] = self.cleaned.get(what, 0) + 1


def of_store(home: Path) -> Iterator[Path]:
    """The files of a store's folder that are swept here."""
    for path in sorted(home.iterdir() if home.is_dir() else ()):
        if path.is_dir() and path.name not in OURS:
            yield from below(path)
        elif path.is_file() and path.name not in SKIPPED and not path.name.startswith("catalog.") and path.suffix != ".salt":
            yield path


def below(folder: Path) -> Iterator[Path]:
    """Every file under a folder."""
    for root, _, names in os.walk(folder):
        for name in sorted(names):
            path = Path(root) / name
            if path.is_file() and not path.is_symlink():
                yield path


def forget_downloads(home: Path, marks: Marks) -> int:
    """Remove the downloaded files of the data sets that hold the accounts: they can be downloaded again; how many."""
    found = [home / "downloads" / dataset for dataset in marks.datasets if (home / "downloads" / dataset).is_dir()]
    for folder in found:
        shutil.rmtree(folder)
    return len(found)


def sweep(store: Store, paths: Iterable[Path], marks: Marks, dry: bool = False) -> Sweep:
    """Clean the files of the accounts; `dry` only looks."""
    done = Sweep()
    for path in paths:
        if not holds(store, path, marks):
            continue
        if dry or not _clean(store, path, marks, done):
            done.left.append(path)
    return done


def holds(store: Store, path: Path, marks: Marks) -> bool:
    """Whether a file tells of the accounts: a table's values, another file's bytes, or the name of either."""
    if marks.in_bytes(path.name.encode()):
        return True
    if path.suffix == ".parquet":
        hits = _rows(store, path, marks)
        return bool(hits and store.connection.execute(f"SELECT 1 FROM ({hits}) LIMIT 1").fetchone())
    if path.suffix == ".json":
        document = _json(path)
        return document is not None and _scrubbed(document, marks) != document
    if path.suffix in DATABASES:
        return marks.in_bytes(database(path))
    return marks.in_bytes(_bytes(path))


def database(path: Path) -> bytes:
    """All that an SQLite file says, one value a line (in its pages values stand without a gap), and, where it still has free
    pages or a log, these too."""
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=60)) as connection:
        connection.text_factory = bytes
        names = [n.decode() for (n,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()]
        rows = (row for name in names for row in connection.execute(f'SELECT * FROM "{name}"'))
        told = b"\n".join(v if isinstance(v, bytes) else str(v).encode() for row in rows for v in row if v is not None)
        free = connection.execute("PRAGMA freelist_count").fetchone()[0]
    log = path.with_name(path.name + "-wal")
    return told + (path.read_bytes() if free else b"") + (log.read_bytes() if log.exists() else b"")


def _bytes(path: Path) -> bytes:
    import gzip

    data = path.read_bytes()
    with contextlib.suppress(OSError, EOFError):
        return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    return data


def _clean(store: Store, path: Path, marks: Marks, done: Sweep) -> bool:
    """Clean one file; False where it cannot be."""
    made_again = any(path.is_relative_to(store.home / name) for name in ("cache", "tmp"))
    if made_again or marks.in_bytes(path.name.encode()):
        path.unlink()
        done.note("removed")
    elif path.suffix == ".parquet":
        _filter(store, path, marks)
        done.note("rows taken out")
    elif path.suffix == ".json":
        _replace(path, json.dumps(_scrubbed(_json(path), marks), indent=1, ensure_ascii=False) + "\n")
        done.note("masked")
    elif path.suffix in TEXTS:
        _replace(path, marks.clean(path.read_text(encoding="utf-8", errors="replace")))
        done.note("masked")
    elif path.suffix in DATABASES:
        _mask_database(path, marks)
        done.note("masked")
    else:
        return False
    return not path.exists() or not holds(store, path, marks)


def _replace(path: Path, text: str) -> None:
    draft = path.with_name(path.name + ".erasing")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


# -- tables


def _columns(store: Store, path: Path) -> dict[str, str]:
    return {str(r[0]): str(r[1]) for r in store.connection.execute(f"DESCRIBE FROM read_parquet({quoted(path)})").fetchall()}


def _rows(store: Store, path: Path, marks: Marks) -> str | None:
    """SQL (k): numbers of the rows of a Parquet file that tell of the accounts."""
    columns = _columns(store, path)
    file = f"read_parquet({quoted(path)}, file_row_number = true)"
    parts = []
    scope = f"dataset IN ({', '.join(map(quoted, marks.datasets))}) AND " if "dataset" in columns else ""
    for name in ("account_id", "source_id", "target_id"):
        if columns.get(name) == "VARCHAR":
            parts.append(
                f'SELECT file_row_number AS k FROM {file} WHERE {scope}"{name}" IN '
                "(SELECT value FROM erasing_ids UNION SELECT value FROM erasing_hashes)"
            )
    texts = [
        f'"{n}"::VARCHAR' for n, kind in columns.items() if "VARCHAR" in kind and n not in ("dataset", "platform", "account_id")
    ]
    if texts:
        parts.append(marks.rows_with(file, "file_row_number", texts))
    return " UNION ".join(parts) or None


def _filter(store: Store, path: Path, marks: Marks) -> None:
    draft = path.with_name(path.name + ".erasing")
    store.connection.execute(
        f"COPY (SELECT * EXCLUDE (file_row_number) FROM read_parquet({quoted(path)}, file_row_number = true) "
        f"WHERE file_row_number NOT IN ({_rows(store, path, marks)}) ORDER BY file_row_number) "
        f"TO {quoted(draft)} (FORMAT parquet, COMPRESSION zstd)"
    )
    draft.replace(path)


# -- documents and databases


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return None


def _scrubbed(value: Any, marks: Marks) -> Any:
    """A JSON value without the accounts: entries of lists and members that are theirs go, texts are masked."""
    if isinstance(value, dict):
        return {k: _scrubbed(v, marks) for k, v in value.items() if not _names(k, marks)}
    if isinstance(value, list):
        return [_scrubbed(v, marks) for v in value if not _theirs(v, marks)]
    return MASK if _names(value, marks) else marks.clean(value) if isinstance(value, str) else value


def _names(value: Any, marks: Marks) -> bool:
    if not isinstance(value, str):
        return False
    return value in marks.posts or value in marks.hashes or (len(value) > 4 and value in marks.own_ids)


def _theirs(value: Any, marks: Marks) -> bool:
    """Whether an entry of a list is the account itself, or says something of it: an object by `account_id`, a pair
    (platform or data set, account). An id that is only a row's place counts with its data set alone."""
    if isinstance(value, dict):
        said = {value.get(k) for k in ("account_id", "account", "source_id", "target_id") if isinstance(value.get(k), str)}
        if value.get("dataset") in marks.datasets:
            return not said.isdisjoint({*marks.ids, *marks.hashes})
        return "dataset" not in value and not said.isdisjoint({*marks.own_ids, *marks.hashes})
    if isinstance(value, list) and len(value) == 2 and isinstance(value[1], str):
        return value[1] in marks.own_ids or (value[0], value[1]) in marks.scoped
    return _names(value, marks)


def _mask_database(path: Path, marks: Marks) -> None:
    """MLflow's store, say: its texts are masked and its pages written anew."""
    with contextlib.closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as connection:
        connection.create_function("masked", 1, lambda t: marks.clean(t) if isinstance(t, str) else t)
        for (table,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        ).fetchall():
            for column in [c[1] for c in connection.execute(f'PRAGMA table_info("{table}")').fetchall()]:
                connection.execute(
                    f'UPDATE "{table}" SET "{column}" = masked("{column}") '
                    f'WHERE typeof("{column}") = \'text\' AND "{column}" <> masked("{column}")'
                )
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
