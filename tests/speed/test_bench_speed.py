"""What the bench costs over the bare scikit-learn loop on the same cells: the same fits, the same
thread, one run.

The data are simulated in the size of caverlee-2011 (41,455 accounts), or of
BOTBENCH_SPEED_ACCOUNTS. Both sides are processes of their own that import what they need, so that
their peak memory can be told apart.
"""

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

ACCOUNTS = int(os.environ.get("BOTBENCH_SPEED_ACCOUNTS", "41455"))
DETECTORS = ("one-question-tree", "logistic-regression", "gradient-boosting")
"""Not the forest: it takes so long that any overhead would vanish in it."""
FOLDS, REPEATS, INNER = 5, 2, 3
"""The default protocol, and the default threshold rule."""

pytestmark = pytest.mark.speed


def release(home: Path) -> None:
    """A release of simulated profiles, written column by column."""
    import duckdb

    from curation.store.schema import TABLES

    folder = home / "releases" / "simulated" / "1"
    folder.mkdir(parents=True)
    made = {
        "accounts": (
            """'simulated' AS dataset, printf('%08d', i) AS account_id, '2020-01-01'::TIMESTAMPTZ AS observed_at,
            'twitter' AS platform, 'h' || i AS handle,
            repeat('n', 5 + (hash(i) % 20)::INT) AS display_name, repeat('b', (hash(i + 1) % 160)::INT) AS bio,
            '2020-01-01'::TIMESTAMPTZ - to_days(30 + (hash(i + 2) % 3000)::INT) AS created_at,
            (exp(4 + bot + 2 * random()))::BIGINT AS followers, (exp(5 + 2 * random()))::BIGINT AS following,
            (exp(6 + bot + 3 * random()))::BIGINT AS posts_total, (exp(3 * random()))::BIGINT AS listed,
            random() < .02 AS verified"""
        ),
        "labels": (
            """'c' AS consensus_id, 'simulated' AS dataset, printf('%08d', i) AS account_id,
            if(bot = 1, 'bot', 'human') AS label, bot::DOUBLE AS p_bot, 1 AS n_claims, 'agreed' AS status, 'majority' AS method"""
        ),
        "splits": (
            """'stratified(seed=0)' AS split_id, 'simulated' AS dataset, printf('%08d', i) AS account_id, 'train' AS part,
            'alone:' || i AS "group" """
        ),
    }
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SELECT setseed(0.5)")
        connection.execute(
            "CREATE TABLE who AS SELECT i, (hash(i + 9) % 100 < 53)::INT AS bot FROM"
            f" range({ACCOUNTS}) r(i)"
        )
        for name in ("accounts", "posts", "edges", "labels", "claims", "splits"):
            columns = ", ".join(f'"{c.name}" {c.type}' for c in TABLES[name].columns)
            connection.execute(f"CREATE OR REPLACE TABLE whole ({columns})")
            if name == "splits":
                connection.execute('ALTER TABLE whole ADD COLUMN "group" VARCHAR')
            if name in made:
                connection.execute(f"INSERT INTO whole BY NAME SELECT {made[name]} FROM who")
            connection.execute(f"COPY whole TO '{folder / name}.parquet' (FORMAT parquet)")
        bots = connection.execute("SELECT sum(bot)::INT FROM who").fetchone()[0]
    (folder / "release.json").write_text(
        json.dumps(
            {
                "name": "simulated",
                "version": 1,
                "dataset": "simulated",
                "platform": "twitter",
                "simulated": True,
                "content_hash": "0" * 64,
                "accounts": ACCOUNTS,
                "bots": bots,
                "humans": ACCOUNTS - bots,
                "splits": [],
                "evidence": {},
                "files": {},
            }
        )
    )


