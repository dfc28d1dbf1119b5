"""Made-up results for tests of the board: cells with predictions in memory, as `results.scored`
gives them.
"""

import zlib

import numpy as np
import pyarrow as pa

from benchmarks.leaderboard.compute.scores import Plan, Result
from benchmarks.leaderboard.compute.table import board

CV, LODO = "cross-validation(folds=5, repeats=2, seed=0)", "leave-one-data-set-out(seed=0)"
ABOUT = {"run": "run-1", "suite": "toy", "seconds": 12.5}
QUICK = Plan(200, 0)
# how far bots' scores lie above people's, in their own data set and in another one
SKILL = {
    "constant": (0, 0),
    "one-question-tree": (1.0, 0.3),
    "random-forest": (2.5, 0.4),
    "gradient-boosting": (3.0, 0.9),
    "logistic-regression": (2.0, 0.6),
    "rate-72": (0.8, 0.7),
}


def release(name, bots=60, humans=80, simulated=False, version=1):
    """A release as a run's document has it."""
    return {
        "name": name,
        "version": version,
        "content_hash": f"{zlib.crc32(name.encode()):08x}" * 8,
        "dataset": name,
        "platform": "twitter",
        "simulated": simulated,
        "accounts": bots + humans,
        "bots": bots,
        "humans": humans,
        "path": f"releases/{name}/{version}",
    }


def predictions(r, skill, repeats, seed):
    """Scores of every account: people around 0, bots `skill` above, squeezed into 0 to 1."""
    random = np.random.default_rng(seed)
    y = np.r_[np.ones(r["bots"], np.int8), np.zeros(r["humans"], np.int8)]
    n, columns = len(y), []
    for repeat in range(repeats):
        score = (
            np.full(n, r["bots"] / n)
            if not skill
            else 1 / (1 + np.exp(-random.normal(skill * (y - 0.5), 1)))
        )
        columns.append(
            {
                "dataset": [r["dataset"]] * n,
                "account_id": [f"{r['name']}-a{i}" for i in range(n)],
                "repeat": [repeat] * n,
                "fold": (np.arange(n) % 5).tolist(),
                "p_bot": score.tolist(),
                "threshold": [0.5] * n,
                "y": y.tolist(),
                "seconds": [0.0001] * n,
            }
        )
    whole = {key: [v for c in columns for v in c[key]] for key in columns[0]}
    return pa.table(whole).set_column(6, "y", pa.array(whole["y"], pa.int8()))


def cell(detector, r, protocol, releases, table=None, reason=None, status=None, skill=None, **more):
    """One cell; done unless a reason says otherwise."""
    test = f"{r['name']}@{r['version']}"
    inside = protocol.startswith("cross")
    train = (
        [test] if inside else sorted(f"{o['name']}@{o['version']}" for o in releases if o is not r)
    )
    repeats = 2 if "repeats=2" in protocol else 1
    key = f"{zlib.crc32(f'{detector}{test}{protocol}'.encode()):08x}" * 2
    info = {
        "cell_key": key,
        "detector": detector,
        "detector_version": "1",
        "detector_about": f"About {detector}.",
        "needs": (
            ["posts"]
            if detector.startswith("rate")
            else []
            if detector == "constant"
            else ["profile"]
        ),
        "cites": None if detector == "constant" else "Somebody 2023",
        "floor": detector in ("constant", "one-question-tree"),
        "protocol": protocol,
        "train": train,
        "test": test,
        "hashes": {f"{o['name']}@{o['version']}": o["content_hash"] for o in releases},
        "seed": 0,
        "status": status or ("not applicable" if reason else "done"),
        "reason": reason,
        "threshold_rule": "best-balanced-accuracy(folds=3)",
        "seconds": {"fit": 0.25, "score": 0.01},
        "accounts": r["accounts"],
        "versions": {"numpy": "2.2.6", "python": "3.11"},
        "mlflow_run_id": None,
        "simulated": r["simulated"],
        **more,
    }
    if info["status"] != "done":
        return Result(info)
    able = (SKILL.get(detector, (1.5, 0.5)) if skill is None else skill)[0 if inside else 1]
    made = predictions(r, able, repeats, zlib.crc32(key.encode())) if table is None else table
    return Result(info, lambda: made)


def cells(releases, detectors=tuple(SKILL), protocols=(CV, LODO)):
    """Every detector on every release by every protocol."""
    return [cell(d, r, p, releases) for r in releases for p in protocols for d in detectors]


def made(releases, detectors=tuple(SKILL), protocols=(CV, LODO), plan=QUICK, **about):
    """A whole board."""
    return board({**ABOUT, **about}, cells(releases, detectors, protocols), releases, plan)
