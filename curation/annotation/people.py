"""Who answered, without saying who it is: a pseudonym made of the e-mail and a salt that stays in the store's folder."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

SALT = "annotators.salt"
SIMULATED = "simulated.invalid"
"""The mail domain of simulated annotators, who need no pseudonym."""


class People:
    """Pseudonyms, the same for the same person in one store, and not to be traced back without its salt."""

    def __init__(self, home: Path) -> None:
        self._salt = _salt(home / SALT)

    def pseudonym(self, identity: str) -> str:
        """The pseudonym of an e-mail address (or, where none is known, of another text that names the person)."""
        plain = identity.strip().lower()
        name, _, domain = plain.partition("@")
        if domain == SIMULATED:
            return name
        digest = hashlib.sha256(f"{self._salt}\n{plain}".encode()).hexdigest()
        return f"annotator-{digest[:12]}"


def _salt(path: Path) -> str:
    """The salt; made at the first use, by exactly one of several processes."""
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
