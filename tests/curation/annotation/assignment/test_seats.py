"""Seats: balanced, nobody meets an account twice, whoever joins or leaves; and what is read again,
and how servers start.
"""

import json
import socket
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from botbench.core.errors import UserError
from curation.annotation.assignment import batches, seats
from curation.annotation.assignment.pseudonyms import Pseudonyms
from curation.annotation.assignment.roster import DOMAIN, Roster
from curation.annotation.label_studio import server
from curation.annotation.label_studio.cursors import Cursor, Cursors
from curation.annotation.monitoring.status import status
from curation.annotation.monitoring.status_page import page
from curation.annotation.scheme.scheme import Scheme
from curation.store.schema import rows


@pytest.fixture
def batch(make):
    make.accounts(*({"account_id": f"acc{n:02d}"} for n in range(24)))
    make.draw([f"acc{n:02d}" for n in range(24)], copies=2)
    return batches.find(make.store)


def held(store, batch):
    found = store.arrow(
        f"SELECT account_id, copy, annotator FROM {seats.current(store, batch)} WHERE annotator IS"
        " NOT NULL"
    )
    rows_ = found.to_pylist()
    assert len({(r["account_id"], r["annotator"]) for r in rows_}) == len(rows_), (
        "nobody meets an account twice"
    )
    assert set(Counter(r["account_id"] for r in rows_).values()) == {2}, (
        "everybody is asked about by two people"
    )
    names = Roster.load(store.home).names()
    return Counter(names[r["annotator"]] for r in rows_)


def test_who_joins_and_who_leaves(make, batch):
    store = make.store
    parts = seats.parts(store, batch, ["ana", "ben", "cy", "dan"])
    assert set(parts["part"].to_pylist()) == {"ana", "ben", "cy", "dan"} and held(
        store, batch
    ) == dict.fromkeys(("ana", "ben", "cy", "dan"), 12)
    before = store.arrow("FROM lake.main.seats ORDER BY ALL").to_pylist()
    assert all("ana" not in str(row["annotator"]) for row in before), (
        "the store knows pseudonyms only"
    )
    assert (
        seats.parts(store, batch, []).num_rows == 48
        and store.arrow("FROM lake.main.seats").num_rows == 48
    )

    assert seats.leave(store, batch, "ben") == 12
    after = held(store, batch)
    assert set(after) == {"ana", "cy", "dan"} and max(after.values()) - min(after.values()) <= 4
    # a quarter of each one's seats, 12 in all, unless chance offers fewer: of an account two people
    # hold only one may give up
    moved = seats.join(store, batch, "eve")
    assert 8 <= moved <= 12 and held(store, batch)["eve"] == moved
    assert store.arrow("FROM lake.main.seats WHERE revision = 1").num_rows == 48, (
        "nothing is overwritten"
    )


def test_what_was_answered_stays_with_who_answered(make, batch):
    store = make.store
    seats.parts(store, batch, ["ana", "ben", "cy"])
    ana = Pseudonyms(store.home).pseudonym(f"ana@{DOMAIN}")
    mine = store.arrow(
        f"SELECT account_id FROM {seats.current(store, batch)} WHERE annotator = ? ORDER BY 1",
        [ana],
    )
    keys = {r["account_id"]: r["key"] for r in batches.parts(store, batch).to_pylist()}
    first = mine["account_id"].to_pylist()[0]
    store.append(
        {
            "annotation_log": rows(
                "annotation_log",
                [
                    {
                        "server": "s",
                        "project": "p",
                        "annotation_id": "a",
                        "event": "answered",
                        "payload_hash": "h",
                        "batch_id": batch.batch_id,
                        "account_key": keys[first],
                        "claimant": ana,
                    }
                ],
            )
        },
        "t",
        "an answer",
    )
    assert seats.leave(store, batch, "ana") == mine.num_rows - 1
    assert held(store, batch)["ana"] == 1


def test_too_few_to_take_over(make, batch):
    seats.parts(make.store, batch, ["ana", "ben"])
    with pytest.raises(
        UserError, match="ben has 24 unanswered accounts and only 0 of them can be taken"
    ):
        seats.leave(make.store, batch, "ben")
    with pytest.raises(UserError, match="Did you mean 'ana'"):
        seats.leave(make.store, batch, "anna")
    with pytest.raises(UserError, match="ana has a seat"):
        seats.join(make.store, batch, "ana")


def test_whoever_comes_needs_no_seat(make, batch):
    with pytest.raises(UserError, match="is for whoever comes"):
        seats.join(make.store, batch, "ana")
    assert set(seats.parts(make.store, batch, [])["part"].to_pylist()) == {"copy 1", "copy 2"}


