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
    server has no name). An account name is like a number. No user gives empty text.

    >>> user_identity({"id": 3, "email": "ana@example.org"}, {}, "p")
    ('ana@example.org', True)
    >>> user_identity(3, {}, "p")
    ('user 3 of project p', False)
    >>> user_identity(3, {}, "p", "lab")
    ('user 3 of server lab', False)
    >>> user_identity("3", {3: "ana@example.org"}, "p"), user_identity("ana@example.org", {}, "p")
    (('ana@example.org', True), ('ana@example.org', True))
    """
    if email := _email(user):
        return email, True
    user = local_name(user)
    if user is None:
        return "", False
    if isinstance(user, int) and user in emails:
        return emails[user], True
    return f"user {user} of {f'server {server}' if server else f'project {project}'}", False


def _email(user: object) -> str | None:
    given = user.get("email") if isinstance(user, dict) else user
    if isinstance(user, dict) and given:
        return str(given)
    return given.strip() if isinstance(given, str) and "@" in given else None


def local_name(user: object) -> int | str | None:
    """The number or account name of a user, which mean somebody on one server only.

    A number in quotes or with a decimal point (other tools write them) is that number. None for an
    address, for nobody, and for what names nobody (true, a list).

    >>> [local_name(user) for user in ({"id": 3}, "3", 3.0, "Ana ", "a@b", True, None, {})]
    [3, 3, 3, 'Ana', None, None, None, None]
    """
    if _email(user):
        return None
    user = user.get("id") if isinstance(user, dict) else user
    if isinstance(user, bool) or not isinstance(user, int | float | str):
        return None
    plain = user.strip() if isinstance(user, str) else user
    if isinstance(plain, float):
        return int(plain) if plain.is_integer() else str(plain)
    if isinstance(plain, str) and plain.isascii() and plain.isdigit() and len(plain) < 19:
        return int(plain)
    return None if plain == "" else plain


def user_number(annotation: Mapping[str, Any]) -> int | str | None:
    """The number or name by which an annotation names its person (`local_name`).

    >>> user_number({"completed_by": {"id": 3}}), user_number({"completed_by": {"email": "a@b"}})
    (3, None)
    """
    return local_name(annotation.get("completed_by"))


def names_by_number(tasks: Iterable[Mapping[str, Any]]) -> bool:
    """Whether an export names a person by a number or name, which holds on one server only."""
    return any(
        user_number(annotation) is not None
        for task in tasks
        for annotation in task.get("annotations") or []
    )


def unknown_by_number(tasks: Iterable[Mapping[str, Any]]) -> set[str]:
    """The annotations of nobody known that have nothing but numbers of one server: their ids."""
    return {
        f"{project_of(task, annotation)}:{annotation.get('id')}"
        for task in tasks
        for annotation in task.get("annotations") or []
        if not annotation.get("unique_id")
        and not (task.get("meta") or {}).get("project")
        and not _email(annotation.get("completed_by"))
        and user_number(annotation) is None
    }


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
