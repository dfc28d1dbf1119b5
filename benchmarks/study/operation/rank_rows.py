"""The ranking of an operation: each day's items, with what would overturn each rank."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.study.operation import missing, removal
from benchmarks.study.operation.day_counts import KINDS, Day, days
from benchmarks.study.operation.members import Members, names
from benchmarks.study.questions.ranking import intervals
from botbench.core.errors import UserError, unknown
from botbench.text.folding import hashtag_key

AFTER = 3
"""Days from an event on in which an item is taken for its echo."""


@dataclass(frozen=True)
class Robustness:
    """What would overturn one rank.

    `wrong` are the ranks with each share of `removal.WRONG` of the members removed. `carried_by`
    are the fewest members without whom it is lost, `carried` is what these wrote of it. `up` and
    `down` are the posts that would change it. `with_missing` is the rank if the missing accounts
    had posted as the largest did; it and `by_posterior` are None where nothing gives them.
    """

    wrong: tuple[removal.MedianRank, ...]
    by_posterior: removal.MedianRank | None
    carried_by: tuple[str, ...]
    carried: int
    up: int | None
    down: int | None
    with_missing: removal.MedianRank | None


@dataclass(frozen=True)
class Ranked:
    """One item on one day: its posts, its rank with interval, and where the rank falls."""

    day: str
    kind: str
    item: str
    posts: int
    rank: int
    low: int
    high: int
    falls_at: float | None

    def document(self) -> dict[str, Any]:
        """A row of `ranking` in the JSON document."""
        return {
            "day": self.day,
            "kind": self.kind,
            "item": self.item,
            "posts": self.posts,
            "rank": self.rank,
            "low": self.low,
            "high": self.high,
            "falls_at": self.falls_at,
        }


@dataclass(frozen=True)
class Settings:
    """`settings: {operation: {...}}`: items shown a day, bootstrap draws, draws of removals; and
    the campaign's seed.
    """

    top: int = 10
    draws: int = 400
    removals: int = removal.DRAWS
    of: tuple[str, ...] = tuple(KINDS)
    seed: int = 0

    @classmethod
    def read(cls, given: dict[str, Any], seed: int) -> Settings:
        """Of a campaign's settings. Raises UserError for an unknown or impossible one."""
        defaults = cls()
        for name, value in given.items():
            if name == "of":
                continue
            if name not in {"top", "draws", "removals"}:
                raise unknown(
                    "setting (settings.operation)", name, ("top", "draws", "removals", "of")
                )
            if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 10_000:
                raise UserError(
                    f"settings.operation.{name}: expected a whole number from 1 to 10,000, got"
                    f" {value!r}."
                )
        kinds = tuple(str(k) for k in given.get("of", defaults.of))
        for kind in kinds:
            if kind not in KINDS:
                raise unknown("kind of item (settings.operation.of)", kind, tuple(KINDS))
        numbers = {k: int(v) for k, v in given.items() if k != "of"}
        return cls(**numbers, of=kinds, seed=seed)


@dataclass(frozen=True)
class Ranking:
    """All ranked rows, and the robustness of those around events, by (day, item)."""

    rows: tuple[Ranked, ...]
    robustness: dict[tuple[str, str], Robustness]
    headline: Ranked | None
    kind: str


def rank(
    members: Members,
    settings: Settings,
    events: Mapping[date, str],
    done: Callable[[str], None] = lambda _: None,
) -> Ranking:
    """Rank the items of each kind, day by day. The first kind with rows gives the headline."""
    removed = removal.removed_at(len(members.ids), members.size, settings.removals, settings.seed)
    rows: list[Ranked] = []
    headline: Ranked | None = None
    echoes: list[Ranked] = []
    first = ""
    for kind in settings.of:
        done(f"Ranking: {kind}")
        found = [
            row
            for day in days(members, kind, settings.top)
            for row in _rows(day, kind, settings, removed)
        ]
        if found and not first:
            first = kind
            headline, echoes = _headline(found, events)
        rows += found
    robustness = {}
    for day in days(members, first, settings.top) if first else ():
        for row in (r for r in echoes if r.day == day.day):
            robustness[row.day, row.item] = _robustness(members, settings, day, row.item, removed)
    return Ranking(tuple(rows), robustness, headline, first)


