"""Personal archives of X; counts of SOURCE.yaml."""

import pytest

pytestmark = pytest.mark.data

FOLDER, FORMAT = "twitter_archive", "twitter-archive"


@pytest.fixture
def read(recognised, shared_data):
    """Read a file of the folder, which its format must be sure of."""

    def run(name, sure=0.9):
        made = recognised(shared_data / "formats" / FOLDER / name)
        assert made.found.format == FORMAT and made.found.sure >= sure
        return made

    return run


@pytest.mark.parametrize(
    ("name", "reposts", "replies", "entities", "cut", "first", "tagged"),
    [
        (
            "tweets_2023.js", 34, 28, 10, 20, "2022-10-19T20:07:25Z",
            ("1580696888344707072", ["quartopub", "GoogleDocs", "googledrive"]),
        ),
        (
            "tweets_2026.js", 35, 264, 72, 32, "2026-03-06T13:02:05Z",
            ("2029589715347780006", ["noonewantstofightforisrael"]),
        ),
    ],
)  # fmt: skip
def test_an_archive_without_its_account(read, name, reposts, replies, entities, cut, first, tagged):
    made = read(name)
    assert made.counts == {"accounts": 1, "posts": 300} and made.aside == []
    assert made.rows("SELECT count(DISTINCT post_id) FROM pull_posts") == [(300,)]
    starts = "starts_with(text, 'RT @')"
    kinds = dict(made.rows("SELECT kind, count(*) FROM pull_posts GROUP BY 1"))
    assert made.rows(f"SELECT count(*) FROM pull_posts WHERE {starts}") == [(reposts,)]
    assert kinds["repost"] == reposts
    assert made.rows("SELECT count(ref_post_id) FROM pull_posts") == [(replies,)]
    assert made.rows("SELECT count(*) FROM pull_posts WHERE ends_with(text, '…')") == [(cut,)]
    entity = "regexp_matches(text, '&(amp|lt|gt);')"
    assert made.rows(f"SELECT count(*) FROM pull_posts WHERE {entity}") == [(entities,)]
    when = "strftime(min_by(created_at, _row), '%Y-%m-%dT%H:%M:%SZ')"
    assert made.rows(f"SELECT {when} FROM pull_posts") == [(first,)]
    post, tags = tagged
    assert made.rows(f"SELECT hashtags FROM pull_posts WHERE post_id = '{post}'") == [(tags,)]
    assert "has no id here" in made.notes["owner"]
    assert made.column("SELECT DISTINCT account_id FROM pull_posts") == [f"{name[:-3]}:owner"]


def test_an_archive_with_its_account(recognised, shared_data, tmp_path):
    """account.js and follower.js are made by us: their real ones hold an e-mail address."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "tweets.js").symlink_to(shared_data / "formats/twitter_archive/tweets_2023.js")
    (data / "account.js").write_text(
        'window.YTD.account.part0 = [ {"account" : {"email" : "a@b.example", "username" : "me",'
        ' "accountId" : "77", "createdAt" : "2009-05-01T10:00:00.000Z",'
        ' "accountDisplayName" : "Me"}} ]'
    )
    (data / "follower.js").write_text(
        'window.YTD.follower.part0 = [ {"follower" : {"accountId" : "88"}} ]'
    )
    made = recognised(data)
    assert made.counts == {"accounts": 1, "posts": 300, "edges": 1}
    assert made.rows("SELECT account_id, handle, display_name FROM pull_accounts") == [
        ("77", "me", "Me")
    ]
    assert made.column("SELECT DISTINCT account_id FROM pull_posts") == ["77"]
    assert made.rows("SELECT source_id, target_id FROM pull_edges") == [("88", "77")]
    assert "a@b.example" not in str(made.rows("SELECT * FROM pull_accounts"))
