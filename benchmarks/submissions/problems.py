"""A mistake in a submission: what is wrong, in a sentence, and where."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One mistake: `what` is a sentence, `where` a file with a field or rows."""

    what: str
    where: str
