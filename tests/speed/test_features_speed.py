"""Features against a loop over accounts in pandas: 1e5 accounts, 1e7 posts (BOTBENCH_SPEED_POSTS
for another number).

The pandas loop is timed on a sample of the accounts and extrapolated, for the whole would take an
hour; its reading of the files is left out. Both must give the same values on the sample.
"""

import importlib.util
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from curation.store import schema

POSTS = int(float(os.environ.get("BOTBENCH_SPEED_POSTS", "1e7")))
ACCOUNTS = max(POSTS // 100, 1)
SAMPLE = min(300, ACCOUNTS)

WORK = """
import json, resource, sys, time
import duckdb, ibis
from curation import features
con = duckdb.connect()
con.execute("SET TimeZone = 'UTC'")
con.execute("SET enable_progress_bar = false")
con.execute("SET preserve_insertion_order = false")
con.execute(f"SET temp_directory = '{sys.argv[1]}/tmp'")
empty = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
begin = time.perf_counter()
posts = f"FROM read_parquet('{sys.argv[1]}/posts.parquet')"
table = features.compute(con, f"FROM read_parquet('{sys.argv[1]}/accounts.parquet')", posts)
seconds = time.perf_counter() - begin
used = resource.getrusage(resource.RUSAGE_SELF)
con.register("found", table)
con.execute(f"COPY found TO '{sys.argv[1]}/features.parquet'")
print(json.dumps({"seconds": seconds, "cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss / 2**20, "empty": empty / 2**20,
                  "buckets": features.buckets_for(con, posts), "features": table.num_columns - 1, "rows": table.num_rows}))
"""


def rows_sql(table, columns):
    """SELECT list of a table's columns: those given, the others NULL."""
    return ", ".join(
        f'({columns.get(c.name, "NULL")})::{c.type} AS "{c.name}"'
        for c in schema.TABLES[table].columns
    )


def write(folder):
    """Accounts and posts made up by hash: ten words a post, a quarter reposts, a third with hashtag
    and emoji.
    """
    accounts = {
        "dataset": "'d'",
        "account_id": "1000000000000000000 + i",
        "platform": "'made up'",
        "observed_at": "TIMESTAMPTZ '2024-06-01'",
        "handle": "'user_' || hash(i) % 99999",
        "display_name": "'Name ' || i",
        "bio": "'bio ' || hash(i)",
        "url": "''",
        "created_at": "TIMESTAMPTZ '2015-01-01' + to_seconds((hash(i) % 100000000)::BIGINT)",
        "extra": "MAP {}",
        **{
            n: f"hash(i, '{n}') % 5000"
            for n in ("followers", "following", "posts_total", "likes_total", "listed")
        },
    }
    text = """(CASE hash(i, 2) % 4 WHEN 0 THEN 'RT @user' || hash(i, 3) % 1000 || ': ' ELSE 'Well, ' END)
        || array_to_string(list_transform(range(3 + (hash(i, 4) % 14)::BIGINT), lambda k: 'word' || hash(i, k) % 3000), ' ')
        || (CASE hash(i, 5) % 3 WHEN 0 THEN ' #tag' || hash(i, 6) % 50 || ' \U0001f600'
            WHEN 1 THEN ' http://site' || hash(i, 7) % 40 || '.com/x' ELSE '!' END)"""
    posts = {
        "dataset": "'d'",
        "post_id": "i",
        "account_id": f"1000000000000000000 + (hash(i) % {ACCOUNTS})::BIGINT",
        "text": text,
        "lang": "'en'",
        "created_at": (
            "TIMESTAMPTZ '2024-01-01' + to_milliseconds((hash(i, 1) % 10000000000)::BIGINT)"
        ),
        "source_app": "'app' || hash(i, 8) % 3",
        "ref_account_id": "'u' || hash(i, 9) % 100",
        "reposts": "hash(i, 10) % 10",
        "likes": "hash(i, 11) % 20",
        "extra": "MAP {}",
    }
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for name, columns, n in (("accounts", accounts, ACCOUNTS), ("posts", posts, POSTS)):
            connection.execute(
                f"COPY (SELECT {rows_sql(name, columns)} FROM range({n}) t(i)) TO"
                f" '{folder}/{name}.parquet'"
            )


def pandas_loop(folder):
    """Features of a sample of accounts by the loop, the seconds it took by the clock and of CPU,
    and the posts it read.
    """
    spec = importlib.util.spec_from_file_location(
        "reference", Path(__file__).parents[1] / "curation" / "features" / "features_reference.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(
            f"CREATE TABLE a AS FROM '{folder}/accounts.parquet' ORDER BY hash(account_id) LIMIT"
            f" {SAMPLE}"
        )
        accounts = connection.execute("FROM a").to_arrow_table().to_pandas(maps_as_pydicts="strict")
        posts = (
            connection.execute(f"FROM '{folder}/posts.parquet' SEMI JOIN a USING (account_id)")
            .to_arrow_table()
            .to_pandas()
        )
    begin, busy = time.perf_counter(), time.process_time()
    found = module.reference(accounts, posts)
    return found, time.perf_counter() - begin, time.process_time() - busy, len(posts)


@pytest.mark.speed
def test_features_against_a_pandas_loop(tmp_path):
    write(tmp_path)
    begin = time.perf_counter()
    with duckdb.connect() as connection:
        connection.execute(
            f"SELECT count(*), sum(strlen(text)), max(created_at) FROM '{tmp_path}/posts.parquet'"
        ).fetchall()
    scan = time.perf_counter() - begin
    done = subprocess.run(
        [sys.executable, "-c", WORK, str(tmp_path)], capture_output=True, text=True, check=True
    )
    ours = json.loads(done.stdout)
    theirs, seconds, cpu, read = pandas_loop(tmp_path)
    whole, busy = seconds * ACCOUNTS / SAMPLE, cpu * ACCOUNTS / SAMPLE
    agree(tmp_path, theirs)
    print(
        f"\n{ACCOUNTS:,} accounts, {POSTS:,} posts, {ours['features']} features, {ours['buckets']}"
        f" buckets, {os.cpu_count()} cores\nbotbench {ours['seconds']:.1f} s ({ours['cpu']:.1f} s"
        f" of CPU), peak {ours['peak']:.2f} GB (of which {ours['empty']:.2f} before); a scan of the"
        f" posts {scan:.1f} s\npandas loop {seconds:.1f} s ({cpu:.1f} s of CPU) for {SAMPLE}"
        f" accounts and {read:,} posts: {whole:,.0f} s ({busy:,.0f} s of CPU) for all,"
        f" extrapolated\nratio {whole / ours['seconds']:.1f} by the clock (on an idle machine),"
        f" {busy / ours['cpu']:.1f} in CPU time"
    )
    assert ours["rows"] == ACCOUNTS


def agree(folder, theirs):
    """The loop's values are in the file that the other process wrote."""
    with duckdb.connect() as connection:
        found = connection.execute(
            f"FROM read_parquet('{folder}/features.parquet')"
        ).to_arrow_table()
        connection.register("found", found)
        for row in theirs[:50]:
            mine = (
                connection.execute("FROM found WHERE account_id = ?", [row["account_id"]])
                .to_arrow_table()
                .to_pylist()[0]
            )
            for name, value in row.items():
                if name != "account_id" and value is not None and value == value:
                    assert mine[name] == pytest.approx(float(value), rel=1e-9, abs=1e-9), name
