"""Reddit's dumps; counts of SOURCE.yaml."""

import json

import pytest

from botbench.core.errors import UserError

pytestmark = pytest.mark.data

FOLDER, FORMAT = "reddit", "reddit"


@pytest.fixture
def read(recognised, shared_data):
    """Read a file of the folder, which its format must be sure of."""

    def run(name, sure=0.9):
        made = recognised(shared_data / "formats" / FOLDER / name)
        assert made.found.format == FORMAT and made.found.sure >= sure
        return made

    return run


def years(made):
    return made.rows("SELECT year(min(created_at)), year(max(created_at)) FROM pull_posts")


def test_comments(read):
    made = read("test_comments.json")
    assert made.counts == {"accounts": 22, "posts": 27} and made.aside == []
    gone = "account_id LIKE '[deleted]:t1_%'"
    assert made.rows(
        f"SELECT count(*), count(DISTINCT account_id) FROM pull_posts WHERE {gone}"
    ) == [(5, 5)]
    assert made.rows("SELECT count(*) FROM pull_posts WHERE text = '[removed]'") == [(2,)]
    assert made.rows("SELECT count(*) FROM pull_posts WHERE text = '[deleted]'") == [(2,)]
    assert made.rows("SELECT count(*) FROM pull_posts WHERE ref_post_id LIKE 't1%'") == [(9,)]
    assert made.rows("SELECT count(*) FROM pull_posts WHERE ref_post_id LIKE 't3%'") == [(18,)]
    assert made.rows("SELECT count(DISTINCT extra['subreddit']) FROM pull_posts") == [(22,)]
    assert years(made) == [(2005, 2024)]
    assert made.rows("SELECT count(created_at) FROM pull_posts") == [(27,)]


def test_submissions(read):
    made = read("test_submissions.json")
    assert made.counts == {"accounts": 28, "posts": 31} and made.aside == []
    assert made.rows("SELECT count(*) FROM pull_posts WHERE kind = 'repost'") == [(1,)]
    assert made.rows("SELECT count(*) FROM pull_posts WHERE extra['is_self'] = 'true'") == [(12,)]
    assert made.rows("SELECT count(*) FROM pull_posts WHERE extra['selftext'] = '[removed]'") == [
        (1,)
    ]
    assert made.rows("SELECT count(*) FROM pull_posts WHERE extra['edited'] <> 'false'") == [(2,)]
    assert made.rows("SELECT count(DISTINCT extra['subreddit']) FROM pull_posts") == [(21,)]
    when = "strftime(min_by(created_at, _row), '%Y-%m-%dT%H:%M:%SZ')"
    assert made.column(f"SELECT {when} FROM pull_posts") == ["2024-02-01T00:00:00Z"]
    assert years(made) == [(2005, 2024)]


def test_copies_with_fewer_members(recognised, tmp_path):
    """Without the link and the place of a submission, and without what a comment answers."""
    least = {"id": "a", "author": "ann", "subreddit": "s", "created_utc": "1704067200"}
    lines = [{**least, "title": "t"}, {**least, "id": "b", "body": "x"}]
    (tmp_path / "a").write_text("\n".join(map(json.dumps, lines)))
    made = recognised(tmp_path / "a")
    assert (made.found.format, made.found.sure) == ("reddit", 0.9)
    assert made.counts == {"accounts": 1, "posts": 2} and made.aside == []


def test_listings_with_answers_within(recognised, tmp_path):
    """Made by us, as the site's .json pages have it: a submission, comments, an answer to one, a
    stub for more, and a community, which is no post.
    """

    def post(kind, name, **more):
        data = {"id": name, "author": f"by_{name}", "created_utc": 1700000000.0, "subreddit": "s"}
        return {"kind": kind, "data": data | more}

    def listing(*children):
        return {"kind": "Listing", "data": {"after": None, "children": list(children)}}

    more = {"kind": "more", "data": {"id": "m", "children": ["x", "y"], "count": 2}}
    answer = post("t1", "c", body="yes", parent_id="t1_b", link_id="t3_a", replies="")
    comment = post(
        "t1", "b", body="no?", parent_id="t3_a", link_id="t3_a", replies=listing(answer, more)
    )
    head = post("t3", "a", title="Look", permalink="/r/s/a", selftext="", is_self=True)
    (tmp_path / "a.json").write_text(json.dumps([listing(head), listing(comment)]))
    made = recognised(tmp_path / "a.json")
    assert made.found.format == "reddit" and made.aside == []
    assert made.rows(
        "SELECT post_id, account_id, text, kind, ref_post_id, epoch(created_at)::BIGINT"
        " FROM pull_posts ORDER BY 1"
    ) == [
        ("t1_b", "by_b", "no?", "reply", "t3_a", 1700000000),
        ("t1_c", "by_c", "yes", "reply", "t1_b", 1700000000),
        ("t3_a", "by_a", "Look", "original", None, 1700000000),
    ]
    places = listing({"kind": "t5", "data": {"display_name": "s", "created_utc": 1}}, more)
    (tmp_path / "b.json").write_text(json.dumps(places))
    with pytest.raises(UserError, match="no format that is known"):
        recognised(tmp_path / "b.json")
    both = [json.dumps(listing(head)), json.dumps(listing(comment)), "{broken"]
    (tmp_path / "c.jsonl").write_text("\n".join(both))
    made = recognised(tmp_path / "c.jsonl")
    assert made.counts == {"accounts": 3, "posts": 3}
    assert made.aside == [("posts", 3, "bad_json")]
