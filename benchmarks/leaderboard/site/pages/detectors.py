"""A page for each detector: needs, citations, scores, calibration, false alarms by group, cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.data.groups import GROUPS
from benchmarks.leaderboard.compute.scores import MeasuredCell
from benchmarks.leaderboard.compute.summary import KINDS
from benchmarks.leaderboard.site import recall_by_kind
from benchmarks.leaderboard.site.context import Site, slug
from benchmarks.leaderboard.site.pages import MAKERS, Page
from botbench.html.charts import plots
from botbench.html.charts.layout import Axis

BINS = 10
FEWEST = 20
"""Predictions in a bin of the calibration curve below which it is not drawn."""


@MAKERS.register("detectors")
def pages(site: Site) -> Iterator[Page]:
    """One page each."""
    for d in site.board["detectors"]:
        yield Page(
            f"detectors/{slug(d['name'])}.html", d["name"], "detector.html.j2", view(site, d)
        )


def view(site: Site, d: dict[str, Any]) -> dict[str, object]:
    """All contents of the page of one detector."""
    cells = [
        r
        for r in site.board["rows"]
        if r["detector"] == d["name"] and r["metric"] == site.metric["name"]
    ]
    own = [m for m in site.layout.measured if m.info["detector"] == d["name"]]
    done = [m for m in own if m.info["status"] == "done"]
    return {
        "d": d,
        "info": {"transductive": False, "submitted": False} | own[0].info,
        "cells": cells,
        "scores": _scores(site, d["name"]),
        "every": _every(site, d["name"]),
        "entry": _entry(site, d["name"]),
        "calibration": _calibration(site, done),
        "groups": _groups(site, d["name"]),
        "missed": recall_by_kind.by_kind(site, d["name"]),
        "trained_on": sorted({t for m in own for t in m.info.get("trained_on") or []}),
    }


def _entry(site: Site, name: str) -> dict[str, Any] | None:
    return next(
        (
            e
            for e in site.board["summary"]
            if e["scope"] == "mean" and e["metric"] == site.metric["name"] and e["detector"] == name
        ),
        None,
    )


def _scores(site: Site, name: str) -> str:
    """The chart of each test with both kinds of score; the table also has evasion and mixes."""
    rows, kinds = [], [kind for kind in site.kinds if kind in KINDS]
    for test in site.layout.tests:
        scores = [site.rows.get((name, kind, test)) for kind in kinds]
        values = [
            (r["value"], r["low"], r["high"]) if r and r["value"] is not None else None
            for r in scores
        ]
        if any(values):
            rows.append(plots.Spans(test, values))
    if not rows:
        return ""
    low, high = site.metric["range"]
    ticks = (
        [round(t, 1) for t in np.linspace(low, high, 11)]
        if low is not None and high is not None
        else [0.0, 0.5, 1.0]
    )
    axis = Axis(ticks[0], ticks[-1], ticks, site.metric["title"])
    return plots.spans(
        rows, axis, f"{name}: {site.metric['title']} by data set, with 95 % intervals"
    )


def _every(site: Site, name: str) -> list[dict[str, Any]]:
    """Each cell with all its metrics, for the plain table."""
    cells: dict[str, dict[str, Any]] = {}
    for row in site.board["rows"]:
        if row["detector"] == name:
            cells.setdefault(row["cell"], {**row, "values": {}})["values"][row["metric"]] = row
    return list(cells.values())


def _calibration(site: Site, done: list[MeasuredCell]) -> str:
    """Share of bots by score in ten bins, one line for each test of the ranked kind."""
    drawn: list[plots.Line] = []
    for m in done:
        if m.kind != site.board["ranked_by"] or str(m.info["cell_key"]) not in site.tables:
            continue
        points = curve(site, m)
        if len(points) > 1:
            drawn.append(plots.Line(str(m.info["test"]), points, len(drawn)))
    if not drawn:
        return ""
    ticks = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    return plots.lines(
        drawn,
        Axis(0, 1, ticks, "mean score of the bin"),
        Axis(0, 1, ticks, "share that are bots"),
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


def _groups(site: Site, name: str) -> list[dict[str, Any]]:
    """False alarms in each group of people, by test, where the board has them."""
    groups = []
    for group, meaning in GROUPS.items():
        rows = [
            r
            for r in site.board["rows"]
            if r["detector"] == name
            and group in r["metric"]
            and r["value"] is not None
            and r["kind"] == site.board["ranked_by"]
        ]
        groups += [{"group": group, "meaning": meaning, **r} for r in rows]
    return groups
