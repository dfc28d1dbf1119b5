"""Telegram Desktop's exports; counts of SOURCE.yaml."""

import json

import pytest

pytestmark = pytest.mark.data

FOLDER, FORMAT = "telegram", "telegram"
UTC = "strftime(min_by(created_at, _row), '%Y-%m-%dT%H:%M:%SZ')"


@pytest.fixture
def read(recognised, shared_data):
    """Read a file of the folder, which its format must be sure of."""

    def run(name, sure=0.9):
        made = recognised(shared_data / "formats" / FOLDER / name)
        assert made.found.format == FORMAT and made.found.sure >= sure
        return made

    return run


def test_a_channel(read):
    made = read("result_public_channel_2026.json")
    assert made.counts == {"accounts": 1, "posts": 6}
    assert made.column("SELECT account_id FROM pull_accounts") == ["channel2447843635"]
    assert made.column(f"SELECT {UTC} FROM pull_posts") == ["2026-06-19T11:26:50Z"]
    assert made.column("SELECT min_by(hashtags, _row) FROM pull_posts") == [["КиноСтрим", "ОСД"]]
    assert made.rows("SELECT count(*) FROM pull_posts WHERE starts_with(text, '[')") == [(0,)]
    assert made.rows("SELECT count(*) FROM pull_posts WHERE kind <> 'original'") == [(0,)]
    local = "SELECT min_by(extra['date_local'], _row) FROM pull_posts"
    assert made.column(local) == ["2026-06-19T15:26:50"]


def test_an_old_export_has_local_times_alone(read, staged, shared_data):
    """So when a message was written is unknown, until somebody says in which zone."""
    made = read("public_channel_2021.json")
    assert made.counts == {"accounts": 1, "posts": 5}
    assert made.rows("SELECT count(created_at) FROM pull_posts") == [(0,)]
    assert made.rows("SELECT count(*) FROM pull_posts WHERE kind = 'reply'") == [(2,)]
    assert made.notes["local_times public_channel_2021.json"].startswith("5 messages")
    assert made.notes["service public_channel_2021.json"].startswith("2 entries")
    path = shared_data / "formats/telegram/public_channel_2021.json"
    zoned = staged({"r.json": path}, {"zone": "Europe/Rome"}, format="telegram")
    assert zoned.column(f"SELECT {UTC} FROM pull_posts") == ["2021-03-22T16:16:36Z"]


def test_a_personal_chat(read):
    made = read("result_langchain.json")
    assert made.counts == {"accounts": 2, "posts": 4}
    assert made.column(f"SELECT {UTC} FROM pull_posts") == ["2023-08-23T20:11:23Z"]


def test_several_chats(recognised, tmp_path):
    """Made by us: an export of all chats."""
    message = {"type": "message", "date": "2024-01-01T00:00:00", "date_unixtime": "1704067200"}
    chats = [
        {"name": n, "type": "private_group", "id": i,
         "messages": [{**message, "id": 1, "from": "a", "from_id": "user5", "text": f"in {n}"}]}
        for n, i in (("A", 10), ("B", 11))
    ]  # fmt: skip
    (tmp_path / "result.json").write_text(json.dumps({"about": "x", "chats": {"list": chats}}))
    made = recognised(tmp_path / "result.json")
    assert made.rows("SELECT post_id, account_id, text FROM pull_posts ORDER BY 1") == [
        ("10:1", "user5", "in A"), ("11:1", "user5", "in B")
    ]  # fmt: skip


@pytest.mark.parametrize("both", [True, False])
def test_chats_that_the_account_has_left(recognised, tmp_path, both):
    """An export of a whole account has them apart from the others."""

    def chat(number, *messages):
        said = {"type": "message", "date": "2024-01-01T00:00:00", "date_unixtime": "1704067200"}
        wrote = [
            {"id": m, **said, "from": "Ann", "from_id": "user1", "text": "x"} for m in messages
        ]
        return {"name": "a chat", "type": "private_group", "id": number, "messages": wrote}

    document = {"about": "x", "left_chats": {"about": "y", "list": [chat(7, 1, 2), chat(8, 1)]}}
    if both:
        document["chats"] = {"about": "z", "list": [chat(9, 1)]}
    (tmp_path / "result.json").write_text(json.dumps(document))
    made = recognised(tmp_path / "result.json")
    assert made.found.format == "telegram" and made.aside == []
    assert made.column("SELECT post_id FROM pull_posts ORDER BY 1") == (
        ["7:1", "7:2", "8:1"] + ["9:1"] * both
    )
