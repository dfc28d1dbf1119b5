"""`botbench verify SITE`: a published board made again from its predictions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

SHOWN = 20


def verify(
    site: Annotated[Path, typer.Argument(metavar="SITE", help="The folder of a published board.")],
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Score every cell of a published board again from the predictions beside it, and say every number that differs.

    Needs the folder only: no store, no network. Exit code 1 where something differs.
    """
    from benchmarks.site.verify import verify as check
    from curation import console

    with console.progress(quiet=json) as bar:
        task = bar.add_task("Scoring again", total=None)
        found = check(site, lambda n: bar.advance(task, n))
    differences = found["differences"]
    if json:
        console.emit(found)
    elif differences:
        console.table(f"{len(differences):,} differences", ("where", "published", "again"),
                      [(d["where"], d["published"], d["again"]) for d in differences[:SHOWN]])
        if len(differences) > SHOWN:
            console.say(f"{len(differences) - SHOWN:,} more: --json shows all.")
    console.say(f"{found['cells']:,} cells, {found['rows']:,} values scored again: "
                + (f"{len(differences):,} differ." if differences else "all as published."))
    raise typer.Exit(1 if differences else 0)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Examples: `botbench verify board` · `botbench verify board --json`")(verify)
