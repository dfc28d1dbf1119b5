"""What a label means for a person, and which uses of the board are not allowed."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.leaderboard.site.context import Site
from benchmarks.leaderboard.site.pages import MAKERS, Page


@MAKERS.register("responsible")
def pages(site: Site) -> Iterator[Page]:
    """One page, with this board's false alarms by group."""
    alarms = [
        r
        for r in site.board["rows"]
        if r["metric"].startswith("fpr")
        and r["value"] is not None
        and r["kind"] == site.board["ranked_by"]
    ]
    yield Page("responsible-use.html", "Responsible use", "responsible.html.j2", {"alarms": alarms})
