"""Salts: secrets in the store's folder that protect hashed ids against guessing."""

from __future__ import annotations

import secrets
from pathlib import Path

from botbench.core.files import write_first

PUBLISHED = "published-ids.salt"
"""The salt of published ids. All releases of a store share it, so that versions compare."""

ERASED = "erased-accounts.salt"
"""The salt of the tombstones."""

ROW_KEY = "[^:]+:[0-9]+"
"""An id that is only a row's position. It is hashed with its data set, not its platform."""


def salt(home: Path, name: str) -> str:
    """The salt called `name` in a store's folder; the first process that asks makes it."""
    path = home / name
    if not path.exists():
        write_first(path, secrets.token_hex(32), mode=0o600)
    return path.read_text(encoding="ascii")


def hashed(secret: str, kind: str, value: str) -> str:
    """SQL of the first 24 hex digits of a text's salted sha256; NULL stays NULL.

    `kind` separates the hashes of accounts from those of posts.
    """
    return (
        f"substr(sha256('{secret}' || chr(10) || '{kind.replace(chr(39), chr(39) * 2)}' || chr(10)"
        f" || ({value})), 1, 24)"
    )
