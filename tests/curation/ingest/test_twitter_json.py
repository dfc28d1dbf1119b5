"""User objects and tweets of Twitter's interfaces, v1.1 and v2."""

import json
from datetime import UTC, datetime

import pytest

from botbench.core.errors import UserError

USER = {
    "id": 9007199254740993,
    "id_str": "9007199254740993",
    "name": "A  name ",
    "screen_name": "made_up",
    "location": "",
    "description": "",
    "url": None,
    "protected": False,
    "followers_count": 218,
    "friends_count": 285,
    "listed_count": 0,
    "favourites_count": 2305,
    "statuses_count": 3477,
    "created_at": "Fri Feb 06 22:33:59 +0000 2015",
    "verified": True,
    "lang": "it",
    "default_profile": True,
    "default_profile_image": False,
    "translator_type": "none",
    "entities": {"description": {"urls": []}},
    "utc_offset": None,
}


def rows(store, query):
    return store.connection.execute(query).fetchall()


def array(*objects):
    return json.dumps(objects, indent=2).encode()


def lines(*objects):
    return b"".join(json.dumps(o).encode() + b"\n" for o in objects)


@pytest.mark.parametrize(
    "content",
    [
        array({"created_at": "Wed May 15 16:00:19 +0000 2019", "user": USER}),
        lines({"created_at": "Wed May 15 16:00:19 +0000 2019", "user": USER}),
        json.dumps(
            {"created_at": "Wed May 15 16:00:19 +0000 2019", "user": USER}, indent=2
        ).encode(),
    ],
    ids=["array", "lines", "one pretty object"],
)
def test_users_inside_objects(written, store, content):
    written({"users.json": content}, {"observed_at": "created_at"}, format="twitter-v1-json").pull(
        store
    )
    found = rows(
        store,
        "SELECT account_id, handle, display_name, bio, location, url, created_at, observed_at,"
        " followers, following, listed, likes_total, posts_total, verified, protected,"
        " default_profile, default_avatar, lang, extra FROM lake.main.accounts",
    )
    assert found == [
        (
            "9007199254740993",
            "made_up",
            "A  name ",
            "",
            "",
            "",
            datetime(2015, 2, 6, 22, 33, 59, tzinfo=UTC),
            datetime(2019, 5, 15, 16, 0, 19, tzinfo=UTC),
            218,
            285,
            0,
            2305,
            3477,
            True,
            False,
            True,
            False,
            "it",
            {"translator_type": "none", "entities": '{"description":{"urls":[]}}'},
        )
    ]


def test_bare_users_numeric_ids_and_labels_beside_them(written, store):
    bare = {k: v for k, v in USER.items() if k != "id_str"} | {"label": 1}
    options = {"answer": "label", "answers": {"1": "bot", "0": "human"}}
    result = written(
        {"users.jsonl": lines(bare, bare | {"id": 7, "label": 0}, bare | {"id": 8, "label": 5})},
        options,
        format="twitter-v1-json",
    ).pull(store)
    assert rows(store, "SELECT account_id, answer FROM lake.main.claims ORDER BY 1") == [
        ("7", "human"),
        ("9007199254740993", "bot"),
    ]
    assert [(t, r) for t, _, r, _ in written.quarantine(store)] == [("claims", "unknown_answer")]
    assert result.tables["accounts"]["kept"] == 3


def test_a_malformed_line_is_set_aside_and_the_others_are_read(written, store):
    content = (
        lines({"user": USER})
        + b'{"user": {"id_str": "5", \n'
        + b"[1]\n\n"
        + lines({"user": USER | {"id_str": "6"}})
    )
    written({"users.json": content}, {}, format="twitter-v1-json").pull(store)
    assert rows(store, "SELECT account_id FROM lake.main.accounts ORDER BY 1") == [
        ("6",),
        ("9007199254740993",),
    ]
    assert written.quarantine(store) == [
        ("accounts", "users.json:2", "bad_json", '{"user": {"id_str": "5", '),
        ("accounts", "users.json:3", "bad_json", "[1]"),
    ]


def test_a_truncated_array_is_one_sentence(written, store):
    with pytest.raises(UserError, match=r"users\.json ends in the middle of item "):
        written(
            {"users.json": array({"user": USER}, {"user": USER})[:-40]},
            {},
            format="twitter-v1-json",
        ).pull(store)
    assert rows(store, "SELECT count(*) FROM lake.main.accounts") == [(0,)]


