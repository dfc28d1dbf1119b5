"""A campaign: what is asked for, and the tasks by which a network answers it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

LIVE = "__live"
"""The member that each kept page has: when it was fetched (`at`), and what it answers (`task`)."""


@dataclass(frozen=True)
class Campaign:
    """What is asked of a network: hashtags, accounts (handles or ids), a period, timelines.

    `timelines` is the number of posts that are asked of each account; 0 asks for none. `more` holds
    options of one network.
    """

    network: str
    name: str
    server: str
    hashtags: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    timelines: int = 0
    more: Mapping[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """The campaign as plain data, by which a second run knows that it is the same."""
        return {
            **vars(self),
            "hashtags": list(self.hashtags),
            "accounts": sorted(self.accounts),
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
            "more": dict(self.more),
        }

    def covers(self, moment: datetime | None) -> bool:
        """Whether a time is in the period; an unknown time is."""
        return moment is None or (
            (self.since is None or moment >= self.since)
            and (self.until is None or moment < self.until)
        )

    def title(self) -> str:
        """The campaign in a line; accounts are counted, not named."""
        tags = " ".join(f"#{t}" for t in self.hashtags)
        people = f"{len(self.accounts)} accounts" if self.accounts else ""
        first, last = (m.date().isoformat() if m else "" for m in (self.since, self.until))
        period = f"{first or '…'} to {last or '…'}" if first or last else ""
        return ", ".join(p for p in (f"{self.network}: {tags or people}", period) if p)


def time_of(text: Any) -> datetime | None:
    """A time in ISO 8601, in UTC where no zone is given; None for what is no time.

    >>> time_of("2026-03-01").isoformat(), time_of("soon")
    ('2026-03-01T00:00:00+00:00', None)
    """
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Task:
    """One thing to ask: its kind (search, profile, timeline, ...), of whom, and from where on."""

    number: int
    kind: str
    subject: str
    cursor: str | None = None
    taken: int = 0
    """Items that earlier answers held."""
    memo: str = ""
    """What the network keeps in mind of the task between two answers."""
    failed: int = 0
    """How often it was put off because the server failed."""


@dataclass
class Step:
    """What one request brought: pages to keep, new tasks, and where to go on.

    `cursor` is None where the task is done. `gap` says what could not be had. `spent` is the price.
    """

    pages: list[dict[str, Any]] = field(default_factory=list)
    cursor: str | None = None
    tasks: list[tuple[str, str]] = field(default_factory=list)
    taken: int = 0
    gap: str | None = None
    spent: Decimal = Decimal(0)
    memo: str = ""
    ids: list[str] | None = None
    """Of the items of a list's page: a list whose pages bring nothing new ends."""
