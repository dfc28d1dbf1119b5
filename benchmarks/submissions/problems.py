"""A mistake in a submission: what is wrong, in a sentence, and where."""

from __future__ import annotations

from dataclasses import dataclass

FORMULA = r"^[=+@\t\r]"
"""Beginnings of a formula that no text and no id of a submission may have (Python and RE2).

A minus may begin an id, so it is not among them: `botbench.text.escaping.to_cell` escapes whatever
reaches a spreadsheet.
"""


@dataclass(frozen=True)
class Problem:
    """One mistake: `what` is a sentence, `where` a file with a field or rows."""

    what: str
    where: str
