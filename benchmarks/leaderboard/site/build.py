"""Write the site as a folder, atomically: pages from one template, and the data beside them."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.leaderboard.compute import table
from benchmarks.leaderboard.compute.scores import Plan, Result, silent
from benchmarks.leaderboard.render import formats, gate, page, text
from benchmarks.leaderboard.render.words import in_words
from benchmarks.leaderboard.site import data
from benchmarks.leaderboard.site.context import Site, cell_page, sheet, slug
from benchmarks.leaderboard.site.pages import Page, makers
from benchmarks.leaderboard.site.release_facts import ReleaseFacts, facts_of
from botbench.core.errors import UserError
from botbench.html.environment import CHARTS
from botbench.html.environment import page as render
from botbench.text import numbers
from botbench.text.escaping import visible

if TYPE_CHECKING:
    from benchmarks.execution.results import Run

HERE = Path(__file__).parent
MARK = "data/made-from.json"
"""A folder with this file is a site, and may be written over by another one."""


def from_run(
    run: Run,
    folder: Path,
    plan: Plan,
    since: Run | None = None,
    tick: Callable[[int], object] = silent,
) -> dict[str, Any]:
    """Write the site of a finished run into `folder`; returns the board.

    `since` is the edition from which changes are counted. Raises UserError if the folder holds
    something else, or if the run has no floor rows.
    """
    from functools import partial

    from benchmarks.execution import results

    refuse_other(folder)
    cells = [
        Result(c.info, partial(results.scored, c) if c.status == "done" else None)
        for c in results.cells(run)
    ]
    about: dict[str, Any] = {
        "run": run.run_id,
        "suite": str(run.suite.get("name", "")),
        "seconds": run.seconds,
    }
    wanted = run.suite.get("metrics")
    about["metrics"] = None if wanted in (None, "all") else wanted
    before = table.from_run(since, plan) if since else None
    return write(
        folder,
        about,
        cells,
        table.licensed(run),
        plan,
        before=before,
        facts=facts_of(run),
        tick=tick,
    )


def refuse_other(folder: Path) -> None:
    """Raise UserError if the folder holds something that is no site."""
    if folder.exists() and (
        not folder.is_dir() or (any(folder.iterdir()) and not (folder / MARK).is_file())
    ):
        raise UserError(
            f"{folder} holds something that is no site of a board; name a new or empty folder."
        )


def write(
    folder: Path,
    about: Mapping[str, Any],
    cells: Sequence[Result],
    releases: Sequence[Mapping[str, Any]],
    plan: Plan,
    *,
    before: Mapping[str, Any] | None = None,
    facts: ReleaseFacts | None = None,
    tick: Callable[[int], object] = silent,
) -> dict[str, Any]:
    """The same from results alone: the same bytes from the same results."""
    layout = table.measured(about, cells, releases, plan, tick)
    board: dict[str, Any] = json.loads(json.dumps(table.document(about, layout, releases, plan)))
    facts = facts or ReleaseFacts()
    gate.refuse(board, facts.about)
    site = Site(board, cells, layout, before, facts)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".site-", dir=folder.parent) as scratch:
        whole = Path(scratch) / "site"
        whole.mkdir()
        data.write(about, cells, releases, plan, whole)
        formats.write(board, whole, page=False)
        for path, html in pages(site).items():
            (whole / path).parent.mkdir(parents=True, exist_ok=True)
            (whole / path).write_text(html, encoding="utf-8", newline="\n")
        for reference, text in facts.datasheets.items():
            (whole / sheet(reference)).write_text(text, encoding="utf-8", newline="\n")
        if folder.exists():
            shutil.rmtree(folder)
        whole.rename(folder)
    return board


def pages(site: Site) -> dict[str, str]:
    """Every page's HTML by path; a pure function of the site."""
    all_pages = [p for maker in makers().values() for p in maker(site)]
    shown = sorted((p for p in all_pages if p.nav), key=lambda p: (p.place, p.path))
    nav = [(p.path, p.nav) for p in shown]
    shared = _shared(site, nav)
    html = {p.path: _render(p, shared) for p in all_pages}
    html["index.html"] = page.to_html(
        site.board, nav=[("index.html", "Board"), *nav], links=_links(site)
    )
    return html


def _links(site: Site) -> dict[str, str]:
    """Where the board's names lead: detectors and releases to their pages."""
    links = {d["name"]: f"detectors/{slug(d['name'])}.html" for d in site.board["detectors"]}
    return links | {
        r["reference"]: f"datasets/{slug(r['reference'])}.html" for r in site.board["releases"]
    }


def _shared(site: Site, nav: list[tuple[str, str]]) -> dict[str, Any]:
    """What every page is given, made once."""
    board = visible(site.board)
    return {
        "b": board,
        "metric": visible(site.metric),
        "titles": {m["name"]: m["title"] for m in board["metrics"]},
        "nav": [("index.html", "Board"), *nav],
        "seconds": numbers.seconds,
        "milliseconds": numbers.milliseconds,
        "span": text.span,
    }


def _render(p: Page, shared: Mapping[str, Any]) -> str:
    return render(
        HERE / "templates" / p.template,
        [*page.STYLES, CHARTS, HERE / "site.css"],
        script=(HERE / "site.js").read_text(encoding="utf-8"),
        filters={"slug": slug, "cell_page": cell_page, "in_words": in_words},
        **visible(dict(p.view)),
        **shared,
        title=visible(p.title),
        here=p.path,
        up="../" * p.path.count("/"),
    )
