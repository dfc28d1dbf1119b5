"""Claimants that part into camps, and a consensus that depends on votes and not on names."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.labels.consensus import consensus, posterior
from curation.labels.consensus.canonical import ordered
from curation.labels.consensus.methods import METHODS, bayesian
from curation.labels.consensus.run import judge, parted
from tests.curation.labels.test_consensus_methods import ballots, exact
from tests.curation.labels.voting import Rule, claim, say

RULE = {"minimum": 1, "agreed": 0.6667}


def camps(sizes, accounts=60, slips=0.0, seed=0):
    """Votes (account, claimant, bot): the first camp calls every second account a bot, the second
    camp says the opposite of everything; each vote slips with a chance.
    """
    rng = np.random.default_rng(seed)
    return [
        (i, j, int((i % 2) ^ (j >= sizes[0]) ^ (rng.random() < slips)))
        for i in range(accounts)
        for j in range(sum(sizes))
    ]


def judged(votes, accounts, claimants, name="bayesian"):
    """The fit, and the status by account."""
    voted = ballots(votes, accounts, claimants)
    fit = METHODS.get(name)(voted)
    return fit, judge(voted, fit, RULE)["status"].to_pylist()


@pytest.mark.parametrize("accounts", [30, 60])
def test_two_people_who_contradict_each_other_settle_nothing(accounts):
    fit, status = judged(camps([1, 1], accounts), accounts, 2)
    assert fit.p_bot == pytest.approx(np.full(accounts, 0.5), abs=0.001)
    assert set(status) == {"disputed"}
    assert (fit.low < 0.05).all() and (fit.high > 0.95).all()
    assert (fit.disagree, sorted(fit.camps)) == (accounts, [(0,), (1,)])


def test_two_camps_of_two_with_slips_settle_nothing_either():
    fit, status = judged(camps([2, 2], 80, 0.05, seed=3), 80, 4)
    assert sorted(fit.camps) == [(0, 1), (2, 3)] and fit.disagree > 60
    assert status.count("disputed") > 60


def test_camps_are_named_that_contradict_each_other_on_half_of_the_accounts():
    """On 40 of 80 accounts all agree."""
    votes = [(i, j, b if i < 40 or j < 2 else 1 - b) for i, j, b in camps([4, 0], 80, 0.04, 5)]
    fit, _ = judged(votes, 80, 4)
    assert sorted(fit.camps) == [(0, 1), (2, 3)] and 25 < fit.disagree < 60


def test_three_against_two_favours_the_three():
    """Every rate is near 1 in one camp and near 0 in the other. By P(labels, votes) the labels of
    the three are 12.4 times as probable as those of the two: .9256.
    """
    votes = camps([3, 2], 60)
    fit, _ = judged(votes, 60, 5)
    assert fit.p_bot[1::2] == pytest.approx(np.full(30, 0.9256), abs=0.02)
    assert fit.p_bot[::2] == pytest.approx(np.full(30, 1 - 0.9256), abs=0.02)
    assert fit.camps == ((0, 1, 2), (3, 4))


@pytest.mark.parametrize("sizes, seed", [([2, 1], 1), ([2, 2], 2), ([3, 2], 4)])
def test_modes_are_weighed_as_the_exact_posterior_weighs_them(sizes, seed):
    votes = camps(sizes, 8, 0.1, seed)
    drawn = posterior.sample(ballots(votes, 8, sum(sizes)), burn_in=80, sweeps=200)
    assert drawn.accounts()[0] == pytest.approx(exact(votes, 8, sum(sizes)), abs=0.05)


def test_people_who_agree_are_no_camps():
    rng = np.random.default_rng(6)
    votes = [(i, j, int((i % 4 == 0) ^ (rng.random() < 0.1))) for i in range(60) for j in range(5)]
    fit, status = judged(votes, 60, 5)
    assert (fit.disagree, fit.camps) == (0, ()) and fit.chains >= 4
    assert status.count("agreed") > 55


def drawn(seed, people, accounts, noise):
    """Votes, and the same votes with other names in another order; who and what became whom."""
    rng = np.random.default_rng(seed)
    votes = [
        (i, j, int((i % 2) ^ (j % 2) ^ (rng.random() < noise)))
        for i in range(accounts)
        for j in range(people)
        if rng.random() < 0.8
    ] or [(0, 0, 1)]
    who, what = rng.permutation(people), rng.permutation(accounts)
    renamed = [(int(what[i]), int(who[j]), b) for i, j, b in votes]
    rng.shuffle(renamed)
    return votes, renamed, who, what


def renamed_alike(name, seed, people, accounts, noise):
    """Fit a method before and after claimants and accounts are renamed and rows are shuffled."""
    votes, renamed, who, what = drawn(seed, people, accounts, noise)
    before, status = judged(votes, accounts, people, name)
    after, again = judged(renamed, accounts, people, name)
    assert after.p_bot[what] == pytest.approx(before.p_bot, abs=0.02)
    assert [again[i] for i in what] == status
    if before.sensitivity is not None:
        assert after.sensitivity[who] == pytest.approx(before.sensitivity, abs=0.02, nan_ok=True)
        assert after.specificity[who] == pytest.approx(before.specificity, abs=0.02, nan_ok=True)
    account, claimant = np.array([(i, j) for i, j, _ in votes]).T
    said = after.votes(what[account], who[claimant])
    assert said == pytest.approx(before.votes(account, claimant), abs=0.02)


@given(st.integers(0, 10**6), st.integers(2, 4), st.integers(2, 14), st.sampled_from([0, 0.1, 0.5]))
@settings(max_examples=8, deadline=None)
def test_names_and_the_order_of_rows_change_nothing(seed, people, accounts, noise):
    renamed_alike("bayesian", seed, people, accounts, noise)


@given(st.integers(0, 10**6), st.integers(1, 8), st.integers(1, 30), st.sampled_from([0, 0.1, 0.5]))
@settings(max_examples=60, deadline=None)
def test_votes_come_in_one_order_whatever_the_names(seed, people, accounts, noise):
    """What every method but majority and bayesian gets (`methods.nameless`)."""
    votes, renamed, who, what = drawn(seed, people, accounts, noise)
    before, after = (ordered(ballots(v, accounts, people)) for v in (votes, renamed))
    for column in ("account", "claimant", "bot"):
        assert (getattr(before.ballots, column) == getattr(after.ballots, column)).all()
    # The way back: what is said of a place is said of the account that stands there.
    place = np.arange(accounts, dtype=float)
    assert after.accounts(place)[what] == pytest.approx(before.accounts(place))
    assert before.ballots.accounts.take(before.account).to_pylist() == [
        str(i) for i in range(accounts)
    ]
    people_at = np.arange(people, dtype=float)
    assert after.claimants(people_at)[who] == pytest.approx(before.claimants(people_at))


@pytest.mark.parametrize("name", sorted(set(METHODS.all()) - {"bayesian"}))
def test_names_change_nothing_by_any_method(name):
    renamed_alike(name, 5, 4, 14, 0.2)


def test_methods_that_followed_names_have_another_version():
    assert METHODS.get("mace")(ballots([(0, 0, 1), (0, 1, 0)], 1, 2)).version == 2
    assert METHODS.get("majority")(ballots([(0, 0, 1)], 1, 1)).version == 1


def test_the_document_says_how_many_chains_ran_and_names_the_camps(store):
    say(store, *(claim(str(i), f"p{j}", "bot" if b else "human") for i, j, b in camps([1, 1], 30)))
    found = consensus(store, "d", Rule(), method="bayesian")
    document = found.document()
    assert document["camps"] == [["p0"], ["p1"]]
    assert document["chains"]["n"] >= 3 and document["chains"]["disagree"] == 30
    counted = consensus(store, "d", Rule(), method="majority").document()
    assert (counted["chains"], counted["camps"]) == ({"n": 0, "disagree": 0}, [])


def test_another_version_of_the_model_is_another_consensus(store, monkeypatch):
    say(store, *(claim(str(i), f"p{j}", "bot") for i in range(3) for j in range(2)))
    first = consensus(store, "d", Rule(), method="bayesian").consensus_id
    monkeypatch.setattr(bayesian, "VERSION", bayesian.VERSION + 1)
    assert consensus(store, "d", Rule(), method="bayesian").consensus_id != first


def test_the_sentence_on_camps():
    assert parted((), 0) == ""
    assert "several ways, which part on 12 accounts" in parted((), 12)
    assert parted((("a", "b"), ("c",)), 7).startswith(
        "The claimants part into 2 camps that contradict each other: a, b | c. They part on 7"
    )
