"""A toy detector, metric, protocol, source, feature and card: one file each in a copy of the
packages, no edit elsewhere, and the whole path runs on them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import benchmarks
import botbench
import curation

FILES = {
    "curation/ingest/sources/toy_pipes.py": (
        '''
"""`toy-pipes`: id, followers and label between pipes."""
from pydantic import BaseModel, ConfigDict
from curation.ingest.sources import format_


class Options(BaseModel):
    model_config = ConfigDict(extra="forbid")
    bot: str = "B"


@format_("toy-pipes", options=Options)
def read(stage, files, options):
    for file in files:
        # Two numbers and a letter between pipes, a line each.
        text = f"SELECT unnest(string_split(trim(content, chr(10)), chr(10))) AS line FROM read_text('{file.path}')"
        lines = f"SELECT string_split(line, '|') AS c, row_number() OVER () AS n, line FROM ({text})"
        where = f"'{file.name}' AS _member, n AS _row, line AS _raw"
        stage.add("accounts", f"SELECT c[1] AS account_id, c[2] AS followers, {where} FROM ({lines})")
        answer = f"if(c[3] = '{options.bot}', 'bot', 'human') AS answer"
        stage.add("claims", f"SELECT c[1] AS account_id, {answer}, {where} FROM ({lines})")
'''
    ),
    "curation/features/toy.py": (
        '''
"""A family of one feature."""
from curation.features import feature


@feature(unit="accounts", needs="accounts.followers", source="made up for a test")
def toy_half_of_followers(accounts):
    """Half of the followers."""
    return accounts.followers / 2
'''
    ),
    "benchmarks/detectors/toy.py": (
        '''
"""Bot below ten followers."""
import numpy as np
from benchmarks.detectors import HALF, Detector, detector


@detector("toy-below-ten", needs=("toy_half_of_followers",), threshold=HALF, cites="nobody", about="Bot below ten followers.")
class Toy(Detector):
    def fit(self, accounts, y):
        self.classes_ = np.array([0, 1])
        return self

    def predict_proba(self, accounts):
        p = np.where(accounts.feature("toy_half_of_followers") < 5, 0.9, 0.1)
        return np.column_stack([1 - p, p])
'''
    ),
    "benchmarks/metrics/toy.py": (
        '''
"""A metric of a test."""
from benchmarks.metrics import metric


@metric("toy-mean-score", title="Mean score", order=999, needs=("score",), direction="higher", formula="mean of p",
        description="The mean of the scores.", trap="Says nothing.", source="made up for a test", undefined="there is no account")
def toy(judged):
    return judged.weight @ judged.p / judged.weight.sum(axis=1)
'''
    ),
    "benchmarks/protocols/toy.py": (
        '''
"""Even rows train, odd rows are tested."""
from dataclasses import dataclass, field
import numpy as np
from benchmarks.protocols import QUIET, Fold, Plan, Protocol, protocol


@protocol("toy-every-other")
@dataclass(frozen=True)
class Toy(Protocol):
    seed: int = field(default=0, metadata=QUIET)

    def plans(self, releases):
        return [Plan((r.reference,), (r.reference,)) for r in releases]

    def split(self, pool):
        rows = np.arange(len(pool.y))
        yield Fold(0, 0, rows[rows % 4 < 2], rows[rows % 4 >= 2])
'''
    ),
    "datasets/toy-set/card.yaml": (
        """
id: toy-set
title: A toy of a test
platform: toy
simulated: true
licence: CC0-1.0
citation: nobody
sources: [{file: toy.pipes}]
label: {meaning: B is a bot, claimant: a test}
reads: [{format: toy-pipes, options: {bot: B}}]
"""
    ),
}
ENVIRONMENT = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
"""The copy is compiled once, not by each command."""


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The packages and the cards copied, and one file more for each thing."""
    root = tmp_path_factory.mktemp("copy")
    for package in (botbench, curation, benchmarks):
        shutil.copytree(
            Path(package.__file__).parent,
            root / package.__name__,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    for name, text in FILES.items():
        target = root / name
        if name.startswith("datasets/") and (root / "curation" / "datasets").is_dir():
            target = root / "curation" / name
        assert not target.exists()
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text.lstrip(), encoding="utf-8")
    (root / "toy.pipes").write_text(
        "".join(f"{i}|{i % 20}|{'B' if i % 20 < 10 else 'H'}\n" for i in range(1, 201)),
        encoding="utf-8",
    )
    return root


