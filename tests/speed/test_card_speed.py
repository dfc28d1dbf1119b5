"""Cards against Label Studio's own import: 10,000 cards over 1e7 posts (BOTBENCH_SPEED_POSTS for
another number).

Made and thrown away first (our part alone), then pushed whole; the server's own rate is that of
importing the same number of tasks of the same size in the same requests, with nothing of ours
before it.
"""

import dataclasses
import importlib.util
import json
import os
import resource
import time
from pathlib import Path

import pytest

from curation.annotation.assignment import batches
from curation.annotation.card.card import cards
from curation.annotation.label_studio.client import Client
from curation.annotation.label_studio.push import TASKS_PER_REQUEST, push
from curation.annotation.scheme.scheme import Scheme
from curation.store import schema
from curation.store.store import Store

pytestmark = [pytest.mark.speed, pytest.mark.labelstudio]
_spec = importlib.util.spec_from_file_location(
    "servers", Path(__file__).parents[1] / "e2e" / "conftest.py"
)
_servers = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_servers)
label_studio = _servers.label_studio
POSTS = int(float(os.environ.get("BOTBENCH_SPEED_POSTS", "1e7")))
CARDS = int(os.environ.get("BOTBENCH_SPEED_CARDS", "10000"))
ACCOUNTS = 10 * CARDS
DATASET, BATCH = "made-up", "speed00000000001"


def rows_sql(table, columns, count):
    """Rows of a table made up by hash from i = 0, 1, ...; columns not given are NULL."""
    listed = ", ".join(
        f'({columns.get(c.name, "NULL")})::{c.type} AS "{c.name}"'
        for c in schema.TABLES[table].columns
    )
    return f"SELECT {listed} FROM range({count}) t(i)"


def fill(store):
    """A tenth of the accounts is in the batch, and every tenth post says what others say too; a
    quarter are reposts.
    """
    text = (
        "CASE WHEN hash(i, 2) % 10 = 0 THEN 'The same words as on many other accounts, number ' ||"
        " hash(i, 3) % 5000 ELSE array_to_string(list_transform(range(6 + (hash(i, 4) %"
        " 12)::BIGINT), lambda k: 'word' || hash(i, k) % 3000), ' ') END"
    )
    made = {
        "accounts": (
            ACCOUNTS,
            {
                "dataset": f"'{DATASET}'",
                "account_id": "i",
                "observed_at": "TIMESTAMPTZ '2024-06-01'",
                "platform": "'made up'",
                "handle": "'user_' || i",
                "display_name": "'Name ' || i",
                "bio": "'A bio that some share ' || hash(i) % 50000",
                "created_at": (
                    "TIMESTAMPTZ '2015-01-01' + to_seconds((hash(i) % 100000000)::BIGINT)"
                ),
                "pull_id": "'p'",
                "avatar_phash": "printf('%016x', hash(hash(i) % 80000))",
                "extra": "MAP {}",
                **{
                    n: f"hash(i, '{n}') % 5000"
                    for n in ("followers", "following", "posts_total", "likes_total", "listed")
                },
            },
        ),
        "posts": (
            POSTS,
            {
                "dataset": f"'{DATASET}'",
                "post_id": "i",
                "account_id": f"(hash(i) % {ACCOUNTS})::BIGINT",
                "text": text,
                "created_at": (
                    "TIMESTAMPTZ '2024-01-01' + to_milliseconds((hash(i, 1) % 10000000000)::BIGINT)"
                ),
                "extra": "MAP {}",
                "kind": "CASE WHEN hash(i, 5) % 4 = 0 THEN 'repost' ELSE 'original' END",
                "ref_post_id": f"hash(i, 6) % {POSTS // 50}",
                "source_app": "'app' || hash(i, 8) % 3",
                "reposts": "hash(i, 10) % 10",
                "likes": "hash(i, 11) % 20",
                "hashtags": "['tag' || hash(i, 12) % 50]",
                "pull_id": "'p'",
                "urls": "['https://site' || hash(i, 7) % 40 || '.example/x']",
            },
        ),
        "batches": (
            1,
            {
                "batch_id": f"'{BATCH}'",
                "dataset": f"'{DATASET}'",
                "design": "'uniform'",
                "seed": "0",
                "copies": "1",
                "population": f"{ACCOUNTS}",
                "size": f"{CARDS}",
                "drawn_from": "2",
                "made_at": "TIMESTAMPTZ '2024-06-02'",
            },
        ),
        "assignments": (
            CARDS,
            {
                "batch_id": f"'{BATCH}'",
                "account_id": "10 * i",
                "copy": "1",
                "inclusion_probability": "0.1",
            },
        ),
    }
    for table, (count, columns) in made.items():
        store.connection.execute(
            f'INSERT INTO lake.main."{table}" {rows_sql(table, columns, count)}'
        )


def timed(work):
    begun, before = time.perf_counter(), time.process_time()
    found = work()
    return found, time.perf_counter() - begun, time.process_time() - before


def test_cards_are_made_and_pushed_at_the_servers_own_rate(label_studio, tmp_path):
    with Store(tmp_path / "store") as store, Client(label_studio.url, label_studio.token) as client:
        fill(store)
        batch = dataclasses.replace(batches.find(store, BATCH), drawn_from=store.head())
        ids = store.arrow("SELECT DISTINCT account_id FROM lake.main.assignments")
        empty = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        sizes, making, cpu = timed(
            lambda: [
                len(c.html) for c in cards(store, Scheme.load(), DATASET, ids, batch.drawn_from)
            ]
        )
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        pushed, pushing, _ = timed(lambda: push(store, client, batch, Scheme.load()))
        assert (len(sizes), pushed.tasks_created) == (CARDS, CARDS)
        task = {"account_key": "k", "card": "x" * (sum(sizes) // len(sizes)), "pause": ""}
        plain = client.create_project(
            "the server alone",
            "<View><Text name='t' value='$card'/></View>",
            "",
            {"batch": "none", "part": "none", "scheme": "none", "mark": "none"},
        )["id"]
        _, server, _ = timed(
            lambda: [
                client.import_tasks(plain, [{"data": task}] * TASKS_PER_REQUEST)
                for _ in range(CARDS // TASKS_PER_REQUEST)
            ]
        )
    print(
        json.dumps(
            {
                "posts": POSTS,
                "cards": CARDS,
                "mean_kB": round(sum(sizes) / len(sizes) / 1e3, 1),
                "made_per_s": round(CARDS / making),
                "making_cpu_s": round(cpu, 1),
                "pushed_per_s": round(CARDS / pushing),
                "server_per_s": round(CARDS / server),
                "peak_GB": round(peak / 2**20, 2),
                "empty_GB": round(empty / 2**20, 2),
            }
        )
    )
    # Rates are of the wall clock, and as true as the machine is idle; what must hold anywhere is
    # processor time and memory.
    assert cpu / CARDS <= 0.03 and peak - empty <= 3 * 2**20
