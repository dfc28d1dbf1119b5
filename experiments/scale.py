"""Time, memory and disk of the whole path on simulated files of TwiBot-22's layout: docs/scale.md.

Each step is a command of its own. The simulated files, the store and the rows of steps that ended
lie in --work, and stay there, so that a run that was cut off goes on with the step it was at.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "scale.md"
SUITE = """\
name: scale
releases: [scale]
detectors: [constant, one-question-tree, random-forest, gradient-boosting, raw-and-rank]
protocols: ["official-split(seed=0)"]
"""
STEPS = {
    "simulate the files": ("simulate", "twibot22", "--factor", "{factor}", "--out", "{files}"),
    "pull": ("pull", "twibot22-simulated", "--from", "{files}"),
    "consensus": ("consensus", "twibot22-simulated"),
    "validate": ("validate", "twibot22-simulated"),
    "release": ("release", "scale", "--dataset", "twibot22-simulated"),
    "features, DuckDB": ("features", "scale", "--out", "{work}/duckdb.parquet"),
    "bench": ("bench", "{work}/suite.yaml", "--no-mlflow"),
    "features, Sail": ("features", "scale", "--engine", "sail", "--out", "{work}/sail.parquet"),
}


@dataclass(frozen=True)
class Row:
    """What one step took: seconds by the clock and of the processor, bytes."""

    step: str
    seconds: float
    cpu: float
    memory: int
    disk: int


def run(step: str, words: list[str], folder: Path, store: Path) -> Row:
    """Run one command to its end; exits where it fails."""
    environment = {**os.environ, "BOTBENCH_STORE": str(store)}
    begin = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "botbench.commands.main", *words], cwd=ROOT, env=environment
    )
    _, status, used = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{step} failed: botbench {' '.join(words)}")
    seconds = time.perf_counter() - begin
    disk = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
    return Row(step, seconds, used.ru_utime + used.ru_stime, _peak(used), disk)


def _peak(used: resource.struct_rusage) -> int:
    return used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def table(rows: list[Row], factor: float) -> str:
    """The rows as Markdown."""
    lines = [
        f"### Factor {factor:g}",
        "",
        f"`make scale FACTOR={factor:g}` on {os.cpu_count()} cores.",
        "",
        "| step | seconds | processor seconds | peak memory of the largest process, MB | disk"
        " afterwards, MB |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {r.step} | {r.seconds:,.1f} | {r.cpu:,.1f} | {r.memory / 1e6:,.0f} |"
        f" {r.disk / 1e6:,.0f} |"
        for r in rows
    ]
    total = f"| all | {sum(r.seconds for r in rows):,.1f} | {sum(r.cpu for r in rows):,.1f} | | |"
    return "\n".join([*lines, total, ""])


def written(page: str, text: str, factor: float) -> str:
    """The page with the table of a factor replaced, or added at its end."""
    pattern = re.compile(rf"### Factor {re.escape(f'{factor:g}')}\n.*?(?=\n### |\Z)", re.S)
    if pattern.search(page):
        return pattern.sub(lambda _: text, page)
    return f"{page.rstrip()}\n\n{text}"


def main() -> None:
    """Run every step and write the table into docs/scale.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--factor", type=float, default=0.01)
    parser.add_argument("--work", type=Path, help="where files and store lie (default: temporary)")
    options = parser.parse_args()
    work = (options.work or Path(tempfile.mkdtemp(prefix="botbench-scale-"))).absolute()
    work.mkdir(parents=True, exist_ok=True)
    (work / "suite.yaml").write_text(SUITE, encoding="utf-8")
    places = {"factor": f"{options.factor:g}", "files": str(work / "files"), "work": str(work)}
    kept = work / "rows.json"
    rows = [Row(**row) for row in json.loads(kept.read_text("utf-8"))] if kept.exists() else []
    for step in [step for step in STEPS if step not in {row.step for row in rows}]:
        filled = [word.format(**places) for word in STEPS[step]]
        rows.append(run(step, filled, work, work / "store"))
        kept.write_text(json.dumps([asdict(row) for row in rows]), "utf-8")
        print(rows[-1], file=sys.stderr, flush=True)
    PAGE.write_text(
        written(PAGE.read_text("utf-8"), table(rows, options.factor), options.factor), "utf-8"
    )
    if options.work is None:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
