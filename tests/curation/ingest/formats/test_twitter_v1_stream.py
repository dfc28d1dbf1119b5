"""Streams and compatibility samples of Twitter's interface v1.1; counts of SOURCE.yaml."""

import json

import pytest

pytestmark = pytest.mark.data

FOLDER, FORMAT = "twitter_v11", "twitter-v1-json"


@pytest.fixture
def read(recognised, shared_data):
    """Read a file of the folder, which its format must be sure of."""

    def run(name, sure=0.9):
        made = recognised(shared_data / "formats" / FOLDER / name)
        assert made.found.format == FORMAT and made.found.sure >= sure
        return made

    return run


def test_a_stream_of_cut_posts(read):
    made = read("lines.json")
    assert made.stage.read == {"accounts": 72, "posts": 72}
    assert made.rows("SELECT count(DISTINCT post_id) FROM pull_posts") == [(71,)]
    assert made.rows("SELECT count(DISTINCT account_id) FROM pull_accounts") == [(71,)]
    kinds = "SELECT kind, count(*) FROM pull_posts GROUP BY 1"
    # One post begins with RT @ without being a retweet of the interface.
    assert dict(made.rows(kinds)) == {"quote": 8, "repost": 1, "reply": 35, "original": 28}
    assert made.rows(
        "SELECT strftime(min_by(created_at, _row), '%Y-%m-%dT%H:%M:%SZ'), "
        "min_by(length(text), _row) FROM pull_posts"
    ) == [("2018-03-10T14:03:15Z", 237)]
    assert made.rows("SELECT count(*) FROM pull_posts WHERE hashtags IS NULL") == [(0,)]
    more = "len(hashtags) > len(json_extract_string(extra['extended_tweet'], '$.entities.none[*]'))"
    assert made.rows(f"SELECT count(*) > 20 FROM pull_posts WHERE {more}") == [(True,)]
    entity = "regexp_matches(text, '&(amp|lt|gt);')"
    assert made.rows(f"SELECT count(*) FROM pull_posts WHERE {entity}") == [(8,)]
    assert made.notes == {}


def test_the_full_text_of_a_repost_stands_in_the_original(read):
    made = read("retweet_w_replies+attachment.json")
    assert made.rows(
        "SELECT kind, length(text), len(mentions), strftime(created_at, '%Y-%m-%dT%H:%M:%SZ')"
        " FROM pull_posts"
    ) == [("repost", 498, 26, "2016-08-10T19:40:03Z")]


def test_a_quote_has_its_own_text(read):
    made = read("quoted_w_replies+attachment.json")
    assert made.rows(
        "SELECT kind, length(text), strftime(created_at, '%Y-%m-%dT%H:%M:%SZ') FROM pull_posts"
    ) == [("quote", 76, "2016-07-29T01:41:44Z")]


@pytest.mark.parametrize("name", ["retweet_w_replies", "quoted_w_replies"])
def test_counts_that_are_not_said_cost_no_account(read, name):
    """The samples give -1 for followers, following, posts and likes."""
    made = read(f"{name}+attachment.json")
    assert made.counts == {"accounts": 1, "posts": 1} and made.aside == []
    assert made.rows(
        "SELECT followers, following, posts_total, likes_total FROM pull_accounts"
    ) == [(None, None, None, None)]
    assert made.notes[f"unsaid_counts {name}+attachment.json"].startswith("1 user of ")


def test_another_negative_count_is_a_fault(recognised, tmp_path):
    user = '{"id_str": "7", "screen_name": "a", "followers_count": -2, "statuses_count": 1}'
    (tmp_path / "a.json").write_text(user)
    made = recognised(tmp_path / "a.json")
    assert made.aside == [("accounts", 1, "bad_count")]


TWEET = {
    "id": 1, "id_str": "1", "text": "x", "created_at": "Sat Mar 10 14:03:15 +0000 2018",
    "user": {"id_str": "5", "screen_name": "u", "followers_count": 1, "statuses_count": 2},
}  # fmt: skip


def test_what_a_stream_says_between_two_tweets_is_no_tweet(recognised, tmp_path):
    """And costs none: most lines of this one are notices."""
    notices = [{"delete": {"status": {"id": 7}}}, {"limit": {"track": 5}}, {"disconnect": {}}]
    lines = [*notices, TWEET, {**TWEET, "id_str": "2"}, {"text": "x"}]
    (tmp_path / "a.json").write_text("\n".join(map(json.dumps, lines)))
    made = recognised(tmp_path / "a.json")
    assert made.found.sure == 0.95 and made.counts == {"accounts": 2, "posts": 2}
    assert made.aside == [("accounts", 6, "missing_id"), ("posts", 6, "missing_id")]
    assert made.notes["notices a.json"].startswith("3 notices of the stream in a.json")


def test_a_notice_is_one_however_its_name_is_written(recognised, tmp_path):
    """And an object that begins as one but has another member is none."""
    lines = [
        json.dumps(TWEET),
        ' { \t"\\u0064elete" : {"status": {"id": 7}}}',
        '{"delete": {"id": 1}, "x": 1}',
        '{"deleted": {"id": 1}}',
        json.dumps({**TWEET, "id_str": "2"}),
        json.dumps({**TWEET, "id_str": "4"}),
    ]
    (tmp_path / "a.json").write_text("\n".join(lines))
    made = recognised(tmp_path / "a.json")
    assert made.notes["notices a.json"].startswith("1 notice of the stream in a.json")
    assert made.counts == {"accounts": 3, "posts": 3}
    assert made.aside == [
        ("accounts", 3, "missing_id"),
        ("accounts", 4, "missing_id"),
        ("posts", 3, "missing_id"),
        ("posts", 4, "missing_id"),
    ]


def test_counts_that_are_not_said_are_told_of_accounts_set_aside_too(recognised, tmp_path):
    known = dict.fromkeys(("followers_count", "friends_count", "listed_count"), 1)
    users = [
        {"id_str": "7", "screen_name": "a", **known, "favourites_count": 1, "statuses_count": 1},
        {"id_str": "8", "screen_name": "b", **known, "favourites_count": -1, "statuses_count": -2},
    ]
    (tmp_path / "a.json").write_text("\n".join(map(json.dumps, users)))
    made = recognised(tmp_path / "a.json")
    assert made.aside == [("accounts", 2, "bad_count")]
    assert made.notes["unsaid_counts a.json"].startswith("1 user of a.json")


def test_an_answer_to_a_search(recognised, tmp_path):
    page = {"statuses": [TWEET, {**TWEET, "id_str": "2"}], "search_metadata": {"count": 2}}
    (tmp_path / "a.json").write_text(f"{json.dumps(page)}\n{json.dumps({'statuses': []})}\n")
    made = recognised(tmp_path / "a.json")
    assert made.found.format == FORMAT and made.aside == []
    assert made.column("SELECT post_id FROM pull_posts ORDER BY 1") == ["1", "2"]
