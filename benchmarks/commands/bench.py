"""`botbench bench SUITE`: judge detectors on releases."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from curation.console import emit, progress, say, table
from curation.errors import UserError

if TYPE_CHECKING:
    from benchmarks.runner import Report

SHOWN = 20


def bench(  # noqa: PLR0917 (typer gives every option by name)
    suite: Annotated[str, typer.Argument(help="A suite file (YAML), or the name of one that comes with botbench.")],
    jobs: Annotated[int | None, typer.Option("--jobs", "-j", min=1, help="Processes; one for each core without it.")] = None,
    timeout: Annotated[float | None, typer.Option("--timeout", min=0.1, help="Seconds that one cell may take.")] = None,
    mlflow: Annotated[bool, typer.Option("--mlflow/--no-mlflow", help="Log to MLflow (MLFLOW_TRACKING_URI, or ./mlruns).")] = True,
    trust: Annotated[bool, typer.Option("--trust", help="Load models that run their maker's code. Only if you trust it.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Run every detector of a suite under its protocols on its releases, and keep every prediction.

    A cell is one detector, one protocol, the releases it is trained on and the one it is tested on. Done cells are not
    done again, so an interrupted run goes on where it was. A detector that fails or runs out of time fails its cell only.
    """
    from benchmarks import runner
    from benchmarks.suite import load
    from benchmarks.watch import Bars

    if trust:
        from benchmarks.trust import trust as trust_all

        trust_all()
    chosen = load(suite)
    try:
        with progress(quiet=json_) as bar:
            report = runner.bench(home(), chosen, jobs, timeout, Bars(bar, say), track=mlflow)
    except KeyboardInterrupt:
        say("interrupted; every finished cell is kept. Run the same command again: it does only what is missing.")
        raise typer.Exit(130) from None
    _tell(report)
    if json_:
        emit(runner.as_json(report))
    else:
        counts = runner.as_json(report)["cells"]
        rows = [(name.replace("_", " "), n) for name, n in counts.items()]
        table(f"{report.run.run_id}: {report.seconds:.1f} s", ("cells", "number"), rows)
    say("Next: botbench leaderboard --out DIR.")


def home() -> Path:
    """The store's home folder; raises UserError where there is no store."""
    from curation import lake

    found: Path = lake.locate(os.environ.get("BOTBENCH_STORE", "./.botbench")).home
    if not found.exists():
        raise UserError(f"There is no store at {found}. Name yours with --store PATH (or BOTBENCH_STORE), or make one: "
                        "botbench pull CARD.")
    return found


def _tell(report: Report) -> None:
    """Each failed cell with its reason, and each distinct reason for not being applicable."""
    for cell in report.failures[:SHOWN]:
        say(f"failed: {cell['detector']} on {cell['test']}, {cell['protocol']}: {cell['reason']}")
    if len(report.failures) > SHOWN:
        say(f"... and {len(report.failures) - SHOWN} more failed cells.")
    reasons: dict[str, int] = {}
    for cell in report.not_applicable:
        reasons[cell["reason"]] = reasons.get(cell["reason"], 0) + 1
    for reason, n in list(reasons.items())[:SHOWN]:
        say(f"not applicable ({n} cell{'s' if n > 1 else ''}): {reason}")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Examples: `botbench bench demo` · `botbench bench my-suite.yaml --jobs 4 --timeout 600` · "
                "`botbench bench real --no-mlflow --json`")(bench)
