"""docs/study-coverage.md: the default's coverage in each branch of its rule, widths, warnings.

`python experiments/branch_coverage.py [CAMPAIGNS]`; the settings are those of `study_coverage.py`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from pages import markdown, write

from benchmarks.study.simulation import coverage
from benchmarks.study.simulation.worlds import Setting

SEED = 7
SELDOM = 0.05
"""A branch that is taken in a smaller part of the campaigns is shown without a mark."""


def row(
    case: str, setting: Setting, outcomes: coverage.Outcomes, campaigns: int
) -> tuple[str, ...]:
    """The line of a case and setting."""

    def of(method: str) -> NDArray[np.float64]:
        return np.array(outcomes.get(f"{case}|{method}", []), dtype=np.float64).reshape(-1, 2)

    def cell(held: NDArray[np.float64]) -> str:
        if not len(held):
            return "–"
        error = float(np.sqrt(coverage.HELD * (1 - coverage.HELD) / len(held)))
        text = f"{held[:, 0].mean():.3f} ({len(held)})"
        low = held[:, 0].mean() < coverage.HELD - 2 * error and len(held) >= SELDOM * campaigns
        return f"**✗ {text}**" if low else text

    default, before = of(coverage.DEFAULT)[:, 1], of(coverage.BEFORE)[:, 1]
    return (
        case,
        f"{setting.share:.0%}",
        f"{setting.labels:,}",
        setting.detector,
        "noisy" if setting.noisy else "right",
        cell(of(coverage.DEFAULT)),
        cell(of(coverage.COUNTING)),
        cell(of(coverage.NOT_COUNTING)),
        f"{default.mean():.4f}",
        f"{default.mean() / before.mean():.2f}",
        f"{np.median(default) / np.median(before):.2f}",
        *(f"{of(warning)[:, 0].mean():.2f}" for warning in coverage.WARNINGS),
    )


def rows(campaigns: int) -> Iterator[tuple[str, ...]]:
    """The lines of every setting."""
    for setting in coverage.settings():
        outcomes: coverage.Outcomes = {}
        for number, size in coverage.blocks(campaigns):
            for key, got in coverage.block(setting, SEED, number, size).items():
                outcomes.setdefault(key, []).extend(got)
        for case in coverage.CASES:
            line = row(case, setting, outcomes, campaigns)
            print(*line, file=sys.stderr, flush=True)
            yield line


COLUMNS = (
    "share of",
    "bots",
    "labels",
    "detector",
    "annotators",
    "coverage",
    "errors counted",
    "not counted",
    "mean width",
    "beside before",
    "median",
    *coverage.WARNINGS,
)


def main() -> None:
    """Simulate every setting and write the table."""
    campaigns = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    found = sorted(rows(campaigns), key=lambda line: list(coverage.CASES).index(line[0]))
    write("study-coverage.md", "branches", markdown(COLUMNS, found))


if __name__ == "__main__":
    main()
