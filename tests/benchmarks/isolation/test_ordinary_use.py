"""What libraries do in a child still works behind its fence."""

import json

from benchmarks.execution import cells
from benchmarks.protocols import Plan

ORDINARY = """
import asyncio, json, multiprocessing, os, shutil, sqlite3, subprocess, sys, tempfile
from concurrent.futures import ThreadPoolExecutor
import duckdb, joblib
import numpy as np
from benchmarks.detectors import Detector, detector

def attempt(work):
    try:
        return work()
    except BaseException as error:
        return repr(error)

def sqlite():
    with sqlite3.connect("a.sqlite") as database:
        database.execute("CREATE TABLE t AS SELECT 1 AS x")
    return sqlite3.connect("a.sqlite").execute("SELECT x FROM t").fetchone()

def duck():
    duckdb.connect("a.duckdb").execute("CREATE TABLE t AS SELECT 2 AS x").close()
    return duckdb.connect("a.duckdb").execute("SELECT x FROM t").fetchone()

def copied():
    with open("a", "w") as file:
        file.write("x")
    shutil.copy2(shutil.copy("a", "b"), "c")
    os.mkdir("d")
    shutil.copytree("d", "e")
    return sorted(name for name in os.listdir(".") if len(name) == 1)

async def three():
    return 3

def program():
    done = subprocess.run([sys.executable, "-c", "print(4)"], capture_output=True, text=True)
    return int(done.stdout)

def threads():
    with ThreadPoolExecutor(4) as pool:
        return sum(pool.map(int, "122"))

def jobs():
    joblib.dump({"x": np.ones(3)}, "model")
    return joblib.Parallel(n_jobs=2)(joblib.delayed(int)(x) for x in "33")

def pipe():
    one, other = multiprocessing.Pipe()
    one.send(7)
    return other.recv()

def temporary():
    with tempfile.TemporaryDirectory() as folder:
        return os.path.dirname(folder) == os.getcwd()

@detector("ordinary", needs=("profile",), cites="x", about="x", threshold="fixed(0.5)")
class Ordinary(Detector):
    def fit(self, accounts, y):
        self.classes_ = np.array([0, 1])
        return self
    def predict_proba(self, accounts):
        work = sqlite, duck, copied, program, threads, jobs, pipe, temporary
        self.found = {f.__name__: attempt(f) for f in work}
        self.found["loop"] = attempt(lambda: asyncio.run(three()))
        return np.full((len(accounts), 2), 0.5)
    def explain(self):
        return json.dumps(self.found)
"""


def test_what_libraries_do_works_in_a_child(plugin, make, home):
    plugin(ORDINARY, ordinary="Ordinary")
    make("a", 12, 12, seed=1)
    protocol = "cross-validation(folds=3, repeats=1, seed=0)"
    outcome = cells.compute(cells.Task(home, "k", "ordinary", protocol, Plan(("a@1",), ("a@1",))))
    assert outcome.status == "done", outcome.reason
    found, _, folds = outcome.learnt.rpartition(" (in ")
    assert json.loads(found) == {
        "sqlite": [1],
        "duck": [2],
        "copied": ["a", "b", "c", "d", "e"],
        "program": 4,
        "threads": 5,
        "jobs": [3, 3],
        "pipe": 7,
        "temporary": True,
        "loop": 3,
    }
    assert folds == "3 of 3 folds)"
