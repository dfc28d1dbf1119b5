"""TwiBot-20's form: every value text with a blank behind, nested values as Python writes them,
neighbours.
"""

import json
from datetime import UTC, datetime

PROFILE = {
    "id": "7 ",
    "id_str": "7 ",
    "screen_name": "made_up ",
    "name": "None  ",
    "description": "two blanks  ",
    "location": " ",
    "url": "None ",
    "followers_count": "15349596 ",
    "friends_count": "692 ",
    "statuses_count": "9798 ",
    "favourites_count": "142 ",
    "listed_count": "3 ",
    "verified": "True ",
    "protected": "False ",
    "created_at": "Tue Nov 18 10:27:25 +0000 2008 ",
    "lang": "None ",
    "default_profile": "False ",
    "default_profile_image": "True ",
    "profile_location": "{'name': 'Town'} ",
    "time_zone": "None ",
}
ACCOUNT = {
    "ID": "7",
    "profile": PROFILE,
    "tweet": ["RT @Some_One: #tag hi https://t.co/abc…\n", "plain \n"],
    "neighbor": {"following": ["8", "9"], "follower": ["9"]},
    "domain": ["Politics", "Bussiness"],
}


def pull(written, store, *accounts, **options):
    return written(
        {"sample.json": json.dumps(accounts).encode()}, options, format="twibot20-json"
    ).pull(store)


def rows(store, query):
    return store.connection.execute(query).fetchall()


def test_one_blank_goes_and_no_more(written, store):
    pull(written, store, ACCOUNT)
    assert rows(
        store,
        "SELECT account_id, handle, display_name, bio, location, url, followers, listed, verified,"
        " protected, default_avatar, lang, created_at, extra FROM lake.main.accounts",
    ) == [
        (
            "7",
            "made_up",
            "None ",
            "two blanks ",
            "",
            None,
            15349596,
            3,
            True,
            False,
            True,
            None,
            datetime(2008, 11, 18, 10, 27, 25, tzinfo=UTC),
            {"profile_location": "{'name': 'Town'}", "domain": '["Politics","Bussiness"]'},
        )
    ]


def test_posts_keep_their_text_and_their_place(written, store):
    pull(written, store, ACCOUNT, ACCOUNT | {"ID": "8", "tweet": None, "neighbor": None})
    assert rows(
        store,
        "SELECT post_id, account_id, text, kind, ref_account_id, hashtags, mentions, created_at"
        " FROM lake.main.posts ORDER BY 1",
    ) == [
        (
            "7:1",
            "7",
            "RT @Some_One: #tag hi https://t.co/abc…\n",
            "repost",
            "@some_one",
            ["tag"],
            ["Some_One"],
            None,
        ),
        ("7:2", "7", "plain \n", "original", None, [], [], None),
    ]


def test_neighbours_are_edges(written, store):
    result = pull(
        written,
        store,
        ACCOUNT,
        ACCOUNT | {"ID": "8", "neighbor": {"following": [], "follower": ["7"]}},
    )
    assert rows(store, "SELECT source_id, target_id, kind FROM lake.main.edges ORDER BY ALL") == [
        ("7", "8", "follows"),
        ("7", "9", "follows"),
        ("9", "7", "follows"),
    ]
    assert result.tables["edges"] == {"read": 4, "kept": 3, "duplicate": 1, "quarantined": 0}
    assert "claims" not in result.tables


def test_a_copy_with_labels_makes_claims(written, store):
    pull(written, store, ACCOUNT | {"label": "1"}, ACCOUNT | {"ID": "8", "label": "0"})
    assert rows(store, "SELECT account_id, answer FROM lake.main.claims ORDER BY 1") == [
        ("7", "bot"),
        ("8", "human"),
    ]


def test_an_account_without_a_profile_is_set_aside(written, store):
    pull(
        written,
        store,
        {"ID": "9", "profile": None, "tweet": None, "neighbor": None, "domain": None},
    )
    assert [(t, row, reason) for t, row, reason, _ in written.quarantine(store)] == [
        ("accounts", "sample.json:1", "bad_json")
    ]
