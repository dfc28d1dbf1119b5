"""docs/intervals.md: how often the interval of each metric holds the truth, simulated."""

from __future__ import annotations

import sys
from typing import Any

from pages import run, write

SLOW = ("calibration-slope[bot]", "ece[bot]@bins=10")
"""Metrics whose intervals take longest; they get fewer data sets."""


def failures(document: dict[str, Any]) -> str:
    """The cells that fail, one line a metric."""
    lines = []
    for metric in document["failing"]:
        cells = [
            f"{c['accounts']:,} accounts, {c['prevalence']:.0%} bots, "
            f"AUC {c['auc']:g} ({c['covered']:.3f})"
            for c in document["cells"]
            if c["metric"] == metric and c["outcome"] == "fails"
        ]
        lines.append(f"`{metric}`: {', '.join(cells)}.")
    return "\n".join(lines)


def by_accounts(document: dict[str, Any]) -> str:
    """One table for each number of accounts."""
    from benchmarks.leaderboard.compute.interval_coverage import as_markdown

    cells = document["cells"]
    return "\n\n".join(
        as_markdown({"cells": [c for c in cells if c["accounts"] == n]})
        for n in sorted({c["accounts"] for c in cells})
    )


def main() -> None:
    """Run `botbench bench coverage` and write its table and the list of what fails."""
    quick = run("bench", "coverage", *(sys.argv[1:] or ("--sets", "2000")))
    slow = [a for metric in SLOW for a in ("--metric", metric)]
    calibration = run("bench", "coverage", *slow, *(sys.argv[1:] or ("--sets", "500")))
    write("intervals.md", "coverage", by_accounts(quick))
    write("intervals.md", "calibration", by_accounts(calibration))
    write("intervals.md", "failures", "\n".join(filter(None, map(failures, (quick, calibration)))))


if __name__ == "__main__":
    main()
