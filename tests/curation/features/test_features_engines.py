"""Every feature has DuckDB's value on Sail too, on hostile accounts and posts; on Spark itself by
`make spark`, which `.ci/run` runs.
"""

import importlib.util
import os
import random
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from botbench.core.errors import ResourceFailure, UserError
from curation import engines, features
from curation.features import _functions, _render
from curation.store import schema

START = datetime(2024, 1, 1, tzinfo=UTC)
SPARK = importlib.util.find_spec("py4j") is not None
ENGINE = engines.LOCAL_SPARK if SPARK else engines.SAIL
"""`make spark` runs these tests in the environment of Spark itself; elsewhere they run on Sail."""


def hostile():
    spec = importlib.util.spec_from_file_location(
        "hostile", Path(__file__).resolve().parents[2] / "hostile.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [text for text in module.texts("http://x.invalid", 2000) if "\x00" not in text]


TEXTS = [
    *(
        "",
        None,
        " ",
        "  a  b ",
        "😀",
        "👨‍👩‍👧 é",
        "e\u0301",
        "ΑΣ Σ ΣΑΣ",
        "ß ẞ ǅ ﬁ",
        "ＦＵＬＬ",
        "中文 中文",
    ),
    *(
        "İstanbul #İSTANBUL @ann",
        "#été #Été #ÉTÉ #ΣΑΣ #ΣΑς",
        "RT @ann: x",
        "@bob hi",
        "RT @",
        "#",
        "@",
    ),
    *(
        "https://a.org/x\u00a0y http://B.net:80?q\u3000z",
        "HTTP://X http://",
        "http://İ.com/x",
        "\x0bv\x85n",
    ),
    *(
        "http://u@www.a.org/x?y",
        "https://www.EXAMPLE.com",
        "\t tab\n line",
        "a\u2028b",
        "!?…¿«»“”",
        "٣٤ १",
    ),
    *("🏳️‍🌈🏳️‍🌈 ☀☀️", "𝐁𝐨𝐭 𝐀", "\ufffd", "x" * 5000),
]
NAMES = (
    *(
        None,
        "",
        " ",
        "Ann_1",
        "b0t2024",
        "Ann Bée",
        "中文 9",
        "İΣ",
        "ΣΑΣ",
        "😀😀",
        "é",
        "\t",
        "\x0b",
    ),
)
EXTRA = (
    *(None, {}, {"bio_length": "3", "handle_length": "1.5", "display_name_length": "1e3"}),
    {"bio_length": " 12 ", "handle_length": "x", "display_name_length": "2.5"},
    {"bio_length": "", "handle_length": "-2.5", "profile_use_background_image": " TRUE\t"},
    {"bio_length": "Infinity", "handle_length": "9" * 20, "profile_use_background_image": "İ"},
)


def made_accounts(chance):
    return [
        {
            "dataset": "d",
            "account_id": str(i) if i else "ü\"'`\\ x",
            "platform": "t",
            **{
                n: chance.choice(NAMES)
                for n in ("handle", "display_name", "bio", "url", "location")
            },
            "created_at": chance.choice([None, START, START - timedelta(days=5000)]),
            "observed_at": chance.choice([None, START, START + timedelta(days=3, microseconds=7)]),
            **{
                n: chance.choice([None, 0, 1, -1, 7, 10**9, 10**12, 2**63 - 1])
                for n in ("followers", "following", "posts_total", "likes_total", "listed")
            },
            **{
                n: chance.choice([None, True, False])
                for n in ("verified", "protected", "default_profile", "default_avatar")
            },
            "extra": chance.choice(EXTRA),
        }
        for i in range(40)
    ]


def moment(chance):
    """Unknown, before 1970 between two milliseconds, and of one minute for many."""
    before = datetime(1969, 12, 31, 23, 59, 59, 999500, tzinfo=UTC)
    return chance.choice(
        [
            None,
            START + timedelta(milliseconds=chance.randrange(-(10**12), 10**11)),
            START + timedelta(seconds=300 * chance.randrange(50)),
            before - timedelta(seconds=chance.randrange(10**6)),
            START + timedelta(microseconds=chance.randrange(10**9)),
        ]
    )


def made_posts(chance, accounts, many):
    """No post, one post, very many, and some; texts and times all empty for some accounts."""
    texts = [*TEXTS, *hostile()]
    kinds = [None, None, *schema.TABLES["posts"].column("kind").vocabulary]
    posts = [
        {
            "dataset": "d",
            "account_id": account["account_id"],
            "text": chance.choice(texts if i % 5 else ["", None]),
            "created_at": moment(chance) if i % 7 else None,
            "kind": chance.choice(kinds),
            "lang": chance.choice([None, "", "en", "EN"]),
            "hashtags": chance.choice(
                [None, None, [], ["A", "a", None], ["İ", "i", "I", "Σ", "ς"]]
            ),
            "urls": chance.choice(
                [None, None, [], ["http://c.org/1", None, ""], ["ftp://x@www.Q.org:1"]]
            ),
            "mentions": chance.choice([None, None, [], ["x", "Y", None]]),
            "ref_account_id": chance.choice([None, "", "1", "2"]),
            "source_app": chance.choice([None, "", "web"]),
            "reposts": chance.choice([None, 0, 10**9, 10**15, -3]),
            "likes": chance.choice([None, 0, 5, 2**62]),
        }
        for i, account in enumerate(accounts)
        for _ in range({0: 0, 1: 1, 2: many}.get(i, chance.randrange(40)))
    ]
    posts.append({**posts[-1], "account_id": "elsewhere"})
    return [{**post, "post_id": str(i)} for i, post in enumerate(posts)]


@dataclass(frozen=True)
class Frozen:
    content_hash: str
    path: Path


@pytest.fixture(scope="module")
def releases(tmp_path_factory):
    """Folders of accounts and posts by name: hostile ones, and accounts without any post."""
    chance = random.Random(15)
    accounts = made_accounts(chance)
    found = {}
    for name, posts in (("hostile", made_posts(chance, accounts, 5000)), ("without posts", [])):
        folder = tmp_path_factory.mktemp("release")
        pq.write_table(schema.rows("accounts", accounts), folder / "accounts.parquet")
        pq.write_table(schema.rows("posts", posts), folder / "posts.parquet")
        found[name] = Frozen(name, folder)
    return found


@pytest.fixture(scope="module")
def session():
    """One server for all tests of this module."""
    with engines.session(ENGINE) as opened:
        yield opened


# Spark takes all accounts at once, whatever their number.
BUCKETS = [("hostile", 1), ("without posts", 1), *([] if SPARK else [("hostile", 3)])]


@pytest.mark.parametrize(("name", "buckets"), BUCKETS)
def test_every_feature_has_duckdb_s_value(releases, session, tmp_path, monkeypatch, name, buckets):
    asked = []

    @contextmanager
    def opened(engine, beside=False):
        asked.append(beside)
        yield session

    monkeypatch.setattr(features._to_file, "session", opened)
    monkeypatch.setattr(features._to_file, "buckets_for", lambda *_: buckets)
    monkeypatch.setattr(features._to_file, "BUCKETS_A_SERVER", 2)
    here = features.write(releases[name], tmp_path / "here.parquet")
    there = features.write(releases[name], tmp_path / "there.parquet", ENGINE)
    assert (here.engine, there.engine) == ("duckdb", ENGINE)
    assert here.accounts == there.accounts == 40
    assert here.features == there.features == len(features.FEATURES)
    same(pq.read_table(tmp_path / "here.parquet"), pq.read_table(tmp_path / "there.parquet"))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["here.parquet", "there.parquet"]
    # Once to lay several out, and once for each two of them.
    assert asked == [True] * (1 if buckets == 1 else 3)


@pytest.mark.parametrize("at_once", [64, 4])
def test_each_account_lies_in_one_bucket_with_its_posts(
    releases, session, tmp_path, monkeypatch, at_once
):
    """Also where parts are divided twice, 30 into 2 into 4 into 4; the whole ones go then."""
    monkeypatch.setattr(features._spark, "PARTS", at_once)
    tables = {t: releases["hostile"].path / f"{t}.parquet" for t in ("accounts", "posts")}
    buckets = features._spark.laid_out(session, tables, tmp_path / "laid", 30, families=["text"])
    accounts, posts = ([pq.read_table(b[t]) for b in buckets] for t in ("accounts", "posts"))
    whole = {t: pq.read_table(path) for t, path in tables.items()}
    ids = [set(t["account_id"].to_pylist()) for t in accounts]
    assert sorted(i for some in ids for i in some) == sorted(
        whole["accounts"]["account_id"].to_pylist()
    )
    assert 5 < len(ids) < 30
    read = set(posts[0].column_names) & set(whole["posts"].column_names)
    assert read == {"account_id", "text", "lang"}
    for some, theirs in zip(ids, posts, strict=True):
        expected = [
            (p["account_id"], p["text"] or "")
            for p in whole["posts"].select(["account_id", "text"]).to_pylist()
            if p["account_id"] in some
        ]
        rows = theirs.select(["account_id", "text"]).to_pylist()
        kept = [(p["account_id"], p["text"] or "") for p in rows if p["account_id"] in some]
        assert sorted(kept) == sorted(expected)
    assert len(list((tmp_path / "laid").glob("*/accounts/part=*"))) == len(ids)
    assert all(path.exists() for path in tables.values())


def test_parts_that_were_read_are_not_kept_in_memory(tmp_path):
    """They would add up with the buckets."""
    pq.write_table(pa.table({"account_id": ["a", "b"]}), tmp_path / "part.parquet")
    with features._cache.scratch_connection(tmp_path) as (connection, _):
        connection.execute(f"SELECT count(account_id) FROM '{tmp_path}/part.parquet'").fetchall()
        kept = connection.execute("FROM duckdb_external_file_cache()").fetchall()
    assert kept == []


if not SPARK:

    def test_a_server_beside_ends_with_its_session():
        before = set(engines.children(os.getpid()))
        with engines.session(engines.SAIL, beside=True) as spark:
            (server,) = set(engines.children(os.getpid())) - before
            assert b"pysail" in Path(f"/proc/{server}/cmdline").read_bytes()
            assert spark.sql("SELECT 1 AS one").toArrow().to_pylist() == [{"one": 1}]
        assert not Path(f"/proc/{server}").exists()


def same(here, there):
    assert here.schema.equals(there.schema)
    assert here["account_id"].to_pylist() == sorted(there["account_id"].to_pylist())
    assert here["account_id"].equals(there["account_id"])
    for name in here.column_names[1:]:
        ours, theirs = here[name].to_pylist(), there[name].to_pylist()
        assert [v is None for v in ours] == [v is None for v in theirs], name
        known = [(a, b) for a, b in zip(ours, theirs, strict=True) if a is not None]
        assert [b for _, b in known] == pytest.approx([a for a, _ in known], rel=1e-9, abs=1e-9), (
            name
        )


def test_two_rows_of_one_account_are_refused(releases, session, tmp_path):
    accounts = pq.read_table(releases["hostile"].path / "accounts.parquet")
    twice = tmp_path / "twice.parquet"
    pq.write_table(pa.concat_tables([accounts, accounts]), twice)
    tables = {"accounts": twice, "posts": releases["hostile"].path / "posts.parquet"}
    with pytest.raises(ValueError, match="one row an account"):
        features._spark.write_parts(session, tables, tmp_path / "parts")


def test_no_feature_names_a_function_of_one_engine():
    """Each is rendered for DuckDB and for Spark from one definition."""
    every = tuple(features.chosen())
    here, there = (
        _render.plan(every, dialect) for dialect in (_functions.DUCKDB, _functions.SPARK)
    )
    assert here.types == there.types
    assert [q.view for q in here.queries] == [q.view for q in there.queries]


def test_what_a_killed_run_left_beside_the_file_goes_with_the_next(tmp_path, releases):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    for name in (f".features.{ended.pid}.0123abcdab_c1.unfinished", f".x.{ended.pid}.unfinished"):
        (tmp_path / name).mkdir()
    with features._cache.scratch_connection(tmp_path) as (_, held):
        at_work = held.rename(held.with_name(held.name.replace(str(os.getpid()), str(ended.pid))))
        features.write(releases["without posts"], tmp_path / "x.parquet", families=["profile"])
        assert at_work.is_dir(), "another machine's, by its lock"
        at_work.rename(held)
    left = sorted(p.name for p in tmp_path.iterdir())
    assert left == [f".x.{ended.pid}.unfinished", "x.parquet"]


def test_engines_that_are_not_there_are_told(tmp_path, releases):
    with pytest.raises(UserError, match=r"no engine 'sial'\. Engines are duckdb, sail"):
        features.write(releases["hostile"], tmp_path / "x.parquet", "sial")
    # Where Spark itself is, its server is not.
    refused = ResourceFailure if SPARK else UserError
    with pytest.raises(refused, match=r"The engine spark://127\.0\.0\.1:1 "):
        features.write(releases["hostile"], tmp_path / "x.parquet", "spark://127.0.0.1:1")
    with pytest.raises(ResourceFailure, match=r"sc://127\.0\.0\.1:1 cannot be reached"):
        features.write(releases["hostile"], tmp_path / "x.parquet", "sc://127.0.0.1:1")
    # Before anything is begun or said to be.
    with pytest.raises(UserError, match="feature family 'timming'"):
        features.write(releases["hostile"], tmp_path / "new" / "x.parquet", families=["timming"])
    assert list(tmp_path.iterdir()) == []
