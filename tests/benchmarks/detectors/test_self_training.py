"""The detector that adapts to the batch: Otsu by hand, what is chosen inside the training part only,
batches in any order and of any size, and whom it abstains on.
"""

import numpy as np
import pytest

from benchmarks.data.accounts import Accounts
from benchmarks.detectors import get
from benchmarks.detectors.self_training import (
    ADAPTATIONS,
    fitted_experts,
    least_batch,
    least_separable,
    margin,
    otsu,
    self_trained,
    separability,
)
from benchmarks.detectors.tuning import BUDGET
from benchmarks.detectors.value_rank_ensemble import MEMBERS

NAMES = ("followers", "following", "posts_total")


def shifted(n, scale, rng):
    """A data set whose bots have fewer followers, on a scale of its own; the rest is noise."""
    y = (np.arange(n) < n / 2).astype(np.int8)
    followers = scale * np.exp(rng.normal(0, 0.5, n) + 2.0 * (1 - y))
    return np.column_stack([followers, rng.lognormal(size=n), rng.lognormal(size=n)]), y


@pytest.fixture(scope="module")
def world():
    rng = np.random.default_rng(0)
    parts = [shifted(80, scale, rng) for scale in (1.0, 50.0, 2500.0)]
    values, y = np.vstack([v for v, _ in parts]), np.concatenate([labels for _, labels in parts])
    return Accounts(NAMES, values, domains=np.repeat([7, 2, 5], 80)), y


@pytest.fixture(scope="module")
def made(world):
    return get("self-training").seeded(0).fit(*world)


@pytest.fixture(scope="module")
def batch():
    return shifted(150, 1e6, np.random.default_rng(1))


def test_otsu_by_hand():
    """0, 1, 8, 9: splits of n1 n2 (m2 - m1)^2 = 3 * 36, 4 * 64, 3 * 36; the middle one is best."""
    assert otsu(np.array([9.0, 0.0, 8.0, 1.0])) == 4.5
    # -3 and 2, 3, 4: 3 * 36 after the first against 4 * 16 and 3 * 11.1.
    assert otsu(np.array([2.0, -3.0, 4.0, 3.0])) == -0.5
    assert otsu(np.array([1.0, 1.0, 1.0, 5.0])) == 3.0, "equal scores stay together"
    assert otsu(np.array([0.7])) == otsu(np.array([0.7, 0.7])) == 0.7


def test_the_size_from_which_otsu_is_used_comes_from_training_data():
    """Scores in two heaps around -1 and 3 want another threshold than 0, those around -1 and 1 do
    not mind, and one heap without order is cut in two for nothing.
    """
    y = np.repeat(np.array([0, 1], dtype=np.int8), 200)
    rng = np.random.default_rng(0)
    heaps = rng.normal(0, 0.3, 400) + np.where(y == 1, 3.0, 1.0)
    assert least_batch([heaps], [y], 0) == 30
    few_bots = np.where(np.arange(400) % 20 == 0, 1, 0).astype(np.int8)
    one_heap = rng.normal(0, 1, 400) + np.where(few_bots == 1, 1.5, -1.5)
    skewed = np.where(few_bots == 1, 0.5, one_heap)
    assert least_batch([skewed], [few_bots], 0) == np.inf, "it would cut the people in two"


def test_the_margin_by_hand():
    """Log odds -2, -1, 1, 2 of which the inner two are wrong: all give .5, the outer two 1. With
    deciles of 1, 1, 2, 2 the first distance above 1 that is tried is the 40 % quantile, 1.2.
    """
    scores, y = np.array([-2.0, -1.0, 1.0, 2.0]), np.array([0, 1, 0, 1], dtype=np.int8)
    assert margin([scores], [y]) == pytest.approx(1.2)
    assert margin([scores], [np.array([0, 0, 1, 1], dtype=np.int8)]) == 0, "all are decided"
    assert margin([scores], [np.array([1, 0, 1, 0], dtype=np.int8)]) == np.inf, "nobody is"


def test_separability_by_hand():
    """0, 1, 8, 9: variance 16.25, of which 16 lie between the groups with means .5 and 8.5."""
    assert separability(np.array([0.0, 1.0, 8.0, 9.0])) == pytest.approx(16 / 16.25)
    assert separability(np.array([2.0, 2.0])) == 0


