"""False alarms of a detector in groups of people, beside those among all people."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.leaderboard.site.context import Site
from botbench.html.charts.elements import Svg, ticks
from botbench.html.charts.intervals import percent
from botbench.html.charts.layout import Axis
from botbench.html.charts.rows import Dot, Row, rows
from botbench.stats.proportions import FEW

WORDS = {
    "verified": "verified accounts",
    "celebrity": "accounts with 100,000 followers or more",
    "organisation": "organisations",
    "language": "people of another language than most",
    "new": "accounts under 90 days old",
}
"""The groups of `benchmarks.data.groups` as a sentence names them."""
SHORT = {
    "verified": "verified",
    "celebrity": "100,000 followers",
    "organisation": "organisations",
    "language": "other language",
    "new": "under 90 days old",
    "all": "all people",
}
"""The groups as a chart names them."""
ALL = "all people"
SHOWN = 14


def false_alarms(site: Site, detector: str) -> list[dict[str, Any]]:
    """Share of people called bots (`value`, `low`, `high`), `n` people, by group and test.

    Groups first by what is worst; each test has a row of all its people.
    """
    found = []
    for group, words in ((None, ALL), *WORDS.items()):
        metric = "fpr[bot]" if group is None else f"fpr[bot]@group={group}"
        for r in site.values(metric, detector=detector, kind=site.board["ranked_by"] or ""):
            n = _people(site, r, group)
            if n:
                few = n < FEW
                found.append(
                    {**r, "group": group or "all", "words": words, "people": n, "few": few}
                )
    return sorted(found, key=lambda r: (-r["value"], r["test"], r["group"]))


def _people(site: Site, row: dict[str, Any], group: str | None) -> int:
    """Tested accounts labelled human, of the group; 0 where predictions do not tell."""
    table = site.tables.get(row["cell"])
    if table is None:
        return 0
    human = (table["y"].to_numpy() == 0) & (
        table["repeat"].to_numpy() == table["repeat"][0].as_py()
    )
    if group is None:
        return int(human.sum())
    if group not in table.column_names:
        return 0
    member = table[group].to_numpy(zero_copy_only=False)
    return int(np.sum(human & (member == 1)))


def picture(alarms: list[dict[str, Any]]) -> Svg:
    """The highest shares, a row for each group and test of enough people."""
    drawn = [
        Row(
            f"{SHORT[r['group']]}, {r['test']}",
            [Dot(r["value"], r["low"], r["high"], hollow=r["group"] == "all")],
            f"{percent(round(r['value'], 2))}, n = {r['people']:,}",
        )
        for r in [r for r in alarms if not r["few"]][:SHOWN]
    ]
    axis = Axis(0, 1, ticks(0, 1), "share of these people that are called bots", form=percent)
    return rows(drawn, axis, "False alarms by group, with 95 % intervals")


def worst(alarms: list[dict[str, Any]]) -> str:
    """The group with the highest share of false alarms, as a sentence; few people do not count."""
    groups = [r for r in alarms if r["group"] != "all" and not r["few"]]
    everybody = {r["test"]: r["value"] for r in alarms if r["group"] == "all"}
    if groups:
        r = groups[0]
        beside = everybody.get(r["test"])
        rest = f", where it does so to {percent(round(beside, 2))} of all people" if beside else ""
        return (
            f"It calls {percent(round(r['value'], 2))} of {r['words']} bots on {r['test']}"
            f" ({r['people']:,} people){rest}."
        )
    if alarms:
        r = alarms[0]
        return (
            f"It calls {percent(round(r['value'], 2))} of all people bots on {r['test']}, its most."
        )
    return ""
