"""Servers on loopback that replay the documented shapes of networks: made by us, nobody in them
exists. `faults` are answered first, once each: (path part, what)."""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

LABELER = "did:plc:labeler0000000000000000"


class Server:
    """A server that answers GET by `answer(path, query)`: (status, document, headers)."""

    def __init__(self):
        self.faults, self.asked, self.lock = [], [], threading.Lock()
        self.robots = ""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Else an answer waits 40 ms for the acknowledgement of its headers.
            disable_nagle_algorithm = True

            def log_message(self, *_):
                pass

            def do_GET(self):
                parts = urlsplit(self.path)
                if parts.path == "/robots.txt":
                    status, headers = (302, {"Location": outer.robots}) if "://" in outer.robots else (200, {})  # fmt: skip
                    Server.send(outer, self, None, (status, outer.robots.encode(), headers))
                    return
                query = parse_qs(parts.query)
                with outer.lock:
                    outer.asked.append((parts.path, query, dict(self.headers)))
                    fault = outer._fault(self.path)
                    answered = outer.answer(parts.path, query) if fault != "hang" else None
                outer.send(self, fault, answered)

            def do_POST(self):
                length = int(self.headers.get("Content-Length") or 0)
                document = json.loads(self.rfile.read(length) or b"{}")
                outer.send(self, None, outer.post(urlsplit(self.path).path, document))

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.http.handle_error = lambda *_: None
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    def _fault(self, path):
        for i, (part, what) in enumerate(self.faults):
            if part in path:
                del self.faults[i]
                return what
        return None

    def send(self, handler, fault, answered):
        status, document, headers = answered
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        if isinstance(fault, int):
            status, headers = fault, {}
            body = json.dumps({"error": "InternalServerError", "message": "made"}).encode()
        elif isinstance(fault, tuple):
            status, headers, body = fault[0], fault[1], b'{"error":"RateLimitExceeded"}'
        handler.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            handler.send_header(name, value)
        if fault == "cut body":
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body[: len(body) // 2])
            handler.close_connection = True
            return
        if fault == "cut json":
            body = body[: len(body) // 2]
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def post(self, path, document):
        return 404, {"error": "NotFound"}, {}

    def close(self):
        self.http.shutdown()
        self.http.server_close()


def did(n):
    return f"did:plc:{n:024d}"


class Bluesky(Server):
    """An AppView with `people` accounts; each wrote `posts` posts, every second with #WalkAway."""

    def __init__(self, people=30, posts=6, page=100):
        super().__init__()
        self.page, self.gone, self.labels, self.backwards = page, {}, {}, 0
        self.most, self.refuses, self.heedless = 10**9, False, False
        self.people = {did(n): self._person(n) for n in range(people)}
        self.posts = [self._post(n, k) for k in range(posts) for n in range(people)]
        self.posts.sort(key=lambda p: p["record"]["createdAt"], reverse=True)

    def _person(self, n):
        return {
            "did": did(n),
            "handle": f"made{n}.test",
            "displayName": f"Made {n}",
            "description": "nobody: made for a test",
            "avatar": f"{self.url}/avatar/{n}.png",
            "followersCount": 10 * n,
            "followsCount": n,
            "postsCount": 100 + n,
            "createdAt": "2024-01-01T00:00:00.000Z",
            "indexedAt": "2024-01-01T00:00:00.000Z",
        }

    def _post(self, n, k):
        tagged = k % 2 == 0
        at = f"2026-03-{1 + k:02d}T{n % 24:02d}:{n // 24:02d}:00.000Z"
        text = f"made post {k} of {n}" + (" #WalkAway" if tagged else "")
        facets = [{"index": {"byteStart": 0, "byteEnd": 1},
                   "features": [{"$type": "app.bsky.richtext.facet#tag", "tag": "WalkAway"}]}]  # fmt: skip
        return {
            "uri": f"at://{did(n)}/app.bsky.feed.post/{k:013d}",
            "cid": f"cid{n}-{k}",
            "author": self._basic(n),
            "record": {"$type": "app.bsky.feed.post", "text": text, "createdAt": at,
                       "langs": ["en"], **({"facets": facets} if tagged else {})},
            "likeCount": n, "repostCount": k, "replyCount": 0, "quoteCount": 0, "indexedAt": at,
        }  # fmt: skip

    def _basic(self, n):
        person = self._person(n)
        return {k: person[k] for k in ("did", "handle", "displayName", "avatar", "createdAt")}

    def _labelled(self, person):
        return {**person, "labels": self.labels.get(person["did"], [])}

    def _find(self, actor):
        return next((p for p in self.people.values() if actor in (p["did"], p["handle"])), None)

    def answer(self, path, query):
        name = re.sub("[A-Z]", lambda m: "_" + m[0].lower(), path.rpartition(".")[2])
        method = getattr(self, name, None)
        if not path.startswith("/xrpc/") or method is None:
            return 501, {"error": "MethodNotImplemented", "message": "made"}, {}
        if int(query.get("limit", ["50"])[0]) > 100:
            return 400, {"error": "InvalidRequest", "message": "limit over 100"}, {}
        status, document = method(query)
        return status, document, {"atproto-content-labelers": f"{LABELER};redact"}

    def _listed(self, items, member, query):
        cursor = query.get("cursor", ["0"])[0]
        if not cursor.isdigit():
            return 500, {"error": "InternalServerError", "message": "bad cursor"}
        start, size = int(cursor), min(int(query.get("limit", ["50"])[0]), self.page)
        chunk = items[start : start + size]
        after = start + size
        if self.backwards and start:
            self.backwards -= 1
            after = max(start - size, size)
        more = {"cursor": str(after)} if chunk else {}
        return 200, {member: chunk, **more}

    def search_posts(self, query):
        tag, since = query["tag"][0], query.get("since", [""])[0]
        until = query.get("until", ["9"])[0]
        if self.heedless:
            since, until = "", "9"
        found = [
            {**p, "author": self._labelled(p["author"])}
            for p in self.posts
            if f"#{tag}" in p["record"]["text"] and since <= p["record"]["createdAt"] < until
            and p["author"]["did"] not in self.gone
        ]  # fmt: skip
        if int(query.get("cursor", ["0"])[0]) >= self.most:
            if self.refuses:
                return 400, {"error": "InvalidRequest", "message": "cursor too large"}
            return 200, {"posts": []}
        return self._listed(found, "posts", query)

    def get_profiles(self, query):
        if len(query["actors"]) > 25:
            return 400, {"error": "InvalidRequest", "message": "too many actors"}
        found = (self._find(a) for a in query["actors"])
        there = [self._labelled(p) for p in found if p and p["did"] not in self.gone]
        return 200, {"profiles": there}

    def get_profile(self, query):
        person = self._find(query["actor"][0])
        if person is None:
            return 400, {"error": "InvalidRequest", "message": "Profile not found"}
        if person["did"] in self.gone:
            return 400, self.gone[person["did"]]
        return 200, self._labelled(person)

    def get_author_feed(self, query):
        person = self._find(query["actor"][0])
        if person is None or person["did"] in self.gone:
            return 400, self.gone.get(person and person["did"], {"error": "InvalidRequest", "message": "Profile not found"})  # fmt: skip
        own = [{"post": p} for p in self.posts if p["author"]["did"] == person["did"]]
        return self._listed(own, "feed", query)


TAKEN_DOWN = {"error": "AccountTakedown", "message": "Account has been suspended"}
DEACTIVATED = {"error": "AccountDeactivated", "message": "Account is deactivated"}
NOT_FOUND = {"error": "InvalidRequest", "message": "Profile not found"}


def label(account, value, src=LABELER, cts="2026-01-01T00:00:00.000Z", **more):
    return {"src": src, "uri": account, "val": value, "cts": cts, **more}
