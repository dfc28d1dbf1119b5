"""Compare two detectors: paired differences with intervals by data set, and disagreements."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np

from benchmarks.leaderboard.compute import ranks, summary
from benchmarks.leaderboard.site.context import Site
from benchmarks.leaderboard.site.pages import MAKERS, Page


@MAKERS.register("compare")
def pages(site: Site) -> Iterator[Page]:
    """One page with all pairs; it opens with the two that lead."""
    names = [
        e["detector"]
        for e in site.board["summary"]
        if e["scope"] == "mean" and e["metric"] == site.metric["name"]
    ]
    names += [d for d in site.layout.detectors if d not in names]
    pairs = {
        f"{i},{j}": rows
        for i, j in combinations(range(len(names)), 2)
        if (rows := pair(site, names[i], names[j]))
    }
    if pairs:
        first = next(iter(pairs))
        yield Page(
            "compare.html",
            "Compare two detectors",
            "compare.html.j2",
            {
                "names": names,
                "pairs": pairs,
                "first": [int(i) for i in first.split(",")],
                "opening": pairs[first],
            },
        )


def pair(site: Site, a: str, b: str) -> list[dict[str, Any]]:
    """One row for each test with scores of both, and one for their mean.

    A row has a - b with its paired interval, and the disagreements.
    """
    kind = site.board["ranked_by"]
    metric = next(m for m in site.layout.metrics if m.name == site.metric["name"])
    rows = []
    for test in site.layout.tests:
        one, two = (summary.paired_score(site.layout, metric, d, kind, [test]) for d in (a, b))
        if one and two:
            rows.append(
                {
                    "test": test,
                    "difference": list(ranks.difference(one, two)),
                    **_disagree(site, a, b, test),
                }
            )
    core = site.layout.core
    means = (
        [summary.paired_score(site.layout, metric, d, kind, core) for d in (a, b)]
        if len(core) > 1
        else [None, None]
    )
    if means[0] and means[1]:
        rows.insert(
            0,
            {
                "test": f"mean of {len(core)}",
                "difference": list(ranks.difference(means[0], means[1])),
            },
        )
    return rows


def _disagree(site: Site, a: str, b: str, test: str) -> dict[str, int]:
    """Accounts (each repeat counted) that both get right, only one, or neither."""
    one, two = (site.right.get((name, test)) for name in (a, b))
    if one is None or two is None or len(one) != len(two):
        return {}
    return {
        "both": int(np.sum(one & two)),
        "only_a": int(np.sum(one & ~two)),
        "only_b": int(np.sum(~one & two)),
        "neither": int(np.sum(~one & ~two)),
    }
