"""Write a report's folder: its page, its document, and its figures and tables as CSV and JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.study.questions import Figure, Table
from botbench.core.files import draft_of, write_json, write_text
from botbench.text.spreadsheet import write_csv

PAGE, DOCUMENT = "report.html", "study.json"


def write(
    out: Path, page: str, document: dict[str, Any], pieces: Sequence[Figure | Table], when: str
) -> Path:
    """Write report.html, study.json, figures.json and a CSV a piece; returns the page's path.

    Each file is whole or not there; the page comes last. study.json is `document` with `made_on`.
    A network's file stands beside it, wherever the folder is moved, so its name alone is kept.
    """
    if document.get("network"):
        document = {**document, "network": Path(document["network"]).name}
    document = {**document, "made_on": when}
    _figures(out, pieces)
    text = json.dumps(document, indent=1, ensure_ascii=False, default=str) + "\n"
    write_text(out / DOCUMENT, text)
    write_text(out / PAGE, page)
    return out / PAGE


def _figures(out: Path, pieces: Sequence[Figure | Table]) -> None:
    """Write figures.json and a CSV for each figure and table into `out/figures`."""
    document = {
        p.name: {
            "title": p.title,
            "columns": list(p.columns),
            "rows": [_numbers(r) for r in p.rows],
        }
        for p in pieces
    }
    write_json(out / "figures.json", document)
    for piece in pieces:
        with draft_of(out / file(piece.name)) as draft:
            write_csv(draft, piece.columns, map(_numbers, piece.rows))


def file(name: str) -> str:
    """The CSV file of a figure or table, beside the page.

    >>> file("ranks of #x")
    'figures/ranks-of--x.csv'
    """
    return f"figures/{''.join(c if c.isalnum() or c in '-_' else '-' for c in name)}.csv"


def _numbers(row: Sequence[Any]) -> list[Any]:
    """To six places, so that the order of a parallel sum cannot show."""
    return [round(v, 6) if isinstance(v, float) else v for v in row]
