"""Every kind of error through the real command line: one sentence, an exit code, a log file."""

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

FULL = "The disk is full"
MEMORY = "The memory is not enough"
DATABASE = "The database server does not answer"
SERVER = "A server does not answer"
BROKEN = "A file is damaged"
LOCKED = "Another process holds the database"
TRACKING = "MLflow's tracking store does not work"

KINDS = {
    "no space": ("OSError(28, 'No space left on device', '/s/data/a.parquet')", FULL),
    "quota": ("OSError(122, 'Disk quota exceeded', '/s/x')", FULL),
    "duckdb full": ("duckdb.IOException('Could not write file: No space left on device')", FULL),
    "sqlite full": ("sqlite3.OperationalError('database or disk is full')", FULL),
    "arrow full": ("OSError('Error writing bytes to file. Detail: No space left on device')", FULL),
    "forbidden": (
        "PermissionError(13, 'Permission denied', '/s/catalog.sqlite')",
        "/s/catalog.sqlite may not be read or written by this user",
    ),
    "read only": ("OSError(30, 'Read-only file system', '/s/x')", "/s/x is on a disk that is read"),
    "sqlite read only": (
        "sqlite3.OperationalError('attempt to write a readonly database')",
        "is on a disk that is read-only",
    ),
    "descriptors": ("OSError(24, 'Too many open files', '/s/x')", "Too many files are open"),
    "memory": ("MemoryError()", MEMORY),
    "duckdb memory": ("duckdb.OutOfMemoryException('failed to pin block')", MEMORY),
    "arrow memory": ("pyarrow.ArrowMemoryError('malloc of size 64 failed')", MEMORY),
    "postgres gone": (
        "duckdb.IOException('Failed to query: server closed the connection unexpectedly')",
        DATABASE,
    ),
    "psycopg gone": ("psycopg.OperationalError('connection is lost')", DATABASE),
    "psycopg refused": ("psycopg.OperationalError('Connection refused')", SERVER),
    "password": (
        "duckdb.IOException('FATAL: password authentication failed for user \"ada\"')",
        "The database server refuses this user, password or database",
    ),
    "locked": ("sqlite3.OperationalError('database is locked')", LOCKED),
    "malformed": ("sqlite3.DatabaseError('database disk image is malformed')", BROKEN),
    "parquet": ("duckdb.InvalidInputException('No magic bytes found at end of file x')", BROKEN),
    "arrow": ("pyarrow.ArrowInvalid('Could not open Parquet input source')", BROKEN),
    "arrow corrupt": ("OSError('Corrupt snappy compressed data.')", BROKEN),
    "json": ("json.JSONDecodeError('Expecting value', 'x', 0)", BROKEN),
    "encoding": ("UnicodeDecodeError('utf-8', b'x', 0, 1, 'invalid start byte')", BROKEN),
    "gzip": ("EOFError('Compressed file ended before the end-of-stream marker')", BROKEN),
    "yaml": ("yaml.scanner.ScannerError('while scanning')", BROKEN),
    "gone file": (
        "FileNotFoundError(2, 'No such file or directory', '/s/releases/a/1/release.json')",
        "is missing (/s/releases/a/1/release.json)",
    ),
    "requests": ("requests.ConnectionError('Max retries exceeded')", SERVER),
    "httpx": ("httpx.ConnectError('[Errno 111] Connection refused')", SERVER),
    "socket": ("ConnectionRefusedError(111, 'Connection refused')", SERVER),
    "timeout": ("TimeoutError()", SERVER),
    "mlflow": ("mlflow.exceptions.MlflowException('no such experiment')", TRACKING),
    "sqlalchemy": ("sqlalchemy.exc.OperationalError('x', {}, Exception('gone'))", TRACKING),
    "fault": (
        "KeyError('p_bot')",
        "This is a fault of botbench, not yours. It ended with KeyError",
    ),
    "recursion": ("RecursionError('maximum recursion depth')", "This is a fault of botbench"),
}


PROGRAM = """
import json, os, sys
import duckdb, sqlite3
from curation.store import store
from botbench.commands import main

class Broken:
    def __init__(self, *_, **__):
        pass

    def __enter__(self):
        raise eval(ERROR)

    def __exit__(self, *_):
        pass

main.build()
store.Store = Broken
arguments, folder = sys.argv[2:], sys.argv[1]
codes = []
errors = json.load(sys.stdin)
for name in ("httpx", "mlflow.exceptions", "psycopg", "pyarrow", "requests", "sqlalchemy", "yaml"):
    if any(name in error for error in errors):
        globals()[name.partition(".")[0]] = __import__(name)
for number, ERROR in enumerate(errors):
    child = os.fork()
    if not child:
        os.dup2(os.open(f"{folder}/{number}", os.O_WRONLY | os.O_CREAT), 2)
        sys.argv[1:] = arguments
        try:
            main.main()
        except SystemExit as done:  # without the interpreter's end, which takes long
            os._exit(done.code)
    codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print(json.dumps(codes))
"""
"""Runs the command line once for each error, which is raised while the command opens the store."""


