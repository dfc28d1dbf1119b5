"""`botbench simulate LAYOUT`: simulated files in the layout of a known data set, at any size."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from botbench.core.errors import unknown
from botbench.terminal.console import emit, progress, say

LAYOUTS = ("twibot22",)


def simulate(
    layout: Annotated[str, typer.Argument(help="The layout: twibot22.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the files go.")],
    factor: Annotated[
        float,
        typer.Option("--factor", help="Part of the whole size: 1 is 1e6 accounts, 88e6 posts."),
    ] = 0.01,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Write simulated files of a known data set's layout and size. Nobody in them exists.

    twibot22: user.json, tweet_0.json to tweet_8.json, edge.csv, label.csv and split.csv, each
    gzipped. A run that was cut off goes on where it was. The disk is looked at first.
    """
    from dataclasses import asdict

    from botbench.core.files import for_others
    from botbench.core.progress import ProgressBars
    from curation.ingest.simulation import twibot22

    if layout not in LAYOUTS:
        raise unknown("layout to simulate", layout, LAYOUTS)
    with progress(quiet=json_) as bars, for_others(out):
        size = twibot22.write(out, factor, ProgressBars(bars, say))
    files = sorted(p for p in out.iterdir() if p.suffix == ".gz")
    total = sum(p.stat().st_size for p in files)
    if json_:
        document = {"simulated": True, "layout": layout, "factor": factor, **asdict(size)}
        emit({**document, "files": [p.name for p in files], "bytes": total})
        return
    say(
        f"Simulated: {size.accounts:,} accounts, {size.posts:,} posts, {size.edges:,} edges in"
        f" {len(files)} files, {total / 1e6:,.1f} MB.\n  {out}\nNext: botbench pull"
        f" twibot22-simulated --from {out}."
    )


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=(
            "Examples: `botbench simulate twibot22 --factor 0.01 --out twibot22` · "
            "`botbench simulate twibot22 --factor 1 --out twibot22 --json`"
        )
    )(simulate)
