"""A store in Python: the same rows, labels and releases as the commands, and sentences for mistakes."""

import os

import numpy as np
import pandas as pd
import pytest

import botbench as bb
from tests.botbench.api.conftest import simulated


def test_a_data_frame_is_pulled_as_a_file_is(made, tmp_path):
    frame = simulated()
    again = made.pull(frame, platform="made up", name="small")
    assert again.unchanged
    assert again.ledger.set_index("table")["kept"].to_dict() == {"accounts": 80, "claims": 80}
    frame.to_csv(tmp_path / "same.csv", index=False)
    other = bb.Workspace(tmp_path / "other")
    assert other.pull(tmp_path / "same.csv", platform="made up").dataset == "same"
    ours, theirs = (
        made.dataset("small").accounts.to_pandas(),
        other.dataset("same").accounts.to_pandas(),
    )
    left_out = ["dataset", "pull_id", "bio"]  # an empty text and none are one in a CSV file
    pd.testing.assert_frame_equal(ours.drop(columns=left_out), theirs.drop(columns=left_out))


def test_a_frame_of_arrow_or_polars_is_the_same_pull(tmp_path):
    import polars as pl
    import pyarrow.parquet as pq

    from botbench.api.pull import FRAME, of_frame

    tables = []
    for i, form in enumerate(
        (frame := simulated(), pl.from_pandas(frame).to_arrow(), pl.from_pandas(frame))
    ):
        (folder := tmp_path / str(i)).mkdir()
        assert of_frame(form, folder, "small", "made up").card.platform == "made up"
        tables.append(pq.read_table(folder / FRAME))
    whole = {t.field("followers").type for t in tables} | {
        t.field("posts_total").type for t in tables
    }
    assert [str(kind) for kind in whole] == ["int64"]
    assert all(
        t.select(["account_id", "posts_total"]).to_pydict()
        == tables[0].select(["account_id", "posts_total"]).to_pydict()
        for t in tables
    )


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda f: f.drop(columns="account_id"), "no column account_id; it has observed_at"),
        (lambda f: f.assign(account_id=f["account_id"].astype(float)), "rounds ids"),
        (lambda f: f.head(0), "no rows"),
        (lambda f: 5, "int is no card, file, folder or data frame"),
        (lambda f: "nothing.csv", "There is no file or folder nothing.csv"),
    ],
)
def test_what_cannot_be_pulled_is_a_sentence(tmp_path, change, sentence):
    workspace = bb.Workspace(tmp_path / "store")
    with pytest.raises(bb.UserError, match=sentence):
        workspace.pull(change(simulated()), name="x")
    assert not (tmp_path / "store" / "catalog.sqlite").exists()


def test_rows_set_aside_are_warned_of_and_shown(tmp_path):
    workspace = bb.Workspace(tmp_path / "store")
    with pytest.warns(UserWarning, match="80 of 80 rows for claims were set aside"):
        pulled = workspace.pull(simulated().assign(answer="cyborg"), name="odd")
    assert pulled.quarantine["reason"].tolist() == ["unknown_answer"]
    assert "PAR1" not in repr(pulled)


def test_tables_come_in_every_form(made):
    dataset = made.dataset("small")
    claims = dataset.claims
    assert (
        len(claims)
        == claims.to_arrow().num_rows
        == len(claims.to_pandas())
        == claims.to_polars().height
    )
    assert int(claims.to_ibis().filter(lambda t: t.answer == "bot").count().to_pandas()) == 40
    assert dataset.labels.to_pandas()["label"].value_counts().to_dict() == {"bot": 40, "human": 40}
    assert len(dataset.posts) == 0
    assert len(claims.head(3)) == 3


def test_a_release_is_features_and_labels_by_account(made):
    release = bb.load("small@1")
    features, labels = release.features(), release.labels()
    assert features.index.equals(labels.index)
    assert labels.to_dict() == {
        i: int(a == "bot") for i, a in simulated().set_index("account_id")["answer"].items()
    }
    assert (
        features["followers"].to_dict()
        == simulated().set_index("account_id")["followers"].to_dict()
    )
    assert set(features.dtypes) == {np.dtype("float64")}
    frame = release.to_pandas()
    assert list(frame)[:2] == ["account_id", "label"]
    assert len(frame) == frame["account_id"].nunique() == 80
    assert list(frame)[2:] == list(features)
    few = release.features("profile")
    assert 0 < few.shape[1] < features.shape[1]


