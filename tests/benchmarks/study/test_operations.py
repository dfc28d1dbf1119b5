"""Simulated operations: the same rows for a seed, and planted groups found by hand count."""

import numpy as np
import pytest

from benchmarks.study.coordination.fusion import fused
from benchmarks.study.simulation import operations
from botbench.core.duckdb_work import scratch_database

SETTING = operations.Setting(accounts=800, actions=40_000, groups=8, together=20, seed=3)


@pytest.fixture(scope="module")
def connection():
    with scratch_database(threads=1) as made:
        yield made


def test_planted_groups_are_found_and_hardly_anybody_else(connection):
    posts, planted = operations.simulate(connection, SETTING)
    rows, accounts, times = connection.execute(
        f"SELECT count(*), count(DISTINCT account_id), count(created_at) FROM {posts}"
    ).fetchone()
    assert rows == times and accounts == 800 and 38_000 < rows < 46_000
    network = fused(connection, posts)
    found = operations.judged(connection, network, planted)
    groups = connection.execute(f"SELECT g, count(*) FROM {planted} GROUP BY g").fetchall()
    assert len(groups) == 8 and found.possible == sum(n * (n - 1) // 2 for _, n in groups)
    assert found.planted == sum(n for _, n in groups)
    assert found.precision >= 0.95 and found.recall >= 0.6 and found.recall_accounts >= 0.9
    by_trace = [operations.judged(connection, network, planted, t) for t in operations.TRACES]
    assert sum(j.right for j in by_trace) == found.right
    assert sum(j.possible for j in by_trace) == found.possible


def test_a_seed_is_a_world(connection):
    def world(setting):
        posts, _ = operations.simulate(connection, setting)
        text = f"SELECT bit_xor(hash(p)), count(*) FROM {posts} p"
        return connection.execute(text).fetchone()

    small = operations.Setting(accounts=60, actions=900, groups=2, seed=1)
    assert world(small) == world(small)
    assert world(small) != world(operations.Setting(accounts=60, actions=900, groups=2, seed=2))


def test_nobody_planted_leaves_nothing_to_find(connection):
    posts, planted = operations.simulate(
        connection, operations.Setting(accounts=300, actions=15_000, groups=0, seed=4)
    )
    network = fused(connection, posts)
    found = operations.judged(connection, network, planted)
    assert found.ties <= 2 and found.recall is None and np.all(found.planted == 0)
