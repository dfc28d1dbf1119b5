"""Servers that are broken or hostile, on loopback: each ends with a sentence, within limits."""

import gzip
import json
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from botbench.core.errors import ResourceFailure, UserError
from curation.ingest.live.campaign import Campaign
from curation.ingest.live.http import answers
from curation.ingest.live.http import client as clients

from . import fediverse, servers

PAGE = "/xrpc/app.bsky.feed.searchPosts"


@pytest.fixture
def bluesky():
    server = servers.Bluesky(people=3, posts=4)
    yield server
    server.close()


@pytest.fixture
def mastodon():
    server = fediverse.Mastodon(people=3, posts=4)
    yield server
    server.close()


def asked(server, network="bluesky", name="odd", **more):
    options = {"hashtags": ("WalkAway",) if network == "bluesky" else ("caturday",), **more}
    return Campaign(network=network, name=name, server=server.url, **options)


def answering(server, status, body, headers):
    server.answer = lambda path, query: (status, body, headers)


def raw(server, write):
    """Let the server write the bytes of its answers itself."""
    server.send = lambda handler, fault, answered: write(handler)


def test_a_web_page_instead_of_json_is_a_sentence(bluesky, asking):
    page = b"<!doctype html><title>Just a moment...</title>checking your browser"
    answering(bluesky, 200, page, {"Content-Type": "text/html; charset=utf-8"})
    with pytest.raises(ResourceFailure, match=r"a web page, 'Just a moment...', and no JSON"):
        asking(asked(bluesky))
    assert len(bluesky.asked) == 1, "asked again, it would be the same"


def test_an_endless_answer_is_left_at_the_limit(bluesky, asking, monkeypatch):
    monkeypatch.setattr(answers, "LARGEST", 1 << 20)
    written = [0]

    def write(handler):
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.end_headers()
        try:
            for _ in range(1 << 12):
                handler.wfile.write(b" " * (1 << 16))
                written[0] += 1 << 16
        except OSError:
            pass
        handler.close_connection = True

    raw(bluesky, write)
    with pytest.raises(ResourceFailure, match=r"is over 1,048,576 bytes.*Check --server"):
        asking(asked(bluesky))
    assert written[0] < 64 << 20, "the rest is not read"


@pytest.mark.parametrize(
    ("packings", "said"), [(1, "is over 1,048,576 bytes"), (2, "is packed more than once")]
)
def test_a_packed_bomb_is_not_unpacked(bluesky, asking, monkeypatch, packings, said):
    """100 MB of blanks are 100 kB as gzip."""
    monkeypatch.setattr(answers, "LARGEST", 1 << 20)
    body = b" " * (100 << 20)
    for _ in range(packings):
        body = gzip.compress(body, 1)
    headers = {"Content-Encoding": ", ".join(["gzip"] * packings)}
    answering(bluesky, 200, body, headers)
    with pytest.raises(ResourceFailure, match=said):
        asking(asked(bluesky))


def test_a_wait_of_a_day_is_told_with_when_to_come_back(bluesky, asking):
    bluesky.faults = [("searchPosts", (429, {"Retry-After": "86400"}))]
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%d")
    with pytest.raises(ResourceFailure, match=f"24.0 hours.*again after {tomorrow}") as told:
        asking(asked(bluesky))
    assert told.value.exit_code == 3
    assert len(asking(asked(bluesky)).items("posts", "uri")) == 6, "and it goes on"


def test_no_request_left_until_tomorrow_is_told_before_the_next_one(bluesky, asking):
    bluesky.page = 3
    right, reset = bluesky.answer, str(int(time.time()) + 86_400)

    def answer(path, query):
        status, document, headers = right(path, query)
        limits = {"RateLimit-Remaining": "0", "RateLimit-Reset": reset}
        return status, document, {**headers, **limits}

    bluesky.answer = answer
    with pytest.raises(ResourceFailure, match=r"asks to wait 24\.0 hours"):
        asking(asked(bluesky))
    assert len(bluesky.asked) == 1


