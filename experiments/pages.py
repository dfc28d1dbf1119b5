"""What the drivers share: run a command, format a table, put it into a page of docs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parents[1] / "docs"


def run(*arguments: str) -> dict[str, Any]:
    """The JSON document of a botbench command; its progress goes to this process's stderr."""
    command = [sys.executable, "-m", "botbench.commands.main", *arguments, "--json"]
    document: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=-1).stdout)
    return document


def markdown(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table.

    >>> print(markdown(["a", "b"], [[1, "x"]]))
    | a | b |
    | --- | --- |
    | 1 | x |
    """
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)


def number(value: float | None, form: str) -> str:
    """A value in a format, or nothing where there is none."""
    return "" if value is None else format(value, form)


def write(page: str, experiment: str, text: str) -> None:
    """Replace what stands between the experiment's marks in a page of docs.

    Raises ValueError where the page has no such marks.
    """
    path = DOCS / page
    begin, end = f"<!-- experiment: {experiment} -->", "<!-- end -->"
    before, mark, rest = path.read_text(encoding="utf-8").partition(begin)
    _, closing, after = rest.partition(end)
    if not mark or not closing:
        raise ValueError(f"{page} has no place for {experiment}: add {begin} and {end}")
    path.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")
    print(f"docs/{page}: {experiment}", file=sys.stderr)
