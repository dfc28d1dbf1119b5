"""Who acts together among the members: groups beyond chance, and the network's files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.study.coordination.coordinated import Coordinated, coordinated
from benchmarks.study.coordination.fusion import RATE, WINDOW
from benchmarks.study.operation.differences import categories
from benchmarks.study.operation.members import Members
from benchmarks.study.questions import Answer, Table, Text
from botbench.text import numbers


def network(members: Members, done: Callable[[str], None] = lambda _: None) -> Coordinated:
    """The network of members that act together more often than chance allows, by every trace."""
    division = categories(members)
    codes = None
    if division is not None:
        column = f"nullif({division[1]}, 'unknown')"
        codes = f"(SELECT account_id, {column} AS code FROM {members.frame.table})"
    return coordinated(members.frame.store.connection, members.posts_sql, codes, done=done)


def answer(found: Coordinated, documents: list[dict[str, Any]]) -> Answer:
    """The groups, what ties them, and how far they agree with the categories."""
    ties = found.network
    if not len(ties.a):
        return Answer(
            [Text("No two accounts are shown to act together more often than chance allows.")]
        )
    inside = int((ties.group >= 0).sum())
    lead = (
        f"{inside:,} accounts act together within {WINDOW:g} seconds more often than chance allows:"
        f" {len(ties.a):,} pairs (false discovery rate {RATE:g}) in"
        f" {numbers.counted(ties.groups, 'group')}."
    )
    agreed = found.agreement()
    said = "Acting together is no proof of automation."
    if agreed is not None and agreed.n:
        rand = agreed.adjusted_rand
        said += (
            " The groups agree with the categories by an adjusted Rand index of"
            f" {numbers.score_interval(rand.value, rand.low, rand.high, 2)}, where 0 is chance and"
            " 1 the same division."
        )
    table = Table(
        "groups",
        "Groups that act together",
        ("group", "accounts", "tied by", "most frequent category", "its part"),
        [
            (d["group"], len(d["accounts"]), ", ".join(d["by"]), d["code"], d["agreement"])
            for d in documents
        ],
        "The accounts of each group are in study.json, the ties in network-ties.parquet.",
    )
    return Answer([Text(f"{lead} {said}"), table], lead=lead)
