"""Files to start from: the samples of the demo, and a detector of one's own."""

import json
import sys

import pytest
import yaml

from benchmarks.demonstration import detector_starter, sample_files
from benchmarks.execution import suite
from benchmarks.study.campaign.load import load as load_campaign
from botbench.core.errors import UserError
from curation.ingest import cards


@pytest.fixture
def samples(tmp_path, monkeypatch):
    monkeypatch.setattr(sample_files, "_scores", lambda *_: "account_id,p_bot\nsimulated-a-0,.5\n")
    return {p.name: p for p in sample_files.write(tmp_path / "demo", tmp_path, "run")}


def test_every_sample_is_read_by_what_it_is_for_and_says_it_is_simulated(samples):
    assert cards.check(samples["my-card.yaml"]) == []
    assert cards.load(samples["my-card.yaml"]).simulated
    chosen = suite.load(samples["my-suite.yaml"])
    assert len(chosen.detectors) == 3 and set(chosen.releases) == {"simulated-a", "simulated-b"}
    campaign = load_campaign(samples["campaign.yaml"])
    assert campaign.detector.scores == samples["scores.csv"]
    users = json.loads(samples["users.json"].read_text())
    assert len(users) == 12 and all(u["name"].startswith("simulated") for u in users)
    for name, path in samples.items():
        assert "simulated" in path.read_text(), name


def test_samples_are_the_same_each_time_and_never_written_over(samples, tmp_path):
    before = {name: path.read_bytes() for name, path in samples.items()}
    samples["my-suite.yaml"].write_text("mine\n")
    again = sample_files.write(tmp_path / "demo", tmp_path, "run")
    assert samples["my-suite.yaml"].read_text() == "mine\n"
    elsewhere = sample_files.write(tmp_path / "other", tmp_path, "run")
    assert {p.name: p.read_bytes() for p in elsewhere} == before and len(again) == len(before)


def test_a_new_detector_learns_and_is_found_by_its_entry_point(tmp_path, monkeypatch):
    files = detector_starter.write("my-own-one", tmp_path / "mine")
    assert [f.name for f in files] == ["my_own_one.py", "test_my_own_one.py", "pyproject.toml"]
    monkeypatch.syspath_prepend(tmp_path / "mine")
    from benchmarks.detectors.registry import DETECTORS

    try:
        module = __import__("test_my_own_one")
        module.test_it_learns_what_was_planted()
        assert DETECTORS.get("my-own-one").needs == ("followers", "following")
    finally:
        DETECTORS._found.pop("my-own-one", None)
        for name in ("my_own_one", "test_my_own_one"):
            sys.modules.pop(name, None)
    import tomllib

    project = tomllib.loads(files[2].read_text())
    assert project["project"]["entry-points"]["botbench.detectors"] == {"my-own-one": "my_own_one"}


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Mine!", "cannot name a detector"),
        ("constant", "There is a detector 'constant' already"),
        ("import", "import is a word or a module of Python"),
        ("json", "json is a word or a module of Python"),
        ("numpy", "numpy is a word or a module of Python"),
    ],
)
def test_names_that_cannot_be(tmp_path, name, says):
    with pytest.raises(UserError, match=says):
        detector_starter.write(name, tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "kept.txt").write_text("kept")
    with pytest.raises(UserError, match="holds something"):
        detector_starter.write("my-detector", tmp_path / "x")
    with pytest.raises(UserError, match="is a file"):
        detector_starter.write("my-detector", tmp_path / "x" / "kept.txt")


def test_the_suite_shown_is_yaml_of_its_own():
    assert yaml.safe_load(sample_files.SUITE)["name"] == "my-suite"
