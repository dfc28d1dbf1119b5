"""`botbench metrics`: what each score means, as data."""

from __future__ import annotations

from typing import Annotated

import typer


def metrics(
    json: Annotated[
        bool, typer.Option("--json", help="One JSON document on stdout, with formulas and sources.")
    ] = False,
) -> None:
    """List the metrics: name, direction, range, what each reads, and its trap."""
    from benchmarks.metrics import ordered
    from botbench.terminal import console

    registered = ordered()
    if json:
        console.emit({"metrics": [m.about() for m in registered]})
    else:
        rows = [
            (
                m.name,
                m.direction,
                f"{m.range[0]:g} to {m.range[1]:g}",
                ", ".join(m.needs),
                m.formula,
            )
            for m in registered
        ]
        console.table(
            f"{len(registered)} metrics; bot is the positive class",
            ("metric", "better", "range", "reads", "formula"),
            rows,
        )
    console.say("Next: botbench bench SUITE.yaml; a suite's `metrics:` names the ones to show.")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Examples: `botbench metrics` · `botbench metrics --json`")(metrics)
