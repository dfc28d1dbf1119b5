"""TwiBot-22's layout: simulated files of it are pulled whole, and small files by hand."""

import csv
import gzip
import json

import pytest
import yaml

from botbench.core.errors import ResourceFailure, UserError
from curation.ingest import cards
from curation.ingest.pull import pull
from curation.ingest.simulation import twibot22

FACTOR = 0.0001


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("twibot22")
    return folder, twibot22.write(folder, FACTOR)


def table(path):
    with gzip.open(path, "rt") as stream:
        return list(csv.DictReader(stream))


def test_the_layout_is_written(files):
    folder, size = files
    assert (size.accounts, size.posts, size.edges) == (100, 8821, 17019)
    names = {p.name for p in folder.iterdir()}
    tweets = {f"tweet_{n}.json.gz" for n in range(9)}
    tables = {"user.json.gz", "edge.csv.gz", "label.csv.gz", "split.csv.gz"}
    assert names == tweets | tables | {"SIMULATED.txt"}
    users = json.loads(gzip.decompress((folder / "user.json.gz").read_bytes()))
    assert len(users) == 100 and all(user["id"].startswith("u") for user in users)
    assert all(user["description"].startswith("simulated: ") for user in users)
    posts = [p for n in tweets for p in json.loads(gzip.decompress((folder / n).read_bytes()))]
    assert len({p["id"] for p in posts}) == 8821 and all(p["id"].startswith("t") for p in posts)
    labels = {row["id"]: row["label"] for row in table(folder / "label.csv.gz")}
    assert set(labels) == {user["id"] for user in users}
    assert list(labels.values()).count("bot") == size.bots > 5
    assert {row["split"] for row in table(folder / "split.csv.gz")} == {"train", "valid", "test"}
    edges = table(folder / "edge.csv.gz")
    assert len(edges) == 17019
    authors = {p["id"]: f"u{p['author_id']}" for p in posts}
    written = {row["target_id"]: row["source_id"] for row in edges if row["relation"] == "post"}
    assert written == authors


def test_a_run_cut_off_goes_on_and_writes_the_same(files, tmp_path):
    folder, size = files
    twibot22.write(tmp_path, FACTOR)
    (tmp_path / "tweet_3.json.gz").unlink()
    (tmp_path / ".tweet_3.json.gz.unfinished").write_text("cut off")
    before = (tmp_path / "user.json.gz").stat().st_mtime_ns
    assert twibot22.write(tmp_path, FACTOR) == size
    assert (tmp_path / "user.json.gz").stat().st_mtime_ns == before, "not written again"
    for path in folder.iterdir():
        same = (tmp_path / path.name).read_bytes()
        unpacked = gzip.decompress if path.suffix == ".gz" else bytes
        assert unpacked(same) == unpacked(path.read_bytes()), path.name


def test_what_cannot_be_written_is_told(files, tmp_path, monkeypatch):
    with pytest.raises(UserError, match=r"a number from 0\.0001 to 1"):
        twibot22.write(tmp_path, 2)
    with pytest.raises(UserError, match="a simulation of another size"):
        twibot22.write(files[0], 0.0002)
    (tmp_path / "mine.csv").write_text("x")
    with pytest.raises(UserError, match=r"other files \(mine\.csv\)"):
        twibot22.write(tmp_path, FACTOR)
    monkeypatch.setattr(twibot22, "BYTES_AT_FULL_SIZE", 10**24)
    with pytest.raises(ResourceFailure, match=r"GB are free\. Make room"):
        twibot22.write(tmp_path / "new", FACTOR)
    assert not list((tmp_path / "new").iterdir()), "nothing is written first"


def test_it_is_pulled_whole(files, store):
    folder, size = files
    report = pull(store, cards.load("twibot22-simulated"), folder)
    assert {t: (c["kept"], c["quarantined"]) for t, c in report.tables.items() if t != "edges"} == {
        "accounts": (100, 0),
        "posts": (8821, 0),
        "claims": (100, 0),
    }
    edges = report.tables["edges"]
    assert edges["read"] == edges["kept"] + edges["duplicate"] == 374
    run = store.connection.execute
    answers = dict(run("SELECT answer, count(*) FROM lake.claims GROUP BY 1").fetchall())
    assert answers == {"bot": size.bots, "human": 100 - size.bots}
    parts = run("SELECT DISTINCT attributes['part'] FROM lake.claims ORDER BY 1").fetchall()
    assert parts == [("test",), ("train",), ("validation",)]
    (simulated,) = run("SELECT DISTINCT platform FROM lake.accounts").fetchall()
    assert simulated == ("simulated",)


def test_prefixes_references_and_ties_by_hand(tmp_path, store):
    tweet = {
        "id": "t9",
        "author_id": "u1",
        "text": "so it is #X @ann https://t.co/a",
        "created_at": "2021-05-01 10:00:00+00:00",
        "entities": {"urls": [{"expanded_url": "https://a.org/b"}]},
        "referenced_tweets": [{"type": "quoted", "id": "t7"}],
        "public_metrics": {"retweet_count": 2, "like_count": 3},
        "conversation_id": "5",
    }
    written = {
        "user.json": json.dumps([{"id": "u1", "username": "a"}, {"id": "u2", "username": "b"}]),
        "tweet_0.json": json.dumps([tweet, {"id": "t8", "author_id": 2, "text": "RT @a: hi"}]),
        "edge.csv": (
            "source_id,relation,target_id\nu1,following,u2\nu1,followers,u3\nu1,post,t9\n"
        ),
        "label.csv": "id,label\nu1,human\nu2,bot\n",
        "split.csv": "id,split\nu1,valid\nu2,test\n",
    }
    for name, content in written.items():
        (tmp_path / name).write_text(content)
    card = {
        "id": "by-hand",
        "title": "t",
        "platform": "twitter",
        "licence": "none",
        "citation": "none",
        "sources": [{"file": name} for name in written],
        "label": {"meaning": "m", "claimant": "c"},
        "reads": [{"format": "twibot22"}],
    }
    (tmp_path / "card.yaml").write_text(yaml.safe_dump(card))
    pull(store, cards.load(tmp_path / "card.yaml"), tmp_path)
    run = store.connection.execute
    assert run(
        "SELECT post_id, account_id, kind, ref_post_id, hashtags, urls, mentions, reposts, likes"
        " FROM lake.posts ORDER BY 1"
    ).fetchall() == [
        ("8", "2", "repost", None, [], [], ["a"], None, None),
        ("9", "1", "quote", "7", ["X"], ["https://a.org/b"], ["ann"], 2, 3),
    ]
    assert run("SELECT extra FROM lake.posts WHERE post_id = '9'").fetchone() == (
        {"conversation_id": "5"},
    )
    assert run("SELECT source_id, target_id, kind FROM lake.edges ORDER BY 1").fetchall() == [
        ("1", "2", "follows"),
        ("3", "1", "follows"),
    ]
    assert run("SELECT account_id, attributes FROM lake.claims ORDER BY 1").fetchall() == [
        ("1", {"part": "validation"}),
        ("2", {"part": "test"}),
    ]
