"""How fast the simulator writes, and with how much memory: a process of its own for each size,
which must not hold the posts.
"""

import json
import os
import subprocess
import sys

import pytest

ACCOUNTS = int(os.environ.get("BOTBENCH_SPEED_ACCOUNTS", "100000"))

pytestmark = pytest.mark.speed

PROGRAM = """
import json, resource, sys, time
from pathlib import Path
from curation.ingest.sources import simulator
from curation.ingest.simulation.draws import Draws
from curation.ingest.simulation.people import people
from curation.ingest.simulation.timeline import World
options = simulator.Options(seed=1, accounts=int(sys.argv[1]), posts_per_account=float(sys.argv[2]))
folder = Path(sys.argv[3])
for table in ("accounts", "claims", "posts"):
    (folder / table).mkdir(parents=True)
start = time.process_time()
draws = Draws(options.seed)
world = World(draws, options, "simulated", people(draws, options, 0, options.accounts))
simulator._write_accounts(world, folder)
simulator._write_posts(world, folder)
print(json.dumps({"posts": int(world.people.posts.sum()), "cpu_seconds": round(time.process_time() - start, 2),
                  "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}))
"""


def run(folder, posts_per_account):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(ACCOUNTS), str(posts_per_account), str(folder)],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_ten_times_the_posts_take_no_more_memory(tmp_path):
    few, many = run(tmp_path / "few", 6), run(tmp_path / "many", 60)
    for told in (few, many):
        print(
            {
                "accounts": ACCOUNTS,
                **told,
                "posts_per_cpu_second": round(told["posts"] / told["cpu_seconds"]),
            }
        )
    assert many["posts"] > 9 * few["posts"]
    assert many["peak_mb"] < 1.5 * few["peak_mb"] + 50
