"""MLflow's SQLite file is whole or not there, and what is wrong with it is a sentence."""

import json
import random
import sqlite3
import subprocess
import sys
import threading

import pytest

from botbench.core import mlflow_store
from botbench.core.errors import ResourceFailure

KILLS = """
import json, os, random, shutil, signal, sys, time
from pathlib import Path
from botbench.core import mlflow_store
import mlflow.tracking, mlflow.store.tracking.sqlalchemy_store, alembic.command

folder, kills = Path(sys.argv[1]), int(sys.argv[2])
database = folder / "mlflow.db"

def making(seconds):
    # A child makes the database; it is killed after so many seconds.
    child = os.fork()
    if child == 0:
        mlflow_store.client(f"sqlite:///{database}")
        os._exit(0)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]

begun = time.perf_counter()
assert making(None) == 0
whole, taken = database.stat().st_size, time.perf_counter() - begun
rng, seen = random.Random(13), []
# The first making may have been slower than the others: until enough fell where they should.
while len(seen) < 40 and (
    sum(status == 9 for status, *_ in seen) < kills
    or sum(status == 9 and scratch for status, _, scratch in seen) < kills // 2
):
    shutil.rmtree(folder)
    folder.mkdir()
    killed = making(rng.uniform(0, taken))
    seen.append([killed, database.stat().st_size if database.exists() else 0,
                 len(list(folder.glob(".unfinished-*")))])
mlflow_store.client(f"sqlite:///{database}").search_experiments()
print(json.dumps({"whole": whole, "seen": seen, "left": sorted(os.listdir(folder))}))
"""


def test_a_killed_making_leaves_no_half_database(tmp_path):
    folder = tmp_path / "mlruns"
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", KILLS, str(folder), "4"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    killed = [(size, scratch) for status, size, scratch in found["seen"] if status == 9]
    assert len(killed) >= 4, found
    assert {size for size, _ in killed} <= {0, found["whole"]}
    assert sum(scratch for _, scratch in killed) >= 2, "kills fell in the middle of the making"
    assert found["left"] == ["mlflow.db"], "the next one removes what they left"


def test_two_processes_make_one_database(tmp_path):
    code = (
        "import sys; from botbench.core import mlflow_store;"
        "c = mlflow_store.client(sys.argv[1]); c.create_experiment(sys.argv[2])"
    )
    uri = f"sqlite:///{tmp_path / 'mlruns' / 'mlflow.db'}"
    both = [
        subprocess.Popen([sys.executable, "-c", code, uri, name], stderr=subprocess.PIPE, text=True)
        for name in ("one", "two")
    ]
    assert [(p.communicate()[1], p.returncode) for p in both] == [("", 0), ("", 0)]
    names = {e.name for e in mlflow_store.client(uri).search_experiments()}
    assert names == {"Default", "one", "two"}
    assert [p.name for p in (tmp_path / "mlruns").iterdir()] == ["mlflow.db"]


@pytest.fixture
def file(mlflow_database, tmp_path):
    """A database of MLflow's."""
    path = tmp_path / "mlflow.db"
    path.write_bytes(mlflow_database)
    return path


def refusal(file):
    with pytest.raises(ResourceFailure) as raised:
        mlflow_store.client(f"sqlite:///{file}")
    assert raised.value.exit_code == 3
    return str(raised.value)


def changed(file, *statements):
    with sqlite3.connect(file) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def test_a_half_made_database_is_said(file):
    # What earlier versions left when they were killed: some tables, an early revision.
    changed(
        file, "DROP TABLE trace_info", "UPDATE alembic_version SET version_num = '451aebb31d03'"
    )
    assert refusal(file) == (
        f"MLflow's database {file} was only half made, because the command that made it was ended."
        " No run is in it. Delete that file and run the command again."
    )
    file.unlink()
    # In another process: this one's MLflow keeps the deleted file open.
    again = "import sys; from botbench.core import mlflow_store; mlflow_store.client(sys.argv[1])"
    subprocess.run([sys.executable, "-c", again, f"sqlite:///{file}"], check=True)
    assert file.stat().st_size > 100_000


def test_a_database_of_another_version_that_holds_runs_is_kept(file):
    changed(
        file,
        "UPDATE alembic_version SET version_num = '451aebb31d03'",
        "INSERT INTO runs (run_uuid, experiment_id) VALUES ('r', 0)",
    )
    said = refusal(file)
    assert "It holds 1 runs: copy the file, then run `mlflow db upgrade sqlite:///" in said
    assert "Delete" not in said


@pytest.mark.parametrize("seed", range(5))
def test_a_damaged_file_is_said(file, seed):
    content = bytearray(file.read_bytes())
    rng = random.Random(seed)
    for _ in range(1 + 400 * seed):
        content[rng.randrange(100 if seed == 0 else len(content))] ^= 0xFF
    content[:16] = b"not a database!!" if seed == 0 else content[:16]
    file.write_bytes(content)
    try:
        mlflow_store.client(f"sqlite:///{file}")
    except ResourceFailure as error:
        assert str(file) in str(error) and "Traceback" not in str(error)
        assert seed != 0 or "is damaged (file is not a database)" in str(error)


def test_an_empty_file_is_made_anew(tmp_path):
    file = tmp_path / "mlflow.db"
    file.touch()
    assert mlflow_store.client(f"sqlite:///{file}").search_experiments()


def test_a_locked_database_is_waited_for_and_then_said(file, monkeypatch):
    monkeypatch.setattr(mlflow_store, "WAIT", 0.3)
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    assert refusal(file) == (
        f"MLflow's database {file} is locked by another process for more than 0 seconds. End that"
        " process or wait for it, then run the command again."
    )
    monkeypatch.setattr(mlflow_store, "WAIT", 20)
    release = threading.Timer(1, other.rollback)
    release.start()
    assert mlflow_store.client(f"sqlite:///{file}").search_experiments()
    release.join()
    other.close()


def test_which_stores_are_files(tmp_path):
    assert mlflow_store.database(f"sqlite:///{tmp_path}/mlflow.db") == tmp_path / "mlflow.db"
    for uri in ("https://mlflow.example", "postgresql://a@b/c", "sqlite:///:memory:", "sqlite:///"):
        assert mlflow_store.database(uri) is None
