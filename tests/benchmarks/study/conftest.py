"""A small simulated campaign in a store, with scores, samples and labels; made once, copied for
each test that writes.
"""

import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

CARD = {
    "id": "tiny-campaign",
    "title": "A tiny simulated campaign",
    "description": "Nobody in it exists.",
    "platform": "simulated",
    "licence": "CC0-1.0",
    "citation": "simulated",
    "simulated": True,
    "label": {
        "meaning": "what the simulator made the account as",
        "claimant": "simulator",
        "claimant_kind": "dataset",
    },
    "reads": [
        {
            "format": "simulator",
            "options": {
                "seed": 5,
                "accounts": 900,
                "share_of_bots": 0.25,
                "posts_per_account": 5,
                "difficulty": 0.3,
                "start": "2018-06-26",
                "end": "2018-07-03",
                "hashtags": ["WalkAway", "vote", "river"],
            },
        }
    ],
}


def truth(store):
    """Account ids in order and whether each is a bot."""
    rows = store.connection.execute(
        "SELECT account_id, bool_or(answer = 'bot') FROM lake.main.claims "
        "WHERE claimant = 'simulator' GROUP BY 1 ORDER BY 1"
    ).fetchall()
    return [r[0] for r in rows], np.array([r[1] for r in rows], float)


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A folder with `store` (pulled, samples of some and of everybody, labels of the simulator) and
    `scores.parquet`.
    """
    from curation.annotation.scheme.scheme import Scheme
    from curation.ingest import cards
    from curation.ingest.pull import pull
    from curation.labels.consensus import consensus
    from curation.sampling.designs import parse
    from curation.sampling.draw import sample
    from curation.store.store import Store

    folder = tmp_path_factory.mktemp("study")
    (folder / "card.yaml").write_text(yaml.safe_dump(CARD))
    with Store(folder / "store") as store:
        pull(store, cards.load(str(folder / "card.yaml")))
        batches = {
            "some": sample(store, "tiny-campaign", parse("uniform(n=400)"), seed=1).batch_id,
            "rest": sample(store, "tiny-campaign", parse("uniform(n=200)"), seed=2).batch_id,
            "all": (
                sample(store, "tiny-campaign", parse("uniform(n=900)"), seed=3, again=True).batch_id
            ),
        }
        consensus(store, "tiny-campaign", Scheme.load())
        ids, y = truth(store)
    random = np.random.default_rng(0)
    score = 1 / (1 + np.exp(-(3 * y - 1 + random.normal(size=len(y)))))
    pq.write_table(
        pa.table({"account_id": ids, "p_bot": score, "threshold": np.full(len(y), 0.5)}),
        folder / "scores.parquet",
    )
    return folder, batches


@pytest.fixture
def campaign(made, tmp_path):
    """campaign(sample=..., ...) writes a file beside a copy of the scores and returns its path;
    `.batches` names batches.
    """
    folder, batches = made

    class Writer:
        home = tmp_path / "work"

        def __call__(self, **fields):
            self.home.mkdir(exist_ok=True)
            shutil.copy(folder / "scores.parquet", self.home / "scores.parquet")
            path = self.home / "campaign.yaml"
            about = {
                "name": "tiny",
                "dataset": "tiny-campaign",
                "sample": batches["some"],
                "detector": {"scores": "scores.parquet"},
            }
            path.write_text(yaml.safe_dump({**about, **fields}))
            return path

    writer = Writer()
    writer.batches = batches
    return writer


@pytest.fixture
def opened(made):
    """The store, for tests that only read."""
    from curation.store.store import Store

    with Store(made[0] / "store") as store:
        yield store


@pytest.fixture
def own(made, tmp_path):
    """A copy of the store, for tests that write."""
    from curation.store.store import Store

    shutil.copytree(made[0] / "store", tmp_path / "own")
    with Store(tmp_path / "own") as store:
        yield store


@pytest.fixture
def study(opened):
    """study(path, store=None) answers a campaign file: (answers, document)."""
    from benchmarks.study.campaign import load as campaigns
    from benchmarks.study.report import answers
    from benchmarks.study.study import Study

    def answered(path, store=None):
        chosen = campaigns.load(path)
        found = answers.ask(Study.open(store or opened, chosen), answers.chosen(chosen))
        return found, found.document("report.html")

    return answered