def test_a_batch_must_be_more_separable_than_every_failure():
    """Right and wrong answers on four left-out data sets; what fails at .6 takes .5 with it."""
    y = np.array([0, 1], dtype=np.int8)
    right, wrong = np.array([-1.0, 1.0]), np.array([1.0, -1.0])
    told = [right, wrong, right, right]
    assert least_separable([0.5, 0.6, 0.7, 0.9], told, [y] * 4) == 0.7
    assert least_separable([0.5, 0.95, 0.7, 0.9], told, [y] * 4) == np.inf
    assert least_separable([0.5, 0.6], [right, right], [y] * 2) == 0, "none failed"
    assert margin([], []) == np.inf


def test_self_training_finds_two_heaps_and_no_answer_is_its_own():
    """Sixty accounts in two heaps, one of them on the wrong side of the ensemble: the others, which
    a forest learns from, put it right.
    """
    rng = np.random.default_rng(0)
    values = np.column_stack([np.r_[rng.normal(0, 1, 30), rng.normal(9, 1, 30)], np.zeros(60)])
    log_odds = np.r_[np.full(30, -1.0), np.full(30, 1.0)] + rng.normal(0, 0.1, 60)
    log_odds[3] = 1.5
    scored = self_trained(log_odds, values, 0)
    assert scored[3] < 0 and ((scored > 0) == (np.arange(60) >= 30)).mean() > 0.95
    # Of eighteen accounts with one answer nine are the surer half: too few to learn from.
    few = np.r_[0:3, 4:48]
    np.testing.assert_array_equal(self_trained(log_odds[few], values[few], 0), log_odds[few])


def test_an_expert_for_each_data_set_with_both_classes(world):
    seen, y = world
    one_class = np.where(seen.domains == 2, 1, y).astype(np.int8)
    experts = fitted_experts(seen.values, seen.domains, one_class, 0)
    assert sorted(experts) == [5, 7] and all(len(e) == 2 for e in experts.values())


def test_it_adapts_to_a_batch_of_another_scale(made, batch):
    new, truth = batch
    p = made.predict_proba(Accounts(NAMES, new))[:, 1]
    assert ((p >= 0.5) == truth).mean() > 0.95 and set(made.models_) == set(MEMBERS)
    assert len(ADAPTATIONS) == BUDGET and made.explain() != "no adaptation"


def test_the_order_of_the_batch_does_not_matter(made, batch):
    """Nor do equal accounts, of which each gets the same."""
    new = np.vstack([batch[0], batch[0][:20]])
    p = made.predict_proba(Accounts(NAMES, new))[:, 1]
    order = np.random.default_rng(2).permutation(len(new))
    again = made.predict_proba(Accounts(NAMES, new[order]))[:, 1]
    np.testing.assert_allclose(again, p[order], rtol=1e-12)
    np.testing.assert_allclose(p[:20], p[150:], rtol=1e-12)


def test_a_batch_that_is_one_account_or_nobody_is_scored_and_not_decided(made, batch):
    for n in (0, 1, 29):
        few = Accounts(NAMES, batch[0][:n])
        p = made.predict_proba(few)[:, 1]
        assert len(p) == n and ((p >= 0) & (p <= 1)).all() and made.abstains(few).all()
    enough = Accounts(NAMES, batch[0])
    assert made.abstains(enough).mean() < 0.5


def test_it_abstains_on_accounts_that_lack_half_of_what_it_reads(made, batch):
    new = batch[0].copy()
    new[0, 1:] = np.nan
    new[1] = np.nan
    unsure = made.abstains(Accounts(NAMES, new))
    assert unsure[:2].all() and unsure.mean() < 0.5


def test_it_abstains_on_everybody_where_nothing_transfers():
    """Followers mark bots in one training data set and people in the next: what is left out cannot
    be told, so neither can the batch.
    """
    rng = np.random.default_rng(3)
    parts = [shifted(80, 1.0, rng) for _ in range(4)]
    values = np.vstack([v for v, _ in parts])
    y = np.concatenate([y if i % 2 else 1 - y for i, (_, y) in enumerate(parts)]).astype(np.int8)
    seen = Accounts(NAMES, values, domains=np.repeat([1, 2, 3, 4], 80))
    made = get("self-training").seeded(0).fit(seen, y)
    new = Accounts(NAMES, shifted(100, 1.0, rng)[0])
    assert made.margin_ == np.inf and made.abstains(new).all()
    assert np.isfinite(made.predict_proba(new)).all()
