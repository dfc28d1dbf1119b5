"""Mastodon's interface and ActivityPub exports; counts of SOURCE.yaml."""

import json

import pytest

pytestmark = pytest.mark.data


@pytest.fixture
def read(recognised, shared_data):
    return lambda name: recognised(shared_data / "formats/mastodon" / name)


def first(made):
    when = "strftime(min_by(created_at, _row), '%Y-%m-%dT%H:%M:%S.%gZ')"
    return made.column(f"SELECT {when} FROM pull_posts")[0]


def kinds(made):
    return dict(made.rows("SELECT kind, count(*) FROM pull_posts GROUP BY 1"))


def test_statuses_of_an_account(read):
    made = read("account_statuses.json")
    assert made.found.format == "mastodon"
    assert made.counts == {"accounts": 4, "posts": 20}
    assert kinds(made) == {"repost": 3, "reply": 4, "original": 13}
    assert first(made) == "2022-11-13T09:48:06.759Z"
    seen = dict(made.rows("SELECT extra['visibility'], count(*) FROM pull_posts GROUP BY 1"))
    assert seen == {"public": 18, "unlisted": 2}
    assert made.rows("SELECT count(*) FROM pull_posts WHERE extra['sensitive'] = 'true'") == [(6,)]
    assert made.column("SELECT hashtags FROM pull_posts WHERE post_id = '109331624632728862'") == [
        ["rstats"]
    ]
    assert made.rows("SELECT count(*) FROM pull_posts WHERE kind = 'repost' AND text = ''") == [
        (0,)
    ]
    assert made.rows("SELECT count(source_app) FROM pull_posts") == [(1,)]
    assert made.rows("SELECT count(*) FROM pull_posts WHERE contains(text, '<p>')") == [(0,)]


def test_a_context(read):
    made = read("context.json")
    assert made.counts == {"accounts": 115, "posts": 127}
    assert made.rows("SELECT count(*) FROM pull_accounts WHERE contains(handle, '@')") == [(93,)]
    root = "ref_post_id = '109294719267373593'"
    assert made.rows(f"SELECT count(*) FROM pull_posts WHERE {root}") == [(105,)]
    assert first(made) == "2022-11-06T03:36:44.808Z"


def test_an_account(read):
    made = read("account.json")
    assert made.counts == {"accounts": 1}
    assert made.rows(
        "SELECT account_id, handle, followers, following, posts_total,"
        " strftime(created_at, '%Y-%m-%d'), bio FROM pull_accounts"
    ) == [
        (
            "109281650341067731", "chainsawriot", 44, 32, 22, "2022-11-03",
            "http://www.chainsawriot.com",
        )
    ]  # fmt: skip


def test_that_an_account_is_a_bot_is_its_own_claim(recognised, tmp_path, shared_data):
    """The flag is set by us; in the real files no account has it."""
    account = json.loads((shared_data / "formats/mastodon/account.json").read_text())
    (tmp_path / "a.json").write_text(json.dumps([account, {**account, "id": "2", "bot": True}]))
    made = recognised(tmp_path / "a.json")
    assert made.rows("SELECT account_id, answer, claimant, claimant_kind FROM pull_claims") == [
        ("2", "bot", "the account itself", "person")
    ]


@pytest.mark.parametrize(
    ("name", "reposts", "posts", "replies", "unlisted", "when", "tagged"),
    [
        (
            "outbox.json", 37, 113, 31, 2, "2022-12-10T20:13:04.000Z",
            ("https://indieweb.social/users/dealingwith/statuses/109808882573963634", ["caturday"]),
        ),
        (
            "outbox_activities_list.json", 21, 35, 12, 1, "2023-08-09T04:11:44.000Z",
            ("https://mikrotik.social/users/mikrotik/statuses/110854178944343326", ["mikrotik"]),
        ),
    ],
)  # fmt: skip
def test_outboxes(read, name, reposts, posts, replies, unlisted, when, tagged):
    """The key orderedItems stands twice in the first: empty, then full."""
    made = read(name)
    assert made.found.format == "activitypub"
    assert made.counts == {"accounts": 1, "posts": reposts + posts}
    assert kinds(made) == {"repost": reposts, "reply": replies, "original": posts - replies}
    assert made.rows("SELECT count(text) FROM pull_posts") == [(posts,)]
    seen = dict(made.rows("SELECT extra['visibility'], count(*) FROM pull_posts GROUP BY 1"))
    assert seen == {"public": reposts + posts - unlisted, "unlisted": unlisted}
    assert first(made) == when
    post, tags = tagged
    assert made.column(f"SELECT hashtags FROM pull_posts WHERE post_id = '{post}'") == [tags]


