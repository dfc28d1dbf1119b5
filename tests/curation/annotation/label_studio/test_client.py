"""The client against a small server on loopback that answers as Label Studio does."""

import base64
import json
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from botbench.core.errors import ResourceFailure, UserError
from curation.annotation.label_studio import client as client_module
from curation.annotation.label_studio.client import Client, server_name
from curation.annotation.label_studio.project_marks import read_mark, write_mark


def token(**claims):
    """A JSON Web Token that runs out in 2100, as Label Studio makes them."""
    parts = ({"alg": "HS256", "typ": "JWT"}, {"exp": 4102444800, **claims}, "signature")
    return ".".join(
        base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts
    )


PERSONAL = token(token_type="refresh")
MARK = {"batch": "b1", "part": "copy 1", "scheme": "1+x", "mark": "m1"}


class Answers(BaseHTTPRequestHandler):
    """A short-lived token is good for three requests, as if its five minutes were over then."""

    renewed, used, imports, status, posted = 0, 0, 0, 200, None

    def do_GET(self):
        cls = type(self)
        path, _, query = self.path.partition("?")
        path = path.rstrip("/")  # Label Studio answers with and without the slash
        if self.headers["Authorization"] == "Token good":
            known = True
        else:
            cls.used += 1
            known = (
                self.headers["Authorization"] == f"Bearer {token(number=cls.renewed)}"
                and cls.used <= 3
            )
        if not known:
            return self._send(401, {"detail": "Authentication credentials were not provided."})
        if cls.status != 200:
            return self._send(cls.status, {"detail": "broken"})
        if path.startswith("/studio"):
            return self._send(404, {"detail": "not found"})
        if path == "/api/projects":
            page = int(dict(p.split("=") for p in query.split("&"))["page"])
            rows = [
                {
                    "id": 100 * page + n,
                    "description": write_mark(MARK) if n % 2 else "somebody else's",
                }
                for n in range(100)
            ]
            return (
                self._send(200, {"count": 200, "results": rows})
                if page <= 2
                else self._send(404, {})
            )
        return self._send(200, {})

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.endswith("/import"):
            type(self).imports += 1
            return self._send(500, {"detail": "locked"})
        type(self).renewed, type(self).posted = self.renewed + 1, self.path
        type(self).used = 0
        return self._send(200, {"access": token(number=self.renewed)})

    def _send(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Set-Cookie", "sessionid=secret")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def url():
    handler = type("Fresh", (Answers,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.handler = handler
    # It looks every so many seconds whether it is to end.
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://localhost:{server.server_port}", handler
    server.shutdown()
    server.server_close()
    thread.join()


def test_every_page_is_read_and_only_our_projects_are_kept(url):
    with Client(url[0], "good") as client:
        found = client.projects()
    assert [p["id"] for p in found] == [*range(101, 200, 2), *range(201, 300, 2)]
    assert all(p["botbench"] == MARK for p in found)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can be asked to acknowledge")
def test_a_body_that_waits_for_its_heads_acknowledgement_comes_at_once(url, monkeypatch):
    """Label Studio's server sends both by themselves, with Nagle's algorithm."""
    handler = url[1]
    monkeypatch.setattr(handler, "protocol_version", "HTTP/1.1")
    monkeypatch.setattr(handler, "disable_nagle_algorithm", False)
    took = []
    with Client(url[0], "good") as client:
        for _ in range(40):
            begun = time.monotonic()
            client.http.get(f"{url[0]}/api/x", headers={"Authorization": "Token good"})
            took.append(time.monotonic() - begun)
    # On a connection that has stayed open for a while, each took 40 ms or more.
    assert min(took[20:]) < 0.03


def test_a_personal_token_is_renewed_when_it_runs_out(url):
    with Client(url[0], PERSONAL) as client:
        assert len(client.projects()) == 100  # two requests
        assert (
            len(client.projects()) == 100
        )  # the token is over: renewed once, and the request repeated
    assert url[1].renewed == 2


def test_what_goes_wrong_is_told_in_a_sentence(url):
    with pytest.raises(UserError, match="refuses the token \\(HTTP 401\\)"):
        Client(url[0], "bad").projects()
    with pytest.raises(UserError, match=r"no Label Studio token.* `botbench annotate serve BATCH`"):
        Client(url[0], " ")
    with Client(url[0], "good") as client:
        url[1].status = 500
        with pytest.raises(
            ResourceFailure, match=r"answered GET api/users with HTTP 500: '.*broken"
        ):
            client.emails()
    with pytest.raises(ResourceFailure, match="cannot be reached"):
        Client("http://127.0.0.1:9", "good").projects()


def test_an_import_is_sent_once_and_its_error_tells_no_header(url):
    """The server does not dedupe: a request repeated after an error could make its tasks twice."""
    with Client(url[0], "good") as client, pytest.raises(UserError) as error:
        client.import_tasks(1, [{"data": {}}])
    assert url[1].imports == 1
    assert "answered POST api/projects/1/import with HTTP 500" in str(error.value)
    assert "locked" in str(error.value) and "secret" not in str(error.value)


def test_a_server_that_is_too_slow_is_told_apart_from_one_that_is_away(monkeypatch):
    monkeypatch.setattr(client_module, "READ_TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(UserError, match="did not answer in time; what was sent may still be"):
            Client(f"http://127.0.0.1:{port}", "good").projects()


def test_a_server_below_a_path_of_its_host(url):
    """The token is renewed below the path too; the sentence names the request without the path."""
    with Client(f"{url[0]}/studio", PERSONAL) as client:
        with pytest.raises(UserError, match=r"answered GET api/users with HTTP 404: '.*not found"):
            client.emails()
        assert (url[1].renewed, url[1].posted) == (1, "/studio/api/token/refresh/")


def test_a_personal_token_that_ran_out_is_told_without_a_request(url):
    with pytest.raises(UserError, match="refuses the token \\(HTTP 401\\)"):
        Client(url[0], token(exp=1)).projects()
    assert url[1].renewed == 0


@pytest.mark.parametrize("url", ["", "127.0.0.1:8080", "ftp://127.0.0.1", "http://"])
def test_what_is_no_url(url):
    with pytest.raises(UserError, match="is no URL"):
        server_name(url)


def test_a_mark_survives_what_people_write_around_it():
    assert read_mark("Please hurry!\n" + write_mark(MARK) + "\nthanks") == MARK
    for other in (
        None,
        "",
        "a project",
        write_mark({}),
        write_mark(MARK)[:-5],
        write_mark(MARK).replace('"batch"', '"bitch"'),
    ):
        assert read_mark(other) is None
