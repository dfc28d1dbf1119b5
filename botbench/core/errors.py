"""Errors that users see: a sentence and an exit code, never a traceback."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """A mistake the user can mend: `botbench: <message>` on stderr and exit code 2.

    The message answers four questions: what is wrong, where (file, row, field), what was expected
    and got, and what to do or type next.
    """

    exit_code = 2


class ResourceFailure(UserError):
    """A disk, a server or a file that botbench needs does not work: exit code 3.

    The message says which one, what went wrong, and what to do. The user did nothing wrong.
    """

    exit_code = 3


class Findings(Exception):
    """The command finished with findings: exit code 1 (failed validation, quarantined rows)."""

    exit_code = 1


def unknown(what: str, name: str, known: Iterable[str]) -> UserError:
    """An error with the closest valid name and the valid set.

    >>> str(unknown("detector", "foerst", ["constant", "forest"]))
    "There is no detector 'foerst'. Did you mean 'forest'? Known: constant, forest."
    """
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return UserError(f"There is no {what} {name!r}.{hint} Known: {', '.join(names) or 'none'}.")
