"""docs/study-coverage.md: how often the intervals of `botbench study` hold the truth."""

from __future__ import annotations

import subprocess
import sys

from pages import DOCS


def main() -> None:
    """Run `botbench study simulate`, which writes the whole page."""
    arguments = sys.argv[1:] or ["--campaigns", "1200", "--quantifiers", "0", "--seed", "0"]
    page = str(DOCS / "study-coverage.md")
    command = [sys.executable, "-m", "botbench.commands.main", "study", "simulate"]
    subprocess.run([*command, *arguments, "--out", page], check=True)


if __name__ == "__main__":
    main()
