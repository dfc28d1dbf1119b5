"""Buckets of accounts at work at once, and slices of a bucket: the same bits, and no loss."""

import random
import threading
from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from botbench.core.duckdb_work import scratch_database, threads_of
from curation import features
from curation.features import _compute
from curation.store import schema

START = datetime(2024, 1, 1, tzinfo=UTC)
TEXTS = (
    "a b a",
    "b  c",
    " ",
    "",
    None,
    "RT @x: http://a.org #T d",
    "http:// http://B.org/x",
    "é É",
)


@pytest.fixture
def connection():
    """Twelve accounts: the first without a post, the second with a hundred."""
    chance = random.Random(4)
    accounts = [
        {"dataset": "d", "account_id": f"a{i}", "platform": "t", "followers": i} for i in range(12)
    ]
    posts = [
        {
            "dataset": "d",
            "post_id": f"{i}-{j}",
            "account_id": f"a{i}",
            "text": chance.choice(TEXTS),
            "created_at": START + timedelta(seconds=chance.randrange(10**6)),
            "ref_account_id": chance.choice([None, f"a{i}", "b"]),
        }
        for i in range(12)
        for j in range({0: 0, 1: 100}.get(i, chance.randrange(9)))
    ]
    with scratch_database(threads=3) as opened:
        opened.register("some_accounts", schema.rows("accounts", accounts))
        opened.register("some_posts", schema.rows("posts", posts))
        yield opened


def computed(connection, buckets):
    return features.compute(connection, "FROM some_accounts", "FROM some_posts", buckets=buckets)


def test_buckets_at_work_at_once_give_the_same_bits_and_the_threads_back(connection, monkeypatch):
    together = threading.Barrier(3)
    begun = []
    of_bucket = _compute._of_bucket

    def met(at, plans, queries, source):
        begun.append((threading.get_ident(), threads_of(at)))
        if len(begun) <= 3:
            together.wait(60)
        return of_bucket(at, plans, queries, source)

    expected = computed(connection, 1)
    monkeypatch.setattr(_compute, "_of_bucket", met)
    assert computed(connection, 2).equals(expected)
    # Two files, each in as many parts as there are threads; each thread computes alone.
    assert len(begun) == 6
    assert len({thread for thread, _ in begun}) == 3
    assert {threads for _, threads in begun} == {1}
    assert threads_of(connection) == 3


def test_a_bucket_that_fails_ends_all_and_leaves_nothing(connection, monkeypatch, tmp_path):
    connection.execute(f"SET temp_directory = '{tmp_path / 'scratch'}'")
    of_bucket = _compute._of_bucket
    begun = []

    def failing(at, plans, queries, source):
        begun.append(source)
        if len(begun) == 2:
            raise duckdb.OutOfMemoryException("the second")
        return of_bucket(at, plans, queries, source)

    monkeypatch.setattr(_compute, "_of_bucket", failing)
    with pytest.raises(duckdb.OutOfMemoryException, match="the second"):
        computed(connection, 5)
    assert threads_of(connection) == 3
    assert list((tmp_path / "scratch").iterdir()) == []
    left = connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
    assert left == []


def test_words_are_grouped_by_slices_of_accounts(connection, monkeypatch):
    asked = []
    run = _compute._run

    def seen(at, query, **sources):
        if query.view == "words":
            asked.append(sources["kept_posts"].partition(" WHERE ")[2])
        return run(at, query, **sources)

    expected = computed(connection, 1)
    monkeypatch.setattr(_compute, "_run", seen)
    monkeypatch.setattr(_compute, "SLICE_POSTS", 10)
    assert computed(connection, 1).equals(expected)
    # The account of a hundred posts lies in one slice, whole.
    assert 3 <= len(asked) <= 7
    assert len(set(asked)) == len(asked)
    assert asked[0].startswith("account_id > -1 AND account_id <= ")


def test_words_by_hand(connection):
    given = schema.rows(
        "posts",
        [
            {"dataset": "d", "post_id": str(i), "account_id": "a3", "text": text}
            for i, text in enumerate(["a b a", "b  c", " ", None])
        ],
    )
    connection.register("few", given)
    table = features.compute(connection, "FROM some_accounts", "FROM few", ["text"])
    ratios = dict(
        zip(table["account_id"].to_pylist(), table["distinct_word_ratio"].to_pylist(), strict=True)
    )
    assert ratios.pop("a3") == 3 / 5
    assert set(ratios.values()) == {None}


def test_links_without_a_host_are_no_domain(connection):
    links = {"a2": ["http://", "x"], "a3": ["http://", "http://www.A.org/1", "http://a.org"]}
    given = schema.rows(
        "posts",
        [
            {"dataset": "d", "post_id": name, "account_id": name, "urls": urls}
            for name, urls in links.items()
        ],
    )
    connection.register("few", given)
    table = features.compute(connection, "FROM some_accounts", "FROM few", ["content"])
    found = {
        row["account_id"]: (row["distinct_domains"], row["domain_concentration"])
        for row in table.select(
            ["account_id", "distinct_domains", "domain_concentration"]
        ).to_pylist()
    }
    assert (found["a2"], found["a3"]) == ((None, None), (1, 1.0))