def bare(home: Path) -> None:
    """The loop that a paper's script would have: read the table, fold, choose thresholds on inner
    folds, fit, predict.
    """
    import pyarrow.parquet as pq
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_curve
    from sklearn.model_selection import RepeatedStratifiedKFold, StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler
    from sklearn.tree import DecisionTreeClassifier

    from benchmarks.detectors.linear import squeeze

    folder = home / "releases" / "simulated" / "1"
    table = (
        pq.read_table(next((home / "cache" / "features").glob("*.parquet")))
        .drop_columns(["account_id"])
        .to_pandas()
    )
    X = table.astype(float).dropna(axis=1, how="all").to_numpy()
    y = (
        (
            pq.read_table(folder / "labels.parquet").sort_by("account_id").to_pandas()["label"]
            == "bot"
        )
        .to_numpy()
        .astype(int)
    )
    models = {
        "one-question-tree": lambda s: DecisionTreeClassifier(max_depth=1, random_state=s),
        "logistic-regression": lambda s: make_pipeline(
            SimpleImputer(strategy="median", keep_empty_features=True),
            FunctionTransformer(squeeze),
            StandardScaler(),
            LogisticRegression(max_iter=2000, random_state=s),
        ),
        "gradient-boosting": lambda s: HistGradientBoostingClassifier(
            early_stopping=False, random_state=s
        ),
    }
    for make in models.values():
        folds = RepeatedStratifiedKFold(n_splits=FOLDS, n_repeats=REPEATS, random_state=0)
        for fold, (train, test) in enumerate(folds.split(X, y)):
            inner = StratifiedKFold(INNER, shuffle=True, random_state=fold)
            p = cross_val_predict(make(fold), X[train], y[train], cv=inner, method="predict_proba")[
                :, 1
            ]
            alarms, caught, at = roc_curve(y[train], p)
            threshold = at[np.argmax(caught - alarms)]
            made = make(fold).fit(X[train], y[train])
            assert len(made.predict_proba(X[test])[:, 1] >= threshold) == len(test)


def ours(home: Path, track: bool) -> None:
    """The same cells through the bench, in one worker."""
    from benchmarks.execution import runner
    from benchmarks.execution.suite import check

    suite = check(
        {
            "name": "speed",
            "releases": ["simulated"],
            "detectors": list(DETECTORS),
            "protocols": [f"cross-validation(folds={FOLDS}, repeats={REPEATS}, seed=0)"],
        },
        "",
    )
    report = runner.bench(home, suite, jobs=1, track=track)
    assert report.counts.done + report.counts.cached == len(DETECTORS), report


def timed(home: Path, what: str) -> dict[str, float]:
    """Seconds, processor seconds and peak memory (the process and its worker) of one side, in a
    process of its own.
    """
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    begun = time.perf_counter()
    command, environment = [sys.executable, __file__, str(home), what], {**os.environ, **one}
    done = subprocess.run(
        command, env=environment, cwd=home, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return {"seconds": time.perf_counter() - begun, **json.loads(done.stdout.splitlines()[-1])}


def test_overhead_over_the_bare_loop(tmp_path):
    from benchmarks.execution import planning
    from botbench.core.progress import NoProgress

    release(tmp_path)
    planning.prepare(tmp_path, planning.find_releases(tmp_path, ["simulated"]), NoProgress())
    found = {what: timed(tmp_path, what) for what in ("bare", "bench", "cached")}
    (tmp_path / "bench").rename(tmp_path / "first")
    found["bench with MLflow"] = timed(tmp_path, "tracked")
    print(
        f"\n{ACCOUNTS:,} accounts, {len(DETECTORS)} detectors, {REPEATS} x {FOLDS} folds with"
        f" {INNER} inner ones, one thread"
    )
    for what, one in found.items():
        wall, cpu = (one[of] / found["bare"][of] for of in ("seconds", "cpu"))
        print(
            f"{what:18} {one['seconds']:7.1f} s (x {wall:5.3f})  processor {one['cpu']:7.1f} s (x"
            f" {cpu:5.3f})  peak {one['mb']:5.0f} MB, worker {one['worker_mb']:5.0f} MB"
        )
    assert found["cached"]["seconds"] < found["bench"]["seconds"]


if __name__ == "__main__":
    if sys.argv[2] == "bare":
        bare(Path(sys.argv[1]))
    else:
        ours(Path(sys.argv[1]), track=sys.argv[2] == "tracked")
    own, worker = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    cpu = own.ru_utime + own.ru_stime + worker.ru_utime + worker.ru_stime
    # Not getrusage's own peak: that one remembers the process which started this one.
    peak = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
    print(json.dumps({"mb": peak, "worker_mb": worker.ru_maxrss / 1024, "cpu": cpu}))
