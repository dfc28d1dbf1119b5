"""Reddit's dumps; counts of SOURCE.yaml."""

import json

import pytest

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
