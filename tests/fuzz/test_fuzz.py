"""A small part of `make fuzz` in every test run, and the fuzzer's own honesty."""

import hashlib
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def module(name):
    spec = importlib.util.spec_from_file_location(f"fuzz_{name}", HERE / f"{name}.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


run, targets = module("run"), module("targets")


def test_two_hundred_changed_files_give_no_traceback(tmp_path):
    done = subprocess.run(
        [sys.executable, HERE / "run.py", "200", "--seed", "1", "--keep", tmp_path],
        capture_output=True,
        text=True,
    )
    found = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert (found["tried"], found["failed"]) == (200, 0)
    # A fuzzer whose files are all refused at the door, or all kept, tries nothing.
    assert found["outcomes"]["refused"] > 20 and found["outcomes"]["kept"] > 20


def test_the_same_seed_makes_the_same_files():
    numbers = range(len(targets.SEEDS))
    assert [run.case("1", n, targets) for n in numbers] == [
        run.case("1", n, targets) for n in numbers
    ]
    # Nothing of the process or of the clock is in a seed.
    code = (
        f"import hashlib, sys; sys.path.insert(0, {str(HERE)!r}); import targets;"
        "print({n: hashlib.sha256(seed()).hexdigest() for n, seed in targets.SEEDS.items()})"
    )
    elsewhere = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    here = {n: hashlib.sha256(seed()).hexdigest() for n, seed in targets.SEEDS.items()}
    assert elsewhere.stdout.strip() == str(here)
    assert {run.case("1", n, targets)[0] for n in numbers} == set(targets.SEEDS)
    assert run.case("1", 0, targets) != run.case("2", 0, targets)


@pytest.mark.parametrize("name", sorted(targets.SEEDS))
def test_every_seed_is_sound(tmp_path, name):
    """What is not changed is read; an odd seed would only ever try the first refusal."""
    from botbench.core.errors import UserError

    (tmp_path / name).write_bytes(targets.SEEDS[name]())
    if name in ("model.json", "trained_on.parquet"):
        # Beside a model that is no detector: read to its end, and refused there.
        with pytest.raises(UserError, match=r"model\.skops|trained_on\.parquet|other code"):
            targets.run(name, tmp_path, "utf-8")
    else:
        wanted = "problems" if name == "submission.zip" else "kept"
        assert targets.run(name, tmp_path, "utf-8") in (wanted, "kept")


def test_a_traceback_a_lost_row_and_an_endless_message_are_failures(monkeypatch):
    from botbench.core.errors import UserError

    def tried(error):
        def raises(*_):
            raise error

        monkeypatch.setattr(targets, "run", raises)
        return run._try(targets, "ids.txt", b"1", "utf-8", UserError)

    assert tried(UserError("a sentence")) == {"outcome": "refused"}
    for error in (
        RecursionError("deep"),
        AssertionError("3 read, 2 staged, 0 aside"),
        MemoryError(),
    ):
        found = tried(error)
        assert found["outcome"] == "failed" and found["why"].startswith(type(error).__name__)
    assert tried(UserError("x" * 20_001))["outcome"] == "failed"
