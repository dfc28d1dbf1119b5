"""A page for each cell, where the board's numbers lead to, and the list of all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from benchmarks.leaderboard.compute.scores import Result
from benchmarks.leaderboard.site.context import Site, cell_page
from benchmarks.leaderboard.site.curves import Predictions, drawn
from benchmarks.leaderboard.site.pages import MAKERS, Page


@MAKERS.register("cells")
def pages(site: Site) -> Iterator[Page]:
    """One page each, and `cells.html` with the opening metric of every cell."""
    results = {str(r.info["cell_key"]): r for r in site.results}
    cells = [
        {**rows[0], "rows": rows}
        for _, own in groupby(site.board["rows"], key=lambda row: row["cell"])
        if (rows := list(own))
    ]
    for cell in cells:
        title = f"{cell['detector']} on {cell['test']}"
        yield Page(
            cell_page(cell["cell"]), title, "cell.html.j2", view(site, cell, results[cell["cell"]])
        )
    values = [
        {**c, **next(r for r in c["rows"] if r["metric"] == site.metric["name"])} for c in cells
    ]
    yield Page("cells.html", "Every score", "cells.html.j2", {"cells": values})


def view(site: Site, cell: Mapping[str, Any], result: Result) -> dict[str, object]:
    """All contents of the page of one cell."""
    info: dict[str, Any] = {
        "fits": None,
        "learnt": None,
        "left_out_of_training": [],
        "unscored": 0,
        "moves": [],
    }
    about: dict[str, object] = {
        "c": cell,
        "info": info | dict(result.info),
        "found": None,
        "curves": None,
        "points": [],
        "confusion": {},
    }
    if result.predictions is None:
        return about
    read = site.tables.get(str(cell["cell"]))
    found = Predictions.of(result.predictions() if read is None else read)
    confusion = found.confusion()
    about |= {"found": found, "confusion": confusion}
    points = found.points()
    if len(points) > 1:
        about["curves"] = drawn(found, points)
        about["points"] = [[round(float(v), 4) for v in row] for row in points]
    return about
