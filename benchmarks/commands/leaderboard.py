"""`botbench leaderboard`: the board of a finished run as JSON, CSV, Markdown and one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def leaderboard(  # noqa: PLR0917 (typer gives every option by name)
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for leaderboard.json, .csv, .md and .html.")],
    suite: Annotated[str | None, typer.Option(metavar="NAME", help="The newest finished run of this suite.")] = None,
    run: Annotated[str | None, typer.Option(metavar="RUN_ID", help="This run; by default the newest.")] = None,
    resamples: Annotated[int, typer.Option(min=200, help="Bootstrap draws of accounts behind each interval.")] = 2000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draws; stored on the board.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="The board as one JSON document on stdout, too.")] = False,
) -> None:
    """Write the board of a finished run: scores with intervals, in distribution and transfer, shortcut rows, cost, hashes."""
    from benchmarks import results
    from benchmarks.leaderboard import formats, table
    from benchmarks.leaderboard.scores import Plan
    from benchmarks.leaderboard.words import answer
    from curation import console
    from curation.errors import UserError
    from curation.store import Store

    if suite is not None and run is not None:
        raise UserError("--suite and --run were both given; say one of them (--run names one run of a suite).")
    if out.exists() and not out.is_dir():
        raise UserError(f"--out: {out} is a file; give a folder.")
    with Store(create=False) as store:
        home = store.home
    chosen = table.find_run(home, run, suite)
    with console.progress(quiet=json) as bar:
        task = bar.add_task("Drawing accounts", total=len(results.cells(chosen)))
        board = table.from_run(chosen, Plan(resamples, seed, home / "cache" / "draws"), lambda n: bar.advance(task, n))
    paths = formats.write(board, out)
    if json:
        console.emit(board)
    console.say(answer(board).sentence)
    for path in paths.values():
        console.say(f"  {path}")
    console.say(f"Next: open {paths['html']} in a browser; it needs no network.")


def register(app: typer.Typer) -> None:
    """Add the command."""
    examples = "Examples: `botbench leaderboard --out board` · `botbench leaderboard --suite real --out board --json`"
    app.command(epilog=examples)(leaderboard)
