"""HTML pages of a publication, with everything escaped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from botbench.html.environment import DOCUMENT, page
from botbench.text.escaping import to_line

STYLE = Path(__file__).parent / "page.css"


def render(template: Path, **values: Any) -> str:
    """A page of a publication; the same values give the same bytes."""
    return page(template, [DOCUMENT, STYLE], filters={"typed": _typed}, **values)


def _typed(text: str) -> str:
    """Text of several lines as it was typed."""
    return "\n".join(map(to_line, text.splitlines()))
