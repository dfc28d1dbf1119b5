"""Given features: a family of its own, aligned over releases, only those that both sides have."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.data import given_features
from benchmarks.execution import results, runner
from benchmarks.execution.suite import check
from curation.features.given import described


class Folder:
    """A release of which only the accounts are looked at."""

    def __init__(self, path: Path, extras: dict[str, dict[str, str]]) -> None:
        self.path, self.n = path, len(extras)
        path.mkdir()
        kind = pa.map_(pa.string(), pa.string())
        ids = sorted(extras, reverse=True)
        columns = {
            "account_id": ids,
            "extra": pa.array([list(extras[i].items()) for i in ids], kind),
        }
        pq.write_table(pa.table(columns), path / "accounts.parquet")

    def __len__(self) -> int:
        return self.n


@pytest.fixture
def pool(tmp_path):
    one = {
        "a": {"given:degree": "3", "given:ratio": "0.5"},
        "b": {"given:degree": "4", "other": "9"},
    }
    two = {"c": {"given:ratio": "inf"}, "d": {"given:ratio": " 2e1 ", "given:words": "many"}}
    return [Folder(tmp_path / "one", one), Folder(tmp_path / "two", two)]


def test_features_are_aligned_by_name_over_releases(pool):
    names, values = given_features.joined(pool, {"given", "profile"})
    assert names == ("given_degree", "given_ratio", "given_words")
    nan = np.nan
    expected = [[3, 0.5, nan], [4, nan, nan], [nan, nan, nan], [nan, 20, nan]]
    np.testing.assert_array_equal(values, expected)


def test_one_feature_by_name_and_none(pool):
    names, values = given_features.joined(pool, {"given_degree"})
    assert names == ("given_degree",) and values[:2, 0].tolist() == [3, 4]
    assert given_features.joined(pool, {"profile"})[1].shape == (4, 0)


def test_transfer_uses_only_what_both_sides_have(make, home, plugin):
    make("one", 60, 60, seed=1, profile=False, posts=0, given=["alike", "apart"])
    make("two", 60, 60, seed=2, profile=False, posts=0, given=["alike"])
    make("three", 30, 30, seed=3, profile=False, posts=0)
    suite = check(
        {
            "name": "given",
            "releases": ["one", "two", "three"],
            "detectors": ["gradient-boosting-given"],
            "protocols": ["train-on-one(seed=0)"],
        },
        "here",
    )
    runner.bench(home, suite, jobs=1)
    cells = {(c.info["train"][0], c.test): c for c in results.cells(results.load_run(home))}
    done = {pair for pair, cell in cells.items() if cell.status == "done"}
    assert done == {("one@1", "two@1"), ("two@1", "one@1")}
    scored = pq.read_table(cells["one@1", "two@1"].predictions).to_pydict()
    labels = pq.read_table(home / "releases/two/1/labels.parquet").to_pydict()
    bot = dict(zip(labels["account_id"], labels["label"], strict=True))
    right = [
        (p >= 0.5) == (bot[i] == "bot")
        for i, p in zip(scored["account_id"], scored["p_bot"], strict=True)
    ]
    assert np.mean(right) > 0.55


def test_a_release_says_the_unit_and_the_source():
    feature = {"column": "cc", "unit": "0 to 1", "source": "networkx, follower graph"}
    card = {
        "reads": [
            {"options": {"accounts": [{"account_id": "id", "features": {"clustering": feature}}]}},
            {"options": {"posts": {}}},
        ]
    }
    assert described(card) == {
        "clustering": {"unit": "0 to 1", "source": "networkx, follower graph"}
    }
