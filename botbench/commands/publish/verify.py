"""`botbench verify SITE`: a published board made again from its predictions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

SHOWN = 20


def verify(
    site: Annotated[Path, typer.Argument(metavar="SITE", help="The folder of a published board.")],
    against: Annotated[
        Path | None,
        typer.Option(
            "--against",
            metavar="SITE",
            help="Say, too, what an earlier edition of the board said otherwise.",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Score every cell of a published board again from the predictions beside it, and say every
    number that differs.

    Needs the folder only: no store, no network. Exit code 1 where something differs; changes since
    an earlier edition are told and are no fault.
    """
    from benchmarks.leaderboard.site.verify import changes
    from benchmarks.leaderboard.site.verify import verify as check
    from botbench.terminal import console

    with console.progress(quiet=json) as bar:
        task = bar.add_task("Scoring again", total=None)
        result = check(site, lambda n: bar.advance(task, n))
    differences = result["differences"]
    if against is not None:
        result["changes"] = changes(site, against)
    if json:
        console.emit(result)
    else:
        _show("differences", differences, ("published", "again"))
        _show("changes", result.get("changes", []), ("before", "now"))
    console.say(
        f"{result['cells']:,} cells, {result['rows']:,} values scored again: "
        + (f"{len(differences):,} differ." if differences else "all as published.")
    )
    raise typer.Exit(1 if differences else 0)


def _show(what: str, rows: list[dict[str, object]], columns: tuple[str, ...]) -> None:
    from botbench.terminal import console

    if rows:
        console.say(f"{len(rows):,} {what}:")
    # Lines, not a table, because a table would cut long text in a workflow's log.
    for row in rows[:SHOWN]:
        console.say(
            f"  {row['where']}: {columns[0]} {row[columns[0]]}, {columns[1]} {row[columns[1]]}"
        )
    if len(rows) > SHOWN:
        console.say(f"{len(rows) - SHOWN:,} more: --json shows all.")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=(
            "Examples: `botbench verify board` · `botbench verify board --against last-month/board"
            " --json`"
        )
    )(verify)
