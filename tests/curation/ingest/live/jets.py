"""A Jetstream on loopback: made by us, nobody in it exists. It goes on from a cursor."""

import json
import threading
from contextlib import suppress
from urllib.parse import parse_qs, urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

from .servers import did


def post(n, at, tag="WalkAway", author=None, rkey=None, text=None):
    who = did(n % 50 if author is None else author)
    text = text or f"made event {n} with a text of some length, as posts have"
    facets = [{"features": [{"$type": "app.bsky.richtext.facet#tag", "tag": tag}]}] if tag else []
    record = {"$type": "app.bsky.feed.post", "text": text, "createdAt": "2026-03-01T00:00:00.000Z",
              "langs": ["en"], "facets": facets}  # fmt: skip
    return _commit(who, at, "create", rkey or f"{n:013d}", record)


def delete(n, at, author=None, rkey=None):
    return _commit(did(n % 50 if author is None else author), at, "delete", rkey or f"{n:013d}")


def account(n, at, active, status=None):
    inner = {"active": active, "did": did(n), "seq": at, "time": "2026-03-02T00:00:00.000Z"}
    return {"did": did(n), "time_us": at, "kind": "account", "account": {**inner, **({"status": status} if status else {})}}  # fmt: skip


def _commit(who, at, operation, rkey, record=None):
    commit = {"rev": "made", "operation": operation, "collection": "app.bsky.feed.post", "rkey": rkey}  # fmt: skip
    if record:
        commit |= {"record": record, "cid": "made"}
    return {"did": who, "time_us": at, "kind": "commit", "commit": commit}


class Jetstream:
    """Sends `events` from the cursor on; `forgets` those before a position; `cuts` connections
    after so many events each; waits for more at the end."""

    def __init__(self, events=()):
        self.events, self.cuts, self.forgets, self.asked = list(events), [], 0, []
        self.over = False
        self.server = serve(self._send, "127.0.0.1", 0)
        self.port = self.server.socket.getsockname()[1]
        self.url = f"ws://127.0.0.1:{self.port}/subscribe"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def _send(self, socket):
        query = parse_qs(urlsplit(socket.request.path).query)
        self.asked.append(query)
        cursor = int(query.get("cursor", ["0"])[0])
        left = self.cuts.pop(0) if self.cuts else None
        sent = 0
        try:
            while not self.over:
                if sent < len(self.events):
                    event = self.events[sent]
                    sent += 1
                    if event["time_us"] < max(cursor, self.forgets):
                        continue
                    socket.send(json.dumps(event))
                    left = None if left is None else left - 1
                    if left == 0:
                        return
                else:
                    with suppress(TimeoutError):
                        socket.recv(timeout=0.02)
        except ConnectionClosed:
            return

    def close(self):
        self.over = True
        self.server.shutdown()
