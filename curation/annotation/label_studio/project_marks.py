"""The mark that `push` writes into a project's description: which batch and part it holds.

The list of projects shows three lines of it, so what a person should read comes first.
"""

from __future__ import annotations

import json

SENTENCE = (
    "{who} of batch {batch}: say of each account whether it is a bot. Open the project and press"
    " Label All Tasks; the first account brings the instructions, and the keys stand beside the"
    " questions. Ask whoever runs the batch if anything is unclear.\n\n"
)
PREFIX = "botbench: made by `botbench annotate push`; please leave this line as it is. "


def write_mark(mark: dict[str, str]) -> str:
    """The description of a project: sentences for people, then the mark as JSON."""
    part = mark.get("part", "")
    about = SENTENCE.format(
        who="The accounts" if part.startswith("copy ") or not part else f"The accounts for {part}",
        batch=mark.get("batch", "")[:8],
    )
    return about + PREFIX + json.dumps(mark, sort_keys=True)


def read_mark(description: str | None) -> dict[str, str] | None:
    """The mark that `write_mark` wrote, or None for a project that `push` did not make.

    >>> read_mark(write_mark({"batch": "b1", "part": "copy 1", "scheme": "1", "mark": "x"}))["part"]
    'copy 1'
    """
    _, prefix, rest = (description or "").partition(PREFIX)
    if not prefix:
        return None
    try:
        mark, _ = json.JSONDecoder().raw_decode(rest)
    except ValueError:
        return None
    return (
        mark
        if isinstance(mark, dict) and {"batch", "part", "scheme", "mark"} <= set(mark)
        else None
    )
