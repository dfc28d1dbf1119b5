"""Items that Zeeschuimer saw on X, TikTok and Instagram; counts of SOURCE.yaml."""

import json

import pytest

pytestmark = pytest.mark.data

FOLDER, FORMAT = "zeeschuimer", "zeeschuimer"


@pytest.fixture
def read(recognised, shared_data):
    """Read a file of the folder, which its format must be sure of."""

    def run(name, sure=0.9):
        made = recognised(shared_data / "formats" / FOLDER / name)
        assert made.found.format == FORMAT and made.found.sure >= sure
        return made

    return run


def first(made, what):
    when = {"created_at": "created_at", "observed_at": "observed_at"}[what]
    table = "posts" if what == "created_at" else "accounts"
    text = f"strftime(min_by({when}, _row), '%Y-%m-%dT%H:%M:%SZ')"
    return made.column(f"SELECT {text} FROM pull_{table}")[0]


def test_x(read, shared_data):
    made = read("twitter-test.ndjson")
    assert made.count("posts") == 104 and made.aside == []
    assert made.rows("SELECT count(DISTINCT account_id) FROM pull_accounts") == [(90,)]
    kinds = dict(made.rows("SELECT kind, count(*) FROM pull_posts GROUP BY 1"))
    assert kinds["quote"] == 24 and "repost" not in kinds
    assert made.rows(
        "SELECT count(*) FROM pull_posts WHERE kind = 'quote' AND ref_post_id IS NULL"
    ) == [(0,)]
    assert first(made, "created_at") == "2023-10-10T07:57:53Z"
    assert first(made, "observed_at") == "2023-10-12T11:37:56Z"
    assert made.column("SELECT hashtags FROM pull_posts WHERE post_id = '1711652255336743414'") == [
        ["degraanrepubliek", "moderneklassieker"]
    ]
    lines = (shared_data / "formats/zeeschuimer/twitter-test.ndjson").read_text().splitlines()
    (note,) = [d for line in lines if "note_tweet" in (d := json.loads(line)["data"])]
    whole = note["note_tweet"]["note_tweet_results"]["result"]["text"]
    assert made.column(f"SELECT text FROM pull_posts WHERE post_id = '{note['rest_id']}'") == [
        whole
    ] and len(whole) > len(note["legacy"]["full_text"])
    assert made.column("SELECT DISTINCT platform FROM pull_accounts") == ["twitter"]


def test_tiktok(read):
    made = read("tiktok-test.ndjson")
    assert made.count("posts") == 96 and made.aside == []
    assert made.rows("SELECT count(DISTINCT account_id) FROM pull_accounts") == [(88,)]
    assert first(made, "created_at") == "2023-10-12T09:05:49Z"
    assert first(made, "observed_at") == "2023-10-12T11:05:06Z"
    tags = "fosfor bomba fosforbombası israil gazze sıcakbölge filistin sondakika haber çatışma"
    assert made.column("SELECT min_by(hashtags, _row) FROM pull_posts") == [
        [*tags.split(), "habertürktv", "ekim"]
    ]
    assert made.rows("SELECT count(*) FROM pull_posts WHERE extra['ad'] = 'true'") == [(0,)]


@pytest.mark.parametrize(
    ("name", "items", "authors", "when", "seen", "hidden", "tags"),
    [
        (
            "posts.ndjson", 23, 20, "2026-02-08T19:26:07Z", "2026-02-08T22:13:24Z", 4,
            "OceanCleanup PlasticPollution EnvironmentalTech RoboticsInnovation Sustainability",
        ),
        (
            "newposts1.ndjson", 14, 14, "2026-02-09T19:00:00Z", "2026-02-11T00:42:52Z", 1,
            "TorontoCulture AirCanada Cuba Toronto TravelNews",
        ),
    ],
)  # fmt: skip
def test_instagram(read, name, items, authors, when, seen, hidden, tags):
    made = read(name)
    assert made.count("posts") == items and made.aside == []
    assert made.rows("SELECT count(DISTINCT account_id) FROM pull_accounts") == [(authors,)]
    assert (first(made, "created_at"), first(made, "observed_at")) == (when, seen)
    assert made.rows("SELECT count(*) FROM pull_posts WHERE likes IS NULL") == [(hidden,)]
    tagged = "SELECT hashtags FROM pull_posts WHERE len(hashtags) > 0 ORDER BY _row LIMIT 1"
    assert made.column(tagged) == [tags.split()]
    assert made.column("SELECT DISTINCT platform FROM pull_accounts") == ["instagram"]


def test_a_member_that_moved_is_named_and_other_sites_are_set_aside(recognised, tmp_path):
    """Made by us: Threads, Truth Social, and what no reader knows."""
    user = {"pk": "5", "username": "a"}
    items = [
        ("threads.net", {"id": "1_5", "user": user, "taken_at": 1704067200,
                         "caption": {"text": "hi #x"}, "like_count": 2}),
        ("threads.net", {"id": "2_5", "user": user, "posted": 1}),
        ("truthsocial.com", {"id": "3", "content": "<p>a &amp; b</p>",
                             "created_at": "2024-01-01T00:00:00.000Z",
                             "account": {"id": "9", "acct": "b", "note": ""}, "tags": []}),
        ("douyin.com", {"aweme_id": "7"}),
    ]  # fmt: skip
    lines = [
        json.dumps({"item_id": str(n), "timestamp_collected": 1704067300000,
                    "source_platform": host, "data": data})
        for n, (host, data) in enumerate(items)
    ]  # fmt: skip
    (tmp_path / "a.ndjson").write_text("\n".join(lines))
    made = recognised(tmp_path / "a.ndjson")
    assert made.rows("SELECT post_id, text, hashtags FROM pull_posts ORDER BY 1") == [
        ("1_5", "hi #x", ["x"]), ("3", "a & b", [])
    ]  # fmt: skip
    assert [(row, reason) for _, row, reason in made.aside] == [
        (2, "moved_member"), (4, "unknown_shape")
    ]  # fmt: skip
    assert any("threads items had a member taken_at" in m for m in made.messages)
    assert made.rows("SELECT platform, count(*) FROM pull_accounts GROUP BY 1 ORDER BY 1") == [
        ("threads", 1), ("truthsocial", 1)
    ]  # fmt: skip


def test_items_as_4cat_writes_them(recognised, tmp_path):
    """Made by us: the item itself, with where it was seen in `__import_meta`."""
    meta = {"source_platform": "tiktok.com", "timestamp_collected": 1704067300000}
    item = {"id": "1", "desc": "a #b", "createTime": 1704067200, "author": {"id": "5"}}
    (tmp_path / "a.ndjson").write_text(json.dumps({**item, "__import_meta": meta}) + "\n" * 2)
    made = recognised(tmp_path / "a.ndjson")
    assert made.rows("SELECT post_id, account_id, hashtags FROM pull_posts") == [("1", "5", ["b"])]
