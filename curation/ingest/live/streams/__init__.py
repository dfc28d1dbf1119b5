"""Streams of events: a network's firehose, read one event at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from curation.ingest.live.campaign import Campaign


class Lost(Exception):
    """The connection was lost, or could not be made; says why."""


class Stream(Protocol):
    """A connection that can be made again.

    `format` is the source format that reads kept lines. `resumes` says whether the server can go on
    from a position; without it, what happens between two connections is not seen.
    """

    format: str
    resumes: bool

    def lines(self, after: int | None, is_over: Callable[[], bool]) -> Iterator[bytes | None]:
        """Events as JSON, one a line, from a position on; None where none came for a while.

        Raises Lost.
        """

    def position(self, line: bytes) -> int:
        """The position of an event, in microseconds since 1970."""

    def keeps(self, line: bytes) -> bool:
        """Whether an event may belong to the campaign."""

    def of_campaign(self, lines: str, there: str) -> str | None:
        """SQL of which events (`j`) belong to the campaign; None where all that are kept do.

        `lines` is SQL of the events of a segment, `there` of the accounts of the data set.
        """

    def deleted(self, lines: str) -> tuple[str, str]:
        """SQL of the posts, and of the accounts, that events say are deleted."""


Opener = Callable[["Campaign"], Stream]