@pytest.fixture(scope="module")
def run(copy):
    def run(*arguments):
        done = subprocess.run(
            [sys.executable, "-m", "botbench.commands.main", *map(str, arguments), "--json"],
            cwd=copy,
            capture_output=True,
            text=True,
            env={**ENVIRONMENT, "PYTHONPATH": str(copy), "BOTBENCH_STORE": str(copy / "store")},
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture(scope="module")
def board(copy, run):
    """The whole path on the toys; the board of it."""
    pulled = run("pull", "toy-set", "--from", copy)
    assert (pulled["accounts"], pulled["claims"]) == (
        200,
        {"dataset": {"bot": _bots(), "human": 200 - _bots()}},
    )
    run("consensus", "toy-set")
    run("release", "toy", "--dataset", "toy-set")
    (copy / "toy.yaml").write_text(
        "name: toy\nreleases: [toy]\ndetectors: [constant, one-question-tree,"
        " toy-below-ten]\nprotocols: ['toy-every-other()']\n",
        "utf-8",
    )
    assert run("bench", "toy.yaml", "--no-mlflow")["cells"]["done"] == 3
    return run("leaderboard", "--out", copy / "board")


def _bots():
    return sum(i % 20 < 10 for i in range(1, 201))


def test_the_feature_is_listed(run):
    assert "toy_half_of_followers" in json.dumps(run("features"))


def test_the_metric_is_listed(run):
    assert "toy-mean-score" in json.dumps(run("metrics"))


def test_the_detector_is_listed_with_what_it_needs(run):
    assert "toy-below-ten" in json.dumps(run("detectors"))


def test_the_card_is_listed(run):
    assert "toy-set" in json.dumps(run("datasets"))


def test_the_detector_is_scored_under_the_protocol_by_the_metric(board):
    rows = {
        (r["detector"], r["metric"]): r
        for r in board["rows"]
        if r["protocol"].startswith("toy-every-other")
    }
    assert rows["toy-below-ten", "accuracy"]["value"] == 1.0
    # 0.9 for bots and 0.1 for people, half of each.
    assert rows["toy-below-ten", "toy-mean-score"]["value"] == pytest.approx(0.5, abs=0.02)
    assert rows["toy-below-ten", "accuracy"]["n"] == 100


def test_a_broken_plug_in_breaks_no_command(copy):
    groups = ("sources", "features", "designs", "detectors", "protocols", "metrics", "questions")
    root = copy.parent / "broken"
    folder = root / "broken_plugin-1.0.dist-info"
    folder.mkdir(parents=True)
    (root / "broken_plugin.py").write_text("raise RuntimeError('made by a test')\n")
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-plugin\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text(
        "".join(f"[botbench.{group}]\nbad = broken_plugin:bad\n" for group in groups)
    )
    (root / "bad.yaml").write_text(
        "name: bad\nreleases: [toy]\ndetectors: [bad]\nprotocols: ['bad()']\nmetrics: [bad]\n"
    )

    def command(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "botbench.commands.main", *arguments],
            cwd=root,
            capture_output=True,
            text=True,
            env={
                **ENVIRONMENT,
                "PYTHONPATH": os.pathsep.join(map(str, (copy, root))),
                "BOTBENCH_STORE": str(root / "store"),
            },
            timeout=600,
            check=False,
        )

    def sentence(what):
        return (
            f"The {what} 'bad' of the installed package broken-plugin cannot be loaded:"
            " RuntimeError: made by a test. Mend or uninstall that package."
        )

    listed = command("metrics", "--json")
    assert listed.returncode == 0 and "toy-mean-score" in listed.stdout
    assert listed.stderr.startswith(f"botbench: {sentence('metric')} The rest works.\n")
    assert listed.stderr.count("broken-plugin") == 1
    asked = command("bench", "bad.yaml")
    assert asked.returncode == 2 and "Traceback" not in asked.stderr
    for what in ("detector", "protocol", "metric"):
        assert sentence(what) in asked.stderr, what
