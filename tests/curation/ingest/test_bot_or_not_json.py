"""The form of the Bot-or-Not challenge: one document of users and posts, and a file of bots'
ids.
"""

import json

import pytest

from botbench.core.errors import UserError

DOCUMENT = {
    "id": 1,
    "metadata": {"start_time": "2024-03-16T00:00:00Z"},
    "users": [
        {
            "id": "a-1",
            "username": "made",
            "name": "Up",
            "description": "",
            "location": None,
            "tweet_count": 2,
            "z_score": 0.5,
        },
        {
            "id": "b-2",
            "username": "Made",
            "name": "Up",
            "description": "bio",
            "location": "here",
            "tweet_count": 0,
            "z_score": -1.25,
        },
    ],
    "posts": [
        {
            "id": "p1",
            "author_id": "a-1",
            "text": "see #This @that https://t.co/twitter_link!",
            "created_at": "2024-03-16T00:00:08.250Z",
            "lang": "en",
        },
        {
            "id": "p2",
            "author_id": "a-1",
            "text": "",
            "created_at": "2024-03-16T00:01:00.000Z",
            "lang": "en",
            "likes": 3,
        },
    ],
}


def rows(store, query):
    return store.connection.execute(query).fetchall()


def test_users_posts_and_labels(written, store):
    files = {
        "posts&users.json": json.dumps(DOCUMENT, indent=2).encode(),
        "bots.txt": b"b-2\r\n\r\nnot-there\n",
    }
    result = written(files, {}, format="bot-or-not-json").pull(store)
    assert rows(
        store,
        "SELECT account_id, handle, bio, location, followers, posts_total, extra FROM"
        " lake.main.accounts ORDER BY 1",
    ) == [
        ("a-1", "made", "", None, None, None, {"tweet_count": "2", "z_score": "0.5"}),
        ("b-2", "Made", "bio", "here", None, None, {"tweet_count": "0", "z_score": "-1.25"}),
    ]
    assert rows(
        store,
        "SELECT post_id, account_id, text, created_at::VARCHAR, hashtags, mentions, urls, extra"
        " FROM lake.main.posts ORDER BY 1",
    ) == [
        (
            "p1",
            "a-1",
            "see #This @that https://t.co/twitter_link!",
            "2024-03-16 00:00:08.25+00",
            ["This"],
            ["that"],
            ["https://t.co/twitter_link"],
            {},
        ),
        ("p2", "a-1", "", "2024-03-16 00:01:00+00", [], [], [], {"likes": "3"}),
    ]
    assert rows(store, "SELECT account_id, answer FROM lake.main.claims ORDER BY 1") == [
        ("a-1", "human"),
        ("b-2", "bot"),
        ("not-there", "bot"),
    ]
    assert result.totals["unprofiled"] == 1


def test_one_of_the_two_files_is_missing(written, store):
    with pytest.raises(UserError, match=r"one JSON document and one text file"):
        written(
            {"posts&users.json": json.dumps(DOCUMENT).encode()}, {}, format="bot-or-not-json"
        ).pull(store)
