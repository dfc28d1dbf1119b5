"""The pictures of README.md and docs/site.md: today's pages, of the demo's simulated accounts.

`make pictures` takes a minute or two; `ARGS="--site DIR"` takes a site that is there. It needs
Chromium (BOTBENCH_CHROMIUM, else on the path).
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from io import BytesIO
from pathlib import Path
from typing import Any

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
LAPTOP, COLOURS = {"width": 1280, "height": 720}, 48
PAGES = {
    "leaderboard": "index.html",
    "site-detector": "detectors/gradient-boosting.html",
    "site-dataset": "datasets/simulated-a-64-1.html",
    "site-compare": "compare.html",
    "site-pictures": "pictures.html",
}
"""Pages of the site by the name of their picture; `site-cell` is the first cell of the board."""
CELL = "#sets li:has(span:text-is('gradient-boosting')) a.v"


def demo_site(folder: Path) -> Path:
    """The site of `botbench demo`, made in a folder."""
    command = [sys.executable, "-m", "botbench.commands.main", "--store", str(folder / "store")]
    subprocess.run([*command, "demo", "--out", str(folder / "demo")], check=True)
    site = folder / "site"
    subprocess.run([*command, "leaderboard", "--site", str(site)], check=True)
    return site


def write_pictures(site: Path) -> None:
    """Write each page's first screen, of a laptop, into docs/images."""
    from playwright.sync_api import sync_playwright

    program = os.environ.get("BOTBENCH_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as run:
        browser = run.chromium.launch(executable_path=program, args=["--no-sandbox"])
        tab = browser.new_page(viewport=LAPTOP)
        for name, page in PAGES.items():
            tab.goto((site / page).resolve().as_uri())
            _keep(tab, name)
        tab.goto((site / "index.html").resolve().as_uri())
        tab.locator(CELL).first.click()
        tab.wait_for_url("**/cells/*.html")
        _keep(tab, "site-cell")
        browser.close()


def _keep(tab: Any, name: str) -> None:
    """As a PNG of few colours, a fourth of the size that Chromium writes."""
    from PIL import Image

    shot = Image.open(BytesIO(tab.screenshot())).convert("RGB")
    shot.quantize(COLOURS, dither=Image.Dither.NONE).save(IMAGES / f"{name}.png", optimize=True)
    print(f"docs/images/{name}.png", file=sys.stderr)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--site", type=Path, help="a site of simulated data that is there")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        write_pictures(asked.site or demo_site(Path(scratch)))