def _rows(day: Day, kind: str, settings: Settings, removed: NDArray[np.uint8]) -> list[Ranked]:
    """The day's first `top` items."""
    posts = day.by_member()[1].astype(np.float64)
    ranks, low, high = intervals(posts, settings.draws, settings.seed)
    shown = min(settings.top, len(day.items))
    falls = removal.falls_at(removal.ranks_after(day, removed, shown), low[:shown], high[:shown])
    return [
        Ranked(day.day, kind, *row)
        for row in zip(
            day.items[:shown],
            day.posts[:shown].tolist(),
            ranks[:shown].tolist(),
            low[:shown].tolist(),
            high[:shown].tolist(),
            falls,
            strict=True,
        )
    ]


def _headline(rows: Sequence[Ranked], events: Mapping[date, str]) -> tuple[Ranked, list[Ranked]]:
    """The row to speak of first, and all rows whose robustness is shown, in order of time.

    Each event has one item (`_item_of`), whose rows in the days after it are shown; the first
    event's item on its best day comes first. Without an event it is the item with most posts.
    """
    chosen: list[Ranked] = []
    best: Ranked | None = None
    for event, words in events.items():
        until = (event + timedelta(days=AFTER)).isoformat()
        near = [r for r in rows if event.isoformat() <= r.day < until]
        if near:
            item = _item_of(near, [r for r in rows if r.day < event.isoformat()], words)
            echo = [r for r in near if r.item == item]
            best = best or min(echo, key=lambda r: (r.rank, -r.posts, r.day))
            chosen += [r for r in echo if r not in chosen]
    if best is None:
        posts = _totals(rows)
        item = min(posts, key=lambda i: (-posts[i], i))
        best = min((r for r in rows if r.item == item), key=lambda r: (r.rank, -r.posts, r.day))
        chosen = [best]
    return best, sorted(chosen, key=lambda r: (r.day, r.rank))


def _item_of(near: Sequence[Ranked], before: Sequence[Ranked], words: str) -> str:
    """The item of an event: the one that is called like it, else the most posted new one.

    New is what had under a tenth of its posts a day in the days before; without a new one it is the
    most posted of all.
    """
    after, earlier = _totals(near), _totals(before)
    name = hashtag_key("".join(words.split()))
    if name in after:
        return str(name)
    days = max(len({r.day for r in before}), 1)
    new = [i for i, n in after.items() if earlier.get(i, 0) / days < 0.1 * n / AFTER]
    return min(new or after, key=lambda i: (-after[i], i))


def _totals(rows: Sequence[Ranked]) -> dict[str, int]:
    totals: dict[str, int] = {}
    for r in rows:
        totals[r.item] = totals.get(r.item, 0) + r.posts
    return totals


def _with_missing(
    members: Members, settings: Settings, day: Day, accounts: int
) -> NDArray[np.int64]:
    return missing.with_more_like_the_largest(
        day, members.posts, accounts, settings.removals, settings.seed
    )


def _robustness(
    members: Members,
    settings: Settings,
    day: Day,
    item: str,
    removed: NDArray[np.uint8],
) -> Robustness:
    """What would overturn the rank of one item on its day."""
    place = day.items.index(item)
    carried_by = removal.carriers(day, place)
    of_them = (day.item == place) & np.isin(day.member, carried_by)
    lost = members.frame.campaign.missing
    return Robustness(
        tuple(removal.at_shares(removal.ranks_after(day, removed, place + 1), place)),
        None
        if members.posterior is None
        else removal.by_posterior(day, members.posterior, place, settings.removals, settings.seed),
        tuple(names(members, carried_by.tolist())),
        int(day.n[of_them].sum()),
        *missing.margins(day, place),
        None
        if lost is None
        else removal.median_rank(_with_missing(members, settings, day, lost.accounts)[:, place]),
    )
