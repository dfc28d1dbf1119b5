"""Where a detector stands: elsewhere where several data sets are there, else here.

*Here* is about these accounts, and about these fits too where one fit is all there is. *Elsewhere*
is about other data sets of this kind, and is what a board opens with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.leaderboard.render.text import listed


def elsewhere(entry: Mapping[str, Any]) -> bool:
    """Whether the entry says where it stands on other data sets."""
    return entry.get("rank_elsewhere") is not None


def bars_of(entry: Mapping[str, Any]) -> list[int]:
    """The runs of detectors not separated that the entry is in."""
    return list((entry["ties_elsewhere"] if elsewhere(entry) else entry.get("ties")) or [])


def tie_group(entry: Mapping[str, Any]) -> int | None:
    """The tie group that the board opens with."""
    return entry.get("tie_group_elsewhere") if elsewhere(entry) else entry.get("tie_group")


def tied(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    """Whether one run holds both."""
    return bool(set(bars_of(a)) & set(bars_of(b)))


def here_alone(ranked: Sequence[Mapping[str, Any]], top: Mapping[str, Any]) -> str:
    """Whom the first is separated from on these accounts and not elsewhere, as a sentence."""
    if not elsewhere(top):
        return ""
    names = [
        e["detector"]
        for e in ranked
        if e is not top and tied(e, top) and not set(e["ties"]) & set(top["ties"])
    ]
    return f"On these accounts alone it is separated from {listed(names)}." if names else ""


def one_fit(board: Mapping[str, Any]) -> tuple[str, str] | None:
    """The note on rows that one fit stands behind, so that nothing is known of the next fit."""
    protocols = {p["name"] for p in board["protocols"] if p["shown"]}
    rows = [r for r in board["rows"] if r["protocol"] in protocols and r["value"] is not None]
    kinds = sorted({r["kind"] for r in rows if r["fits"] == 1})
    if not kinds:
        return None
    names = sorted({r["detector"] for r in rows if r["fits"] == 1})
    whole = len(names) == len({r["detector"] for r in rows})
    who = "Every detector" if whole else listed(names)
    return (
        "One fit",
        f"{who} {'was' if whole or len(names) == 1 else 'were'} fitted once for each score"
        f" ({listed(kinds)}): what another seed or other training accounts would change is"
        " not in these intervals, nor in ranks here. Say fits: 5 in the suite to measure it.",
    )
