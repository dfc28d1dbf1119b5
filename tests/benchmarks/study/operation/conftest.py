"""The posts of the Internet Research Agency, pulled once for all tests of a process; and a small
made-up cohort, whose counts are known by hand.
"""

import pytest
import yaml

from curation.ingest import cards
from curation.ingest.pull import pull
from curation.store.store import Store

CARD = {
    "id": "made-up",
    "title": "A made-up cohort",
    "platform": "simulated",
    "licence": "CC0-1.0",
    "citation": "simulated",
    "simulated": True,
    "sources": [{"file": "accounts.csv"}, {"file": "posts.csv"}],
    "label": {"meaning": "made up", "claimant": "nobody", "claimant_kind": "platform"},
    "reads": [
        {
            "format": "tabular",
            "files": ["accounts.csv"],
            "options": {
                "accounts": {"account_id": "id", "extra": {"part": "part"}},
                "claims": {
                    "answer": {"value": "organisation"},
                    "confidence": {"column": "sure"},
                },
            },
        },
        {
            "format": "tabular",
            "files": ["posts.csv"],
            "options": {
                "posts": {
                    "post_id": {"row": "post"},
                    "account_id": "id",
                    "created_at": "at",
                    "text": "text",
                    "kind": {"column": "kind", "empty": "original"},
                    "hashtags": {"column": "text", "each": "#([^ #]+)"},
                    "mentions": {"column": "text", "each": "@([a-z]+)"},
                    "urls": {"column": "text", "each": "https?://[^ ]+"},
                }
            },
        },
    ],
}


@pytest.fixture(scope="session")
def ira(shared_data, tmp_path_factory):
    """A store with the pulled data set; for reading."""
    with Store(tmp_path_factory.mktemp("ira") / "store") as store:
        pull(store, cards.load("ira-2017-summer"), shared_data / "ira-2017-summer")
        yield store


POSTS = [
    *(("ann", f"2020-05-01 10:0{i}:07", "#river and #vote") for i in range(3)),
    ("ben", "2020-05-01 11:00:11", "#vote"),
    ("ben", "2020-05-02 11:00:12", "#vote again @cem https://example.org/a"),
    ("cem", "2020-05-02 12:00:13", "#vote https://t.co/b"),
    ("dan", "2020-05-03 12:00:14", "#river"),
]
ACCOUNTS = [("ann", "red", 0.0), ("ben", "red", 1.0), ("cem", "blue", 1.0), ("dan", "blue", 1.0)]


def made_up(folder, posts, accounts):
    """A store in `folder` of rows (account, time, text) and (account, part, confidence)."""
    lines = ["id,part,sure", *(",".join(map(str, r)) for r in accounts)]
    (folder / "accounts.csv").write_text("\n".join(lines) + "\n")
    lines = ["id,at,text,kind", *(",".join([*map(str, p), ""][:4]) for p in posts)]
    (folder / "posts.csv").write_text("\n".join(lines) + "\n")
    (folder / "card.yaml").write_text(yaml.safe_dump(CARD))
    store = Store(folder / "store")
    pull(store, cards.load(str(folder / "card.yaml")), folder)
    return store


@pytest.fixture(scope="session")
def cohort(tmp_path_factory):
    """A store of `POSTS` by `ACCOUNTS`; for reading."""
    with made_up(tmp_path_factory.mktemp("cohort"), POSTS, ACCOUNTS) as store:
        yield store


@pytest.fixture
def asked(cohort, tmp_path):
    """asked(posts=None, **campaign) answers a campaign on `POSTS`, or on other posts."""
    from benchmarks.study.campaign.load import load
    from benchmarks.study.operation.operation import ask
    from benchmarks.study.study import Study

    opened = []

    def answered(posts=None, **fields):
        store = cohort
        if posts is not None:
            store = made_up(
                tmp_path, posts, [(a, "one", "") for a in sorted({p[0] for p in posts})]
            )
            opened.append(store)
        about = {"name": "made-up", "kind": "operation", "dataset": "made-up"}
        (tmp_path / "campaign.yaml").write_text(yaml.safe_dump({**about, **fields}))
        study = Study.open(store, load(tmp_path / "campaign.yaml"))
        return ask(study, tmp_path / "out")

    yield answered
    for store in opened:
        store.close()
