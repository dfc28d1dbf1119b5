"""The campaign of the 2016 study, simulated: 2.8e6 accounts and about 2e7 posts, and a tenth of it
(BOTBENCH_SPEED_ACCOUNTS for another size). The whole study: frame, shares, groups, days, report;
wall and processor time, peak memory, growth.
"""

import json
import os
import subprocess
import sys

import pytest

LARGE = int(float(os.environ.get("BOTBENCH_SPEED_ACCOUNTS", "2.8e6")))

pytestmark = pytest.mark.speed

MAKE = """
import sys, yaml
from datetime import date
from pathlib import Path
from curation.store import schema
from curation.sampling.designs import parse
from curation.sampling.draw import sample
from curation.ingest.sources import simulator
from curation.ingest.simulation.draws import Draws
from curation.ingest.simulation.people import people
from curation.ingest.simulation.timeline import World
from curation.store.store import Store
folder, accounts = Path(sys.argv[1]), int(sys.argv[2])
options = simulator.Options(seed=16, accounts=accounts, share_of_bots=.12, posts_per_account=4.3, spread=1.0,
                            start=date(2016, 9, 16), end=date(2016, 10, 22), hashtags=("vote", "debate", "river", "festival"))
for table in ("accounts", "claims", "posts"):
    (folder / "made" / table).mkdir(parents=True)
draws = Draws(options.seed)
world = World(draws, options, "large", people(draws, options, 0, options.accounts))
simulator._write_accounts(world, folder / "made")
simulator._write_posts(world, folder / "made")
del world
with Store(folder / "store") as store:
    c = store.connection
    for table in ("accounts", "posts"):
        source = f"read_parquet('{folder}/made/{table}/*.parquet')"
        there = {d[0] for d in c.execute(f"FROM {source} LIMIT 0").description}
        fixed = {"dataset": "'large'", "platform": "'simulated'"}
        columns = ", ".join(f'({fixed.get(k.name) or (k.name if k.name in there else "NULL")})::{k.type} AS "{k.name}"'
                            for k in schema.TABLES[table].columns)
        c.execute(f"INSERT INTO lake.main.{table} SELECT {columns} FROM {source}")
    batches = [sample(store, "large", parse(d)).batch_id for d in ("uniform(n=2000)", "posts(n=2000)")]
    c.execute(f"CREATE TEMP TABLE truth AS SELECT account_id, answer FROM read_parquet('{folder}/made/claims/*.parquet')")
    c.execute("INSERT INTO lake.main.labels (consensus_id, dataset, account_id, label, p_bot, n_claims, status, method) SELECT "
              "'c', 'large', account_id, answer, (answer = 'bot')::DOUBLE, 1, 'agreed', 'majority' FROM truth SEMI JOIN "
              "lake.main.assignments USING (account_id)")
    noise = "(hash(account_id) % 1000) / 400 - 1"
    c.execute(f"COPY (SELECT account_id, 1 / (1 + exp(-(CASE answer WHEN 'bot' THEN 2 ELSE -1.5 END + {noise}))) AS p_bot, "
              f".5 AS threshold FROM truth) TO '{folder}/scores.parquet'")
(folder / "campaign.yaml").write_text(yaml.safe_dump({
    "name": "large", "dataset": "large", "groups": ["hashtag"], "detector": {"scores": "scores.parquet"}, "labels": "c",
    "window": {"from": "2016-09-17", "to": "2016-10-21"}}))
"""

STUDY = """
import json, os, resource, sys, time
from pathlib import Path
from benchmarks.study.report import answers, report; from benchmarks.study.campaign.load import load
from benchmarks.study.study import Study
from curation.store.store import Store
folder = Path(sys.argv[1])
started, parts = time.perf_counter(), {}
chosen = load(folder / "campaign.yaml")
with Store(folder / "store", create=False) as store:
    store.connection.execute("SET memory_limit = '4GB'")
    opened = Study.open(store, chosen)
    parts["frame"] = round(time.perf_counter() - started, 1)
    last = [time.perf_counter()]
    def done(title):
        parts[title] = round(time.perf_counter() - last[0], 1)
        last[0] = time.perf_counter()
    found = answers.ask(opened, [q for q in answers.chosen(chosen) if q.name in ("share", "groups", "over-time")], done)
    report.write(found, folder / "out")
used = resource.getrusage(resource.RUSAGE_SELF)
first = found.estimates[0]
print(json.dumps({"accounts": opened.frame.accounts, "posts": opened.frame.posts, "parts": parts,
                  "seconds": round(time.perf_counter() - started, 1),
                  "cpu": round(used.ru_utime + used.ru_stime, 1), "peak_gb": round(used.ru_maxrss / 2**20, 2),
                  "share": [first.value, first.low, first.high]}))
"""


def run(folder, accounts):
    folder.mkdir()
    subprocess.run([sys.executable, "-c", MAKE, str(folder), str(accounts)], check=True)
    done = subprocess.run(
        [sys.executable, "-c", STUDY, str(folder)], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def test_the_whole_study_of_a_large_campaign(tmp_path):
    small, large = run(tmp_path / "small", LARGE // 10), run(tmp_path / "large", LARGE)
    for told in (small, large):
        print(told)
    print(
        {
            "grows_ten_times_to": {
                k: round(large[k] / small[k], 1) for k in ("seconds", "cpu", "peak_gb")
            }
        }
    )
    # In proportion or less, both in time and in memory: nothing is held for each post.
    assert large["cpu"] < 15 * small["cpu"] and large["peak_gb"] < 10 * small["peak_gb"]
    assert large["share"][1] < large["share"][0] < large["share"][2]
