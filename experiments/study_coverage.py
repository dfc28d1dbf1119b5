"""docs/study-coverage.md: how often the intervals of `botbench study` hold the truth."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from pages import write


def main() -> None:
    """Run `botbench study simulate` and put its page into the docs' page."""
    arguments = sys.argv[1:] or ["--campaigns", "1200", "--quantifiers", "0", "--seed", "0"]
    command = [sys.executable, "-m", "botbench.commands.main", "study", "simulate"]
    with tempfile.TemporaryDirectory(prefix="botbench-") as scratch:
        page = Path(scratch) / "page.md"
        subprocess.run([*command, *arguments, "--out", str(page)], check=True)
        write("study-coverage.md", "table", page.read_text(encoding="utf-8").rstrip())


if __name__ == "__main__":
    main()
