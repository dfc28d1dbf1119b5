"""`botbench leaderboard`: the board of a finished run as JSON, CSV, Markdown and one page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from benchmarks.execution.results import Run
    from benchmarks.leaderboard.compute.scores import Plan


def leaderboard(
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="Folder for leaderboard.json, .csv, .md, .html, timings.json.",
        ),
    ] = None,
    site: Annotated[
        Path | None,
        typer.Option(
            "--site",
            metavar="DIR",
            help="Folder for a whole site: the board, a page for each "
            "detector, "
            "data set, protocol and metric, comparisons, and the predictions it is made "
            "from.",
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="RUN_ID",
            help="With --site: the edition that changes are counted from; by "
            "default "
            "the run that this one follows.",
        ),
    ] = None,
    suite: Annotated[
        str | None, typer.Option(metavar="NAME", help="The newest finished run of this suite.")
    ] = None,
    run: Annotated[
        str | None, typer.Option(metavar="RUN_ID", help="This run; by default the newest.")
    ] = None,
    resamples: Annotated[
        int, typer.Option(min=200, help="Bootstrap draws of accounts behind each interval.")
    ] = 2000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draws; stored on the board.")] = 0,
    json: Annotated[
        bool, typer.Option("--json", help="The board as one JSON document on stdout, too.")
    ] = False,
) -> None:
    """Write the board of a finished run: scores with intervals, in distribution and transfer,
    shortcut rows, cost, hashes.
    """
    from benchmarks.execution import results
    from benchmarks.leaderboard.compute import table
    from benchmarks.leaderboard.compute.scores import Plan
    from benchmarks.leaderboard.render import formats, gate
    from benchmarks.leaderboard.render.summary_text import answer
    from botbench.core.errors import UserError
    from botbench.core.files import for_others
    from botbench.terminal import console
    from curation.store.store import Store

    if suite is not None and run is not None:
        raise UserError(
            "--suite and --run were both given; say one of them (--run names one run of a suite)."
        )
    if out is None and site is None:
        raise UserError(
            "Say where the board goes: --out DIR (one page and its tables), or --site DIR (a whole"
            " site)."
        )
    if out is not None and out.exists() and not out.is_dir():
        raise UserError(f"--out: {out} is a file; give a folder.")
    with Store(create=False) as store:
        home = store.home
    chosen = table.find_run(home, run, suite)
    _refuse_sealed(chosen)
    with console.progress(quiet=json) as bar:
        task = bar.add_task("Drawing accounts", total=len(results.cells(chosen)))
        plan = Plan(resamples, seed, home / "cache" / "draws")

        def tick(done: int) -> None:
            bar.advance(task, done)

        paths = {}
        # A site measures its cells itself, and gives the board that it holds.
        if site is None:
            board = table.from_run(chosen, plan, tick)
        else:
            with for_others(site):
                board = _site(chosen, site, plan, since, tick)
    if out is not None:
        gate.refuse(board, gate.said(chosen))
        with for_others(out):
            paths = formats.write(board, out)
    if site is not None:
        paths["html"] = site / "index.html"
    if json:
        console.emit(board)
    console.say(answer(board).sentence)
    for path in paths.values():
        console.say(f"  {path}")
    console.say(f"Next: open {paths['html']} in a browser; it needs no network.")


def _refuse_sealed(run: Run) -> None:
    """A board tells sealed labels: by scores to six places, counts, and keys of cells."""
    from botbench.core.errors import UserError
    from curation.release import release
    from curation.release.publish import seals

    for entry in run.releases:
        reference = f"{entry['name']}@{entry['version']}"
        try:
            tested = release.load(run.home, reference)
        except UserError:  # a run can outlive its releases
            continue
        seals.refuse(run.home, tested, "a board")


def _site(
    run: Run, folder: Path, plan: Plan, since: str | None, tick: Callable[[int], object]
) -> dict[str, Any]:
    from benchmarks.execution import results
    from benchmarks.leaderboard.site import build

    before = since or results.follows(run)
    earlier = results.load_run(run.home, before) if before else None
    return build.from_run(run, folder, plan, earlier, tick)


def register(app: typer.Typer) -> None:
    """Add the command."""
    examples = (
        "Examples: `botbench leaderboard --out board` · `botbench leaderboard --suite real --site"
        " site`"
    )
    app.command(epilog=examples)(leaderboard)
