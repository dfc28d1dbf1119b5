"""Means over part of the data sets (by platform, licence or both), ranked like the whole."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any

from benchmarks.leaderboard.compute.summary import MEAN, BoardLayout, summarise

UNKNOWN = "not known"
PARTS = ("platform", "licence")


def licence_kind(said: str | None) -> str:
    """The short name of a licence, from a card's longer text.

    >>> licence_kind("data: none stated. A copy of a file"), licence_kind("MIT (LICENSE, c 2022)")
    ('none stated', 'MIT')
    >>> licence_kind("none stated in the repository; original: on request"), licence_kind(None)
    ('none stated', 'not known')
    """
    text = (said or "").strip().removeprefix("data:").strip()
    return re.split(r"[;,(]|\.\s| on | in |\.$", text, maxsplit=1)[0].strip() or UNKNOWN


def subsets(layout: BoardLayout, tests: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """`tests` and `summary` of each proper subset by platform, licence or both.

    A subset has its own intervals and ranks. It shows fewer data sets and nothing more.
    """
    core = [t for t in tests if t["name"] in layout.core]
    parts: dict[tuple[str, ...], None] = {}
    for chosen in product(*([None, *sorted({t[part] for t in core})] for part in PARTS)):
        names = tuple(
            sorted(
                t["name"]
                for t in core
                if all(c in (None, t[p]) for c, p in zip(chosen, PARTS, strict=True))
            )
        )
        if names and len(names) < len(core):
            parts[names] = None
    return [{"tests": list(names), "summary": _summary(layout, names)} for names in sorted(parts)]


def _summary(layout: BoardLayout, names: Sequence[str]) -> list[dict[str, Any]]:
    return [entry for m in layout.metrics for entry in summarise(layout, m, MEAN, names)]
