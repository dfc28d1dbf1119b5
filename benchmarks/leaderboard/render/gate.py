"""Refuse to write boards with impossible numbers, or with labels whose validation failed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from benchmarks.audits import published, table
from botbench.core.errors import UserError

if TYPE_CHECKING:
    from benchmarks.execution.results import Run

SCORES = {
    "accuracy": "accuracy",
    "balanced-accuracy": "balanced_accuracy",
    "precision[bot]": "precision",
    "recall[bot]": "recall",
    "f1[bot]": "f1",
    "mcc": "mcc",
    "roc-auc": "auc",
}
"""The board's metrics and what the audit of tables calls them."""
APART = ("worst evasion", "prevalence")
SHOWN = 3


def refuse(board: Mapping[str, Any], releases: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise UserError for an impossible cell, or for failed validation that nobody accepted."""
    if impossible := [issue for issue in table.audit(as_published(board)) if not issue.possible]:
        numbers = "; ".join(
            f"{i.method} on {i.dataset}: {i.score} {i.published:g} where {i.implied:g} follows"
            for i in impossible[:SHOWN]
            if i.implied is not None
        )
        raise UserError(
            f"{len(impossible)} numbers of this board cannot be ({numbers}), so it was not written."
            " Its predictions or its code were changed; run botbench bench again."
        )
    failed = sorted(
        reference
        for reference, info in releases.items()
        if (info.get("validation") or {}).get("success") is False and not info.get("accepted")
    )
    if failed:
        raise UserError(
            f"The labels of {', '.join(failed)} failed validation and nobody accepted that, so no"
            " board was written. Make the release again: botbench release NAME --dataset DATASET,"
            " with --accept REASON where it may stay."
        )


def as_published(board: Mapping[str, Any]) -> published.Published:
    """The board as a published table: one row a cell, with accounts, bots, values and bounds.

    Cells whose metrics come from different trials (worst evasion move by metric), or are means over
    several draws of a few bots (another mix), are left out: their numbers need not be consistent.
    """
    cells: dict[str, dict[str, Any]] = {}
    for row in board["rows"]:
        name = SCORES.get(row["metric"])
        if name is None or row["value"] is None or row.get("kind") in APART:
            continue
        cell = cells.setdefault(
            row["cell"],
            {
                "method": row["detector"],
                "dataset": f"{row['test']}, {row['protocol']}",
                "n": row["n"],
                "bots": row["bots"],
            },
        )
        cell |= {name: row["value"], f"{name}_low": row["low"], f"{name}_high": row["high"]}
    names = [
        "method",
        "dataset",
        "n",
        "bots",
        *(f"{s}{end}" for s in SCORES.values() for end in ("", "_low", "_high")),
    ]
    return published.of(list(cells.values()), names, "the board")


def said(run: Run) -> dict[str, dict[str, Any]]:
    """The validation entry of release.json, by reference, for the run's releases in the store."""
    from curation.release import release

    infos = {}
    for entry in run.releases:
        reference = f"{entry['name']}@{entry['version']}"
        try:
            infos[reference] = dict(release.load(run.home, reference).info)
        except UserError:
            continue
    return infos
