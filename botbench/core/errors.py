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


class RowsSetAside(UserWarning):
    """Some rows of a file could not be read and count as absent; the message names the first."""


def first_line(error: BaseException, longest: int = 300) -> str:
    r"""The first line of an error's text, for a sentence; the kind of the error if it has no text.

    >>> first_line(ValueError("no number\nin row 3")), first_line(ValueError())
    ('no number', 'ValueError')
    """
    try:
        lines = str(error).strip().splitlines()
    except Exception:  # its own text fails
        lines = []
    return lines[0][:longest] if lines else type(error).__name__


def reason(error: BaseException) -> str:
    """Why a file could not be read, for a sentence: no number of an error, no path twice.

    >>> reason(FileNotFoundError(2, "No such file or directory", "site/made-from.json"))
    'made-from.json is not there'
    >>> reason(KeyError("cells")), reason(PermissionError(13, "Permission denied", "a/b"))
    ("it lacks 'cells'", 'b: permission denied')
    """
    if isinstance(error, OSError) and error.strerror:
        name = str(error.filename or "").rpartition("/")[2]
        if isinstance(error, FileNotFoundError):
            return f"{name or 'a file'} is not there"
        return f"{name}: {error.strerror.lower()}" if name else error.strerror.lower()
    if isinstance(error, KeyError):
        return f"it lacks {first_line(error)}"
    if type(error).__name__ == "JSONDecodeError":
        return f"no JSON: {first_line(error)}"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return first_line(error)


def brief(error: BaseException) -> str:
    """An error in one line, without a full stop: its kind and the first line of its text.

    >>> brief(ValueError("no number")), brief(ValueError())
    ('ValueError: no number', 'ValueError')
    """
    kind, line = type(error).__name__, first_line(error)
    return kind if line == kind else f"{kind}: {line}".rstrip(".")


SHOWN = 40
"""Names that a sentence lists."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The valid name that is most like another, whatever the case; None where none is alike.

    >>> nearest("Forset", ["constant", "forest"]), nearest("x", ["constant"])
    ('forest', None)
    """
    names = {known_name.lower(): known_name for known_name in sorted(known, reverse=True)}
    close = difflib.get_close_matches(name.lower(), names, n=1)
    return names[close[0]] if close else None


def unknown(what: str, name: str, known: Iterable[str]) -> UserError:
    """An error with the closest valid name and the valid set (its first 40).

    >>> str(unknown("detector", "foerst", ["constant", "forest"]))
    "There is no detector 'foerst'. Did you mean 'forest'? Known: constant, forest."
    """
    names = sorted(known)
    close = nearest(name, names)
    hint = f" Did you mean {close!r}?" if close else ""
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    shown = ", ".join(names[:SHOWN]) or "none"
    return UserError(f"There is no {what} {name!r}.{hint} Known: {shown}{more}.")
