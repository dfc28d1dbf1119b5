"""The review queue: simulated labels with known errors, its measured precision, and the batch it is
pushed to.
"""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from botbench.core.errors import UserError
from curation.annotation.scheme.scheme import Scheme
from curation.labels import label_errors
from curation.labels.consensus import consensus
from curation.store import schema
from tests.curation.labels.voting import claim, say

WRONG = {"7", "21", "144", "190"}


def fill(store, n=240):
    """Simulated: bots have many followers; four labels are wrong; on one account a person
    contradicts the authors.
    """
    rng = np.random.default_rng(0)
    bot = rng.random(n) < 0.4
    store.append(
        {
            "accounts": schema.rows(
                "accounts",
                [
                    {
                        "dataset": "d",
                        "account_id": str(i),
                        "platform": "x",
                        "following": int(rng.integers(10, 900)),
                        "followers": int(rng.integers(500, 900) if b else rng.integers(10, 300)),
                    }
                    for i, b in enumerate(bot)
                ],
            )
        },
        "t",
        "seen",
    )
    say(
        store,
        *(
            claim(str(i), "authors", "bot" if b != (str(i) in WRONG) else "human", kind="dataset")
            for i, b in enumerate(bot)
        ),
    )
    consensus(store, "d", Scheme.load())
    return bot


def test_wrong_labels_come_first_and_nothing_is_changed(store):
    fill(store)
    head = store.head()
    data = label_errors.labelled(store, "d", families=["profile"])
    found = label_errors.queue(store, data, Scheme.load())
    # Confident learning counts how many to doubt from the mean certainty of each class: of four it
    # may leave one out.
    assert len(found) >= 3 and {r["account"] for r in found[:3]} < WRONG
    assert all(r["reasons"] == [label_errors.FEATURES] for r in found)
    assert [r["quality"] for r in found] == sorted(r["quality"] for r in found) and found[0][
        "quality"
    ] < 0.2
    assert (
        store.head() == head
        and label_errors.queue(store, data, Scheme.load(), length=2) == found[:2]
    )


def test_the_measured_precision_is_that_of_flipped_labels(store):
    fill(store)
    data = label_errors.labelled(store, "d", families=["profile"])
    found = label_errors.measured(data, flip=0.05, repeats=2)
    assert found["labels_flipped"] == 12 and found["by_chance"] == 0.05 and not found["optimistic"]
    assert found["recall"]["value"] > 0.7 and found["recall"]["n"] == 24
    # Two draws of 12 flipped labels and 4 that were wrong before, which count as false alarms:
    # about 12 of 16.
    assert (
        0.6 < found["precision"]["value"] <= 12 / 14
        and found["precision"]["n"] == 2 * found["queue_length"]
    )
    chance = replace(data, predict=lambda y, seed: np.random.default_rng(seed).random(len(y)))
    assert label_errors.measured(chance, repeats=2)["precision"]["value"] < 0.15, (
        "predictions that know nothing find nothing"
    )


def test_claimants_and_data_sets_that_disagree_are_queued(store):
    bot = fill(store)
    clean = next(str(i) for i in range(240) if not bot[i] and str(i) not in WRONG)
    other = next(str(i) for i in range(239, 0, -1) if bot[i] and str(i) not in WRONG)
    store.append(
        {
            "accounts": schema.rows(
                "accounts", [{"dataset": "e", "account_id": "1", "platform": "x"}]
            )
        },
        "t",
        "seen",
    )
    say(
        store,
        claim(clean, "p", "bot"),
        {**claim(other, "elsewhere", "human", kind="dataset"), "dataset": "e"},
    )
    consensus(store, "d", Scheme.load(), kinds=["dataset"])
    rows = {
        r["account"]: r["reasons"]
        for r in label_errors.queue(store, label_errors.labelled(store, "d"), Scheme.load())
    }
    assert label_errors.KINDS_DISAGREE in rows[clean] and label_errors.ELSEWHERE in rows[other]


def test_a_batch_to_adjudicate(store):
    fill(store)
    data = label_errors.labelled(store, "d")
    found = label_errors.queue(store, data, Scheme.load(), length=2)
    batch, new = label_errors.push(store, data, found, copies=2)
    assert new and label_errors.push(store, data, found, copies=2) == (batch, False)
    row = store.arrow("FROM lake.main.batches").to_pylist()[0]
    assert (row["purpose"], row["dataset"], row["size"], row["copies"]) == (
        "adjudication",
        "d",
        2,
        2,
    )
    assert row["design"] == "doubtful(n=2)"
    seats = store.arrow(
        "SELECT account_id, copy, part, inclusion_probability FROM lake.main.assignments ORDER BY"
        " 1, 2"
    ).to_pylist()
    assert [(s["account_id"], s["copy"]) for s in seats] == sorted(
        (r["account"], c) for r in found for c in (1, 2)
    )
    assert {(s["part"], s["inclusion_probability"]) for s in seats} == {("adjudication", None)}
    with pytest.raises(UserError, match="nothing to adjudicate"):
        label_errors.push(store, data, [])


def test_scores_of_a_file(store, tmp_path):
    bot = fill(store)
    file = tmp_path / "scores.parquet"
    pq.write_table(
        pa.table({"account_id": [str(i) for i in range(240)], "p_bot": np.where(bot, 0.9, 0.1)}),
        file,
    )
    data = label_errors.labelled(store, "d", scores=file)
    assert {r["account"] for r in label_errors.queue(store, data, Scheme.load())} == WRONG, (
        "a detector that is right finds them all"
    )
    assert label_errors.measured(data, repeats=1)["optimistic"], (
        "the scores never saw the flipped labels"
    )


def test_what_cannot_be_doubted_is_said(store):
    say(
        store,
        *(claim(str(i), "authors", "bot" if i % 2 else "human", kind="dataset") for i in range(40)),
    )
    with pytest.raises(UserError, match="run botbench consensus d first"):
        label_errors.labelled(store, "d")
    consensus(store, "d", Scheme.load())
    with pytest.raises(UserError, match="ids only"):
        label_errors.labelled(store, "d")


@pytest.mark.data
def test_the_command_on_real_accounts(cli, shared_data):
    cli("pull", "cresci-rtbust-2019", "--from", shared_data / "cresci-rtbust-2019")
    cli("consensus", "cresci-rtbust-2019")
    found = cli.json("doubtful", "cresci-rtbust-2019", "--repeats", "1", "--batch", "--n", "100")
    measured = found["measured"]
    assert found["accounts"] == 693 and 10 < found["length"] <= 100 and found["batch"]
    assert (
        measured["precision"]["value"] > measured["by_chance"]
        and 0 < measured["recall"]["value"] <= 1
    )
