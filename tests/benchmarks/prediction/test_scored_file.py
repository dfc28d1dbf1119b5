"""`botbench score`: a file of predictions beside a release, by hand on a few accounts."""

import json

import numpy as np
import pytest

from benchmarks.prediction.scored_file import beside
from botbench.core.errors import UserError
from curation.store.store import Store

BOTS, HUMANS = [f"b{i}" for i in range(4)], [f"h{i}" for i in range(6)]
P = dict(zip(BOTS + HUMANS, [0.9, 0.8, 0.6, 0.2, 0.7, 0.1, 0.1, 0.2, 0.3, 0.4], strict=True))


@pytest.fixture
def release(make):
    return make("small", 4, 6, ids=BOTS + HUMANS)


def written(folder, scores, columns="account_id,p_bot", more=""):
    path = folder / "mine.csv"
    path.write_text("\n".join([columns, *(f"{i},{p}{more}" for i, p in scores.items())]) + "\n")
    return path


def test_the_labels_of_the_release_meet_the_scores_of_the_file(release, tmp_path):
    found = beside(written(tmp_path, {**P, "stranger": 0.5}), release)
    assert (found.detector, found.threshold, found.unscored, found.strangers) == ("mine", 0.5, 0, 1)
    assert found.y.tolist() == [1] * 4 + [0] * 6 and found.p.tolist() == [
        P[i] for i in BOTS + HUMANS
    ]
    # Two profiles of the fixture look alike; the others are each alone.
    assert np.isnan(found.groups).tolist() == [i not in (2, 5) for i in range(10)]
    assert found.groups[2] == found.groups[5]


def test_a_threshold_of_the_file_and_of_the_user(release, tmp_path):
    path = written(tmp_path, P, "account_id,p_bot,threshold", ",0.65")
    assert beside(path, release).threshold == 0.65
    assert beside(path, release, 0.1).threshold == 0.1


def test_accounts_without_a_score_are_counted(release, tmp_path):
    few = {i: P[i] for i in BOTS[:2] + HUMANS[:2]}
    found = beside(written(tmp_path, few), release)
    assert (found.unscored, len(found.y)) == (6, 4)


def test_ids_that_went_through_a_float_are_named_as_such(release, tmp_path):
    with pytest.raises(UserError, match=r"2 account ids went through a float \(1\.2E\+17\)"):
        beside(written(tmp_path, {"1.2E+17": 0.5, "1.3E+17": 0.5}), release)
    with pytest.raises(UserError, match=r"is in small@1\. Name the release"):
        beside(written(tmp_path, {"7": 0.5}), release)


def test_the_command_gives_the_contract_s_document(cli, tmp_path, session_make):
    with Store(tmp_path / "store") as store:
        make = session_make(store.home)
    make("small", 4, 6, ids=BOTS + HUMANS)
    written(tmp_path, P)
    told = cli.json("score", "mine.csv", "--release", "small", "--resamples", "200")
    assert list(told) == ["release", "detector", "rows", "unscored"]
    assert (told["release"], told["detector"], told["unscored"]) == ("small@1", "mine", 0)
    assert all(list(r) == ["metric", "value", "low", "high", "n", "few"] for r in told["rows"])
    value = {r["metric"]: r["value"] for r in told["rows"]}
    # Of 4 bots 3 score .5 or more, of 6 people 1: 8 of 10 right; recall 3/4, precision 3/4.
    assert value["accuracy"] == 0.8 and value["recall[bot]"] == value["precision[bot]"] == 0.75
    assert value["fpr[bot]"] == round(1 / 6, 6)
    one = cli("score", "mine.csv", "--release", "small", "--metric", "acuracy", code=2).stderr
    assert "Did you mean 'accuracy'" in one
    assert "Did you mean 'small'" in cli("score", "mine.csv", "--release", "smal", code=2).stderr
    assert (
        "no predictions file none.csv"
        in cli("score", "none.csv", "--release", "small", code=2).stderr
    )
    assert json.dumps(told)


def test_a_header_alone_is_told(release, tmp_path):
    with pytest.raises(UserError, match="holds a header and no rows"):
        beside(written(tmp_path, {}), release)
