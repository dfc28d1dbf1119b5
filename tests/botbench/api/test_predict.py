"""`botbench.predict`: what the command says, from files, frames and kept detectors."""

from dataclasses import replace

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

import botbench as bb
from botbench.api.prediction.predict import Prediction


@pytest.fixture
def new(unlabelled):
    return unlabelled


def test_every_kind_of_frame_and_a_kept_detector_score_the_same(made, new, tmp_path):
    release = made.load("small")
    found = bb.predict("one-question-tree", new, release)
    frame = found.frame()
    assert list(frame["account_id"]) == sorted(new["account_id"])
    np.testing.assert_array_equal(frame["bot"], frame["p_bot"] >= frame["threshold"])
    assert not frame["abstained"].any(), "one question is always answered"
    others = [
        bb.predict("one-question-tree", pl.from_pandas(new), "small@1", store=made),
        bb.predict(
            "one-question-tree",
            pa.Table.from_pandas(new, preserve_index=False),
            [release],
            save=tmp_path / "kept",
        ),
        bb.predict("one-question-tree", new, model=tmp_path / "kept", store=made),
    ]
    for other in others:
        np.testing.assert_array_equal(other.frame()["p_bot"], frame["p_bot"])
    assert len(found._repr_html_()) < 50_000 and found.sentence in repr(found)
    assert found.save(tmp_path / "p.csv").read_text("utf-8").startswith("account_id,p_bot,")


@pytest.mark.parametrize(
    ("trained", "new_ones", "says"),
    [
        (
            "twitter",
            ["mastodon", "twitter", "reddit"],
            "2 accounts of mastodon, reddit, and it was",
        ),
        ("twitter", ["mastodon"], "1 account of mastodon, and it was trained on twitter alone"),
        ("twitter", ["twitter"], ""),
        ("twitter", ["unknown", None, "simulated"], ""),
        ("simulated", ["twitter"], ""),
    ],
)
def test_accounts_of_a_platform_it_never_saw_are_named(made, new, trained, new_ones, says):
    found = bb.predict("one-question-tree", new, "small", store=made).found
    of = replace(
        found,
        platform=np.array(new_ones, dtype=object),
        trained=replace(found.trained, platform=np.array([trained] * 3, dtype=object)),
    )
    said = Prediction(of).elsewhere
    assert said.startswith(says) and bool(said) == bool(says)


def test_the_command_says_the_same(made, new, command, tmp_path):
    file = tmp_path / "new.parquet"
    new.to_parquet(file, index=False)
    said = command("predict", "one-question-tree", file, "--train", "small")
    assert said == bb.predict("one-question-tree", file, "small", store=made).to_dict()


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"detector": "one-question-tre"}, "Did you mean 'one-question-tree'"),
        ({"detector": None}, "detector is a NoneType; give a detector's name"),
        ({"train": "smal"}, "Did you mean 'small'"),
        ({"train": []}, "train holds no release"),
        ({"model": "x"}, "model= takes a detector that is kept already"),
        ({"accounts": "no.csv"}, "no file or data set 'no.csv'"),
        ({"accounts": [1, 2]}, "list is no card, file, folder or data frame"),
        ({"observed_at": "soon"}, "'soon' is no time"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_what_is_wrong_is_a_sentence_without_options(made, new, changed, says):
    given = {"detector": "one-question-tree", "accounts": new, "train": "small", "store": made}
    with pytest.raises(bb.UserError, match=says) as told:
        bb.predict(**{**given, **changed})
    assert "--" not in str(told.value)


def test_float_ids_are_named(made, new):
    with pytest.raises(bb.UserError, match="account_id"):
        bb.predict("one-question-tree", new.assign(account_id=1.5e17), "small", store=made)
