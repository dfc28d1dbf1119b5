"""Charts of the whole board: precision where bots are rare, cost, mean ranks, transfer matrix."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.data.floor_rows import FLOORS
from benchmarks.leaderboard.site.context import Site
from benchmarks.leaderboard.site.pages import MAKERS, Page
from botbench.html.charts import plots
from botbench.html.charts.elements import ticks
from botbench.html.charts.intervals import percent
from botbench.html.charts.layout import Axis
from botbench.stats.multiple_comparisons import nemenyi_distance
from botbench.text import numbers

LEAST_SETS = 10
"""Data sets from which on Friedman and Nemenyi say something (Demšar 2006)."""
DRAWN = 6
SHARE = 0.05
"""The share of bots at which the slider opens."""
GRID = [float(p) for p in np.geomspace(0.001, 0.5, 28)]


@MAKERS.register("pictures")
def pages(site: Site) -> Iterator[Page]:
    """One page with those sections that the board has something for; none without any."""
    view = {
        "matrices": matrices(site),
        "critical": _critical(site),
        "cost": _cost(site),
        **_prevalence(site),
    }
    if any((view["matrices"], view["critical"], view["cost"], view["precision"])):
        title = "Precision where bots are rare, cost and transfer"
        yield Page("pictures.html", title, "pictures.html.j2", view, "Precision and cost", place=4)


def matrices(site: Site) -> list[tuple[str, str]]:
    """Each detector's matrix of balanced accuracies, training data set by tested data set."""
    pictures = []
    names = sorted({r["detector"] for r in site.board["rows"]})
    for name in names:
        rows = [
            r
            for r in site.values("balanced-accuracy", detector=name)
            if len(r["train"]) == 1 and "+" not in r["test"]
        ]
        across = [r for r in rows if r["train"][0] != r["test"]]
        if not across:
            continue
        sets = sorted({r["test"] for r in rows} | {r["train"][0] for r in rows})
        cell = {(r["train"][0], r["test"]): r["value"] for r in rows}
        mean = float(np.mean([r["value"] for r in across]))
        picture = plots.heat(
            sets,
            sets,
            [[cell.get((a, b)) for b in sets] for a in sets],
            f"{name}: trained on rows, tested on columns",
        )
        pictures.append(
            (f"{name}: {numbers.score(mean, 2)} off the diagonal, mean of {len(across)}", picture)
        )
    return pictures


def _critical(site: Site) -> tuple[str, str] | None:
    """Friedman's test and Nemenyi's critical distance over common data sets; None with few."""
    core = site.layout.core
    full = [d for d in site.layout.detectors if all(_score(site, d, t) is not None for t in core)]
    if len(core) < LEAST_SETS or len(full) < 3:
        return None
    from scipy import stats

    sign = -1 if site.metric["direction"] == "higher" else 1
    values = np.array([[sign * float(_score(site, d, t) or 0) for d in full] for t in core])
    ranks = stats.rankdata(values, axis=1).mean(axis=0)
    k, n = len(full), len(core)
    distance = nemenyi_distance(k, n)
    test = stats.friedmanchisquare(*values.T)
    picture = plots.critical(
        list(zip(full, ranks.tolist(), strict=True)),
        distance,
        "Mean ranks with Nemenyi's critical distance",
    )
    return (
        picture,
        (
            f"Friedman's test: chi-square {test.statistic:.1f}, p = {test.pvalue:.2g}, {k}"
            f" detectors on {n} data sets."
        ),
    )


def _score(site: Site, detector: str, test: str) -> float | None:
    row = site.rows.get((detector, site.board["ranked_by"], test))
    return None if row is None else row["value"]


