"""A page for each detector, and the list of all: where it stands, where it fails, whom it harms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.leaderboard.compute.scores import MeasuredCell
from benchmarks.leaderboard.compute.summary import KINDS
from benchmarks.leaderboard.render import lead
from benchmarks.leaderboard.render.drawn_cells import CODE
from benchmarks.leaderboard.site import groups, recall_by_kind
from benchmarks.leaderboard.site.context import Site, slug
from benchmarks.leaderboard.site.pages import MAKERS, Page
from botbench.html.charts import plots
from botbench.html.charts.elements import ticks
from botbench.html.charts.layout import Axis
from botbench.text.numbers import score, score_range

BINS = 10
FEWEST = 20
"""Predictions in a bin of the calibration curve below which it is not drawn."""
MOST = 6
"""Calibration curves in one picture."""


@MAKERS.register("detectors")
def pages(site: Site) -> Iterator[Page]:
    """One page each, and `detectors.html` with a line for each."""
    views = {name: view(site, d) for name, d in site.order.items()}
    listed = [{**views[name], "name": name} for name in views]
    yield Page(
        "detectors.html", "Detectors", "detectors.html.j2", {"all": listed}, "Detectors", place=1
    )
    for name, seen in views.items():
        yield Page(f"detectors/{slug(name)}.html", name, "detector.html.j2", seen)


def view(site: Site, d: dict[str, Any]) -> dict[str, object]:
    """All contents of the page of one detector."""
    cells = [
        r
        for r in site.board["rows"]
        if r["detector"] == d["name"] and r["metric"] == site.metric["name"]
    ]
    own = [m for m in site.layout.measured if m.info["detector"] == d["name"]]
    done = [m for m in own if m.info["status"] == "done"]
    alarms = groups.false_alarms(site, d["name"])
    return {
        "d": {k: v for k, v in d.items() if k not in ("na", "entry")},
        "info": {"transductive": False, "submitted": False} | own[0].info,
        "cells": cells,
        "scores": _scores(site, d["name"]),
        "entry": d["entry"],
        "standing": standing(site, d),
        "fails": fails(site, d["name"]),
        "worst": groups.worst(alarms),
        "alarms": alarms,
        "pictured": groups.picture(alarms) if alarms else "",
        "calibration": _calibration(site, done),
        "missed": recall_by_kind.by_kind(site, d["name"]),
        "trained_on": sorted({t for m in own for t in m.info.get("trained_on") or []}),
    }


def standing(site: Site, d: dict[str, Any]) -> str:
    """Rank and mean, or why there is none, as a sentence."""
    entry, main = d["entry"], site.board["ranked_by"]
    if not entry or not entry["rank"] or main is None:
        why = d["na"].get(("", CODE.get(main or "", "t")), "") or "not ranked"
        return f"{why[0].upper()}{why[1:]}."
    ranked = [o["entry"] for o in site.order.values() if o["entry"] and o["entry"]["rank"]]
    name, sets = lead.in_text(site.metric), site.layout.core
    mean = f"mean {name}" if len(sets) > 1 else name
    over = f"over {len(sets)} data sets" if len(sets) > 1 else f"on {sets[0]}"
    text = (
        f"{lead.ranks(entry).capitalize()} of {len(ranked)}: {mean}"
        f" {score(entry['scores'][main][0])} {over}"
    )
    if main != lead.TRANSFER:
        return f"{text}, on accounts of data that it learned from."
    inside = entry["scores"].get(lead.INSIDE)
    return f"{text} left out of its training" + (
        f", {score(inside[0])} in distribution." if inside else "."
    )


def fails(site: Site, name: str) -> str:
    """The test with the worst score, and where it is worse than guessing, as a sentence."""
    lower, guessing = site.metric["direction"] == "lower", site.metric["guessing"]
    rows = [r for r in site.values(site.metric["name"], detector=name) if not r["few"]]
    own = [r for r in rows if site.rows.get((name, r["kind"], r["test"])) is r]
    own = [r for r in own if r["kind"] == site.board["ranked_by"]]
    if len(own) < 2:
        return ""
    r = sorted(own, key=lambda r: r["value"], reverse=lower)[0]
    interval = score_range(r["low"], r["high"]) if r["low"] is not None else "no interval"
    text = f"Worst on {r['test']}: {score(r['value'])} ({interval})"
    if guessing is None:
        return f"{text}."
    end = r["low"] if lower else r["high"]
    if end is not None and (end > guessing if lower else end < guessing):
        return f"{text}, worse than guessing."
    touches = r["low"] is not None and r["low"] <= guessing <= r["high"]
    return f"{text}, no better than guessing." if touches else f"{text}."


def _scores(site: Site, name: str) -> str:
    """The chart of each test with both kinds of score; the table also has evasion and mixes."""
    drawn, kinds = [], [kind for kind in site.kinds if kind in KINDS]
    for test in site.layout.tests:
        rows = [site.rows.get((name, kind, test)) for kind in kinds]
        values = [
            (r["value"], r["low"], r["high"]) if r and r["value"] is not None else None
            for r in rows
        ]
        if any(values):
            drawn.append(plots.Spans(test, values))
    if not drawn:
        return ""
    low, high = site.metric["range"]
    said = [v for row in drawn for value in row.values if value for v in value if v is not None]
    ends = (
        low if low is not None else min(0.0, *said),
        high if high is not None else max(said),
    )
    guessing = site.metric["guessing"]
    axis = Axis(*ends, ticks(*ends, most=11), site.metric["title"])
    about = f"{name}: {site.metric['title']} by data set, with 95 % intervals"
    return plots.spans(drawn, axis, about, reference=guessing)


def _calibration(site: Site, done: list[MeasuredCell]) -> str:
    """Share of bots by score in ten bins, a line for each test of the ranked kind."""
    drawn: list[plots.Line] = []
    for m in sorted(done, key=lambda m: -int(m.info.get("accounts") or 0)):
        if m.kind != site.board["ranked_by"] or str(m.info["cell_key"]) not in site.tables:
            continue
        points = curve(site, m)
        if len(points) > 1:
            drawn.append(plots.Line(str(m.info["test"]), points, len(drawn)))
    if not drawn:
        return ""
    drawn = drawn[:MOST]
    return plots.lines(
        drawn,
        Axis(0, 1, ticks(0, 1), "mean score of the bin"),
        Axis(0, 1, ticks(0, 1), "share that are bots"),
        "Calibration: share of bots by score",
        diagonal=True,
    )


def curve(site: Site, m: MeasuredCell) -> list[tuple[float, float]]:
    """(mean score, share of bots) in ten bins of equal width; bins under 20 predictions omitted."""
    table = site.tables[str(m.info["cell_key"])]
    p, y = table["p_bot"].to_numpy(), table["y"].to_numpy()
    finite = np.isfinite(p)
    place = np.minimum((p[finite] * BINS).astype(int), BINS - 1)
    n, score, bots = (
        np.bincount(place, weights=w, minlength=BINS)
        for w in (np.ones(finite.sum()), p[finite], y[finite])
    )
    kept = n >= FEWEST
    return [
        (float(a), float(b))
        for a, b in zip(score[kept] / n[kept], bots[kept] / n[kept], strict=True)
    ]
