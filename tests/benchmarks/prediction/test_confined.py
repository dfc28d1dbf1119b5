"""Other distributions' detectors are imported in child processes only, whoever asks for them."""

import os
import sys

import numpy as np
import pytest

from benchmarks.data import release_arrays
from benchmarks.detectors import get, registry, safe_loading
from benchmarks.prediction import models, predict
from botbench.core.errors import UserError

SOURCE = """
import os
import numpy as np
from benchmarks.detectors import Detector, detector
SEEN = [n for n in os.environ if n in ("BOTBENCH_STORE", "MY_TOKEN")]
@detector("stranger", cites="A test", about="It tells whether it sees secrets.")
class Stranger(Detector):
    def __init__(self, power=1, random_state=None):
        super().__init__(random_state)
        self.power = power
    def fit(self, accounts, y):
        if self.power > 2:
            raise ValueError("too much power")
        self.classes_ = np.array([0, 1])
        self.big_ = np.zeros(1_300_000)
        return self
    def predict_proba(self, accounts):
        return np.full((len(accounts), 2), 0.9 if SEEN else 0.5**self.power)
"""


@pytest.fixture
def stranger(plugin, monkeypatch):
    """The module of an installed detector, in a process that was told nothing of children."""
    monkeypatch.setenv("BOTBENCH_STORE", "/nowhere")
    monkeypatch.setenv("MY_TOKEN", "secret")
    monkeypatch.delenv(safe_loading.ASKED, raising=False)
    return plugin(SOURCE, stranger="Stranger").name


def test_the_list_of_detectors_imports_no_stranger(stranger, monkeypatch, capsys):
    from botbench.commands.benchmark.detectors import detectors

    # As in a command of its own: nothing else has told this process about children.
    monkeypatch.setattr(registry, "_DESCRIBE", [])
    detectors()
    detectors("stranger")
    assert "It tells whether it sees secrets." in capsys.readouterr().out
    assert stranger not in sys.modules


def test_a_stranger_is_trained_kept_and_applied_in_a_child(stranger, make, home, tmp_path):
    make("a", 12, 12), make("b", 4, 4, seed=3)
    new = release_arrays.load(home, "b@1")
    spec = get("stranger(power=2)")
    found = predict.train_and_apply(home, spec, ["a"], new)
    np.testing.assert_array_equal(found.p, 0.25)

    models.save(found.trained, tmp_path / "kept")
    size = (tmp_path / "kept/model.skops").stat().st_size
    assert size > 8_400_000, "more than one piece"
    with pytest.raises(UserError, match="which could run code of whoever made it"):
        predict.apply(models.load(tmp_path / "kept", spec), new)
    safe_loading.trust()
    try:
        again = predict.apply(models.load(tmp_path / "kept", spec), new)
    finally:
        del os.environ[safe_loading.ASKED]
    np.testing.assert_array_equal(again.p, 0.25)
    models.save(again.trained, tmp_path / "copy")
    assert (tmp_path / "copy/model.skops").stat().st_size == size

    with pytest.raises(UserError, match=r"stranger\(power=3\) could not be .* too much power"):
        predict.train_and_apply(home, get("stranger(power=3)"), ["a"], new)
    assert stranger not in sys.modules
