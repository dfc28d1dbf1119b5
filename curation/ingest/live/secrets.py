"""Tokens and passwords: from the environment or the user's keyring, and never written anywhere."""

from __future__ import annotations

import os

from botbench.terminal import redaction


def secret(name: str) -> str | None:
    """The value of an environment variable, or of the keyring's entry of that name.

    The keyring is asked only where the package `keyring` is installed (service `botbench`). From
    now on the value is `***` in everything that botbench prints or logs.
    """
    value = os.environ.get(name) or _of_keyring(name)
    if value:
        redaction.remember(value)
    return value or None


def _of_keyring(name: str) -> str | None:
    try:
        import keyring
    except ImportError:
        return None
    try:
        found = keyring.get_password("botbench", name)
    except Exception:  # a keyring that is locked, or without a desktop, has nothing to say
        return None
    return str(found) if found else None
