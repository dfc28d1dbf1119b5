"""Pulling against DuckDB's own read of the same file: a CSV of BOTBENCH_SPEED_ROWS accounts (1e6)
with labels, and the caverlee-2011 tables. Each runs in a process of its own; wall time, processor
time and peak memory are given as they are.

DuckDB's own read is `CREATE TABLE t AS FROM read_csv(file)`: types guessed, nothing checked,
nothing written to disk.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
import yaml

ROWS = int(float(os.environ.get("BOTBENCH_SPEED_ROWS", "1e6")))

BARE = """
import duckdb
con = duckdb.connect()
con.execute("SET enable_progress_bar = false")
for i, path in enumerate({paths!r}):
    con.execute(f"CREATE TABLE t{{i}} AS FROM read_csv('{{path}}')")
done = sum(con.execute(f"SELECT count(*) FROM t{{i}}").fetchone()[0] for i in range({n}))
"""
PULL = """
from pathlib import Path
from curation.ingest import cards
from curation.ingest.pull import pull
from curation.store.store import Store
with Store({store!r}) as store:
    result = pull(store, cards.load(Path({card!r})), Path({folder!r}))
done = result.tables["accounts"]["read"]
"""
MEASURED = """
import json, resource, sys, time
begin = time.perf_counter()
{work}
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({{"rows": done, "seconds": time.perf_counter() - begin, "cpu": used.ru_utime + used.ru_stime,
                   "peak_mb": used.ru_maxrss / 1024}}))
"""
CARD = {
    "id": "made",
    "title": "Made up",
    "platform": "twitter",
    "licence": "CC0-1.0",
    "citation": "none",
    "label": {"meaning": "made up", "claimant": "nobody"},
}
BIG = {
    "accounts": {
        "account_id": "id",
        "handle": "screen_name",
        "display_name": "name",
        "bio": "description",
        "created_at": "created_at",
        "followers": "followers",
        "following": "friends",
        "posts_total": "statuses",
    },
    "claims": {"answer": "label"},
}
CAVERLEE = {
    "accounts": {
        "account_id": "UserID",
        "created_at": "CreatedAt",
        "observed_at": "CollectedAt",
        "following": "NumerOfFollowings",
        "followers": "NumberOfFollowers",
        "posts_total": "NumberOfTweets",
        "extra": {
            "handle_length": "LengthOfScreenName",
            "bio_length": "LengthOfDescriptionInUserProfile",
        },
    },
    "claims": {
        "answer": {
            "file": "stem",
            "codes": {"content_polluters": "bot", "legitimate_users": "human"},
        }
    },
}


def measured(work):
    done = subprocess.run(
        [sys.executable, "-c", MEASURED.format(work=work)],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def compare(name, tmp_path, folder, files, options):
    card = tmp_path / "card.yaml"
    sources = [{"file": f.removesuffix(".gz")} for f in files]
    card.write_text(
        yaml.safe_dump(
            {**CARD, "sources": sources, "reads": [{"format": "tabular", "options": options}]}
        )
    )
    paths = [str(Path(folder) / f) for f in files]
    bare = measured(BARE.format(paths=paths, n=len(paths)))
    pulled = measured(
        PULL.format(store=str(tmp_path / "store"), card=str(card), folder=str(folder))
    )
    assert bare["rows"] == pulled["rows"]
    figures = {
        "data": name,
        "rows": pulled["rows"],
        "pull": pulled,
        "duckdb": bare,
        "ratio": round(pulled["seconds"] / bare["seconds"], 1),
        "cpu_ratio": round(pulled["cpu"] / bare["cpu"], 1),
    }
    print("\n" + json.dumps(figures))
    return figures


@pytest.mark.speed
def test_a_large_csv(tmp_path):
    """Accounts and claims out of one file: two tables, a hash for each claim, one commit."""
    duckdb.execute(
        f"""COPY (SELECT 100000000 + i AS id, 'user' || i AS screen_name, 'Name ' || i AS name,
        repeat('word, "x" ', (hash(i) % 15)::INT) AS description, hash(i, 1) % 1000000 AS followers, hash(i, 2) % 10000 AS friends,
        hash(i, 3) % 100000 AS statuses, strftime(TIMESTAMP '2013-01-01' + to_seconds(i * 37), '%Y-%m-%d %H:%M:%S') AS created_at,
        CASE WHEN hash(i) % 3 = 0 THEN 'bot' ELSE 'human' END AS label FROM range({ROWS}) t(i))
        TO '{tmp_path / "big.csv"}' (HEADER)"""
    )
    figures = compare(
        f"{ROWS:,} rows, {(tmp_path / 'big.csv').stat().st_size / 1e6:.0f} MB",
        tmp_path,
        tmp_path,
        ["big.csv"],
        BIG,
    )
    assert figures["pull"]["peak_mb"] < 3500


@pytest.mark.speed
@pytest.mark.data
def test_caverlee(tmp_path, shared_data):
    """The two tables of caverlee-2011, gzipped."""
    files = ["content_polluters.csv.gz", "legitimate_users.csv.gz"]
    assert (
        compare("caverlee-2011 tables", tmp_path, shared_data / "caverlee-2011", files, CAVERLEE)[
            "rows"
        ]
        == 41_499
    )
