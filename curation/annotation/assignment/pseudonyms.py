"""Pseudonyms of annotators: the one place that decides which person a Label Studio user is."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from curation.store import salts

SALT = "annotators.salt"
SIMULATED = "simulated.invalid"
"""The mail domain of simulated annotators, who need no pseudonym."""


def user_identity(user: object, emails: Mapping[int, str], project: str) -> tuple[str, bool]:
    """Text that identifies a Label Studio user, and whether it is an e-mail address.

    `user` is the server's field (`completed_by`, `updated_by`): a number or an object with an
    address; `emails` has the addresses of the server's users by number. An address means the same
    person on every server; a number means one only within its project. No user gives empty text.

    >>> user_identity({"id": 3, "email": "ana@example.org"}, {}, "p")
    ('ana@example.org', True)
    >>> user_identity(3, {}, "p")
    ('user 3 of project p', False)
    """
    if isinstance(user, dict):
        if user.get("email"):
            return str(user["email"]), True
        user = user.get("id")
    if isinstance(user, int) and user in emails:
        return emails[user], True
    return ("", False) if user is None else (f"user {user} of project {project}", False)


class Pseudonyms:
    """Pseudonyms made of an identity and a salt in the store's folder.

    A person has the same pseudonym everywhere in one store. Without the salt it cannot be traced
    back.
    """

    def __init__(self, home: Path) -> None:
        self._salt = salts.salt(home, SALT)

    def pseudonym(self, identity: str) -> str:
        """The pseudonym of an e-mail address, or of another text that identifies the person."""
        plain = identity.strip().lower()
        name, _, domain = plain.partition("@")
        if domain == SIMULATED:
            return name
        digest = hashlib.sha256(f"{self._salt}\n{plain}".encode()).hexdigest()
        return f"annotator-{digest[:12]}"