def test_a_roster_is_private_and_survives_damage_with_a_sentence(make):
    home = make.store.home
    with Roster.change(home) as roster:
        roster.people["ana"] = roster.person("ana")
    file = home / "annotate" / "roster.json"
    assert (
        file.stat().st_mode & 0o077 == 0
        and Roster.load(home).person("ana").email == f"ana@{DOMAIN}"
    )
    file.write_text("{", encoding="utf-8")
    with pytest.raises(UserError, match="cannot be read"):
        Roster.load(home)


def test_a_cursor_looks_a_minute_back_and_knows_what_it_saw(tmp_path):
    cursors = Cursors(tmp_path, "http://127.0.0.1:1")
    assert cursors.get("m") is None
    cursor = Cursor("2026-01-01T00:00:00Z").after(
        {"1": "2026-01-01T00:10:00Z", "2": "2026-01-01T00:08:00Z"}
    )
    assert (cursor.newest, cursor.seen, cursor.since) == (
        "2026-01-01T00:10:00Z",
        {"1": "2026-01-01T00:10:00Z"},
        "2026-01-01T00:09:00.000000Z",  # the server's filter answers 500 without microseconds
    )
    cursors.put("m", cursor)
    assert cursors.get("m") == cursor and Cursors(tmp_path, "http://127.0.0.1:2").get("m") is None
    next((tmp_path / "annotate" / "read").iterdir()).write_text("{", encoding="utf-8")
    assert cursors.get("m") is None, "a damaged hint is no hint"


def test_a_status_of_nothing_yet_and_its_page(make, batch):
    seats.parts(make.store, batch, ["<b>ana", "ben"])
    projects = [
        {
            "id": 1,
            "task_number": 24,
            "botbench": {"mark": "m", "batch": batch.batch_id, "part": "<b>ana"},
        }
    ]
    found = status(make.store, projects, Scheme.load())
    assert found["agreement"]["alpha"] is None and found["all"]["expected_end"] is None
    people = [
        (p["assigned"], p["done"], p["gold_seen"], p["review"])
        for p in found["annotators"].values()
    ]
    assert people == [(24, 0, 0, False)] * 2
    assert "ana" not in json.dumps(found["annotators"])
    html = page(found, {next(iter(found["annotators"])): "<script>x</script>"})
    assert (
        "<script" not in html
        and "&lt;b&gt;ana" in html
        and "http" not in html.replace("http-equiv", "")
    )


def test_the_expected_end_is_reckoned_from_now_at_the_pace_of_the_latest_answers(make, batch):
    """Ten answers a minute apart, years ago; fourteen are left."""
    seats.parts(make.store, batch, ["ana", "ben"])
    ana = Roster.load(make.store.home).pseudonym("ana")
    make.store.append(
        {
            "annotation_log": rows(
                "annotation_log",
                [
                    {
                        "server": "s",
                        "project": "m",
                        "annotation_id": str(n),
                        "event": "answered",
                        "payload_hash": "h",
                        "claimant": ana,
                        "batch_id": batch.batch_id,
                        "account_key": f"k{n}",
                        "lead_time_s": 20.0,
                        "updated_at": datetime(2018, 7, 1, 9, n, tzinfo=UTC),
                    }
                    for n in range(10)
                ],
            )
        },
        "t",
        "answers",
    )
    projects = [
        {
            "id": 1,
            "task_number": 24,
            "botbench": {"mark": "m", "batch": batch.batch_id, "part": "ana"},
        }
    ]
    before = datetime.now(UTC).replace(microsecond=0)
    end = datetime.fromisoformat(status(make.store, projects, Scheme.load())["all"]["expected_end"])
    assert before <= end - timedelta(minutes=14) <= datetime.now(UTC)


def test_ports_and_the_missing_program(monkeypatch, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"Port {port} is in use"):
            server.free_port(port)
        assert server.free_port(None, port) > port
    monkeypatch.setenv("BOTBENCH_LABEL_STUDIO", str(tmp_path / "nowhere"))
    with pytest.raises(UserError, match="which is not there"):
        server.program()
    monkeypatch.delenv("BOTBENCH_LABEL_STUDIO")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(server, "PROGRAM", "label-studio-that-nobody-has")
    with pytest.raises(UserError, match="make label-studio"):
        server.program()


def test_a_server_that_ends_at_once_is_told_with_its_log(monkeypatch, tmp_path):
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\necho no room left\nexit 3\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("BOTBENCH_LABEL_STUDIO", str(program))
    started = server.Server(tmp_path / "data")
    with pytest.raises(UserError, match=r"ended while starting.*no room left"):
        started.start(server.free_port(None, 18_000))
    started.stop()
    assert (tmp_path / "data" / "desk.json").stat().st_mode & 0o077 == 0