@pytest.mark.parametrize("wait", ["nan", "inf", "-5", "soon", "", "1e400", "99999-01-01"])
def test_a_wait_that_is_no_time_is_not_waited_for(bluesky, asking, wait, monkeypatch):
    monkeypatch.setattr(clients, "PAUSE", 0.0)
    bluesky.faults = [("searchPosts", (429, {"Retry-After": wait, "RateLimit-Reset": wait}))]
    assert asking(asked(bluesky, timelines=0)).gaps == []


@pytest.mark.parametrize("brings", ["the same", "nothing"])
def test_ever_new_cursors_that_bring_nothing_new_end(bluesky, asking, brings):
    """The first page is kept; three further ones in a row bring nothing new."""
    count = iter(range(10**6))
    first = bluesky.search_posts({"tag": ["WalkAway"], "limit": ["4"]})[1]["posts"]

    def search(query):
        number = next(count)
        posts = first if brings == "the same" or number == 0 else []
        return 200, {"posts": posts, "cursor": f"c{number}"}

    bluesky.search_posts = search
    found = asking(asked(bluesky))
    assert len([p for p, _, _ in bluesky.asked if p == PAGE]) == 4
    said = ["search #WalkAway, after 12 items: 3 pages in a row brought nothing new"]
    assert found.why == (said if brings == "the same" else [])
    assert set(found.items("posts", "uri")) == {p["uri"] for p in first}


def test_an_empty_page_in_the_middle_is_not_the_end(bluesky, asking):
    """A page whose posts are all of accounts that were taken down has none, and a cursor."""
    right = bluesky.search_posts

    def search(query):
        status, page = right(query)
        return status, {**page, "posts": [] if query.get("cursor") == ["2"] else page["posts"]}

    bluesky.page, bluesky.search_posts = 2, search
    assert len(asking(asked(bluesky)).items("posts", "uri")) == 4


@pytest.mark.parametrize("part", ["the head", "the body"])
def test_an_answer_that_drips_is_given_up(bluesky, asking, monkeypatch, part):
    """A byte now and then is within every limit between two bytes."""
    monkeypatch.setattr(clients, "SLOWEST", 0.3)
    monkeypatch.setattr(clients, "TRIES", 2)
    over = threading.Event()

    def write(handler):
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n"
        handler.wfile.write(head + (b"\r\n" if part == "the body" else b"X-Drip: "))
        try:
            while not over.wait(0.05):
                handler.wfile.write(b" ")
        except OSError:
            pass

    raw(bluesky, write)
    begun = time.monotonic()
    try:
        with pytest.raises(ResourceFailure, match=r"cannot be reached \(no answer in time\)"):
            asking(asked(bluesky))
    finally:
        over.set()
    assert time.monotonic() - begun < 60


def test_texts_that_no_store_can_hold_cost_a_character(bluesky, asking, staged):
    """NUL, half an emoji, NaN, and bytes that are no UTF-8: the page and its other posts stay."""
    posts = bluesky.search_posts({"tag": ["WalkAway"], "limit": ["4"]})[1]["posts"]
    posts[0]["record"]["text"], posts[1]["record"]["text"] = "a\0b #WalkAway", "half \ud83d x"
    posts[2]["likeCount"] = float("nan")
    body = json.dumps({"posts": posts}).encode()
    assert b"\\u0000" in body and b"\\ud83d" in body and b"NaN" in body
    answering(bluesky, 200, body, {})
    found = asking(asked(bluesky))
    texts = [r["text"] for r in found.items("posts", "record")]
    assert texts[:2] == ["ab #WalkAway", "half \ufffd x"]
    assert found.pages[0]["posts"][2]["likeCount"] is None
    lines = [{**p, "__live": {**p["__live"], "at": "2026-03-09T00:00:00Z"}} for p in found.pages]
    made = staged({"a.jsonl": "\n".join(map(json.dumps, lines)).encode()}, format="bluesky-live")
    assert made.aside == [] and made.counts["posts"] == 4