def test_ids_that_went_through_a_float_and_nul_bytes(written, store):
    odd = [
        {"user": {"id": 1.23e17, "screen_name": "a"}},
        {"user": {"id_str": "2", "description": "a\0b"}},
    ]
    written({"users.json": array(*odd)}, {}, format="twitter-v1-json").pull(store)
    assert [(row, reason) for _, row, reason, _ in written.quarantine(store)] == [
        ("users.json:1", "float_id"),
        ("users.json:2", "nul_byte"),
    ]


def test_whole_tweets(written, store):
    entities = {
        "hashtags": [{"text": "Uno"}, {"text": "due"}],
        "urls": [{"expanded_url": "https://a.example/x"}],
        "user_mentions": [{"screen_name": "someone"}],
    }
    tweet = {
        "id_str": "1",
        "created_at": "Fri Feb 06 22:33:59 +0000 2015",
        "text": " ciao\n#Uno ",
        "user": USER,
        "entities": entities,
        "source": '<a href="https://x.example">A client</a>',
        "retweet_count": 3,
        "favorite_count": 4,
        "lang": "it",
        "truncated": False,
    }
    again = tweet | {
        "id_str": "2",
        "text": "RT @x: ciao",
        "retweeted_status": {"id_str": "77", "user": {"id_str": "88"}},
    }
    reply = tweet | {
        "id_str": "3",
        "in_reply_to_status_id_str": "66",
        "in_reply_to_user_id_str": "55",
    }
    result = written(
        {"tweets.json": lines(tweet, again, reply)}, {"posts": True}, format="twitter-v1-json"
    ).pull(store)
    assert result.tables["accounts"] == {"read": 3, "kept": 1, "duplicate": 2, "quarantined": 0}
    found = rows(
        store,
        "SELECT post_id, account_id, text, kind, ref_post_id, ref_account_id FROM lake.main.posts"
        " ORDER BY 1",
    )
    me = "9007199254740993"
    assert found == [
        ("1", me, " ciao\n#Uno ", "original", None, None),
        ("2", me, "RT @x: ciao", "repost", "77", "88"),
        ("3", me, " ciao\n#Uno ", "reply", "66", "55"),
    ]
    assert rows(
        store,
        "SELECT hashtags, urls, mentions, source_app, reposts, likes, replies, extra FROM"
        " lake.main.posts WHERE post_id = '1'",
    ) == [
        (
            ["Uno", "due"],
            ["https://a.example/x"],
            ["someone"],
            "A client",
            3,
            4,
            None,
            {"truncated": "false"},
        )
    ]


V2 = {
    "id": "u42",
    "username": "made_up ",
    "name": "Made Up ",
    "description": " ",
    "created_at": "Wed Feb 01 17:49:30 +0000 2012 ",
    "location": "None ",
    "url": "None ",
    "protected": "False ",
    "verified": "True ",
    "entities": "{'url': {}} ",
    "withheld": None,
    "public_metrics": {
        "followers_count": 648,
        "following_count": 513,
        "tweet_count": 542,
        "listed_count": 7,
    },
}


def test_v2_users_with_a_blank_behind_every_value(written, store):
    written(
        {"users.json": array(V2)},
        {"id_prefix": "u", "trailing_blank": True},
        format="twitter-v2-json",
    ).pull(store)
    assert rows(
        store,
        "SELECT account_id, handle, display_name, bio, location, url, created_at, followers,"
        " following, posts_total, listed, verified, protected, extra['entities'] FROM"
        " lake.main.accounts",
    ) == [
        (
            "42",
            "made_up",
            "Made Up",
            "",
            None,
            None,
            datetime(2012, 2, 1, 17, 49, 30, tzinfo=UTC),
            648,
            513,
            542,
            7,
            True,
            False,
            "{'url': {}}",
        )
    ]


def test_v2_users_as_they_should_be(written, store):
    plain = V2 | {
        "username": "a",
        "created_at": "2013-09-28 16:49:36+00:00",
        "description": "ends with a blank ",
        "protected": False,
        "verified": True,
        "entities": None,
        "location": None,
        "url": "",
    }
    written({"users.json": array(plain)}, {"id_prefix": "u"}, format="twitter-v2-json").pull(store)
    assert rows(
        store,
        "SELECT handle, bio, location, url, created_at, protected, verified FROM"
        " lake.main.accounts",
    ) == [
        (
            "a",
            "ends with a blank ",
            None,
            "",
            datetime(2013, 9, 28, 16, 49, 36, tzinfo=UTC),
            False,
            True,
        )
    ]
