"""Bluesky: repositories, event streams, and the interface; counts of SOURCE.yaml."""

import json

import pytest

from botbench.core.errors import UserError

pytestmark = pytest.mark.data


@pytest.fixture
def read(recognised, shared_data):
    return lambda name: recognised(shared_data / "formats/bluesky" / name)


def kinds(made):
    return dict(made.rows("SELECT kind, count(*) FROM pull_posts GROUP BY 1"))


def test_a_repository(read, shared_data):
    """Every record of the list that goat made is read, in the tree's order."""
    made = read("repo.car")
    did = "did:plc:53iucmf5ldftgqyf2ac7hmhd"
    listed = (shared_data / "formats/bluesky/car_expected_records.tsv").read_text().splitlines()
    view = next(
        r
        for (r,) in made.rows(
            "SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'repo_%'"
        )
    )
    assert made.column(f"SELECT uri FROM {view} ORDER BY _row") == [
        f"at://{did}/" + line.split("\t")[0] for line in listed
    ]
    assert made.found.format == "bluesky-repo" and made.aside == []
    assert kinds(made) == {"original": 5, "reply": 1, "repost": 3}
    assert made.rows("SELECT kind, sum(weight) FROM pull_edges GROUP BY 1 ORDER BY 1") == [
        ("follows", 3.0), ("likes", 10.0)
    ]  # fmt: skip
    assert made.column("SELECT account_id FROM pull_accounts") == [did]
    assert made.rows(
        "SELECT strftime(created_at, '%Y-%m-%dT%H:%M:%S.%gZ'), length(text) FROM pull_posts"
        f" WHERE post_id = 'at://{did}/app.bsky.feed.post/3lqcnvhqk622d'"
    ) == [("2025-05-29T11:54:47.505Z", 22)]


def test_a_damaged_repository_is_a_sentence(recognised, shared_data, tmp_path):
    content = (shared_data / "formats/bluesky/repo.car").read_bytes()
    (tmp_path / "cut.car").write_bytes(content[:3000])
    with pytest.raises(UserError, match=r"cut\.car is no sound repository export \(CAR\)"):
        recognised(tmp_path / "cut.car")


def test_a_damaged_block_costs_its_record(recognised, shared_data, tmp_path):
    """One letter of a post is changed: its hash is no more that of its address."""
    content = (shared_data / "formats/bluesky/repo.car").read_bytes()
    at = content.index(b"dtextv") + 8
    (tmp_path / "a.car").write_bytes(content[:at] + b"~" + content[at + 1 :])
    made = recognised(tmp_path / "a.car")
    assert [reason for *_, reason in made.aside] == ["bad_block"]
    assert made.count("posts") == 8


def test_events(read):
    made = read("jetstream_expected_v1.jsonl")
    assert made.found.format == "bluesky-events" and made.aside == []
    assert made.rows("SELECT count(DISTINCT account_id) FROM pull_accounts") == [(149,)]
    assert kinds(made) == {"original": 9, "reply": 8, "repost": 15}
    assert made.rows("SELECT kind, sum(weight) FROM pull_edges GROUP BY 1 ORDER BY 1") == [
        ("follows", 6.0), ("likes", 105.0)
    ]  # fmt: skip
    tags = "SELECT hashtags FROM pull_posts WHERE len(hashtags) > 0 ORDER BY _row"
    assert made.column(tags) == [
        ["HowToTellAiToShutUp", "IndieRebellion"], ["talesatwonderworld", "balanwonderworldoc"]
    ]  # fmt: skip
    assert made.rows("SELECT status FROM pull_accounts WHERE status IS NOT NULL") == [("active",)]
    assert made.notes["deleted jetstream_expected_v1.jsonl"].startswith("4 deletions")


def test_labels_of_a_labeler_are_its_claims(recognised, tmp_path):
    """Made by us: a label, one that is negated later, and one that says nothing of bots."""
    label = {"src": "did:plc:lab", "cts": "2026-01-01T00:00:00Z"}
    labels = [
        {**label, "uri": "did:plc:a", "val": "bot"},
        {**label, "uri": "did:plc:b", "val": "bot"},
        {**label, "uri": "did:plc:b", "val": "bot", "neg": True, "cts": "2026-01-02T00:00:00Z"},
        {**label, "uri": "did:plc:c", "val": "porn"},
    ]
    (tmp_path / "l.jsonl").write_text("\n".join(map(json.dumps, labels)))
    made = recognised(tmp_path / "l.jsonl")
    assert made.rows("SELECT account_id, answer, claimant FROM pull_claims") == [
        ("did:plc:a", "bot", "did:plc:lab")
    ]


def test_a_feed(read):
    made = read("getAuthorFeed.json")
    assert made.found.format == "bluesky-api"
    assert made.counts == {"accounts": 8, "posts": 50}
    found = kinds(made)
    assert found["repost"] == 7
    assert made.rows(
        "SELECT count(DISTINCT account_id) FROM pull_posts WHERE kind <> 'repost'"
    ) == [(1,)]
    assert made.rows(
        "SELECT strftime(min_by(created_at, _row), '%Y-%m-%dT%H:%M:%S.%gZ') FROM pull_posts"
    ) == [("2025-05-05T01:30:17.912Z",)]
    post = "at://did:plc:wpe35pganb6d4pg4ekmfy6u5/app.bsky.feed.post/3loagm2phgk2t"
    assert made.column(f"SELECT hashtags FROM pull_posts WHERE post_id = '{post}'") == [["rstats"]]