def run_all(tmp_path, errors, *arguments, **environment):
    """Exit code and standard error of each."""
    said = tmp_path / "said"
    said.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, said, "log", *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        input=json.dumps(errors),
        env={
            **os.environ,
            "XDG_STATE_HOME": str(tmp_path / "state"),
            "BOTBENCH_STORE": str(tmp_path / "store"),
            **environment,
        },
    )
    assert not done.returncode, done.stderr
    return [(c, (said / str(i)).read_text()) for i, c in enumerate(json.loads(done.stdout))]


def run(tmp_path, error, *arguments, **environment):
    """Exit code and standard error of one."""
    return run_all(tmp_path, [error], *arguments, **environment)[0]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("failures")
    done = run_all(folder, [error for error, _ in KINDS.values()])
    return folder, dict(zip(KINDS, done, strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_failure_is_a_sentence_with_a_log(outcomes, kind):
    folder, done = outcomes
    code, said = done[kind]
    assert code == 3, said
    assert said.startswith("botbench: ") and KINDS[kind][1] in said
    assert "Traceback" not in said and said.count("\n") == 1
    assert f"The details are in {folder}/state/botbench/logs/error-" in said


def test_a_path_that_the_user_named_is_wrong_use(tmp_path):
    named = "FileNotFoundError(2, 'No such file or directory', 'scores.csv')"
    other = "FileNotFoundError(2, 'No such file or directory', 'b.csv')"
    folder = "IsADirectoryError(21, 'Is a directory', '/s/x')"
    done = run_all(tmp_path, [named, other, folder], "--grep", "scores.csv")
    assert done[0] == (
        2,
        "botbench: There is no file or folder scores.csv. Name one that exists.\n",
    )
    assert done[1][0] == 3
    assert done[2] == (
        2,
        "botbench: /s/x cannot be used: it is a folder, where a file was expected. Name another"
        " place.\n",
    )


def test_the_log_stands_in_the_store_and_old_logs_go(tmp_path):
    logs = tmp_path / "store" / "logs"
    logs.mkdir(parents=True)
    for i in range(30):
        (logs / f"error-20260101T0000{i:02}-1-aa.log").write_text("old")
    (logs / "mine.txt").write_text("stays")
    code, said = run(tmp_path, "KeyError('x')")
    path = Path(re.search(r"The details are in (.*)\.\n", said)[1])
    text = path.read_text()
    assert code == 3 and path.parent == logs
    assert "Traceback (most recent call last)" in text and "command: 'log'" in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(list(logs.glob("error-*.log"))) == 20
    assert sum(p.read_text() != "old" for p in logs.glob("error-*.log")) == 1
    assert (logs / "mine.txt").exists() and not (tmp_path / "state").exists()


def test_no_log_can_be_written(tmp_path):
    (tmp_path / "state").write_text("a file")
    code, said = run(tmp_path, "KeyError('x')")
    assert code == 3 and said.endswith(" No log could be written.\n")


def test_no_secret_stands_in_sentence_or_log(tmp_path):
    url = "postgresql://ada:hunter-2-hunter@db.example/bots"
    code, said = run(
        tmp_path,
        f"duckdb.IOException('unable to connect to Postgres at {url}: s3cr3t-0f-env')",
        BOTBENCH_STORE=f"{url}?data_path={tmp_path}/store",
        PGPASSWORD="s3cr3t-0f-env",
    )
    text = Path(re.search(r"The details are in (.*)\.\n", said)[1]).read_text()
    assert code == 3 and DATABASE in said
    for secret in ("hunter-2-hunter", "s3cr3t-0f-env"):
        assert secret not in said + text
    assert "postgresql://ada:***@db.example/bots" in text


def test_standard_output_on_a_full_disk(cli, store, tmp_path):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "botbench.commands.main", "tables"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "XDG_STATE_HOME": str(tmp_path)},
        )
    assert done.returncode == 3
    assert done.stderr.startswith("botbench: The disk is full") and done.stderr.count("\n") == 1


def test_threads_and_loggers_print_no_traceback(tmp_path):
    program = (
        "import logging, sys, threading, warnings\nfrom curation.store import store\ndef dies():\n"
        "    raise ValueError('in a thread')\nclass Loud:\n    def __init__(self, *_, **__):\n"
        "        thread = threading.Thread(target=dies)\n        thread.start()\n"
        "        thread.join()\n        warnings.warn('https://u:t0ps3cret@host/ is old')\n"
        "        warnings.warn('PySpark does not yet fully support pandas >= 3.0.0.')\n"
        "        try:\n            1 / 0\n        except ZeroDivisionError:\n"
        "            logging.getLogger('lib').exception('100 %% of %s', 'it')\n"
        "        raise store.UserError('Enough.')\nstore.Store = Loud\nsys.argv[1:] = ['log']\n"
        "from botbench.commands.main import main\nmain()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        # A command that ran in this process may have named its store.
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path), "BOTBENCH_STORE": "no-store"},
        cwd=tmp_path,
    )
    assert done.returncode == 2 and done.stderr.endswith("botbench: Enough.\n")
    assert "Traceback" not in done.stderr and "t0ps3cret" not in done.stderr
    assert "is old" in done.stderr and "PySpark" not in done.stderr
    assert "ValueError: in a thread The details are in " in done.stderr
    assert "100 % of it (ZeroDivisionError: division by zero) The details are in " in done.stderr
    assert len(list((tmp_path / "botbench" / "logs").glob("*.log"))) == 2
