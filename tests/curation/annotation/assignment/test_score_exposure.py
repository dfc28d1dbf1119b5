"""Who is shown a detector's scores: a part drawn by hash, the same again for the same batch, of
accounts that have a score.
"""

import hashlib

import pyarrow as pa
import pytest
from pyarrow import csv

from botbench.core.errors import UserError
from curation.annotation.assignment import batches, score_exposure

N = 400


@pytest.fixture
def drawn(make):
    make.draw([f"acc{n}" for n in range(N)])
    make.draw([f"acc{n}" for n in range(N)], batch="another")
    return make.store


@pytest.fixture
def scored(tmp_path):
    """Every second account of the batch, and one of no batch."""
    ids = [*(f"acc{n}" for n in range(0, N, 2)), "stranger"]
    csv.write_csv(
        pa.table({"account_id": ids, "p_bot": [0.25] * len(ids), "threshold": [0.4] * len(ids)}),
        tmp_path / "a-tree.csv",
    )
    return tmp_path / "a-tree.csv"


def shown(store, file, share, batch="b0"):
    return score_exposure.exposed_scores(store, batches.find(store, batch), file, share).to_pylist()


def test_the_part_that_sees_scores_is_drawn_by_a_hash_of_batch_and_account(drawn, scored):
    found = shown(drawn, scored, 0.3)
    batch = batches.find(drawn, "b0").batch_id
    by_hand = {
        f"acc{n}"
        for n in range(0, N, 2)
        if int(hashlib.sha256(f"shown {batch}\nacc{n}".encode()).hexdigest()[:13], 16) / 16**13
        < 0.3
    }
    assert {r["account_id"] for r in found} == by_hand and 40 <= len(
        by_hand
    ) <= 80  # 60 of 200 expected, sd 6.5
    assert {(r["detector"], r["p_bot"], r["threshold"]) for r in found} == {("a-tree", 0.25, 0.4)}


def test_the_same_again_is_the_same_part_and_more_is_a_larger_one(drawn, scored):
    def ids(share, batch="b0"):
        return {r["account_id"] for r in shown(drawn, scored, share, batch)}

    assert ids(0.3) == ids(0.3) and ids(0.3) < ids(0.6) < ids(1.0)
    assert ids(0.0) == set() and len(ids(1.0)) == N // 2
    assert ids(0.3) != ids(0.3, "another"), "another batch, another draw"


def test_scores_of_other_accounts(drawn, tmp_path):
    file = tmp_path / "strangers.csv"
    file.write_text("account_id,p_bot\nstranger,0.5\n", encoding="utf-8")
    with pytest.raises(UserError, match="no score of any account of batch b0123456"):
        shown(drawn, file, 0.5)


def test_whoever_takes_an_account_over_sees_the_same_card(drawn, scored):
    batch = batches.find(drawn, "b0")
    assert score_exposure.recorded_scores(drawn, batch, None) is None
    first = score_exposure.recorded_scores(
        drawn, batch, score_exposure.exposed_scores(drawn, batch, scored, 0.3)
    )
    assert score_exposure.recorded_scores(drawn, batch, None).equals(first) and first.num_rows > 40
    assert score_exposure.recorded_scores(
        drawn, batch, score_exposure.exposed_scores(drawn, batch, scored, 0.3)
    ).equals(first)
    assert score_exposure.recorded_scores(drawn, batches.find(drawn, "another"), None) is None
    with pytest.raises(
        UserError, match=f"was pushed with other scores shown \\(on {first.num_rows} cards\\)"
    ):
        score_exposure.recorded_scores(
            drawn, batch, score_exposure.exposed_scores(drawn, batch, scored, 0.5)
        )
