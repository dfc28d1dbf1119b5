"""Versions of a table against DVC with CSV files: a first commit of BOTBENCH_SPEED_ROWS accounts
(1e6), a second one with 1,000 rows more, and which rows differ.

DVC versions files: it hashes and copies a file, and git keeps its name. Which rows differ it cannot
say, so pandas compares the two files. Processor time of whole commands.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

ROWS, MORE = int(float(os.environ.get("BOTBENCH_SPEED_ROWS", "1e6"))), 1_000
ROOT = Path(__file__).resolve().parents[2]
COMMIT = """
import sys
from curation.store import schema
from curation.store.store import Store
file, home, version = sys.argv[1:]
given = {"dataset": "'d'", "platform": "'made up'"}
names = ("account_id", "observed_at", "handle", "display_name", "bio", "followers", "following", "posts_total")
given |= {name: name for name in names}
columns = ", ".join(
    f"({given.get(c.name, 'NULL')})::{c.type} AS {c.name}" for c in schema.TABLES["accounts"].columns
)
with Store(home) as store:
    store.connection.execute(f"CREATE TEMP TABLE given AS SELECT {columns} FROM read_csv('{file}')")
    store.append({"accounts": "given"}, "somebody", version)
"""
DIFF = """
import json, sys
from curation.store.diff import changed_rows
from curation.store.store import Store
with Store(sys.argv[1]) as store:
    head = store.head()
    print(json.dumps(changed_rows(store, head - 1, head)))
"""
PANDAS = """
import json, sys
import pandas as pd
old, new = (pd.read_csv(f, dtype=str) for f in sys.argv[1:])
key = ["account_id", "observed_at"]
both = old.merge(new, on=key, how="outer", suffixes=("", "_new"), indicator=True)
side = both["_merge"].value_counts()
there = both[both["_merge"] == "both"]
others = [c for c in old.columns if c not in key]
changed = sum(int((there[c].fillna("") != there[c + "_new"].fillna("")).sum()) for c in others)
print(json.dumps({"added": int(side["right_only"]), "removed": int(side["left_only"]), "changed": changed}))
"""


def dvc():
    """The program: named by BOTBENCH_DVC, of `make speed`, or on the path."""
    found = (
        os.environ.get("BOTBENCH_DVC")
        or shutil.which(ROOT / ".peers" / "bin" / "dvc")
        or shutil.which("dvc")
    )
    if not found:
        pytest.skip("DVC is not installed: run make speed, or set BOTBENCH_DVC")
    return found


def run(*command, cwd=None):
    """What a command says, and its processor seconds and seconds by the clock."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    quiet = {"DVC_NO_ANALYTICS": "1", "GIT_CONFIG_GLOBAL": "/dev/null"}
    done = subprocess.run(
        [str(c) for c in command],
        cwd=cwd,
        env={**os.environ, **quiet},
        capture_output=True,
        text=True,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return done.stdout, cpu, time.perf_counter() - begin


def write(folder):
    """The first file, its further rows, and both together."""
    rows = """SELECT 100000000 + i AS account_id, '2024-01-01 00:00:00+00' AS observed_at,
        'user' || i AS handle, 'Name ' || i AS display_name, repeat('word ', (hash(i) % 15)::INT) AS bio,
        hash(i, 1) % 1000000 AS followers, hash(i, 2) % 10000 AS following, hash(i, 3) % 100000 AS posts_total
        FROM range({}, {}) t(i)"""
    for name, some in (
        ("old.csv", rows.format(0, ROWS)),
        ("more.csv", rows.format(ROWS, ROWS + MORE)),
        ("new.csv", rows.format(0, ROWS + MORE)),
    ):
        duckdb.execute(f"COPY ({some}) TO '{folder / name}' (HEADER)")


@pytest.mark.speed
def test_commit_and_diff_beside_dvc(tmp_path):
    program = dvc()
    write(tmp_path)
    repository, home = tmp_path / "repository", tmp_path / "store"
    repository.mkdir()
    git = ("git", "-c", "user.name=somebody", "-c", "user.email=somebody@example.org")
    run("git", "init", "-q", cwd=repository)
    run(program, "init", "-q", cwd=repository)
    theirs, ours = {}, {}
    for name, file, rows in (
        ("first commit", "old.csv", "old.csv"),
        ("second commit", "new.csv", "more.csv"),
    ):
        shutil.copy(tmp_path / file, repository / "accounts.csv")
        steps = [
            run(program, "add", "-q", "accounts.csv", cwd=repository),
            run("git", "add", "-A", cwd=repository),
            run(*git, "commit", "-q", "-m", name, cwd=repository),
        ]
        theirs[name] = sum(cpu for _, cpu, _ in steps)
        ours[name] = run(sys.executable, "-c", COMMIT, tmp_path / rows, home, name)[1]
    said, cpu, _ = run(program, "diff", "--json", "HEAD~1", cwd=repository)
    assert [m["path"] for m in json.loads(said)["modified"]] == ["accounts.csv"]
    told, more, _ = run(sys.executable, "-c", PANDAS, tmp_path / "old.csv", tmp_path / "new.csv")
    theirs["which rows differ"] = cpu + more
    counts = {"added": MORE, "removed": 0, "changed": 0}
    assert json.loads(told) == counts
    found, ours["which rows differ"], _ = run(sys.executable, "-c", DIFF, home)
    assert json.loads(found) == {"accounts": counts}
    disk = {
        "dvc": sum(p.stat().st_size for p in (repository / ".dvc").rglob("*") if p.is_file()),
        "store": sum(p.stat().st_size for p in home.rglob("*") if p.is_file()),
    }
    print(f"\n{ROWS:,} accounts, {MORE:,} more; disk, MB: {disk['dvc'] / 1e6:.0f} in DVC's cache,"
          f" {disk['store'] / 1e6:.0f} in the store")  # fmt: skip
    for name, cpu in ours.items():
        print(f"{name}: {cpu:.2f} s of CPU, DVC {theirs[name]:.2f}, {theirs[name] / cpu:.1f} times")
