"""Bluesky's Jetstream: the network's events as JSON over a WebSocket, resumable by time."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from botbench.core.errors import UserError, first_line
from botbench.core.sql import literal
from botbench.text.folding import hashtag_key
from curation.ingest.live.http.client import AGENT
from curation.ingest.live.networks import missing_extra
from curation.ingest.live.streams import Lost
from curation.ingest.reading.json import value

if TYPE_CHECKING:
    from curation.ingest.live.campaign import Campaign

COLLECTIONS = ("app.bsky.feed.post", "app.bsky.feed.repost", "app.bsky.actor.profile")
"""What is asked for. Likes and follows are many, and say little about a campaign."""
TIME = re.compile(rb'"time_us"\s*:\s*([0-9]+)')
LARGEST = 4 << 20
QUIET = 1.0
"""Seconds without an event after which the stream says so."""


class Jetstream:
    """The events of one server; with hashtags, only posts that have one of them.

    Deletions, profiles and changes of accounts are kept too: they are of accounts that may be in
    the data set.
    """

    format = "bluesky-events"
    resumes = True

    def __init__(self, campaign: Campaign) -> None:
        self.server = _address(campaign.server)
        self.tags = tuple(map(hashtag_key, campaign.hashtags))

    def lines(self, after: int | None, is_over: Callable[[], bool]) -> Iterator[bytes | None]:
        """Connect and read; one before the position, so that the event at it comes again."""
        try:
            from websockets.exceptions import WebSocketException
            from websockets.sync.client import connect
        except ImportError:
            raise missing_extra("bluesky --watch", "websockets") from None
        query: list[tuple[str, str]] = [("wantedCollections", c) for c in COLLECTIONS]
        if after is not None:
            query.append(("cursor", str(after - 1)))
        address = f"{self.server}?{urlencode(query)}"
        try:
            with connect(
                address, max_size=LARGEST, user_agent_header=AGENT, open_timeout=10, proxy=None
            ) as socket:
                yield from _received(socket, is_over)
        except (WebSocketException, OSError, TimeoutError) as error:
            raise Lost(first_line(error)[:200]) from None

    def position(self, line: bytes) -> int:
        """`time_us` of an event; 0 where it has none."""
        found = TIME.search(line)
        return int(found[1]) if found else 0

    def keeps(self, line: bytes) -> bool:
        """Whether it is no post, or one with a hashtag that is asked for."""
        if not self.tags or b'"app.bsky.feed.post"' not in line or b'"record"' not in line:
            return True
        if b"#tag" not in line and b'"tags"' not in line:
            return False
        try:
            record = json.loads(line)["commit"]["record"]
        except (ValueError, KeyError, TypeError):
            return True
        return not _tags(record).isdisjoint(self.tags)

    def of_campaign(self, lines: str, there: str) -> str | None:
        """Posts with the hashtags, and whatever else their authors and known accounts do."""
        if not self.tags:
            return None
        is_post = (
            "json_exists(j, '$.commit.record') AND"
            f" {value('j', 'commit.collection')} = {literal(COLLECTIONS[0])}"
        )
        authors = f"SELECT {value('j', 'did')} FROM {lines} WHERE {is_post}"
        return f"({is_post} OR {value('j', 'did')} IN ({authors} UNION {there}))"

    def deleted(self, lines: str) -> tuple[str, str]:
        """Records that were deleted, and accounts."""
        uri = (
            f"concat('at://', {value('j', 'did')}, '/', {value('j', 'commit.collection')}, '/',"
            f" {value('j', 'commit.rkey')})"
        )
        return (
            f"SELECT {uri} FROM {lines} WHERE {value('j', 'commit.operation')} = 'delete'",
            f"SELECT {value('j', 'did')} FROM {lines}"
            f" WHERE {value('j', 'account.status')} = 'deleted'",
        )


def _received(socket: Any, is_over: Callable[[], bool]) -> Iterator[bytes | None]:
    while not is_over():
        try:
            message = socket.recv(timeout=QUIET)
        except TimeoutError:
            yield None
            continue
        yield message.encode() if isinstance(message, str) else message


def _tags(record: Any) -> set[str]:
    """The keys of the hashtags of a post's record."""
    if not isinstance(record, dict):
        return set()
    listed = record.get("tags")
    found = {t for t in listed if isinstance(t, str)} if isinstance(listed, list) else set()
    facets = record.get("facets")
    for facet in facets if isinstance(facets, list) else ():
        features = facet.get("features") if isinstance(facet, dict) else None
        for feature in features if isinstance(features, list) else ():
            if isinstance(feature, dict) and isinstance(feature.get("tag"), str):
                found.add(feature["tag"])
    return set(map(hashtag_key, found))


def _address(server: str) -> str:
    """The stream's address from a server's; raises UserError for one that is none."""
    parts = urlsplit(server)
    scheme = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}.get(parts.scheme)
    if scheme is None or not parts.netloc:
        raise UserError(f"{server!r} is no address of a stream, such as wss://HOST/subscribe.")
    return f"{scheme}://{parts.netloc}{parts.path or '/subscribe'}"
