"""What a label means for a person, and which uses of the board are not allowed."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.leaderboard.site.context import Site
from benchmarks.leaderboard.site.pages import MAKERS, Page


@MAKERS.register("responsible")
def pages(site: Site) -> Iterator[Page]:
    """One page."""
    alarms = any(
        r["metric"].startswith("fpr[bot]@group") and r["value"] is not None
        for r in site.board["rows"]
    )
    title, view = "Responsible use", {"alarms": alarms}
    yield Page("responsible-use.html", title, "responsible.html.j2", view, title, place=7)
