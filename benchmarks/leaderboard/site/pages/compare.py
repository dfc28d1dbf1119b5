"""Compare two detectors: who is better where, by how much, and on whom they disagree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from typing import Any

import numpy as np

from benchmarks.leaderboard.compute import ranks, summary
from benchmarks.leaderboard.compute.ranks import PairedScore
from benchmarks.leaderboard.render import lead
from benchmarks.leaderboard.render.text import span
from benchmarks.leaderboard.site.context import Site
from benchmarks.leaderboard.site.pages import MAKERS, Page
from botbench.stats.means import student
from botbench.text.numbers import score

Scores = Mapping[tuple[str, str], PairedScore]
MEAN = "mean"


@MAKERS.register("compare")
def pages(site: Site) -> Iterator[Page]:
    """One page with all pairs; it opens with the two that lead."""
    names = [
        e["detector"]
        for e in site.board["summary"]
        if e["scope"] == "mean" and e["metric"] == site.metric["name"]
    ]
    names += [d for d in site.layout.detectors if d not in names]
    scores = _scores(site, names)
    pairs = {
        f"{i},{j}": rows
        for i, j in combinations(range(len(names)), 2)
        if (rows := pair(site, scores, names[i], names[j]))
    }
    if not pairs:
        return
    first = next(iter(pairs))
    one, two = (int(i) for i in first.split(","))
    top = max((abs(v) for rows in pairs.values() for r in rows for v in r["difference"]), default=0)
    yield Page(
        "compare.html",
        "Compare two detectors",
        "compare.html.j2",
        {
            "names": names,
            "first": [one, two],
            "opening": pairs[first],
            "said": sentence(site.metric, names[one], names[two], pairs[first]),
            "reach": max(np.ceil(top * 10) / 10, 0.1),
            "packed": {k: [_packed(r) for r in rows] for k, rows in pairs.items()},
            "better": 1 if site.metric["direction"] == "higher" else -1,
            "in_text": lead.in_text(site.metric),
        },
        "Compare",
        place=3,
    )


def _scores(site: Site, names: list[str]) -> dict[tuple[str, str], PairedScore]:
    """The score of each detector on each test, and over the data sets of the mean."""
    kind = site.board["ranked_by"]
    metric = next(m for m in site.layout.metrics if m.name == site.metric["name"])
    parts = {test: [test] for test in site.layout.tests}
    if len(site.layout.core) > 1:
        parts[MEAN] = list(site.layout.core)
    return {
        (name, part): found
        for name in names
        for part, tests in parts.items()
        if (found := summary.paired_score(site.layout, metric, name, kind, tests))
    }


def pair(site: Site, scores: Scores, a: str, b: str) -> list[dict[str, Any]]:
    """One row for each test with scores of both, and before them one for their mean.

    A row has a - b with its paired interval, `wide` if other data sets were drawn, and on how many
    bots and people both, one or none is right.
    """
    rows = []
    for test in (MEAN, *site.layout.tests):
        one, two = scores.get((a, test)), scores.get((b, test))
        if not one or not two:
            continue
        mean = test == MEAN
        wide = student([x - y for x, y in zip(one.by_cluster, two.by_cluster, strict=True)])
        rows.append(
            {
                "test": f"mean of {len(site.layout.core)} data sets" if mean else test,
                "mean": mean,
                "difference": _rounded(ranks.difference(one, two)),
                "wide": _rounded(wide) if mean and wide else None,
                "counts": [] if mean else _disagree(site, a, b, test),
            }
        )
    return rows


def _packed(row: Mapping[str, Any]) -> list[Any]:
    numbers = [*row["difference"], *(row["wide"] or [None, None])]
    return [row["test"], row["mean"], numbers, row["counts"]]


def _rounded(numbers: Iterable[float | None]) -> list[float | None]:
    """To the three places that the page shows, so that its script says the same."""
    return [None if n is None else float(f"{n:.3f}") + 0.0 for n in numbers]


def sentence(
    metric: Mapping[str, Any], a: str, b: str, rows: list[dict[str, Any]]
) -> list[tuple[str, bool]]:
    """Which of the two is ahead and whether that is settled; `site.js` says it alike."""
    top = rows[0]
    value, low, high = top["difference"]
    higher = metric["direction"] == "higher"
    ahead, behind = (a, b) if (value >= 0) == higher else (b, a)
    sign = 1 if value >= 0 else -1
    ends = sorted((sign * low, sign * high))
    where = "" if top["mean"] else f" on {top['test']}"
    way = "above" if higher else "below"
    parts = [
        (ahead, True),
        (f" is {score(abs(value))} {way} {behind} in {lead.in_text(metric)}{where}", False),
        (f" ({span(ends, sign=True)} on these accounts)", False),
    ]
    settled = low * high > 0
    parts.append((": separated." if settled else ": not separated.", False))
    if top["wide"]:
        wide = sorted(sign * v for v in top["wide"])
        open_ = "" if wide[0] * wide[1] > 0 else ", so these do not settle it"
        parts.append((f" With other data sets it could be {span(wide, sign=True)}{open_}.", False))
    single = [r for r in rows if not r["mean"]]
    if len(single) > 1:
        better = sum((r["difference"][0] > 0) == (value >= 0) for r in single)
        parts.append((f" It is ahead on {better} of {len(single)} data sets.", False))
    return parts


def _disagree(site: Site, a: str, b: str, test: str) -> list[int]:
    """Predictions that both get right, only a, only b, neither: of bots, then of people."""
    one, two = (site.right.get((name, test)) for name in (a, b))
    y = site.labels.get(test)
    if one is None or two is None or y is None or not len(one) == len(two) == len(y):
        return []
    cases = (one & two, one & ~two, ~one & two, ~one & ~two)
    return [int(np.sum(case & (y == bot))) for bot in (True, False) for case in cases]
