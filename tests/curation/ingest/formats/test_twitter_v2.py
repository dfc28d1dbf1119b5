"""Pages, streams and flattened posts of Twitter's interface v2; counts of SOURCE.yaml."""

import pytest

pytestmark = pytest.mark.data

FOLDER, FORMAT = "twitter_v2", "twitter-v2"


@pytest.fixture
def read(recognised, shared_data):
    """Read a file of the folder, which its format must be sure of."""

    def run(name, sure=0.9):
        made = recognised(shared_data / "formats" / FOLDER / name)
        assert made.found.format == FORMAT and made.found.sure >= sure
        return made

    return run


OWN = "FROM pull_posts WHERE coalesce(extra['referenced'], '') <> 'true'"


def both(made):
    """Accounts and posts as they are compared: without the row and the order of maps."""
    posts = made.rows(
        "SELECT post_id, account_id, created_at, text, lang, kind, ref_post_id, ref_account_id,"
        " hashtags, urls, mentions, reposts, likes, extra['referenced'] FROM pull_posts ORDER BY 1"
    )
    accounts = made.rows(
        "SELECT account_id, handle, followers, created_at, bio, observed_at FROM pull_accounts"
        " ORDER BY 1"
    )
    return posts, accounts


def test_a_page_and_its_flattened_posts_give_the_same(read):
    page, flat = read("noflat.jsonl"), read("flat.jsonl")
    assert both(page) == both(flat)
    assert page.counts == {"accounts": 178, "posts": 164} and page.aside == []
    assert page.rows(f"SELECT count(*), count(DISTINCT account_id) {OWN}") == [(100, 96)]
    # Three posts reply and quote: 31 replies, of which 3 are quotes here.
    assert dict(page.rows(f"SELECT kind, count(*) {OWN} GROUP BY 1"))["repost"] == 47
    assert page.stage.read["posts"] == 166 and page.stage.repeated["posts"] == 2
    assert page.rows(f"SELECT count(*) {OWN} AND kind = 'repost' AND ends_with(text, '…')") == [
        (0,)
    ]
    first = "post_id = '1380242611781386245'"
    assert page.rows(
        f"SELECT strftime(created_at, '%Y-%m-%dT%H:%M:%SZ'), length(text) > 140 {OWN} AND {first}"
    ) == [("2021-04-08T19:34:16Z", True)]
    assert page.rows(f"SELECT hashtags {OWN} AND post_id = '1380242413445337098'") == [
        (["incompetentMoron"],)
    ]
    entity = "regexp_matches(text, '&(amp|lt|gt);')"
    assert page.rows(f"SELECT count(*) >= 5 {OWN} AND {entity}") == [(True,)]


def test_a_stream_with_a_broken_line(read):
    made = read("streaming_output_with_error.jsonl")
    assert made.aside == [("posts", 8, "bad_json")]
    assert made.rows(f"SELECT count(*), count(DISTINCT account_id) {OWN}") == [(7, 7)]
    assert dict(made.rows(f"SELECT kind, count(*) {OWN} GROUP BY 1")) == {
        "original": 3, "quote": 1, "reply": 3
    }  # fmt: skip
    assert made.rows(f"SELECT hashtags {OWN} AND post_id = '1377650387579248643'") == [
        (["DogsofTwitter", "dogs"],)
    ]


def test_an_edited_post_that_is_quoted(read):
    made = read("quoted_edit.jsonl")
    assert made.counts == {"accounts": 2, "posts": 3}
    assert made.rows(f"SELECT post_id, kind, ref_post_id {OWN}") == [
        ("1576995594388000768", "quote", "1576994746135764992")
    ]
    edits = "json_array_length(extra['edit_history_tweet_ids']) = 2"
    assert made.rows(f"SELECT count(*) FROM pull_posts WHERE {edits}") == [(2,)]


def test_a_page_of_accounts(read):
    """96 accounts were asked for, five of them twice; 52 have a pinned post."""
    made = read("users.jsonl")
    assert made.stage.read["accounts"] == 96 and made.count("accounts") == 91
    assert made.count("posts") == 52
    assert made.rows(
        "SELECT count(*) FILTER (protected), count(*) FILTER (verified) FROM pull_accounts"
    ) == [(1, 1)]
    assert made.rows(
        "SELECT handle, followers, strftime(created_at, '%Y-%m-%dT%H:%M:%SZ') FROM pull_accounts"
        " WHERE account_id = '119369819'"
    ) == [("DoDirty78", 580, "2010-03-03T12:49:24Z")]
