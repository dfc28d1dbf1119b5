"""Fixtures shared by all tests: a fresh store, the command line as a user runs it, and the real data where it is there."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("BOTBENCH_SHARED_DATA", ROOT.parent / "shared" / "data"))


@pytest.fixture
def store(tmp_path):
    from curation.store import Store

    with Store(tmp_path / "store") as opened:
        yield opened


@pytest.fixture
def cli(tmp_path):
    """Run `botbench` in a process of its own, in an empty folder: cli("pull", ..., code=0) returns the finished process;
    cli.json(...) its one JSON document."""

    class Runner:
        cwd = tmp_path

        def __call__(self, *arguments, code=0, **environment):
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.commands.main", *map(str, arguments)], cwd=self.cwd, capture_output=True, text=True,
                env={**os.environ, "BOTBENCH_STORE": str(tmp_path / "store"), **environment}, timeout=900, stdin=subprocess.DEVNULL,
            )
            assert "Traceback" not in done.stderr, done.stderr
            assert code is None or done.returncode == code, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
            return done

        def json(self, *arguments, code=0, **environment):
            return json.loads(self(*arguments, "--json", code=code, **environment).stdout)

    return Runner()


@pytest.fixture(scope="session")
def shared_data():
    """The folder of real labelled data sets."""
    if not SHARED.is_dir():
        pytest.skip(f"the real data sets are not at {SHARED}; set BOTBENCH_SHARED_DATA to their folder")
    return SHARED
