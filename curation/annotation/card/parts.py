"""The building blocks of a card's sections."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from botbench.text.escaping import to_html
from curation.annotation.scheme.sections import SECTIONS

Record = dict[str, Any]
Keys = dict[str, list[str]]
"""Section of the card to the letters of the reasons that point to it."""


def letters(name: str, keys: Keys) -> str:
    """The letters beside a section."""
    return "".join(f"<kbd>{key}</kbd>" for key in keys.get(name, ()))


def head(name: str, keys: Keys, note: str = "") -> str:
    """A section's title with its letters; `note` is trusted text."""
    small = f"<small>{note}</small>" if note else ""
    return f'<div class="ac-h">{letters(name, keys)}<b>{SECTIONS[name]}</b>{small}</div>'


def section(name: str, keys: Keys, body: str, note: str = "") -> str:
    """A section with its title."""
    return f'<section class="ac-s">{head(name, keys, note)}{body}</section>'


def fact(label: str, value: str, below: str = "") -> str:
    """A number with its label, and a qualification below."""
    return f'<div class="ac-f"><span>{label}</span><b>{value}</b><em>{below}</em></div>'


def facts(*several: str) -> str:
    """Numbers side by side."""
    return f'<div class="ac-fs">{"".join(several)}</div>'


def lines(several: Sequence[str]) -> str:
    """Sentences, each on its own line."""
    return "".join(f'<p class="ac-hi">{line}</p>' for line in several)


def unknown(text: str) -> str:
    """The text in place of missing evidence."""
    return f'<i class="ac-no">{text}</i>'


def handle(name: str | None) -> str:
    """A handle as text."""
    return f"@{to_html(name)}" if name else unknown("no name known")


def day(moment: date | None) -> str:
    """A day, or a dash."""
    return "–" if moment is None else f"{moment:%d %b %Y}"
