"""Published scores of a detector: rows of datasets/published under the table's name for it."""

from __future__ import annotations

import csv
from typing import Any

from benchmarks.detectors import Spec

FILE = "twibot22-readme.csv"
SCORES = ("accuracy", "precision", "recall", "f1")


def published(spec: Spec) -> list[dict[str, Any]]:
    """A detector's published scores as fractions: table, method, dataset and up to four metrics."""
    from curation.ingest.cards import ROOTS

    root = next((r for r in ROOTS if (r / "published" / FILE).is_file()), None)
    if spec.published is None or root is None:
        return []
    with (root / "published" / FILE).open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["method"] == spec.published]
    return [
        {
            "table": FILE,
            "method": row["method"],
            "dataset": row["dataset"],
            **{s: float(row[s]) / 100 for s in SCORES if row[s]},
        }
        for row in rows
    ]
