"""A detector that fills its folder ends its own cell, and nothing of it is left on the disk."""

import pytest

from benchmarks.execution import cells
from benchmarks.isolation import children, nursery
from benchmarks.protocols import Plan

MB = 2**20
MOST = 20 * MB
CV = "cross-validation(folds=2, repeats=1, seed=0)"
WRITERS = """
import os, time
import numpy as np
from benchmarks.detectors import Detector, detector

STATES = dict(cites="A test", about="It writes.", threshold="fixed(0.5)")
MB = 2**20

class Writer(Detector):
    def fit(self, accounts, y):
        self.classes_ = np.array([0, 1])
        self.write()
        return self
    def predict_proba(self, accounts):
        return np.full((len(accounts), 2), 0.5)

@detector("modest", **STATES)
class Modest(Writer):
    def write(self):
        open("cache", "wb").write(b"x" * 10 * MB)

@detector("many-files", **STATES)
class ManyFiles(Writer):
    def write(self):
        os.makedirs("cache/deep")
        for number in range(30):
            open(f"cache/deep/{number}", "wb").write(b"x" * MB)
        time.sleep(60)

@detector("one-file", **STATES)
class OneFile(Writer):
    def write(self):
        # It has no name in the folder.
        with open("cache", "wb") as file:
            os.unlink("cache")
            file.write(b"x" * 30 * MB)
"""
NAMES = {"modest": "Modest", "many_files": "ManyFiles", "one_file": "OneFile"}


@pytest.fixture
def small_folders(monkeypatch, tmp_path):
    """Children whose folders, in the folder returned, may hold 20 MB each."""
    monkeypatch.setattr(nursery, "MOST_IN_FOLDER", MOST)
    place = tmp_path / "folders"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    before, mine = children.current(), children.Nursery.start()
    children.use(mine.control, mine.alive)
    yield place
    children.use(before.control, before.alive)
    mine.end()


def run(home, detector):
    return cells.compute(cells.Task(home, "k", detector, CV, Plan(("a@1",), ("a@1",))))


def test_a_full_folder_ends_its_cell_with_a_sentence(plugin, make, home, small_folders):
    plugin(WRITERS, **NAMES)
    make("a", 12, 12, seed=1)
    modest, many, one = (run(home, name.replace("_", "-")) for name in NAMES)
    assert modest.status == "done", modest.reason
    assert (many.status, one.status) == ("failed", "failed")
    assert "its process died (its folder held over" in many.reason
    assert "quarter of what was free on the disk" in many.reason
    assert "File too large" in one.reason
    assert not list(small_folders.iterdir())


def test_what_a_folder_holds_is_what_its_files_take(tmp_path):
    (tmp_path / "deep" / "deeper").mkdir(parents=True)
    (tmp_path / "deep" / "deeper" / "file").write_bytes(b"x" * MB)
    (tmp_path / "elsewhere").symlink_to("/usr")
    (tmp_path / "empty").touch()
    with (tmp_path / "holes").open("wb") as file:
        file.truncate(2**40)
    # Two folders, a link and two files without a block count 4 kB each.
    assert not nursery.holds_over(tmp_path, MB + 5 * nursery.SMALLEST)
    assert nursery.holds_over(tmp_path, MB - 1)
    assert not nursery.holds_over(tmp_path / "not there", 0)
