"""Commands in processes of their own: forked from one that has imported everything, or started."""

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb

from curation.store.upkeep.extensions import extension

LATE = (
    "BOTBENCH_",
    "AWS_",
    "PYTEST_",
    "MLFLOW_TRACKING_URI",
    "BLUESKY_",
    "MASTODON_",
    "X_BEARER_",
    "LABEL_STUDIO_",
)
"""How variables begin that are read when a command needs them, not when a library is imported."""
BEGUN_WITH, PATHS = dict(os.environ), [p or str(Path.cwd()) for p in sys.path]
"""Before any test changes them."""
BEFORE_THE_TEST = dict(BEGUN_WITH)
"""What commands and libraries of earlier tests have set in this process matters to no command."""


def a_test_begins(all_threads):
    """Note the variables that the test finds; its DuckDB has one thread, or one for each core.

    On a small store DuckDB's threads wait for each other as long as they work, and the processes of
    a test run share the cores: an erasure took 7 seconds of processor time, and 4 on one thread.
    """
    os.environ["BOTBENCH_TEST_THREADS"] = "" if all_threads else "1"
    BEFORE_THE_TEST.clear()
    BEFORE_THE_TEST.update(os.environ)


def threads_of_duckdb():
    """The setting of DuckDB's threads, empty where it takes one for each core."""
    told = os.environ.get("BOTBENCH_TEST_THREADS", "")
    return {"threads": int(told)} if told else {}


def check_signatures_once(are_checked=False):
    """Let DuckDB check the signatures of our extensions at the first connection of this process.

    It hashes 70 MB for each connection to a store: two thirds of what it takes to open a small
    one. An extension from elsewhere (BOTBENCH_EXTENSIONS) is checked each time. `are_checked`
    where another process has done it. Connections have the threads of `threads_of_duckdb`.
    """
    connect = duckdb.connect
    checked = [True] * are_checked

    def trusting(database=":memory:", read_only=False, config=None):
        config = {**threads_of_duckdb(), **(config or {})}
        if "BOTBENCH_EXTENSIONS" in os.environ:
            return connect(database, read_only, config)
        if not checked:
            with connect() as connection:
                for name in ("sqlite_scanner", "ducklake"):
                    connection.execute(f"LOAD '{extension(name)}'")
            checked.append(True)
        return connect(database, read_only, {"allow_unsigned_extensions": "true", **config})

    duckdb.connect = trusting


class Warm:
    """The warm process (tests/warm.py); `ask` runs a command in a fork of it."""

    def __init__(self, folder):
        self.folder = folder
        one_thread = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        # It imports what this process imports, also where that is not what is installed.
        same = {"PYTHONPATH": os.pathsep.join(PATHS)}
        self.process = subprocess.Popen(
            [sys.executable, "-P", str(Path(__file__).with_name("warm.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**BEGUN_WITH, **one_thread, **same},
            cwd=folder,
        )
        assert json.loads(self.process.stdout.readline())["ready"]

    def ask(self, place, *arguments, **more):
        """Run `botbench ARGUMENTS` (or `function=` with them) on a store; what became of it."""
        request = {
            "cwd": str(self.folder),
            "stdout": str(self.folder / "stdout"),
            "stderr": str(self.folder / "stderr"),
            "arguments": [str(a) for a in arguments],
            **more,
            "env": {
                "BOTBENCH_STORE": str(place),
                "BOTBENCH_TEST_THREADS": os.environ.get("BOTBENCH_TEST_THREADS", ""),
                **more.get("env", {}),
            },
        }
        print(json.dumps(request), file=self.process.stdin, flush=True)
        answer = json.loads(self.process.stdout.readline())
        for name in ("stdout", "stderr"):
            answer[name] = Path(request[name]).read_text("utf-8", errors="replace")
        return answer

    def call(self, function, *arguments, **more):
        """The result of a function of chaos_looks, called in a fork."""
        done = self.ask("nowhere", *arguments, function=f"chaos_looks:{function}", **more)
        assert done["code"] == 0, done["stderr"]
        return json.loads(done["stdout"].splitlines()[-1])

    def close(self):
        self.process.stdin.close()
        self.process.wait(60)


class Commands:
    """Runs `botbench` in a folder, each command in a process of its own.

    That is a fork of the warm process: imports are more than half of what a command on a small
    store takes. It is started anew where a variable is set that a library may read when it is
    imported, or where BOTBENCH_TEST_COMMANDS=started asks for it.
    """

    def __init__(self, folder, warm):
        self.cwd, self.warm = folder, warm

    def __call__(self, *arguments, code=0, **environment):
        words = [*map(str, arguments)]
        asked = {**os.environ, "BOTBENCH_STORE": str(self.cwd / "store"), **environment}
        before = BEFORE_THE_TEST
        changed = {n for n in {*asked, *before} if asked.get(n) != before.get(n)}
        forks = os.environ.get("BOTBENCH_TEST_COMMANDS") != "started"
        is_forked = forks and all(name.startswith(LATE) for name in changed)
        done = (self._forked if is_forked else self._started)(words, asked)
        assert "Traceback" not in done.stderr, done.stderr
        assert code is None or done.returncode == code, (
            f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        )
        return done

    def json(self, *arguments, code=0, **environment):
        return json.loads(self(*arguments, "--json", code=code, **environment).stdout)

    def _forked(self, words, asked):
        place = {"cwd": str(self.cwd), "environment": asked}
        done = self.warm.ask(asked["BOTBENCH_STORE"], *words, **place, patience=900)
        assert not done["killed"], f"it took more than 900 seconds: {words}"
        return subprocess.CompletedProcess(words, done["code"], done["stdout"], done["stderr"])

    def _started(self, words, asked):
        return subprocess.run(
            [sys.executable, "-m", "botbench.commands.main", *words],
            cwd=self.cwd,
            capture_output=True,
            text=True,
            # Where a library crashes, the stack of Python is told.
            env={**asked, "PYTHONFAULTHANDLER": "1"},
            timeout=900,
            stdin=subprocess.DEVNULL,
        )
