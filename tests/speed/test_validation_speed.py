"""Validation beside one DuckDB query that asks the same questions, and a release, on simulated
rows.

`BOTBENCH_SPEED_ACCOUNTS=1000000 pytest -m speed tests/speed/test_validation_speed.py -s` prints the
figures.
"""

import os
import resource
import time

import pytest

from curation.release import acceptance, release
from curation.store import schema
from curation.store.identity import claim_id
from curation.store.rules import suites
from curation.validation import run, views

ACCOUNTS = int(os.environ.get("BOTBENCH_SPEED_ACCOUNTS", "100000"))
POSTS_EACH = 10

pytestmark = pytest.mark.speed


def table(store, name, source, **columns):
    """A temporary table with the schema's columns from SQL expressions over `source` (range i)."""
    parts = ", ".join(
        f'({columns.get(c.name, "NULL")})::{c.type} AS "{c.name}"'
        for c in schema.TABLES[name].columns
    )
    store.connection.execute(f"CREATE TEMP TABLE made_{name} AS SELECT {parts} FROM {source}")
    return f"made_{name}"


@pytest.fixture
def large(store):
    """A data set of ACCOUNTS accounts, ten posts each, a claim and a label each, in which
    everything holds.
    """
    posts = f"range({ACCOUNTS * POSTS_EACH}) r(i)"
    who = f"range({ACCOUNTS}) r(i)"
    shared = {"dataset": "'d'", "account_id": "100000 + i"}
    label = "CASE WHEN i % 3 = 0 THEN 'bot' ELSE 'human' END"
    rows = {
        "accounts": table(
            store,
            "accounts",
            who,
            **shared,
            platform="'twitter'",
            observed_at="TIMESTAMPTZ '2020-01-01 00:00:00+00'",
            created_at="TIMESTAMPTZ '2010-01-01 00:00:00+00' + to_seconds(i)",
            handle="'h' || i",
            bio="'a bio of ' || hash(i)",
            followers="i % 5000",
            following="i % 777",
            posts_total="i % 9999",
            extra="MAP {'k': i::VARCHAR}",
        ),
        "posts": table(
            store,
            "posts",
            posts,
            dataset="'d'",
            account_id=f"100000 + i % {ACCOUNTS}",
            post_id="'p' || i",
            kind="'original'",
            created_at="TIMESTAMPTZ '2019-01-01 00:00:00+00' + to_seconds(i % 9999999)",
            text="'some words of post ' || hash(i) || ' and a #tag that is in it'",
            hashtags="['tag']",
            likes="i % 9",
        ),
        "claims": table(
            store,
            "claims",
            who,
            **shared,
            claim_id="'c' || i",
            claimant="'a'",
            claimant_kind="'dataset'",
            answer=label,
        ),
        "labels": table(
            store,
            "labels",
            who,
            **shared,
            consensus_id="'k'",
            label=label,
            p_bot="i % 3 = 0",
            n_claims="1",
            status="'agreed'",
            method="'majority'",
        ),
    }
    store.connection.execute(f"UPDATE made_claims SET claim_id = {claim_id()}")
    store.append(rows, None, "simulated")
    for name in rows.values():
        store.connection.execute(f"DROP TABLE {name}")
    return store


def one_query(store):
    """Every rule as one query: the column rules of a table in one pass, the others as they are."""
    with views.pinned(store, "d", store.head()) as names:
        cursor = store.connection.cursor()
        cursor.execute("SET TimeZone = 'UTC'")
        cursor.execute(f"USE {names}")
        parts = []
        for suite in (
            s for s in suites() if cursor.execute(f"SELECT count(*) FROM {s.table}").fetchone()[0]
        ):
            columns = [r.rows.split(" WHERE ", 1)[1] for r in suite.rules if r.kind != "query"]
            if columns:
                counts = " + ".join(f"count(*) FILTER ({condition})" for condition in columns)
                parts.append(f"(SELECT {counts} FROM {suite.table})")
            parts += [
                f"(SELECT count(*) FROM ({r.rows}))" for r in suite.rules if r.kind == "query"
            ]
        return cursor.execute(f"SELECT {' + '.join(parts)}").fetchone()[0]


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / 1024


def test_validation_beside_one_query(large, capsys):
    import great_expectations  # noqa: F401  (its import, some 5 s, is not what is measured)

    seconds, processor, memory = {}, {}, {}
    for name, work in (
        ("one query", lambda: one_query(large)),
        ("validate", lambda: run.validate(large, "d")),
    ):
        before, used = time.perf_counter(), time.process_time()
        found = work()
        seconds[name], processor[name], memory[name] = (
            time.perf_counter() - before,
            time.process_time() - used,
            peak(),
        )
    assert found.success and not any(s.warnings for s in found.suites)
    before, used = time.perf_counter(), time.process_time()
    acceptance.before_release = lambda *_: found
    made = release.freeze(large, "r", "d")
    last = "release (without validation)"
    seconds[last], processor[last], memory[last] = (
        time.perf_counter() - before,
        time.process_time() - used,
        peak(),
    )
    assert made.info["accounts"] == ACCOUNTS
    with capsys.disabled():
        print(
            f"\n{ACCOUNTS:,} accounts, {ACCOUNTS * POSTS_EACH:,} posts,"
            f" {sum(s.ran for s in found.suites)} checks"
        )
        for name, taken in seconds.items():
            ratio = processor[name] / processor["one query"]
            print(
                f"  {name}: {taken:.1f} s, processor {processor[name]:.1f} s, {ratio:.1f} x one"
                f" query, peak so far {memory[name]:.2f} GB"
            )