@pytest.mark.parametrize(
    ("kind", "encoded", "text"),
    [
        ("application/json; charset=iso-8859-1", "caf\u00e9".encode("latin-1"), "caf\u00e9"),
        ("application/json; charset=nonsense", "caf\u00e9".encode("latin-1"), "caf\ufffd"),
        ("application/json", "caf\u00e9".encode("latin-1"), "caf\ufffd"),
        ("application/json", "caf\u00e9".encode(), "caf\u00e9"),
    ],
)
def test_a_wrong_charset_costs_a_character(mastodon, asking, kind, encoded, text):
    status = json.dumps(mastodon._shown(mastodon.statuses[0])).encode()
    body = b"[" + status.replace(b"<p>made", b"<p>" + encoded) + b"]"
    pages = iter([body])

    def answer(path, query):
        listed = "/tag/" in path
        return 200, next(pages, b"[]") if listed else {}, {"Content-Type": kind} if listed else {}

    mastodon.answer = answer
    found = asking(asked(mastodon, "mastodon", timelines=0))
    assert text in found.items("statuses", "content")[0]


def test_a_token_that_a_server_repeats_is_nowhere(mastodon, asking, monkeypatch, tmp_path):
    monkeypatch.setenv("MASTODON_ACCESS_TOKEN", "made-token-of-nobody")
    said = {"error": "no", "error_description": "you said Bearer made-token-of-nobody"}
    right = mastodon.answer
    mastodon.answer = lambda path, query: (
        (418, said, {}) if path.endswith("/statuses") else right(path, query)
    )
    found = asking(asked(mastodon, "mastodon", timelines=4))
    assert found.why[0].startswith("timeline: 418 no: you said")
    assert not any(b"made-token" in p.read_bytes() for p in tmp_path.iterdir())


def test_the_largest_answer_is_a_line_that_can_be_read():
    """JSON writes a character of two bytes in six; a page is one line of the file that is pulled."""
    from curation.ingest.reading.json import LINE

    assert answers.LARGEST * 3 < LINE


def test_an_account_that_may_not_be_read_is_a_gap_and_not_the_end(mastodon, asking):
    right = mastodon.answer
    mastodon.answer = lambda path, query: (
        (403, {"error": "This action is not allowed"}, {})
        if path == "/api/v1/accounts/10000001/statuses"
        else right(path, query)
    )
    found = asking(asked(mastodon, "mastodon", timelines=4))
    assert found.why == ["timeline: 403 This action is not allowed"]
    assert "10000002" in {author["id"] for author in found.items("statuses", "account")}


def test_a_server_that_names_botbench_in_its_robots_file_is_left_alone(bluesky, asking):
    bluesky.robots = "User-agent: *\nDisallow: /\n"
    assert asking(asked(bluesky, name="everybody")).gaps == [], "the interface is no page"
    bluesky.robots = "User-agent: botbench\nDisallow: /xrpc/\n"
    before = len(bluesky.asked)
    with pytest.raises(UserError, match=r"robots\.txt to stay away from /xrpc/app\.bsky\.feed\.se"):
        asking(asked(bluesky))
    assert len(bluesky.asked) == before


def test_a_robots_file_elsewhere_is_not_asked_for(bluesky, mastodon, asking):
    bluesky.robots = f"{mastodon.url}/api/v1/elsewhere"
    assert asking(asked(bluesky, timelines=0)).gaps == [] and mastodon.asked == []


def test_a_redirect_to_a_private_address_is_not_followed(bluesky, asking):
    bluesky.faults = [("searchPosts", (302, {"Location": "http://169.254.169.254/latest"}))]
    with pytest.raises(UserError, match=r"sends on to http://169\.254\.169\.254"):
        asking(asked(bluesky))
