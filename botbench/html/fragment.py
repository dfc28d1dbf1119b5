"""A piece of a page for notebooks: title, sentences, charts and tables, with its own style.

It is styled by the pages' own sheets (`base.css`, `charts.css`), which are limited to it, so that
nothing else of the notebook changes. It has a background of its own: it can be read wherever it is
shown, in light and in dark.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from botbench.html.charts.elements import Svg
from botbench.html.environment import FIGURES, HERE, environment
from botbench.text import numbers

ROWS = 20
"""Rows of a table that are shown; the sentence below says how many there are."""
LONGEST = 160
"""Characters of a cell."""
ROOT = re.compile(r":root\s*\{([^}]*)\}")
DARK = re.compile(
    r"@media screen and \(prefers-color-scheme:dark\)\s*\{\s*:root\s*\{([^}]*)\}\s*\}"
)
SHEETS = (FIGURES, HERE / "charts.css")


@dataclass(frozen=True)
class Grid:
    """A table: its caption, columns, and rows of numbers, texts, flags and None."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    folded: bool = False
    more: int = 0
    """How many rows there are that are not among these."""

    @property
    def shown(self) -> list[list[str]]:
        """The first rows as text."""
        return [[_cell(value) for value in row] for row in self.rows[:ROWS]]

    @property
    def numeric(self) -> list[bool]:
        """Which columns hold numbers, which stand at the right."""
        kinds = (int, float)
        return [
            bool(self.rows)
            and all(row[i] is None or isinstance(row[i], kinds) for row in self.rows[:ROWS])
            for i in range(len(self.columns))
        ]


@dataclass(frozen=True)
class Fragment:
    """What an object shows: title, sentences, warnings, charts and tables."""

    title: str
    sentences: Sequence[str] = ()
    warnings: Sequence[str] = ()
    simulated: bool = False
    charts: Sequence[Svg] = ()
    tables: Sequence[Grid] = field(default=())
    more: str = ""
    """What gives all rows, such as `.frame()`."""


def html(shown: Fragment) -> str:
    """The fragment as HTML; all text in it is escaped."""
    template = environment(HERE).get_template("fragment.html.j2")
    return template.render(f=shown, css=style())


@cache
def style() -> str:
    """The pages' style, limited to fragments: colours by theme, chart kit, and their own rules."""
    sheets = [path.read_text(encoding="utf-8") for path in SHEETS]
    dark = "".join(found for sheet in sheets for found in DARK.findall(sheet))
    sheets = [DARK.sub("", sheet) for sheet in sheets]
    light = "".join(found for sheet in sheets for found in ROOT.findall(sheet))
    kit = re.sub(r"/\*.*?\*/", "", ROOT.sub("", sheets[1]), flags=re.DOTALL)
    own = (HERE / "fragment.css").read_text(encoding="utf-8")
    theme = (
        f".botbench{{{light}}}"
        f"@media screen and (prefers-color-scheme:dark){{.botbench{{{dark}}}}}"
        f"[data-jp-theme-light=true] .botbench,.vscode-light .botbench{{{light}}}"
        f"[data-jp-theme-light=false] .botbench,.vscode-dark .botbench{{{dark}}}"
    )
    return re.sub(r"\s+", " ", f"{theme}.botbench{{{kit}{own}}}")


def _cell(value: Any) -> str:
    """A value as a cell's text."""
    if value is None or (isinstance(value, float) and value != value):  # noqa: PLR0124, NaN
        return numbers.number(None)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return numbers.score(value) if abs(value) < 10 else numbers.number(value, 1)
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
