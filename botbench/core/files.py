"""Atomic writes: a reader never sees half a file."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

UNFINISHED = ".unfinished"
"""How the name of a draft ends; backups leave drafts out, doctor and erasure find them by it."""


@contextmanager
def draft_of(path: Path, mode: int = 0o666) -> Iterator[Path]:
    """A hidden draft beside `path` to write to; it becomes `path` when the block ends.

    Missing folders are created. If the block fails, `path` is unchanged and the draft is deleted.
    Each caller has its own draft, so several processes can write the same file at once.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}{UNFINISHED}")
    try:
        draft.touch(mode=mode)
        yield draft
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str, mode: int = 0o666) -> None:
    """Write a text in UTF-8, lines ending as they do in `text`."""
    with draft_of(path, mode) as draft:
        draft.write_bytes(text.encode("utf-8"))


def write_json(path: Path, document: dict[str, Any], mode: int = 0o666) -> None:
    """Write a document as JSON for people to read, with a line break at its end."""
    write_text(path, json.dumps(document, indent=1, ensure_ascii=False) + "\n", mode)


def write_parquet(path: Path, table: pa.Table) -> None:
    """Write a table as Parquet."""
    import pyarrow.parquet as pq

    with draft_of(path) as draft:
        pq.write_table(table, draft)
