"""Doctests in docstrings as code, for the site's pages (an extension of griffe)."""

from __future__ import annotations

import re
from typing import Any

import griffe

BLOCK = re.compile(r"(?:^|\n)((?:>>> .*(?:\n(?!\s*$).*)*)(?:\n|$))", re.MULTILINE)


class Doctests(griffe.Extension):
    """Puts each doctest into a fence, so that it is not read as a quotation."""

    def on_instance(self, *, obj: Any, **_: Any) -> None:
        """Change the docstring of an object that was read."""
        if obj.docstring is not None:
            obj.docstring.value = fenced(obj.docstring.value)


def fenced(text: str) -> str:
    r"""The text with its doctests in fences.

    >>> fenced("One.\n\n>>> 1\n1")
    'One.\n\n```pycon\n>>> 1\n1\n```\n'
    """
    return BLOCK.sub(lambda found: f"\n```pycon\n{found[1].rstrip()}\n```\n", text)
