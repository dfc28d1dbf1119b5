"""Write a repository that takes submissions as pull requests, from the template folder."""

from __future__ import annotations

import shutil
from pathlib import Path

from botbench.core.errors import UserError

TEMPLATE = Path(__file__).parent / "template"
NAMES = {
    "workflow.yml": Path(".github/workflows/submissions.yml"),
    "README.md": Path("README.md"),
    "submissions.md": Path("submissions/README.md"),
}


def write(folder: Path) -> list[str]:
    """Write the template into a new folder; returns its files. UserError if it is not empty."""
    if folder.exists() and any(folder.iterdir()):
        raise UserError(f"{folder} is not empty; name a new folder.")
    for name, place in NAMES.items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(TEMPLATE / name, folder / place)
    return sorted(str(place) for place in NAMES.values())
