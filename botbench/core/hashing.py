"""Hashes of documents and files; the same on every machine."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path


def canonical_json(document: object) -> str:
    """Canonical JSON of a Python document: sorted keys, no blanks, text as it is.

    >>> canonical_json({"b": 1, "a": None})
    '{"a":null,"b":1}'
    """
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def short_hash(document: object, digits: int = 16) -> str:
    """The first hex digits of the sha256 of a document's canonical JSON.

    A text with half a character (a lone surrogate) has a hash too, so that it can be told.

    >>> short_hash({"a": 1}), len(short_hash("half \\ud83d"))
    ('015abd7f5cc57a2d', 16)
    """
    text = canonical_json(document).encode(errors="surrogatepass")
    return hashlib.sha256(text).hexdigest()[:digits]


def file_sha256(path: Path) -> str:
    """The sha256 of a file's bytes in hex digits, read in pieces; empty if there is no file."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
