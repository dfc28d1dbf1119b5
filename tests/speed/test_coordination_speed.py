"""Who acts together among simulated accounts: 1e7 posts of 1e5 accounts, and a tenth of them
(BOTBENCH_SPEED_ACTIONS for another size). All traces: processor time, peak memory, growth.
"""

import json
import os
import subprocess
import sys

import pytest

LARGE = int(float(os.environ.get("BOTBENCH_SPEED_ACTIONS", "1e7")))
SECONDS, GIGABYTES = 180, 3.0
"""The aim at 1e7 posts."""

pytestmark = pytest.mark.speed

COORDINATION = """
import json, resource, sys, time
from pathlib import Path
from benchmarks.study.coordination.fusion import fused
from benchmarks.study.simulation import operations
from botbench.core.duckdb_work import scratch_database
folder, actions = Path(sys.argv[1]), int(sys.argv[2])
setting = operations.Setting(actions // 100, actions, groups=max(8, actions // 25_000))
parts, peak = {}, lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
with scratch_database() as connection:
    connection.execute("SET memory_limit = '2GB'")
    connection.execute(f"SET temp_directory = '{folder}'")
    posts, groups = operations.simulate(connection, setting, folder / "posts.parquet")
    simulated = peak()
    started = last = time.process_time()
    def done(name):
        global last
        parts[name] = round(time.process_time() - last, 1)
        last = time.process_time()
    network = fused(connection, posts, done=done)
    cpu = time.process_time() - started
    found = operations.judged(connection, network, groups)
print(json.dumps({"cpu": cpu, "gb": peak(), "simulated": simulated, "parts": parts,
                  "precision": found.precision, "recall": found.recall_accounts}))
"""


def test_coordination(tmp_path):
    found = {}
    for actions in (LARGE // 10, LARGE):
        folder = tmp_path / str(actions)
        folder.mkdir()
        done = subprocess.run(
            [sys.executable, "-c", COORDINATION, str(folder), str(actions)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        one = found[actions] = json.loads(done.stdout.splitlines()[-1])
        print(
            f"\n{actions:,} posts: processor {one['cpu']:.1f} s, peak {one['gb']:.2f} GB (simulated"
            f" with {one['simulated']:.2f}); {one['parts']}"
        )
        assert one["precision"] >= 0.95
        assert one["recall"] >= 0.9
    small, large = found.values()
    print(f"ten times the posts: x {large['cpu'] / small['cpu']:.1f}")
    print(f"the aim at 1e7: {SECONDS} s, {GIGABYTES} GB")
