"""A page for each data set and the list of all: may it be used, what gives it away, who said so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.data.floor_rows import ONE_QUESTION
from benchmarks.leaderboard.site.context import Site, sheet, slug
from benchmarks.leaderboard.site.pages import MAKERS, Page
from botbench.stats.proportions import FEW
from botbench.text.numbers import score

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
    """One page each release of the run, and `datasets.html` with a line for each."""
    views = {r["reference"]: view(site, r) for r in site.board["releases"]}
    listed = list(views.values())
    yield Page(
        "datasets.html", "Data sets", "datasets.html.j2", {"all": listed}, "Data sets", place=2
    )
    for reference, seen in views.items():
        yield Page(f"datasets/{slug(reference)}.html", reference, "dataset.html.j2", seen)


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
    audit = _with_limits(site.facts.audits.get(reference))
    info = NOTHING | dict(site.facts.about.get(reference, {}))
    return {
        "r": release,
        "tests": tests,
        "scored": scored,
        "unscored": [r for r in own if r["value"] is None],
        "question": question,
        "audit": audit,
        "info": info,
        "usable": usable(release, info, audit),
        "looks_alike": site.facts.groups.get(reference),
        "sheet": sheet(reference) if reference in site.facts.datasheets else None,
        "kinds": _kinds(site, reference),
    }


def _with_limits(audit: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The audit, each check with its limit and its question."""
    from benchmarks.audits import dataset

    if audit is None:
        return None
    known = dataset.checks()
    found = [
        {
            **c,
            "limit": known[c["check"]].limit if c["check"] in known else None,
            "asks": known[c["check"]].asks if c["check"] in known else c["check"],
        }
        for c in audit["checks"]
    ]
    return {**audit, "checks": sorted(found, key=lambda c: c["outcome"] != "issue")}


def usable(
    release: Mapping[str, Any], info: Mapping[str, Any], audit: Mapping[str, Any] | None
) -> list[tuple[str, str]]:
    """Whether one can use the data, as (good, note or bad; sentence)."""
    bots, humans = release["bots"] or 0, release["humans"] or 0
    few = min(bots, humans) < FEW
    missing = [who for who, n in (("bots", bots), ("people", humans)) if not n]
    counts = f"{bots:,} bots and {humans:,} people"
    size = f": no {missing[0]}, so no detector can be ranked on it alone" if missing else ""
    size = size or (f": under {FEW} of one class, so nothing is ranked on it" if few else "")
    told = [("note" if few else "good", f"{counts}{size}.")]
    licence = str(info["licence"] or "")
    unstated = not licence or "none stated" in licence
    told.append(
        ("note", "No licence is stated: ask its publisher before you share it.")
        if unstated
        else ("good", f"Licence: {licence}.")
    )
    told.append(_audited(audit))
    told.append(_agreed(info["claims"]))
    if info["validation"]:
        passed = info["validation"].get("success")
        told.append(("good", "Validation passed.") if passed else ("bad", "Validation failed."))
    return told


def _audited(audit: Mapping[str, Any] | None) -> tuple[str, str]:
    if audit is None:
        return "note", "It was not audited here: what gives its labels away is not known."
    issues = [c for c in audit["checks"] if c["outcome"] == "issue"]
    if not issues:
        return "good", "No check found what gives its labels away."
    names = [
        c["check"].replace("-", " ")
        + (f" ({score(c['value'], 2)}, limit {score(c['limit'], 2)})" if c["limit"] else "")
        for c in issues
    ]
    count = f"{len(issues)} of {len(audit['checks'])} checks found what gives its labels away"
    return "bad", f"{count}: {', '.join(names)}. Scores on it say less than they seem to."


def _agreed(claims: list[dict[str, Any]] | None) -> tuple[str, str]:
    if claims is None:
        return "note", "Who labelled it is not known here."
    twice = [c for c in claims if c.get("alpha") and c["alpha"]["value"] is not None]
    if not twice:
        return "note", "No account was looked at twice, so how sure its labels are is not known."
    best = max(twice, key=lambda c: c["several"])
    alpha = best["alpha"]["value"]
    word = "well" if alpha >= 0.8 else "fairly" if alpha >= 0.667 else "weakly"
    return (
        "good" if alpha >= 0.8 else "note",
        f"Its annotators agree {word} (Krippendorff’s alpha {score(alpha, 2)}).",
    )


def _kinds(site: Site, reference: str) -> list[dict[str, Any]]:
    """Bots by kind, the most frequent kind first; [] where the claims name no kinds."""
    kinds = site.facts.kinds.get(reference)
    counted = (
        [] if kinds is None else kinds.group_by("kind").aggregate([("kind", "count")]).to_pylist()
    )
    return sorted(counted, key=lambda r: (-r["kind_count"], r["kind"]))
