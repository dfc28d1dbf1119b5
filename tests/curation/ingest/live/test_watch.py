"""Watching: a Jetstream on loopback, kills, gaps, deletions, and the queue of erase requests."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from botbench.core.errors import ResourceFailure
from botbench.terminal import signals
from curation.ingest.live import erase_queue, watching
from curation.ingest.live.campaign import Campaign
from curation.ingest.live.networks import NETWORKS
from curation.ingest.live.segments import OPEN, Segments
from curation.ingest.live.streams import jetstream as streams_jetstream
from curation.ingest.live.streams.jetstream import Jetstream as Stream
from curation.maintenance.queued_erasures import work_off

from . import jets
from .servers import did

T = 1_780_000_000_000_000


@pytest.fixture
def jetstream(monkeypatch):
    monkeypatch.setattr(watching, "PAUSE", 0.01)
    server = jets.Jetstream()
    yield server
    server.close()


def asked(server, name="live", **more):
    return Campaign(network="bluesky", name=name, server=server.url, **more)


class Enough(Exception):
    pass


def watch(store, campaign, position, segment=30.0):
    """Watch until the event at a position has come."""

    def tell(_):
        state = json.loads(
            (store.home / "live" / f"{campaign.name}.watch" / "state.json").read_text()
        )
        if (state["position"] or 0) >= position:
            raise KeyboardInterrupt
        assert time.monotonic() < deadline

    deadline = time.monotonic() + 60
    with pytest.raises(KeyboardInterrupt), watching.watched(
        store, NETWORKS.own()["bluesky"], campaign, seconds=None, tell=tell, segment=segment
    ) as found:  # fmt: skip
        pass
    return found


def rows(store, query):
    return store.connection.execute(query).fetchall()


def test_a_stream_that_breaks_goes_on_and_loses_nothing(store, jetstream):
    """The connection is cut after 7, 0 and 20 events; the event at the cursor comes twice."""
    jetstream.events = [jets.post(n, T + n) for n in range(60)]
    jetstream.cuts = [7, 1, 20]
    found = watch(store, asked(jetstream), T + 59)
    assert rows(store, "SELECT count(*), count(DISTINCT post_id) FROM lake.main.posts") == [
        (60, 60)
    ]
    assert found.gaps == [] and found.connections == 4
    assert [q.get("cursor") for q in jetstream.asked][:2] == [None, [str(T + 6 - 1)]]
    for line in found.total().tables.values():
        assert line["read"] == line["kept"] + line["duplicate"] + line["quarantined"]


def test_a_stream_that_is_never_reached_fails_when_the_time_is_over(store, monkeypatch):
    """The first tries would take longer than the watch."""
    monkeypatch.setattr(watching, "PAUSE", 0.1)
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        campaign = Campaign(
            network="bluesky", name="live", server=f"ws://127.0.0.1:{one.getsockname()[1]}"
        )
        told = []
        with pytest.raises(ResourceFailure) as failed, watching.watched(
            store, NETWORKS.own()["bluesky"], campaign, seconds=0.5, tell=told.append
        ):  # fmt: skip
            pass
    assert str(failed.value).startswith("The stream cannot be reached (")
    assert "refused" in str(failed.value)
    assert told[-1].startswith("0 events, 0 kept, 0 pulls; not connected: ")


def test_a_quiet_stream_is_one_connection(store, jetstream, monkeypatch):
    monkeypatch.setattr(streams_jetstream, "QUIET", 0.01)
    with watching.watched(
        store, NETWORKS.own()["bluesky"], asked(jetstream), seconds=1.0, tell=str
    ) as found:
        pass
    assert (found.connections, len(jetstream.asked), found.events) == (1, 1, 0)


def test_what_the_server_no_longer_has_is_a_gap(store, jetstream):
    jetstream.events = [jets.post(n, T + n * 10**6) for n in range(10)]
    watch(store, asked(jetstream), T + 9 * 10**6)
    jetstream.events += [jets.post(n, T + n * 10**6) for n in range(20, 30)]
    jetstream.forgets = T + 15 * 10**6
    found = watch(store, asked(jetstream), T + 29 * 10**6)
    assert [(g["from"][11:19], g["to"][11:19]) for g in found.gaps] == [("20:26:49", "20:27:00")]


def test_only_the_campaign_and_what_its_accounts_do(store, jetstream):
    jetstream.events = [
        jets.post(1, T + 1, tag="WalkAway", author=1),
        jets.post(2, T + 2, tag="other", author=2),
        jets.post(3, T + 3, tag="walkaway", author=3),
        jets.post(4, T + 4, tag=None, author=1),
        jets.account(2, T + 5, active=False, status="takendown"),
        jets.account(3, T + 6, active=False, status="takendown"),
    ]
    watch(store, asked(jetstream, hashtags=("WalkAway",)), T + 6)
    assert rows(store, "SELECT account_id, text FROM lake.main.posts ORDER BY 1") == [
        (did(1), "made event 1 with a text of some length, as posts have"),
        (did(3), "made event 3 with a text of some length, as posts have"),
    ]  # fmt: skip
    assert rows(store, "SELECT account_id, status FROM lake.main.accounts WHERE status IS NOT NULL") == [(did(3), "suspended")]  # fmt: skip


def test_deletions_become_erase_requests_that_are_worked_off(store, jetstream):
    secret = "a text that nobody else in the world would write like this"
    jetstream.events = [jets.post(n, T + n, author=n) for n in range(6)]
    jetstream.events += [jets.post(9, T + 9, author=1, text=secret)]
    watch(store, asked(jetstream), T + 9)
    jetstream.events += [
        jets.delete(9, T + 10, author=1),
        jets.account(4, T + 11, active=False, status="deleted"),
        jets.delete(777, T + 12, author=40),
        jets.post(11, T + 13, author=5),
        jets.delete(11, T + 14, author=5),
    ]
    found = watch(store, asked(jetstream), T + 14)
    # The last post was deleted before it was stored; the one of 40 was never there.
    assert found.erase_requests == 2
    uri = f"at://{did(1)}/app.bsky.feed.post/{9:013d}"
    assert set(erase_queue.waiting(store.home)) == {
        erase_queue.Request("bluesky", "live", did(4)),
        erase_queue.Request("bluesky", "live", did(1), uri),
    }
    done = work_off(store, None, lambda *_: None)
    assert (done.accounts, done.posts, done.left, done.waiting) == (1, 1, 0, 0)
    assert rows(store, "SELECT count(*) FROM lake.main.posts") == [(5,)]
    assert rows(store, f"SELECT account_id FROM lake.main.accounts WHERE account_id IN ('{did(1)}', '{did(4)}')") == [(did(1),)]  # fmt: skip
    found = [p for p in store.home.rglob("*") if p.is_file() and secret.encode() in p.read_bytes()]
    assert found == []


def test_a_cut_last_line_is_left_out_and_comes_again(tmp_path):
    segments = Segments(tmp_path / "a.watch")
    lines = [json.dumps(jets.post(n, T + n)).encode() for n in range(3)]
    (tmp_path / "a.watch" / f"1{OPEN}").write_bytes(b"\n".join(lines[:2]) + b"\n" + lines[2][:40])
    (tmp_path / "a.watch" / f"2{OPEN}").write_bytes(lines[2][:40])
    segments = Segments(tmp_path / "a.watch")
    (path,) = segments.ready()
    assert path.read_bytes() == b"\n".join(lines[:2]) + b"\n"


def test_hashtags_are_compared_folded_and_odd_events_are_kept():
    stream = Stream(Campaign(network="bluesky", name="a", server="ws://127.0.0.1:1", hashtags=("STRASSE",)))  # fmt: skip
    event = jets.post(1, T, tag="Straße")
    assert stream.keeps(json.dumps(event).encode())
    assert not stream.keeps(json.dumps(jets.post(1, T, tag="Gasse")).encode())
    event["commit"]["record"]["facets"] = "odd #tag"
    assert not stream.keeps(json.dumps(event).encode())
    assert stream.keeps(b'{"app.bsky.feed.post" "record" "#tag" cut')
    assert stream.server == "ws://127.0.0.1:1/subscribe"


def _watching(cli, arguments, last):
    """A process that watches, once the event at the position `last` is on disk."""
    process = subprocess.Popen(
        [sys.executable, "-m", "botbench.commands.main", *arguments],
        env={**os.environ, "BOTBENCH_STORE": str(cli.cwd / "store")},
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    name = arguments[arguments.index("--as") + 1]
    state = cli.cwd / "store" / "live" / f"{name}.watch" / "state.json"
    deadline = time.monotonic() + 120
    while not state.exists() or (json.loads(state.read_text())["position"] or 0) < last:
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    return process


def test_after_an_interrupt_what_came_is_stored(cli, jetstream):
    """The interrupt is raised again and again until it rests; storing takes longer than that."""
    jetstream.events = [jets.post(n, T + n) for n in range(3_000)]
    arguments = ["pull", "bluesky", "--watch", "--as", "ended", "--server", jetstream.url]
    process = _watching(cli, arguments, T + 2_999)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=120)[1]
    assert process.returncode == 130
    assert "3,000 events, 3,000 of them kept, in 1 pull." in said
    assert [p.name for p in (cli.cwd / "store" / "live" / "ended.watch").iterdir()] == ["state.json"]  # fmt: skip


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_interrupt_while_storing_stores_it_again(store, jetstream, monkeypatch, error):
    """Libraries turn an interrupt into errors of their own; an error without one is raised."""
    jetstream.events = [jets.post(n, T + n) for n in range(60)]
    work, calls = watching.pull, []

    def interrupted(*arguments, **options):
        calls.append(1)
        if len(calls) == 1:
            raise error
        return work(*arguments, **options)

    monkeypatch.setattr(watching, "pull", interrupted)
    with pytest.raises(error), watching.watched(
        store, NETWORKS.own()["bluesky"], asked(jetstream), seconds=20.0, tell=str, segment=0.0
    ):  # fmt: skip
        pass
    found = rows(store, "SELECT count(*) FROM lake.main.posts")
    assert found == [(60 if error is KeyboardInterrupt else 0,)]


def test_an_error_that_an_interrupt_has_become_ends_in_an_interrupt(store, jetstream, monkeypatch):
    jetstream.events = [jets.post(n, T + n) for n in range(60)]
    work, calls = watching.pull, []

    def interrupted(*arguments, **options):
        calls.append(1)
        if len(calls) == 1:
            monkeypatch.setattr(signals, "_caught", [(signal.SIGINT, time.monotonic())])
            raise RuntimeError("INTERRUPT Error: Interrupted!")
        return work(*arguments, **options)

    monkeypatch.setattr(watching, "pull", interrupted)
    with pytest.raises(KeyboardInterrupt), watching.watched(
        store, NETWORKS.own()["bluesky"], asked(jetstream), seconds=20.0, tell=str, segment=0.0
    ):  # fmt: skip
        pass
    assert rows(store, "SELECT count(*) FROM lake.main.posts") == [(60,)]


def test_killed_none_is_lost(cli, jetstream):
    """The process is killed while it reads; what comes twice is a duplicate."""
    jetstream.events = [jets.post(n, T + n) for n in range(30)]
    arguments = ["pull", "bluesky", "--watch", "--as", "killed", "--server", jetstream.url]
    for kill in range(1):
        process = _watching(cli, arguments, jetstream.events[-1]["time_us"])
        process.send_signal(signal.SIGKILL)
        process.wait()
        more = range(30 + 30 * kill, 60 + 30 * kill)
        jetstream.events += [jets.post(n, T + n) for n in more]
    found = cli.json(*arguments, "--for", "3s")
    assert found["posts"] == 60 and found["gaps"] == []
    assert found["cursor"] == str(T + 59)
    assert {"requests", "spent", "tables", "events"} <= set(found)
    assert "no length of time" in cli(*arguments, "--for", "long", code=2).stderr


@pytest.mark.parametrize("written", ["Café", "cafe\u0301", "CAFE\u0301", "#café"])
def test_a_hashtag_is_kept_in_every_form_of_its_key(written):
    campaign = Campaign(network="bluesky", name="c", server="wss://host", hashtags=("café",))
    record = {"text": "", "tags": [written]}
    commit = {"collection": "app.bsky.feed.post", "operation": "create", "record": record}
    event = json.dumps({"did": "did:plc:a", "kind": "commit", "commit": commit})
    other = event.replace('"tags": [', '"tags": ["tea"], "not": [')
    assert Stream(campaign).keeps(event.encode()) and not Stream(campaign).keeps(other.encode())