def _cost(site: Site) -> str:
    """Mean score against what 1,000 accounts cost to score."""
    entries = {
        e["detector"]: e
        for e in site.board["summary"]
        if e["scope"] == "mean" and e["metric"] == site.metric["name"]
    }
    points = []
    for d in site.board["detectors"]:
        entry, cost = entries.get(d["name"]), d["score_ms_per_1000"]
        score = entry["scores"].get(site.board["ranked_by"]) if entry else None
        if score and cost:
            points.append(
                plots.Point(
                    d["name"], cost / 1000, score[0], score[1], score[2], d["name"] in FLOORS
                )
            )
    if not points:
        return ""
    low, high = (
        10.0 ** f(np.log10(g(p.x for p in points))) for f, g in ((np.floor, min), (np.ceil, max))
    )
    powers = [
        float(10.0**e) for e in range(int(np.log10(low)), int(np.log10(max(high, low * 10))) + 1)
    ]
    ys = [
        round(v, 1)
        for v in np.arange(
            np.floor(min(p.low or p.y for p in points) * 10) / 10,
            np.ceil(max(p.high or p.y for p in points) * 10) / 10 + 0.01,
            0.1,
        )
    ]
    return plots.scatter(
        points,
        Axis(
            powers[0],
            powers[-1],
            powers,
            "scoring, seconds per 1,000 accounts",
            log=True,
        ),
        Axis(ys[0], ys[-1], ys, site.metric["title"]),
        f"{site.metric['title']} against cost",
    )


def _prevalence(site: Site) -> dict[str, object]:
    """Precision at other shares of bots, from the mean rates of the ranked kind."""
    rates = [r for d in site.board["detectors"] if (r := _rates(site, d["name"]))]
    rates.sort(key=lambda r: -(r["tpr"] - r["fpr"]))
    drawn = [
        plots.Line(
            r["name"],
            [(pi, precision(r["tpr"], r["fpr"], pi)) for pi in GRID],
            i,
            faint=0 if r["tpr"] < plots.FAINT else None,
        )
        for i, r in enumerate(rates[:DRAWN])
    ]
    if not drawn:
        return {"precision": "", "rates": [], "said": ""}
    best = next((r for r in rates if not r["floor"]), rates[0])
    at = precision(best["tpr"], best["fpr"], SHARE)
    said = (
        f"Where 5 % of accounts are bots, of 100 accounts that {best['name']} calls bots"
        f" {100 * at:.0f} are."
    )
    axis = Axis(
        GRID[0],
        GRID[-1],
        [0.001, 0.01, 0.1, 0.5],
        "share of bots among accounts",
        log=True,
        form=percent,
    )
    heights = [precision(r["tpr"], r["fpr"], SHARE) for r in rates[:DRAWN]]
    picture = plots.lines(
        drawn,
        axis,
        Axis(0, 1, ticks(0, 1), "precision: share of alarms that are bots", form=percent),
        "Precision against the share of bots",
        marked=plots.Marked(SHARE, heights),
    )
    return {"precision": picture, "said": said, "rates": [_at_shares(r) for r in rates]}


def _at_shares(rate: dict[str, Any]) -> dict[str, Any]:
    """The rates with the precision at three shares; None for who calls nobody a bot."""
    tpr, fpr = rate["tpr"], rate["fpr"]
    at = {p: precision(tpr, fpr, p) if tpr + fpr > 0 else None for p in (0.01, 0.05, 0.15)}
    return {**rate, "at": at}


def _rates(site: Site, name: str) -> dict[str, Any] | None:
    """Mean recall and mean false positive rate over the data sets of the mean.

    1 - FPR = 2 balanced accuracy - recall.
    """
    rates = []
    for test in site.layout.core:
        main = site.board["ranked_by"]
        both = [
            site.values(m, detector=name, test=test, kind=main)
            for m in ("recall[bot]", "balanced-accuracy")
        ]
        if not all(both):
            return None
        recall, balanced = both[0][0]["value"], both[1][0]["value"]
        rates.append((recall, 1 - (2 * balanced - recall)))
    if not rates:
        return None
    tpr, fpr = (float(v) for v in np.mean(rates, axis=0))
    return {"name": name, "tpr": tpr, "fpr": max(fpr, 0.0), "floor": name in FLOORS}


def precision(tpr: float, fpr: float, pi: float) -> float:
    """pi TPR / (pi TPR + (1 - pi) FPR).

    >>> round(precision(0.86, 0.10, 0.15), 3)
    0.603
    """
    flagged = pi * tpr + (1 - pi) * fpr
    return pi * tpr / flagged if flagged else 0.0
