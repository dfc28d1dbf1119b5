"""Salts: secrets that stay in the store's folder, so that a hash of an id cannot be traced back by
trying ids.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

PUBLISHED = "published-ids.salt"
"""The salt of the ids that are published as hashes; the same in every release of a store, so that
versions can be compared.
"""

ERASED = "erased-accounts.salt"
"""The salt of the tombstones."""

ROW_KEY = "[^:]+:[0-9]+"
"""What an id looks like that says only where the row stood: it is hashed with its data set, not
with its platform.
"""


def salt(home: Path, name: str) -> str:
    """The salt called `name` in a store's folder; made at the first use, by exactly one of several
    processes.
    """
    path = home / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        own = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        own.touch(mode=0o600)
        own.write_text(secrets.token_hex(32), encoding="ascii")
        try:
            os.link(own, path)  # atomic, and fails where another process was first
        except FileExistsError:
            pass
        finally:
            own.unlink()
    return path.read_text(encoding="ascii")


def hashed(secret: str, kind: str, value: str) -> str:
    """SQL of the first 24 hex digits of the salted sha256 of a SQL text expression; NULL stays
    NULL. `kind` keeps an account's hash and a post's apart."""
    return (
        f"substr(sha256('{secret}' || chr(10) || '{kind.replace(chr(39), chr(39) * 2)}' || chr(10)"
        f" || ({value})), 1, 24)"
    )