def test_a_feed_as_the_python_sdk_dumps_it(read):
    made = read("author_feed_pysdk.json")
    assert made.counts == {"accounts": 1, "posts": 10}
    assert kinds(made).get("repost") == 1 and "reply" not in kinds(made)
    assert made.rows(
        "SELECT strftime(min_by(created_at, _row), '%Y-%m-%dT%H:%M:%S.%gZ'),"
        " min_by(likes, _row) FROM pull_posts"
    ) == [("2025-02-24T15:31:34.002Z", 4368)]


def test_profiles(read):
    made = read("getProfiles.json")
    assert made.counts == {"accounts": 1}
    assert made.rows(
        "SELECT handle, followers, posts_total, strftime(created_at, '%Y-%m-%dT%H:%M:%S.%gZ')"
        " FROM pull_accounts"
    ) == [("chriskenny.bsky.social", 554, 65, "2023-09-19T15:47:01.417Z")]


def test_a_capture_of_a_spam_account(read):
    made = read("capture_hackerdarkweb.json")
    assert made.counts == {"accounts": 1, "posts": 20}
    assert kinds(made)["reply"] == 10
    assert made.rows("SELECT followers, extra['labels'] FROM pull_accounts") == [(3, '["spam"]')]
    assert made.rows("SELECT max(n) FROM (SELECT count(*) AS n FROM pull_posts GROUP BY text)") == [
        (7,)
    ]


def test_a_thread_is_read_at_every_depth(recognised, tmp_path):
    """The post, what it answers, and answers to answers; a quoted post is no post of the thread."""

    def post(name, who="a", **more):
        record = {"$type": "app.bsky.feed.post", "text": name, "createdAt": "2024-01-01T00:00:00Z"}
        uri = f"at://did:plc:{who}/app.bsky.feed.post/{name}"
        return {
            "uri": uri,
            "author": {"did": f"did:plc:{who}", "handle": who},
            "record": record,
            **more,
        }

    quoted = {
        "record": {"uri": "at://did:plc:z/app.bsky.feed.post/q", "author": {"did": "did:plc:z"}}
    }
    answers = [
        {"post": post("r2", "b"), "replies": [{"post": post("r3"), "replies": []}]},
        {"uri": "at://did:plc:c/app.bsky.feed.post/r4", "notFound": True},
    ]
    thread = {
        "post": post("r1", embed=quoted),
        "parent": {"post": post("r0", "b")},
        "replies": answers,
    }
    gate = {"record": {"post": "at://did:plc:a/app.bsky.feed.post/r1"}}
    (tmp_path / "a.json").write_text(json.dumps({"thread": thread, "threadgate": gate}))
    made = recognised(tmp_path / "a.json")
    assert made.found.format == "bluesky-api" and made.aside == []
    assert made.column("SELECT text FROM pull_posts ORDER BY 1") == ["r0", "r1", "r2", "r3"]
    assert made.column("SELECT account_id FROM pull_accounts ORDER BY 1") == [
        "did:plc:a",
        "did:plc:b",
    ]


def test_pages_of_records(recognised, tmp_path):
    """Made by us, as listRecords answers: a post with a tag, a repost, a follow, a like, a profile
    that says it is a bot's, and an item that is no record.
    """

    def record(collection, key, **more):
        value = {"$type": collection, "createdAt": "2026-01-01T00:00:00Z", **more}
        return {"uri": f"at://did:plc:a/{collection}/{key}", "cid": "bafy", "value": value}

    other = "at://did:plc:b/app.bsky.feed.post/1"
    posts = [
        record("app.bsky.feed.post", "1", text="hello", tags=["walkaway"]),
        record("app.bsky.feed.repost", "2", subject={"uri": other, "cid": "c"}),
    ]
    rest = [
        record("app.bsky.graph.follow", "3", subject="did:plc:c"),
        record("app.bsky.feed.like", "4", subject={"uri": other, "cid": "c"}),
        record(
            "app.bsky.actor.profile",
            "self",
            displayName="Ann",
            labels={"values": [{"val": "bot"}]},
        ),
        {"uri": "nothing"},
    ]
    pages = [{"records": posts, "cursor": "2"}, {"records": rest}, {"records": []}]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, pages)))
    made = recognised(tmp_path / "a.jsonl")
    assert made.found.format == "bluesky-records"
    assert made.aside == [("posts", 2, "bad_json")]
    assert made.rows(
        "SELECT post_id, kind, text, hashtags, ref_account_id FROM pull_posts ORDER BY 1"
    ) == [
        ("at://did:plc:a/app.bsky.feed.post/1", "original", "hello", ["walkaway"], None),
        ("at://did:plc:a/app.bsky.feed.repost/2", "repost", None, None, "did:plc:b"),
    ]
    assert made.rows("SELECT kind, source_id, target_id FROM pull_edges ORDER BY 1") == [
        ("follows", "did:plc:a", "did:plc:c"),
        ("likes", "did:plc:a", "did:plc:b"),
    ]
    assert made.rows("SELECT account_id, display_name FROM pull_accounts") == [("did:plc:a", "Ann")]
    assert made.rows("SELECT account_id, answer, claimant FROM pull_claims") == [
        ("did:plc:a", "bot", "the account itself")
    ]
