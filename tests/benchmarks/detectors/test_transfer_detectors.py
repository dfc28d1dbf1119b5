"""Ours and the tuned ones: ranks by hand, what transfers between shifted data sets, choices made
inside the training part.
"""

import numpy as np
import pytest

from benchmarks.data.accounts import Accounts
from benchmarks.data.folds import few
from benchmarks.detectors import get
from benchmarks.detectors.raw_and_rank import CHOICES
from benchmarks.detectors.tuned import Tuned
from benchmarks.detectors.tuning import BUDGET, level, splits, worth
from benchmarks.detectors.value_rank_ensemble import ranked

NAMES = ("followers", "following", "posts_total")


def shifted(n, scale, rng, flip=False):
    """A data set whose bots have fewer followers than its humans, on a scale of its own; following
    is noise.
    """
    y = np.tile(np.array([1, 0], dtype=np.int8), n // 2)
    followers = scale * np.exp(rng.normal(0, 0.5, n) + 2.0 * (1 - y))
    return np.column_stack([followers, rng.lognormal(size=n), rng.lognormal(size=n)]), y


@pytest.fixture(scope="module")
def world():
    rng = np.random.default_rng(0)
    parts = [shifted(120, scale, rng) for scale in (1.0, 50.0, 2500.0)]
    values, y = np.vstack([v for v, _ in parts]), np.concatenate([labels for _, labels in parts])
    new, truth = shifted(200, 1e6, rng)
    return (
        Accounts(NAMES, values, domains=np.repeat([7, 2, 5], 120)),
        y,
        Accounts(NAMES, new),
        truth,
    )


def test_ranks_by_hand():
    values = np.array([[10.0, np.nan], [20.0, 1.0], [20.0, 2.0], [5.0, 3.0]])
    assert ranked(values, np.zeros(4, dtype=np.int64))[:, 0].tolist() == [0.375, 0.75, 0.75, 0.125]
    assert ranked(values, np.zeros(4, dtype=np.int64))[1:, 1].tolist() == pytest.approx(
        [1 / 6, 1 / 2, 5 / 6]
    )
    assert np.isnan(ranked(values, np.zeros(4, dtype=np.int64))[0, 1])


def test_ranks_transfer_where_values_do_not(world):
    """Four scales, one order: whoever learns values is lost on the fourth, ranks are not, and the
    choice sees that.
    """
    seen, y, new, truth = world
    made = get("raw-and-rank").seeded(0).fit(seen, y)
    assert made.explain() == "ranked forest + ranked regression"
    right = ((made.predict_proba(new)[:, 1] >= 0.5) == truth).mean()
    raw = (
        (get("gradient-boosting").seeded(0).fit(seen, y).predict_proba(new)[:, 1] >= 0.5) == truth
    ).mean()
    assert right > 0.9 and raw < 0.7


def test_a_small_batch_is_ranked_among_the_taught(world):
    seen, y, new, _ = world
    made = get("raw-and-rank").seeded(0).fit(seen, y)
    p = made.predict_proba(new.take(np.arange(5)))[:, 1]
    assert np.isfinite(p).all()
    np.testing.assert_array_equal(p[:1], made.predict_proba(new.take(np.array([0])))[:, 1])


@pytest.mark.parametrize("name", ["raw-and-rank", "gradient-boosting-tuned", "random-forest-tuned"])
def test_a_feature_that_one_data_set_alone_has(world, name):
    """Left out in turn, that data set leaves a column of nothing behind; and one of a single value
    is there always.
    """
    seen, y, new, _ = world
    only = np.where(seen.domains == 7, np.arange(len(y)), np.nan)
    values = np.column_stack([seen.values, only, np.ones(len(y))])
    made = (
        get(name)
        .seeded(0)
        .fit(Accounts((*NAMES, "listed", "verified"), values, domains=seen.domains), y)
    )
    later = Accounts(
        (*NAMES, "listed", "verified"), np.column_stack([new.values, np.full((len(new), 2), 3.0)])
    )
    assert np.isfinite(made.predict_proba(later)).all()


def test_inner_splits_hold_out_whole_data_sets():
    domains, y = np.repeat([4, 9, 1], 10), np.tile([0, 1], 15).astype(np.int8)
    held = [set(domains[b].tolist()) for _, b in splits(domains, y, 0)]
    assert held == [{1}, {4}, {9}] and all(
        not set(domains[a]) & set(domains[b]) for a, b in splits(domains, y, 0)
    )
    two = domains != 1
    assert len(list(splits(domains[two], y[two], 0))) == 3, "two data sets: three drawn folds"
    assert list(splits(domains[:3], y[:3], 0)) == [], "too few to hold any out"


def test_few_and_level_by_hand():
    domains, y = np.array([0] * 6 + [1] * 2), np.array([1, 1, 1, 0, 0, 0, 1, 0], dtype=np.int8)
    rows = few(domains, y, 2, 0)
    assert (
        np.bincount(domains[rows] * 2 + y[rows]).tolist() == [2, 2, 1, 1]
        and (np.diff(rows) > 0).all()
    )
    assert level(domains, y).tolist() == pytest.approx([2 / 3] * 6 + [2, 2])
    assert worth(np.array([1, 1, 0, 0], dtype=np.int8), np.array([0.9, 0.6, 0.4, 0.1])) == 1
    assert worth(np.array([1, 0], dtype=np.int8), np.array([0.7, 0.6])) == 0.75, (
        "all called bots, in the right order"
    )


@pytest.mark.parametrize(
    "name", ["random-forest-tuned", "gradient-boosting-tuned", "logistic-regression-tuned"]
)
def test_everybody_has_the_same_budget(name):
    made = get(name).seeded(0)
    assert isinstance(made, Tuned) and len(made.candidates()) == BUDGET == len(CHOICES)


def test_the_choice_is_the_one_worth_most_inside(world, monkeypatch):
    seen, y, _, _ = world
    made = get("logistic-regression-tuned").seeded(0)
    monkeypatch.setattr(
        type(made), "_tried", lambda self, a, b, c, d, choice: [0.1, 0.2, 0.9, 0.3][choice]
    )
    assert made.fit(seen, y).choice_ == 2 and made.model_.steps[-1][1].C == 0.1
