"""What is known of the features: the registry, the page, the command, the cache, and one file for a
new one.
"""

import importlib.util
import subprocess
import sys
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from curation import features
from curation.features import _cache, _render
from curation.features._registry import _check
from curation.store import schema

ROOT = Path(__file__).resolve().parents[3]
NOW = datetime(2024, 5, 5, 12, tzinfo=UTC)
ACCOUNTS = [
    {
        "dataset": "d",
        "account_id": i,
        "platform": "twitter",
        "followers": 3,
        "following": 4,
        "handle": "ab1",
        "extra": {"bio_length": "5"},
        "created_at": datetime(2020, 1, 1, tzinfo=UTC),
        "observed_at": NOW,
    }
    for i in ("a", "b")
]
POSTS = [
    {
        "dataset": "d",
        "post_id": str(i),
        "account_id": "a",
        "created_at": NOW.replace(minute=i),
        "lang": "en",
        "text": f"RT @x #t{i % 2} http://a.org",
        "kind": "repost" if i % 2 else None,
        "ref_account_id": "x",
        "source_app": "web",
        "likes": i,
        "reposts": 1,
    }
    for i in range(5)
]


@dataclass(frozen=True)
class Frozen:
    content_hash: str
    path: Path


@pytest.fixture
def release(tmp_path):
    folder = tmp_path / "release"
    folder.mkdir()
    pq.write_table(schema.rows("accounts", ACCOUNTS), folder / "accounts.parquet")
    pq.write_table(schema.rows("posts", POSTS), folder / "posts.parquet")
    return Frozen("0123456789abcdef" * 4, folder)


def test_families_and_names():
    assert {"profile", "timing", "text", "content"} <= set(features.families())
    assert len(features.FEATURES) >= 70
    assert all(
        f.name == name and f.doc and f.unit and f.source and f.needs
        for name, f in features.FEATURES.items()
    )
    assert features.FEATURES["burstiness"].family == "timing" and features.FEATURES[
        "burstiness"
    ].tables == ("posts",)
    assert features.FEATURES["gap_median"].view == "gaps"


def test_a_feature_reads_no_column_it_does_not_declare():
    """Alone, with every undeclared column NULL, each feature has the value it has beside the
    others.
    """
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("a", schema.rows("accounts", ACCOUNTS))
        connection.register("p", schema.rows("posts", POSTS))
        together = features.compute(connection, "FROM a", "FROM p")
        for name, feature in features.FEATURES.items():
            table, (query,) = feature.tables[0], _render.plan((feature,), "duckdb").queries
            source = _render.only(table, table[0], [feature])
            alone = connection.execute(query.over(**{table: f"({source})"})).to_arrow_table()
            expected = dict(
                zip(together["account_id"].to_pylist(), together[name].to_pylist(), strict=True)
            )
            assert (
                dict(zip(*alone.to_pydict().values(), strict=True)).items() <= expected.items()
            ), name


def test_a_careless_feature_is_refused_where_it_is_written():
    def documented(posts):
        """Doc."""

    def two(posts, accounts):
        """Doc."""

    with pytest.raises(ValueError, match=r"posts\.txt, which is not a column"):
        _check(documented, ("posts.txt",))
    with pytest.raises(ValueError, match="no docstring"):
        _check(lambda posts: posts, ("posts.text",))
    with pytest.raises(ValueError, match="one parameter"):
        _check(two, ("posts.text",))


def test_the_reference_page_is_what_the_code_says():
    assert (ROOT / "docs" / "features.md").read_text(
        encoding="utf-8"
    ) == features.reference_page() + "\n", "run: botbench features --markdown > docs/features.md"


def test_the_command_lists_them(cli):
    found = cli.json("features", "--family", "timing")["features"]
    assert {"name", "family", "unit", "definition", "needs", "source"} == set(found[0])
    assert {f["family"] for f in found} == {"timing"} and "burstiness" in {f["name"] for f in found}
    assert "Did you mean 'text'" in cli("features", "--family", "txt", code=2).stderr


def test_one_file_adds_a_feature(tmp_path):
    """The walk finds a new module of the package; no list is edited."""
    (tmp_path / "toy.py").write_text('''
from curation.features import feature, share

@feature(unit="share", needs="posts.text", source="a test")
def shouting_share(posts):
    """Share of posts with an exclamation mark."""
    return share(posts.text.contains("!"))
''')
    code = f"""
import curation.features, duckdb
from curation import features; from curation.store import schema
curation.features.__path__.append({str(tmp_path)!r})
con = duckdb.connect()
con.register("a", schema.rows("accounts", [{{"dataset": "d", "account_id": "1", "platform": "t"}}]))
posts = [{{"dataset": "d", "post_id": text, "account_id": "1", "text": text}} for text in ("a!", "b")]
con.register("p", schema.rows("posts", posts))
print(features.compute(con, "FROM a", "FROM p", families=["toy"]).to_pylist(), features.FEATURES["shouting_share"].family)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[{'account_id': '1', 'shouting_share': 0.5}] toy"


# -- the cache


def test_a_release_is_computed_once(release, tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    first = features.cached(release, cache)
    assert first["account_id"].to_pylist() == ["a", "b"] and first["posts_seen"].to_pylist() == [
        5,
        None,
    ]
    monkeypatch.setattr(_cache, "compute", lambda *_: pytest.fail("computed again"))
    assert features.cached(release, cache).equals(first)
    profile = features.cached(release, cache, families=["profile"])
    assert "followers" in profile.column_names and "posts_seen" not in profile.column_names


def test_another_content_or_another_code_is_another_file(release, tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    features.cached(release, cache)
    features.cached(Frozen("f" * 64, release.path), cache)
    monkeypatch.setattr(_cache, "code_version", lambda: "e" * 64)
    features.cached(release, cache)
    assert len(list(cache.iterdir())) == 3


def test_a_computation_that_fails_leaves_nothing(release, tmp_path):
    (release.path / "posts.parquet").unlink()
    cache = tmp_path / "cache"
    with pytest.raises(duckdb.Error):
        features.cached(release, cache)
    assert list(cache.iterdir()) == []


def test_two_at_once_get_the_same_and_leave_one_file(release, tmp_path):
    cache, results = tmp_path / "cache", []
    together = threading.Barrier(2)

    def work():
        together.wait()
        results.append(features.cached(release, cache))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 2 and results[0].equals(results[1]) and len(list(cache.iterdir())) == 1


def test_listing_features_does_not_import_ibis():
    code = (
        "import sys; from curation.features import FEATURES; assert len(FEATURES); sys.exit('ibis'"
        " in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT).returncode == 0
    assert importlib.util.find_spec("ibis")
