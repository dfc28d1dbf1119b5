"""docs/intervals.md: how often boards separate equal detectors, and find a gap, simulated."""

from __future__ import annotations

import sys

from pages import run, write


def main() -> None:
    """Run `botbench bench separation` and write its table."""
    from benchmarks.leaderboard.compute.separation import as_markdown

    document = run("bench", "separation", *(sys.argv[1:] or ("--boards", "400")))
    write("intervals.md", "separation", as_markdown(document))


if __name__ == "__main__":
    main()
