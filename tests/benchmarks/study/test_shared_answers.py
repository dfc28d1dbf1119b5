"""Annotators who copy each other are found, and independent ones are not (simulated)."""

import numpy as np
import pytest

from benchmarks.study.estimators.shared_answers import LEVEL, most_alike


def answers(random, accounts, people, each, copied):
    """Votes of `each` of so many people an account; the second copies the first so often."""
    y = random.random(accounts) < 0.3
    rate = np.where(y[:, None], 0.85, 0.1)
    votes = (random.random((accounts, people)) < rate).astype(float)
    copies = random.random(accounts) < copied
    votes[copies, 1] = votes[copies, 0]
    asked = np.argsort(random.random((accounts, people)), axis=1) < each
    return np.where(asked, votes, np.nan), y.astype(float)


@pytest.mark.parametrize(("people", "each", "gold"), [(4, 4, 0), (3, 3, 200)])
def test_copying_is_found_and_independent_people_are_not(people, each, gold):
    random = np.random.default_rng(0)
    found = alarms = 0
    for seed in range(5):
        for copied in (0.5, 0.0):
            votes, y = answers(random, 500, people, each, copied)
            known = np.where(np.arange(500) < gold, y, np.nan)
            got = most_alike(votes, known, seed)
            fired = got.p <= LEVEL
            if copied:
                # Without gold it is not known who copies.
                found += fired and (not gold or {got.first, got.second} == {0, 1})
            else:
                alarms += fired
    assert found >= 4 and alarms <= 1


def test_the_scores_show_copying_where_three_people_leave_nothing_to_see():
    random = np.random.default_rng(3)
    found = alarms = 0
    for seed in range(3):
        for copied in (0.8, 0.0):
            votes, y = answers(random, 500, 3, 3, copied)
            score = 1 / (1 + np.exp(4.5 - 3 * (random.standard_normal(500) + 3 * y)))
            score[random.random(500) < 0.1] = np.nan
            fired = most_alike(votes, np.full(500, np.nan), seed, score).p <= LEVEL
            found, alarms = found + (fired and copied > 0), alarms + (fired and not copied)
    assert found == 3 and alarms <= 1


def test_half_of_a_good_annotators_answers_copied_are_mostly_found():
    """Three people as good as in the tables; the residual alone found it in 6 of 10 such samples."""
    random = np.random.default_rng(11)
    found = 0
    for seed in range(10):
        y = random.random(500) < 0.15
        rate = np.where(y[:, None], [0.90, 0.85, 0.80], [0.03, 0.05, 0.07])
        votes = (random.random((500, 3)) < rate).astype(float)
        copies = random.random(500) < 0.5
        votes[copies, 1] = votes[copies, 0]
        score = 1 / (1 + np.exp(6.2 - 3 * (random.standard_normal(500) + 3 * y)))
        got = most_alike(votes, np.full(500, np.nan), seed, score)
        found += got.p <= LEVEL and (got.first, got.second) == (0, 1)
    assert found >= 8


def test_scores_that_say_nothing_change_nothing():
    votes, _ = answers(np.random.default_rng(4), 200, 3, 3, 0.6)
    nothing = np.full(200, np.nan)
    without = most_alike(votes, nothing)
    assert most_alike(votes, nothing, score=np.full(200, 0.3)) == without
    assert most_alike(votes, nothing, score=nothing) == without


def test_three_people_without_gold_leave_nothing_to_see():
    votes, _ = answers(np.random.default_rng(1), 600, 3, 3, 0.5)
    assert most_alike(votes, np.full(600, np.nan)).p > LEVEL


def test_people_who_share_no_account_are_no_pair():
    votes = np.array([[1.0, np.nan], [np.nan, 0.0]])
    assert most_alike(votes, np.full(2, np.nan)) is None


def test_a_study_says_that_annotators_depend_on_each_other(own, study, campaign):
    from benchmarks.study.data.votes import DEPENDENT
    from curation.store.schema import rows

    ids = [
        r[0]
        for r in own.connection.execute(
            "SELECT account_id FROM lake.main.assignments WHERE batch_id = ? ORDER BY 1",
            [campaign.batches["some"]],
        ).fetchall()
    ]
    random = np.random.default_rng(2)
    for copied in (0.0, 0.6):
        votes, _ = answers(random, len(ids), 4, 4, copied)
        claims = [
            {
                "claim_id": f"{copied}-{place}-{person}",
                "dataset": "tiny-campaign",
                "account_id": account,
                "answer": "bot" if votes[place, person] else "human",
                "claimant": f"person-{person}-{copied}",
                "claimant_kind": "person",
            }
            for place, account in enumerate(ids)
            for person in range(4)
        ]
        own.connection.execute("DELETE FROM lake.main.claims WHERE claimant_kind = 'person'")
        own.append({"claims": rows("claims", claims)}, "test", "votes")
        found, _ = study(campaign(questions=["share"]), own)
        texts = [b.text for _, answer in found.found for b in answer.blocks if hasattr(b, "text")]
        assert any(t.startswith(DEPENDENT) for t in texts) == (copied > 0)
