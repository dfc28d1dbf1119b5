"""A campaign's hashtags meet the posts' hashtags by one folding, in every script."""

import json

import pytest

from benchmarks.study.campaign import load as campaigns
from benchmarks.study.data import frame as framing
from benchmarks.study.questions import groups, ranking
from botbench.core.errors import UserError
from curation.ingest import cards
from curation.ingest.pull import pull
from curation.store.store import Store

TAGS = ["Straße", "STRASSE", "İstanbul", "istanbul", "café", "cafe\u0301", "CAFÉ", "ΣΑΣ", "σας"]
TAGS += ["日本", "WalkAway", "walkaway"]
CARD = """
id: tags
title: One account for each hashtag
platform: twitter
licence: none stated
citation: nobody
sources: [{file: users.csv}, {file: posts.jsonl}]
reads:
- {format: tabular, files: [users.csv], options: {accounts: {account_id: id}}}
- format: tabular
  files: [posts.jsonl]
  options:
    posts: {post_id: pid, account_id: id, text: text, created_at: t, hashtags: tags}
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store in which account n wrote one post with the n-th of `TAGS`."""
    folder = tmp_path_factory.mktemp("hashtags")
    (folder / "card.yaml").write_text(CARD)
    (folder / "users.csv").write_text("\n".join(["id", *map(str, range(1, len(TAGS) + 1))]))
    with (folder / "posts.jsonl").open("w", encoding="utf-8") as file:
        for n, tag in enumerate(TAGS, start=1):
            post = {"pid": f"p{n}", "id": f"{n}", "text": f"#{tag}", "tags": [tag]}
            file.write(json.dumps({**post, "t": "2018-07-02T12:00:00Z"}) + "\n")
    with Store(folder / "store") as opened:
        pull(opened, cards.load(folder / "card.yaml"), folder)
        yield opened


def campaign(tmp_path, **fields):
    """A campaign over the store."""
    document = {"name": "c", "dataset": "tags", "sample": "none", **fields}
    return campaigns.check(document, tmp_path / "campaign.yaml")


@pytest.mark.parametrize(
    ("hashtags", "accounts"),
    [
        (["İstanbul"], {"3"}),
        (["istanbul"], {"4"}),
        (["#ΣΑΣ"], {"8", "9"}),
        (["straße"], {"1", "2"}),
        (["Café"], {"5", "6", "7"}),
        (["＃日本"], {"10"}),
        (["İstanbul", "ΣΑΣ", "walkaway"], {"3", "8", "9", "11", "12"}),
    ],
)
def test_hashtags_select_accounts(store, tmp_path, hashtags, accounts):
    frame = framing.build(store, campaign(tmp_path, hashtags=hashtags))
    assert {a for (a,) in frame.query(f"SELECT account_id FROM {frame.table}")} == accounts


def test_rules_groups_and_ranks_fold_alike(store, tmp_path):
    rules = {"greek": ["σαΣ"], "german": ["STRAßE"]}
    sides = [{"by": "rule", "name": "side", "rules": rules}]
    frame = framing.build(store, campaign(tmp_path, accounts="all", groups=sides))
    column = frame.group_columns["side"]
    counts = frame.query(f"SELECT {column}, count(*) FROM {frame.table} GROUP BY 1")
    assert dict(counts) == {"greek": 2, "german": 2, "none": 8}
    keys = frame.query(
        f"SELECT k, count(*) FROM (SELECT {groups.KEYS['hashtag']} AS k FROM {frame.posts_sql} p)"
        " GROUP BY 1"
    )
    item, source = ranking.OF["hashtags"]
    ranked = frame.query(
        f"SELECT {item}, count(*) FROM (SELECT unnest({source}) AS item FROM {frame.posts_sql})"
        " GROUP BY 1"
    )
    assert dict(keys) == dict(ranked)
    assert sorted(dict(keys).values()) == [1, 1, 1, 2, 2, 2, 3]


def test_a_hashtag_without_a_letter_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"hashtags\.0: a hashtag, with or without its #"):
        campaign(tmp_path, hashtags=["#"])
