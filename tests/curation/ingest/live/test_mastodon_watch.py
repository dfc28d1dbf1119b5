"""Watching Mastodon's stream: server-sent events of a server on loopback, cut and gone on with."""

import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from botbench.core.errors import UserError
from curation.ingest.live import erase_queue, watching
from curation.ingest.live.campaign import Campaign
from curation.ingest.live.networks import NETWORKS


def status(number, text="made by nobody"):
    account = {"id": "71", "acct": "made", "display_name": "Made", "note": "", "bot": True,
               "created_at": "2023-01-01T00:00:00.000Z", "followers_count": 1,
               "following_count": 1, "statuses_count": 9}  # fmt: skip
    return {"id": str(number), "created_at": "2026-03-01T00:00:00.000Z", "content": f"<p>{text}</p>",
            "account": account, "reblog": None, "tags": [{"name": "cats"}], "mentions": [],
            "in_reply_to_id": None}  # fmt: skip


def event(kind, data):
    return f"event: {kind}\ndata: {data}\n\n"


@pytest.fixture
def streaming():
    """`connections` are what each connection sends before it is cut; then it only beats."""
    asked, connections = [], []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            asked.append((self.path, self.headers.get("Authorization")))
            if not connections:
                self.send_response(401)
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            self.wfile.write(connections.pop(0).encode())
            self.wfile.flush()
            try:
                while not connections and not over:
                    self.wfile.write(b":thump\n")
                    self.wfile.flush()
                    time.sleep(0.02)
            except OSError:
                return

    over = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    server.url, server.asked, server.connections = f"http://127.0.0.1:{server.server_port}", asked, connections  # fmt: skip
    yield server
    over.append(True)
    server.shutdown()
    server.server_close()


def watch(store, server, events):
    campaign = Campaign(network="mastodon", name="cats", server=server.url, hashtags=("cats",))
    deadline = time.monotonic() + 60

    def tell(said):
        assert time.monotonic() < deadline
        if int(said.split()[0].replace(",", "")) >= events:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), watching.watched(
        store, NETWORKS.own()["mastodon"], campaign, seconds=None, tell=tell
    ) as found:  # fmt: skip
        pass
    return found


def test_statuses_deletions_and_gaps(store, streaming, monkeypatch):
    """A connection is cut after three events and made again: what was between is a gap."""
    monkeypatch.setattr(watching, "PAUSE", 0.01)
    first = event("update", json.dumps(status(1))) + event("update", json.dumps(status(2)))
    odd = event("update", "{cut off") + event("filters_changed", "x") + ":thump\n"
    streaming.connections += [
        first + odd,
        event("update", json.dumps(status(3))) + event("delete", "1"),
    ]
    found = watch(store, streaming, 5)
    assert streaming.asked[0] == ("/api/v1/streaming/hashtag?tag=cats", None)
    posts = "SELECT post_id, account_id, hashtags FROM lake.main.posts ORDER BY 1"
    assert store.connection.execute(posts).fetchall() == [(n, "71", ["cats"]) for n in "123"]
    assert [g["why"] for g in found.gaps] == ["not connected, and this stream cannot go back"]
    assert erase_queue.waiting(store.home) == [erase_queue.Request("mastodon", "cats", "71", "1")]
    assert found.total().tables["posts"]["quarantined"] == 1
    claims = "SELECT claimant, answer FROM lake.main.claims"
    assert store.connection.execute(claims).fetchall() == [("the account itself", "bot")]


def test_a_stream_that_wants_a_login_is_a_sentence(store, streaming, monkeypatch):
    monkeypatch.delenv("MASTODON_ACCESS_TOKEN", raising=False)
    campaign = Campaign(network="mastodon", name="cats", server=streaming.url)
    with pytest.raises(UserError, match="Set MASTODON_ACCESS_TOKEN"), watching.watched(
        store, NETWORKS.own()["mastodon"], campaign, seconds=20, tell=lambda _: None
    ):  # fmt: skip
        pass
