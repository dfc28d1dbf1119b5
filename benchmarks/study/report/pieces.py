"""Write the figures and tables of a report as CSV and JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.study.questions import Figure, Table
from botbench.text.spreadsheet import write_csv


def write(out: Path, pieces: Sequence[Figure | Table]) -> None:
    """Write figures.json and a CSV for each figure and table into `out/figures`."""
    (out / "figures").mkdir(parents=True, exist_ok=True)
    document = {
        p.name: {
            "title": p.title,
            "columns": list(p.columns),
            "rows": [_numbers(r) for r in p.rows],
        }
        for p in pieces
    }
    text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    (out / "figures.json").write_text(text, encoding="utf-8")
    for piece in pieces:
        write_csv(out / file(piece.name), piece.columns, map(_numbers, piece.rows))


def file(name: str) -> str:
    """The CSV file of a figure or table, beside the page.

    >>> file("ranks of #x")
    'figures/ranks-of--x.csv'
    """
    return f"figures/{''.join(c if c.isalnum() or c in '-_' else '-' for c in name)}.csv"


def _numbers(row: Sequence[Any]) -> list[Any]:
    """To six places, so that the order of a parallel sum cannot show."""
    return [round(v, 6) if isinstance(v, float) else v for v in row]
