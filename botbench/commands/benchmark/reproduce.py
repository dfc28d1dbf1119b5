"""`botbench reproduce [ID]`: published figures beside ours."""

from __future__ import annotations

from typing import Annotated

import typer


def reproduce(
    name: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="What to reproduce; without it, the list.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="How many shuffles ours is the mean of.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="The first seed.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Run a published recipe again on the data in the store and print both figures with the
    difference.
    """
    from benchmarks.reproductions import REPRODUCTIONS
    from botbench.terminal import console
    from curation.store.store import Store

    if name is None:
        registered = REPRODUCTIONS.all().values()
        if json:
            recipes = [
                {"id": r.name, "dataset": r.dataset, "about": r.about, "cites": r.cites}
                for r in registered
            ]
            console.emit({"reproductions": recipes})
        else:
            console.table(
                "Published figures that can be run again",
                ("id", "data set", "what"),
                [(r.name, r.dataset, r.about) for r in registered],
            )
        return
    chosen = REPRODUCTIONS.get(name)
    if chosen.dataset is None:
        result = chosen.run(None, seeds, seed)
    else:
        with Store(create=False) as store:
            result = chosen.run(store, seeds, seed)
    rows = [row.document() for row in result.rows]
    if json:
        console.emit(
            {
                "id": chosen.name,
                "dataset": chosen.dataset,
                "cites": chosen.cites,
                "counts": result.counts,
                "rows": rows,
                "notes": list(result.notes),
            }
        )
        return
    method = ("method",) if any("method" in r for r in rows) else ()
    columns = (*method, "metric", "published", "ours", "low", "high", "difference")
    console.table(
        f"{chosen.name}: {chosen.about}", columns, [tuple(r.get(c) for c in columns) for r in rows]
    )
    for note in (*result.notes, chosen.cites):
        console.say(f"  {note}")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=(
            "Examples: `botbench reproduce` · `botbench reproduce hays2023-caverlee-2011 --json` · "
            "`botbench reproduce hays2023-rtbust-2019 --seeds 100`"
        )
    )(reproduce)
