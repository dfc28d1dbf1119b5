"""The audit sees what the source had: the order of its rows, and columns without a schema place."""

import csv
import io

import numpy as np
import pyarrow.parquet as pq

from benchmarks.audits import dataset
from curation.annotation.scheme.scheme import Scheme
from curation.ingest import cards
from curation.ingest.pull import pull
from curation.labels.consensus import consensus
from curation.release import release
from curation.release.content_hash import content_hash
from curation.release.contents import TABLES_FROZEN

CARD = """
id: made
title: Made for a test
platform: twitter
licence: CC0-1.0
citation: none
sources: [{file: users.csv}]
label: {meaning: as made, claimant: the test, claimant_kind: dataset}
reads:
- format: tabular
  options:
    accounts: {account_id: id, bio: bio, followers: followers}
    claims: {answer: {column: label, codes: {b: bot, h: human}}}
"""
N = 120
RANDOM = np.random.default_rng(4)
LABEL = ["b" if b else "h" for b in RANDOM.permutation(N) % 2]
IDS = [f"{i:06d}" for i in RANDOM.choice(10**6, N, replace=False)]
"""Ids tell nothing, so the order of a release tells nothing."""


def released(store, folder, order, note):
    """The release of a table of users in this order; `note(label)` has no place in the schema."""
    lines = io.StringIO()
    table = csv.writer(lines, lineterminator="\n")
    table.writerow(["id", "bio", "followers", "label", "note"])
    table.writerows([IDS[i], "x", i % 7, LABEL[i], note(LABEL[i])] for i in order)
    folder.mkdir()
    (folder / "users.csv").write_text(lines.getvalue())
    (folder / "card.yaml").write_text(CARD)
    pull(store, cards.load(folder / "card.yaml"), folder)
    consensus(store, "made", Scheme.load(None))
    return release.freeze(store, "made", "made", accept="made for a test")


def check(store, made, name):
    return dataset.checks()[name].run(dataset.Audited(store.home, made))


def test_a_file_sorted_by_label_with_a_column_for_bots_only(store, tmp_path):
    order = sorted(range(N), key=lambda i: (LABEL[i] == "h", i))
    made = released(store, tmp_path / "source", order, lambda label: "!" if label == "b" else "")
    result = check(store, made, "row-order")
    # In the folds one account at the cut is on the wrong side: 119 of 120.
    assert (result.issue, round(result.value, 4)) == (True, 0.9917)
    assert "is its place in the source <= 60.5?" in result.detail
    assert not check(store, made, "id").issue

    missing = check(store, made, "missingness")
    assert (missing.issue, missing.value) == (True, 1.0)
    assert "extra: note, there for 100.0 % of bots and 0.0 % of humans" in missing.detail

    # A release from before places were recorded is judged by its own order, and that is said.
    labels = pq.read_table(made.file("labels"))
    pq.write_table(labels.drop_columns(["place"]), made.file("labels"))
    old = check(store, made, "row-order")
    assert not old.issue
    assert "The order in the source is not known" in old.detail


def test_a_shuffled_file_with_a_column_at_random_passes(store, tmp_path):
    random = np.random.default_rng(1)
    made = released(store, tmp_path / "source", range(N), lambda _: "!" * random.integers(2))
    assert not check(store, made, "row-order").issue
    missing = check(store, made, "missingness")
    assert not missing.issue and missing.low < 0.5 < missing.high
    frozen = pq.read_table(made.file("labels"), columns=["account_id", "place"]).to_pylist()
    assert {r["account_id"]: r["place"] for r in frozen} == {a: i + 1 for i, a in enumerate(IDS)}

    # Places are no content: releases with others have the same hash.
    files = {t: f"read_parquet('{made.file(t)}')" for t in TABLES_FROZEN}
    files["labels"] = f"(SELECT * REPLACE (1 AS place) FROM {files['labels']})"
    assert content_hash(store.connection, files) == made.content_hash