def test_parts_of_a_split_are_disjoint_and_whole(made):
    release = made.load("small")
    parts = [release.split(part).labels() for part in ("train", "validation", "test")]
    together = pd.concat(parts)
    assert sorted(together.index) == sorted(release.labels().index)
    assert not together.index.has_duplicates
    assert all(0 < part.mean() < 1 for part in parts)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda w: w.dataset("smal"), "Did you mean 'small'"),
        (lambda w: w.load("smal"), "Did you mean 'small'"),
        (lambda w: w.load("small@7"), "has no version '7'"),
        (lambda w: w.load("small").split("trian"), "Did you mean 'train'"),
        (lambda w: w.load("small").split("train", "offical"), "There is no split of small@1"),
        (lambda w: w.load("small").features("profil"), "Did you mean 'profile'"),
        (lambda w: w.load("small").table("acounts"), "Did you mean 'accounts'"),
        (lambda w: w.dataset("small").table("tags"), "There is no table of a data set"),
        (lambda w: w.dataset("small").consensus(method="bayes"), "Did you mean 'bayesian'"),
        (lambda w: bb.Workspace(w.home / "no").dataset("small"), "There is no store at"),
        (lambda w: bb.load("small", w.home / "no"), "There is no store at"),
        (lambda w: bb.open(w.home / "catalog.sqlite"), "is a file; a store is a folder"),
        (lambda w: bb.open("mysql://x/y"), "neither a folder nor a postgresql"),
    ],
)
def test_a_wrong_name_is_a_sentence(made, wrong, sentence):
    with pytest.raises(bb.UserError, match=sentence):
        wrong(made)


def test_a_release_can_be_named_by_its_folder(made):
    assert (
        bb.load(made.home / "releases" / "small" / "1").content_hash
        == made.load("small").content_hash
    )


def test_commands_say_the_same(made, command):
    dataset = made.dataset("small")
    assert command("consensus", "small") == {
        **dataset.consensus().to_dict(),
        "version": dataset.version,
    }
    frame = dataset.claims.to_pandas().rename(columns={"account_id": "account"})
    theirs = command("agreement", "small", "--kinds", "dataset")
    ours = bb.agreement(frame).to_dict()
    for key in ("answers", "accounts", "annotators", "percent", "alpha", "order"):
        assert theirs[key] == ours[key]


def test_a_batch_is_the_command_s_and_a_sample_for_a_study(made, command):
    dataset = made.dataset("small")
    batch = dataset.sample("uniform(n=40)", copies=2)
    assert command("sample", "small", "--design", "uniform(n=40)", "--copies", 2) == batch.to_dict()
    frame = batch.frame()
    assert list(frame) == ["account_id", "stratum", "probability", "account_key"]
    assert len(frame) == frame["account_id"].nunique() == frame["account_key"].nunique() == 40
    assert (frame["probability"] == 0.5).all()
    found = bb.study(dataset.accounts.to_pandas()["account_id"], batch.labelled())
    assert found.estimates[0]["n_labelled"] == 40
    assert found.estimates[0]["low"] < 0.5 < found.estimates[0]["high"]
    with pytest.raises(bb.UserError, match="There is no design 'uniformly'"):
        dataset.sample("uniformly")
    with pytest.raises(bb.UserError, match="Nobody of the kinds person answered"):
        batch.agreement()


def test_what_a_notebook_writes_later_is_not_made_private(made, tmp_path):
    before = os.umask(0o022)
    try:
        made.dataset("small").consensus()
        (tmp_path / "mine.csv").write_text("x")
        assert (tmp_path / "mine.csv").stat().st_mode & 0o777 == 0o644
    finally:
        os.umask(before)


def test_everything_says_itself(made):
    dataset = made.dataset("small")
    release = made.load("small")
    assert "small" in repr(made) and "80" in repr(made)
    assert "claims" in repr(dataset)
    assert repr(release).startswith("Release small@1 of small: 80 accounts, 40 bots, 40 humans")
    assert "account_id" in repr(dataset.accounts)
    assert "majority" in repr(dataset.consensus())
    assert made.releases() == ["small@1"] and made.datasets() == ["small"]
    assert dataset.to_dict()["rows"]["claims"] == 80


def test_the_demo_s_data_sets_are_those_of_the_command():
    from botbench.api import demo as api
    from botbench.commands.collect import demo as command

    for name in ("DATASETS", "ANNOTATED", "ANNOTATORS", "SIZE"):
        assert getattr(command, name) is getattr(api, name)


def test_a_demo_that_is_there_is_opened_and_left_alone(made, monkeypatch):
    from botbench.api import demo as api

    monkeypatch.setattr(api, "DATASETS", ("small",))
    before = made.dataset("small").version
    assert bb.demo(made.home).releases() == ["small@1"]
    assert made.dataset("small").version == before