def test_posts_that_are_not_public_are_left_out(recognised, tmp_path):
    """Made by us: the real window has no such post."""
    note = {"type": "Note", "content": "<p>a</p>"}
    public = "https://www.w3.org/ns/activitystreams#Public"
    items = [
        {"id": f"https://a.example/{n}", "type": "Create", "actor": "https://a.example/users/me",
         "to": to, "cc": [], "published": "2024-01-01T00:00:00Z", "object": {**note, "id": n}}
        for n, to in (("1", [public]), ("2", ["https://a.example/users/me/followers"]))
    ]  # fmt: skip
    (tmp_path / "outbox.json").write_text(
        json.dumps({"type": "OrderedCollection", "orderedItems": items})
    )
    made = recognised(tmp_path / "outbox.json")
    assert made.column("SELECT post_id FROM pull_posts") == ["1"]
    assert made.notes["private outbox.json"].startswith(
        "outbox.json has 1 post for followers alone, left out"
    )


def test_an_actor(read):
    made = read("actor.json")
    assert made.found.format == "activitypub"
    assert made.rows(
        "SELECT account_id, handle, strftime(created_at, '%Y-%m-%d') FROM pull_accounts"
    ) == [
        ("https://indieweb.social/users/dealingwith", "dealingwith@indieweb.social", "2022-11-07")
    ]


def activity(i):
    return {
        "id": f"https://a.example/users/ann/statuses/{i}/activity",
        "type": "Create",
        "actor": "https://a.example/users/ann",
        "published": "2024-01-01T00:00:00Z",
        "to": ["https://www.w3.org/ns/activitystreams#Public"],
        "object": {"id": f"https://a.example/users/ann/statuses/{i}", "content": "<p>hi</p>"},
    }


def page(*numbers, kind="OrderedCollectionPage"):
    return {"type": kind, "orderedItems": [activity(i) for i in numbers]}


@pytest.mark.parametrize(
    "content",
    [
        "\n".join(json.dumps(activity(i)) for i in range(3)),
        json.dumps([activity(i) for i in range(3)]),
        json.dumps(page(0, 1, 2)),
        json.dumps(page(0, 1, 2, kind="OrderedCollection"), indent=1),
        "\n".join(json.dumps(p) for p in (page(0, 1), page(2))),
    ],
    ids=["activities, one a line", "a list", "a page", "an outbox", "pages, one a line"],
)
def test_activities_in_every_form(recognised, tmp_path, content):
    (tmp_path / "outbox").write_text(content)
    made = recognised(tmp_path / "outbox")
    assert made.found.format == "activitypub" and made.aside == []
    assert made.counts == {"accounts": 1, "posts": 3}


def test_an_answer_to_a_search_has_as_many_people_as_posts(recognised, tmp_path):
    ann = {"id": "1", "acct": "ann", "statuses_count": 1, "bot": None}
    status = {"id": "9", "created_at": "2024-01-01T00:00:00Z", "content": "x", "account": ann}
    page = {"accounts": [ann], "statuses": [status], "hashtags": []}
    (tmp_path / "a.json").write_text(json.dumps(page))
    made = recognised(tmp_path / "a.json")
    assert made.found.format == "mastodon" and made.counts == {"accounts": 1, "posts": 1}


def test_notifications_are_what_they_are_about(recognised, tmp_path):
    """A mention with its status, and a follow, which has none."""
    ann = {"id": "1", "acct": "ann", "statuses_count": 1, "bot": None}
    ben = {**ann, "id": "2", "acct": "ben", "bot": True}
    status = {"id": "9", "created_at": "2024-01-01T00:00:00Z", "content": "hi", "account": ann}
    about = {"created_at": "2024-01-02T00:00:00Z"}
    told = [
        {"id": "5", "type": "mention", **about, "account": ann, "status": status},
        {"id": "6", "type": "follow", **about, "account": ben},
    ]
    (tmp_path / "a.json").write_text(json.dumps(told))
    made = recognised(tmp_path / "a.json")
    assert made.found.format == "mastodon" and made.aside == []
    assert made.rows("SELECT account_id, handle FROM pull_accounts ORDER BY 1") == [
        ("1", "ann"), ("2", "ben")
    ]  # fmt: skip
    assert made.rows("SELECT post_id, account_id, text FROM pull_posts") == [("9", "1", "hi")]
    assert made.rows("SELECT account_id, answer FROM pull_claims") == [("2", "bot")]
