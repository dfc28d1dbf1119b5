"""The first sentence of a board: who leads by a metric, and whether that is real.

`board.js` says the same in the same words for the metric, data set and filters that are chosen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from botbench.text.numbers import score

TRANSFER, INSIDE = "transfer", "in distribution"
NAMES = ("Matthews", "Brier")
Parts = list[tuple[str, bool]]


def in_text(metric: Mapping[str, Any]) -> str:
    """A metric's title within a sentence: names and abbreviations keep their capital."""
    title = str(metric["title"])
    if title.startswith(NAMES) or not title[1:2].islower():
        return title
    return title[0].lower() + title[1:]


def where(sets: Sequence[str], *, inside: bool) -> str:
    """On which accounts a mean over these data sets is."""
    if len(sets) > 1:
        learned = "On fresh accounts of the data sets it learned from"
        return learned if inside else "On data sets left out of its training"
    if inside:
        return f"On fresh accounts of {sets[0]}, from which it learned"
    return f"On {sets[0]}, left out of its training"


def sentence(
    top: Mapping[str, Any], metric: Mapping[str, Any], sets: Sequence[str], *, inside: bool
) -> Parts:
    """The detector that leads and its score, as (text, strong)."""
    best = "highest" if metric["direction"] == "higher" else "lowest"
    guessing = metric["guessing"]
    parts = [
        (f"{where(sets, inside=inside)}, ", False),
        (top["detector"], True),
        (f" has the {best} {'mean: ' if len(sets) > 1 else ''}{in_text(metric)} ", False),
        (score(top["scores"][INSIDE if inside else TRANSFER][0]), True),
        ("." if guessing is None else f", where guessing gives {score(guessing)}.", False),
    ]
    if not inside and INSIDE in top["scores"]:
        same = (
            "On fresh accounts of the data sets it learned from, the same detector reaches"
            if len(sets) > 1
            else "On fresh accounts of data that it learned from, the same detector reaches"
        )
        parts.append((f" {same} {score(top['scores'][INSIDE][0])}.", False))
    return parts


def caution(top: Mapping[str, Any], sets: Sequence[str], *, floor: bool) -> str:
    """Whether the lead is real: against one question, and in rank."""
    if floor:
        return "It is a shortcut: no detector here scores higher."
    return f"{_question(top, sets)} {place(top)}".strip()


def _question(top: Mapping[str, Any], sets: Sequence[str]) -> str:
    if top["above"] is None:
        return "The one-question tree has no score here, so there is nothing to hold it against."
    if len(sets) == 1:
        low, high = top["above"][1:]
        if low is not None and low * high > 0:
            return "A tree with one question is separated from it."
        return "It is not separated from a tree with one question."
    beats = f"It beats a tree with one question on {top['higher_on']} of {len(sets)} data sets"
    wide = top["above_wide"]
    if wide and wide[0] * wide[1] > 0:
        return f"{beats}."
    return f"{beats}: too few to expect the same on another one."


def place(top: Mapping[str, Any]) -> str:
    """The ranks that a detector could have, as a sentence; empty without a rank."""
    elsewhere = top.get("rank_elsewhere")
    low, high = elsewhere or (top.get("rank_low"), top.get("rank_high"))
    if low is None:
        return ""
    on = "On other data" if elsewhere else "On these accounts"
    if low == high:
        return f"{on} its rank is {low} too." if elsewhere else f"{on} its rank is {low}."
    return f"{on} its rank could be {low} to {high}."


def ranks(entry: Mapping[str, Any]) -> str:
    """The ranks here, and on other data where they are known.

    >>> ranks({"rank_low": 1, "rank_high": 2, "rank_elsewhere": [1, 6]})
    'rank 1-2 (1-6 on other data)'
    """
    here = _range(entry["rank_low"], entry["rank_high"])
    elsewhere = entry.get("rank_elsewhere")
    return f"rank {here}" + (f" ({_range(*elsewhere)} on other data)" if elsewhere else "")


def _range(low: int, high: int) -> str:
    return str(low) if low == high else f"{low}-{high}"
