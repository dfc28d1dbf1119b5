"""Removals, carriers and missing accounts on counts that can be done by hand."""

import numpy as np

from benchmarks.study.operation import missing, removal
from benchmarks.study.operation.day_counts import Day


def day(rows):
    """A day of rows (member, {item: posts}); items are sorted by posts."""
    totals = {}
    for _, posts in rows:
        for item, n in posts.items():
            totals[item] = totals.get(item, 0) + n
    items = sorted(totals, key=lambda i: (-totals[i], i))
    entries = [(m, items.index(i), n) for m, posts in rows for i, n in posts.items()]
    member, item, n = (np.array(column) for column in zip(*entries, strict=True))
    counts = np.array([totals[i] for i in items])
    return Day("2020-01-01", tuple(items), counts, member, item, n)


def test_a_share_of_the_members_is_removed_and_more_at_larger_shares():
    removed = removal.removed_at(7, 10, draws=200, seed=1)
    gone = removed[:, :, None] <= np.arange(len(removal.SHARES))
    # 3 of 10 are gone at 30 %; on average 7 of 10 of these are among the seven that posted
    assert abs(gone[:, :, 29].sum(axis=1).mean() - 2.1) < 0.15
    assert gone[:, :, 29].sum(axis=1).max() <= 3
    assert (np.diff(gone.astype(int), axis=2) >= 0).all()
    assert not gone[:, :, 3].any() and (removed == removal.removed_at(7, 10, 200, 1)).all()


def test_the_rank_of_one_account_falls_when_it_is_likely_gone():
    """`a` is one of ten members' alone, `b` everybody else's: `a` is first until its writer is
    removed in half of the draws, which is at one half.
    """
    one = day([(0, {"a": 50}), *((m, {"b": 2}) for m in range(1, 10))])
    assert one.items == ("a", "b")
    ranks = removal.ranks_after(one, removal.removed_at(10, 10), 2)
    low, high = np.array([1, 1]), np.array([1, 2])
    first, second = removal.falls_at(ranks, low, high)
    assert abs(first - 0.5) <= 0.06 and second is None
    assert removal.at_shares(ranks, 0)[0].median == 1


def test_ranks_after_removals_equal_a_loop():
    rng = np.random.default_rng(3)
    one = day(
        [(m, {f"i{k}": int(n) for k, n in enumerate(rng.poisson(2, 6)) if n}) for m in range(20)]
    )
    removed = removal.removed_at(20, 25, draws=4, seed=0)
    ranks = removal.ranks_after(one, removed, 6)
    _, table = one.by_member()
    for draw in range(4):
        for g in (0, 9, 49, 98):
            left = table[removed[draw] > g].sum(axis=0)
            assert ranks[draw, g].tolist() == [1 + int((left > v).sum()) for v in left]


def test_the_fewest_accounts_that_carry_a_rank():
    """Without 0 and 1, `b` (11) overtakes `a` (20 - 10); without 0 alone it does not (13)."""
    one = day([(0, {"a": 7}), (1, {"a": 5, "b": 1}), (2, {"a": 8, "b": 10}), (3, {"c": 1})])
    assert removal.carriers(one, 0).tolist() == [0, 1]
    assert removal.carriers(one, 2).tolist() == []


def test_members_that_are_probably_none_hardly_count():
    one = day([(0, {"a": 9}), (1, {"b": 5}), (2, {"b": 3})])
    doubt = removal.by_posterior(one, np.array([0.01, 1.0, 1.0]), 0, 500, 0)
    assert (doubt.median, doubt.high) == (2, 2)
    assert removal.by_posterior(one, np.array([1.0, 1.0, 1.0]), 0, 50, 0).median == 1


def test_posts_that_are_missing():
    one = day([(0, {"a": 9}), (1, {"b": 5}), (2, {"b": 3}), (3, {"c": 8})])
    # a 9, b 8, c 8: b passes a with 2 more; c passes b with 1 more of c
    assert missing.margins(one, 0) == (None, 2)
    assert missing.margins(one, 1) == (2, 1)
    ranks = missing.with_more_like_the_largest(one, np.array([1, 50, 3, 8]), 1, 20, 0)
    # the largest is member 1, who wrote `b` five times: 13 of b against 9 of a
    assert ranks.tolist() == [[2, 1, 3]] * 20
