"""What the parts of a card are put together from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from botbench.text.escaping import to_html
from curation.annotation.scheme.sections import SECTIONS

Record = dict[str, Any]
Keys = dict[str, list[str]]
"""Part of the card to the letters of the reasons that point to it."""


def letters(part: str, keys: Keys) -> str:
    """The letters beside a part."""
    return "".join(f"<kbd>{key}</kbd>" for key in keys.get(part, ()))


def head(part: str, keys: Keys, note: str = "") -> str:
    """A part's title with its letters; `note` is our own text."""
    small = f"<small>{note}</small>" if note else ""
    return f'<div class="ac-h">{letters(part, keys)}<b>{SECTIONS[part]}</b>{small}</div>'


def section(part: str, keys: Keys, body: str, note: str = "") -> str:
    """A part with its title."""
    return f'<section class="ac-s">{head(part, keys, note)}{body}</section>'


def fact(label: str, value: str, below: str = "") -> str:
    """A number with what it is, and what qualifies it."""
    return f'<div class="ac-f"><span>{label}</span><b>{value}</b><em>{below}</em></div>'


def facts(*several: str) -> str:
    """Numbers side by side."""
    return f'<div class="ac-fs">{"".join(several)}</div>'


def lines(several: Sequence[str]) -> str:
    """Sentences, each on its own line."""
    return "".join(f'<p class="ac-hi">{line}</p>' for line in several)


def unknown(text: str) -> str:
    """What is said in place of missing evidence."""
    return f'<i class="ac-no">{text}</i>'


def handle(name: str | None) -> str:
    """A handle as text."""
    return f"@{to_html(name)}" if name else unknown("no name known")


def day(moment: date | None) -> str:
    """A day, or a dash."""
    return "–" if moment is None else f"{moment:%d %b %Y}"
