"""Pseudonyms of annotators: the one place that decides which person a Label Studio user is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from curation.store import salts

SALT = "annotators.salt"
SIMULATED = "simulated.invalid"
"""The mail domain of simulated annotators, who need no pseudonym."""


def user_identity(
    user: object, emails: Mapping[int, str], project: str, server: str = ""
) -> tuple[str, bool]:
    """Text that identifies a Label Studio user, and whether it is an e-mail address.

    `user` is the server's field (`completed_by`, `updated_by`): a number or an object with an
    address; `emails` has the addresses of the server's users by number. An address means the same
    person on every server; a number means one only on its own server (within its project, if the
    server has no name). No user gives empty text.

    >>> user_identity({"id": 3, "email": "ana@example.org"}, {}, "p")
    ('ana@example.org', True)
    >>> user_identity(3, {}, "p")
    ('user 3 of project p', False)
    >>> user_identity(3, {}, "p", "lab")
    ('user 3 of server lab', False)
    """
    if isinstance(user, dict):
        if user.get("email"):
            return str(user["email"]), True
        user = user.get("id")
    if isinstance(user, int) and user in emails:
        return emails[user], True
    if user is None:
        return "", False
    return f"user {user} of {f'server {server}' if server else f'project {project}'}", False


def user_number(annotation: Mapping[str, Any]) -> int | None:
    """The number by which an annotation names its person; None for an address or for nobody.

    >>> user_number({"completed_by": {"id": 3}}), user_number({"completed_by": {"email": "a@b"}})
    (3, None)
    """
    user = annotation.get("completed_by")
    if isinstance(user, dict):
        user = None if user.get("email") else user.get("id")
    return user if isinstance(user, int) and not isinstance(user, bool) else None


def names_by_number(tasks: Iterable[Mapping[str, Any]]) -> bool:
    """Whether an export names a person by a number, which means somebody on one server only."""
    return any(
        user_number(annotation) is not None
        for task in tasks
        for annotation in task.get("annotations") or []
    )


def project_of(task: Mapping[str, Any], annotation: Mapping[str, Any]) -> str:
    """The mark of an annotation's project, or its number."""
    meta = task.get("meta") or {}
    return str(meta.get("project") or annotation.get("project") or task.get("project") or "")


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
