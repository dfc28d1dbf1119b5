"""Mastodon's streaming interface: server-sent events of a hashtag, or of all public statuses."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests

from botbench.core.errors import UserError, first_line
from curation.ingest.live.campaign import LIVE
from curation.ingest.live.http.client import AGENT
from curation.ingest.live.secrets import secret
from curation.ingest.live.streams import Lost
from curation.ingest.reading.json import value

if TYPE_CHECKING:
    from curation.ingest.live.campaign import Campaign

TOKEN = "MASTODON_ACCESS_TOKEN"
TIMEOUT = (10.0, 60.0)
"""Seconds to connect, and between two signs of life; servers send one every few seconds."""
LONGEST = 4 << 20
EVENTS = ("update", "status.update", "delete")


class ServerSent:
    """The events of one server. It cannot go on from a position: a lost connection is a gap."""

    format = "mastodon-live"
    resumes = False

    def __init__(self, campaign: Campaign) -> None:
        self.server, tags = campaign.server.rstrip("/"), campaign.hashtags
        if len(tags) > 1:
            raise UserError("pull mastodon --watch takes one --hashtag; watch each by its own.")
        self.path = "/api/v1/streaming/hashtag" if tags else "/api/v1/streaming/public"
        self.parameters = {"tag": tags[0]} if tags else {}
        token = secret(TOKEN)
        self.login = token is not None
        self.headers = {"Accept": "text/event-stream", "User-Agent": AGENT}
        if token:
            self.headers["Authorization"] = f"Bearer {token}"

    def lines(self, after: int | None, is_over: Callable[[], bool]) -> Iterator[bytes | None]:  # noqa: ARG002
        """Connect and read."""
        try:
            with requests.get(
                self.server + self.path, params=self.parameters, headers=self.headers,
                stream=True, timeout=TIMEOUT, allow_redirects=False, auth=lambda r: r,
            ) as response:  # fmt: skip
                if response.status_code in (401, 403):
                    raise UserError(
                        f"{self.server} wants a login for its stream. Set {TOKEN} (an access token"
                        " of an account there)."
                    )
                if response.status_code != 200:
                    where = response.headers.get("Location")
                    raise UserError(
                        f"{self.server} has no stream at {self.path} (it answered"
                        f" {response.status_code}{f', and names {where}' if where else ''}). Some"
                        " servers stream from a host of their own: name it with --server."
                    )
                yield from self._events(response, is_over)
        except requests.RequestException as error:
            raise Lost(first_line(error)[:200]) from None

    def _events(
        self, response: requests.Response, is_over: Callable[[], bool]
    ) -> Iterator[bytes | None]:
        kind, data = "", []
        for line in response.iter_lines(chunk_size=1):
            if is_over():
                return
            if line.startswith(b"event:"):
                kind = line[6:].strip().decode("utf-8", "replace")
            elif line.startswith(b"data:"):
                data.append(line[5:].strip())
            elif not line:
                if kind in EVENTS and data:
                    yield self._kept(kind, b"\n".join(data))
                kind, data = "", []
            else:
                # A comment is a sign of life.
                yield None
            if sum(map(len, data)) > LONGEST:
                raise Lost("an event is too long")

    def _kept(self, kind: str, data: bytes) -> bytes | None:
        """An event as a line of the form of `mastodon-live`."""
        about = {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "at_us": time.time_ns() // 1_000,
            "host": urlsplit(self.server).netloc,
            "login": self.login,
        }
        if kind == "delete":
            return json.dumps({LIVE: about, "delete": data.decode("utf-8", "replace")}).encode()
        try:
            status: Any = json.loads(data)
        except ValueError:
            status = None
        return json.dumps({LIVE: about, "statuses": [status]}).encode()

    def position(self, line: bytes) -> int:
        """When an event came, in microseconds since 1970."""
        return int(json.loads(line)[LIVE]["at_us"])

    def keeps(self, line: bytes) -> bool:  # noqa: ARG002
        """Everything: the server filters."""
        return True

    def of_campaign(self, lines: str, there: str) -> str | None:  # noqa: ARG002
        """All that came."""
        return None

    def deleted(self, lines: str) -> tuple[str, str]:
        """Statuses that were deleted; of accounts the stream does not tell."""
        gone = value("j", "delete")
        return (
            f"SELECT {gone} FROM {lines} WHERE {gone} IS NOT NULL",
            "SELECT NULL WHERE false",
        )
