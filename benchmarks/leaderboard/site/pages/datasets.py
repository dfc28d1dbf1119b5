"""A page for each tested data set: counts, licence, audit findings, one-question tree, scores."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks.leaderboard.compute.summary import ONE_QUESTION
from benchmarks.leaderboard.site.context import Site, sheet, slug
from benchmarks.leaderboard.site.pages import MAKERS, Page

NOTHING = dict.fromkeys(
    (
        "title",
        "licence",
        "citation",
        "left_out",
        "validation",
        "accepted",
        "known_issues",
        "description",
        "claims",
    )
)
"""What is not known of a release that is not at hand."""


@MAKERS.register("datasets")
def pages(site: Site) -> Iterator[Page]:
    """One page each release of the run."""
    for release in site.board["releases"]:
        reference = release["reference"]
        yield Page(
            f"datasets/{slug(reference)}.html", reference, "dataset.html.j2", view(site, release)
        )


def view(site: Site, release: dict[str, Any]) -> dict[str, object]:
    """All contents of the page of one release."""
    reference = release["reference"]
    tests = [t for t in site.board["tests"] if reference in t["name"].split("+")]
    own = [
        r
        for r in site.board["rows"]
        if r["test"] in {t["name"] for t in tests} and r["metric"] == site.metric["name"]
    ]
    main = site.board["ranked_by"]
    scored = sorted(
        (r for r in own if r["value"] is not None),
        key=lambda r: (r["kind"] != main, -r["value"], r["detector"]),
    )
    tree = [d for d in site.board["detectors"] if d["name"] == ONE_QUESTION]
    question = next((d["learnt"].get(t["name"]) for d in tree for t in tests), None)
    unscored = [r for r in own if r["value"] is None]
    return {
        "r": release,
        "tests": tests,
        "scored": scored,
        "unscored": unscored,
        "question": question,
        "audit": site.facts.audits.get(reference),
        "info": NOTHING | dict(site.facts.about.get(reference, {})),
        "sheet": sheet(reference) if reference in site.facts.datasheets else None,
        "kinds": _kinds(site, reference),
    }


def _kinds(site: Site, reference: str) -> list[dict[str, Any]]:
    """Bots by kind, the most frequent kind first; [] where the claims name no kinds."""
    kinds = site.facts.kinds.get(reference)
    counted = (
        [] if kinds is None else kinds.group_by("kind").aggregate([("kind", "count")]).to_pylist()
    )
    return sorted(counted, key=lambda r: (-r["kind_count"], r["kind"]))
