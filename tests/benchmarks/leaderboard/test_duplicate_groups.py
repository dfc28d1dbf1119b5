"""Cells whose accounts are in duplicate groups: copies say no more than one account does."""

import importlib.util
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from benchmarks import metrics
from benchmarks.leaderboard.compute.equal_detectors import Runs, separated
from benchmarks.leaderboard.compute.interval_coverage import Settings, World, cover
from benchmarks.leaderboard.compute.scores import draw, measure
from benchmarks.metrics.cell_values import scored_cells
from botbench.stats.resampling import resamples

_spec = importlib.util.spec_from_file_location("boards", Path(__file__).parents[2] / "boards.py")
boards = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(boards)

NAMES = [m.name for m in metrics.ordered() if not m.name.startswith(("fpr-gap", "fpr[bot]@"))]


def table(y, p, group=None, ids=None):
    """Predictions of one repeat, with the groups of its accounts."""
    n = len(y)
    columns = {
        "dataset": ["d"] * n,
        "account_id": ids or [f"a{i:05}" for i in range(n)],
        "repeat": np.zeros(n, np.int64),
        "fold": np.zeros(n, np.int64),
        "p_bot": np.asarray(p, float),
        "threshold": np.full(n, 0.5),
        "seconds": np.full(n, 0.001),
        "y": pa.array(np.asarray(y), pa.int8()),
    }
    if group is not None:
        columns["duplicate_group"] = np.asarray(group, np.int64)
    return pa.table(columns)


def measured(*tables, names=NAMES):
    r = boards.release("d", 40, 50)
    cells = [boards.cell(f"x{i}", r, boards.CV, [r], found) for i, found in enumerate(tables)]
    return measure(cells, metrics.ordered(names), boards.QUICK)


@pytest.fixture
def answers():
    rng = np.random.default_rng(4)
    y = (np.arange(90) < 40).astype(int)
    return y, np.clip(0.4 + 0.3 * y + rng.normal(0, 0.25, 90), 0.01, 0.99)


def same(a, b):
    """Equal to the digit: values, intervals, draws."""
    assert a.methods == b.methods and a.groups == b.groups and set(a.scores) == set(b.scores)
    for name in a.scores:
        np.testing.assert_array_equal(a.scores[name], b.scores[name])
    for name in a.draws:
        np.testing.assert_array_equal(a.draws[name], b.draws[name])


def test_groups_of_one_change_nothing(answers):
    (without,), (none,), (single,) = (
        measured(table(*answers, group)) for group in (None, np.full(90, -1), np.arange(90) * 7)
    )
    assert without.groups is None
    same(without, none)
    same(without, single)


def test_copies_of_accounts_add_nothing(answers):
    """Every account five times, in groups: the interval of each metric is that of the 90."""
    (once,) = measured(table(*answers))
    y, p = (np.repeat(of, 5) for of in answers)
    (copied,) = measured(table(y, p, np.repeat(np.arange(90), 5)))
    assert (copied.accounts, copied.bots, copied.groups, copied.few) == (450, 200, (40, 50), False)
    for name, expected in once.scores.items():
        assert copied.scores[name] == pytest.approx(expected, abs=1e-9, nan_ok=True), name
        assert (name in copied.few_metrics) == (name in once.few_metrics) == np.isnan(expected[1])
    for name, drawn in once.draws.items():
        np.testing.assert_allclose(copied.draws[name], drawn, atol=1e-9)
    (unaware,) = measured(table(y, p))
    low, high = unaware.scores["roc-auc"][1:]
    assert high - low < 0.6 * np.diff(once.scores["roc-auc"][1:])


def test_an_effective_number_of_accounts_by_hand():
    """60 bots in 30 pairs, 45 found: both of 20 pairs, one of 5, none of 5. Residuals .25 and -.75
    (45 × .0625 + 15 × .5625 = 11.25); sums of pairs .5, -.5, -1.5: 20 × .25 + 5 × .25 + 5 × 2.25 =
    17.5. Ten pairs hold a miss, copies would have 2: (10 × 17.5 / 11.25 + 2) / 11 = 1.59596. So
    recall .75 has Wilson's interval for 60 / 1.59596 = 37.595 accounts: (.592, .861).
    """
    found = np.r_[np.ones(40), np.tile([1, 0], 5), np.zeros(10)]
    y = np.r_[np.ones(60, int), np.zeros(60, int)]
    p = np.where(np.r_[found, np.zeros(60)] > 0, 0.9, 0.1)
    group = np.r_[np.arange(60) // 2, np.full(60, -1)]
    (got,) = measured(table(y, p, group), names=["recall[bot]", "fpr[bot]"])
    n, z = 60 / ((10 * 17.5 / 11.25 + 2) / 11), 1.959964
    middle, reach = 2 * n * 0.75 + z**2, z * np.sqrt(z**2 + 4 * n * 0.75 * 0.25)
    expected = (middle - reach) / (2 * (n + z**2)), (middle + reach) / (2 * (n + z**2))
    assert got.scores["recall[bot]"] == pytest.approx((0.75, *expected), abs=1e-6)
    # Nobody among 60 people who are all alone is called a bot: Wilson's bound of 0 of 60.
    assert got.scores["fpr[bot]"][2] == pytest.approx(z**2 / (60 + z**2), abs=1e-6)


def test_few_counts_groups(answers):
    """45 bots in 29 groups are few, in 30 they are not."""
    y = (np.arange(90) < 45).astype(int)
    for groups, few in ((29, True), (30, False)):
        number = np.r_[np.arange(45) % groups, np.full(45, -1)]
        (got,) = measured(table(y, answers[1], number))
        assert (got.groups, got.few, got.bots) == ((groups, 45), few, 45)
        assert got.methods["recall[bot]"] == ("clopper-pearson" if few else "wilson")
        assert np.isnan(got.scores["roc-auc"][1]) == few


def test_the_order_of_rows_and_the_numbers_of_groups_do_not_matter(answers):
    y, p = answers
    order, at = np.random.default_rng(1).permutation(90), np.arange(90)
    group = np.where((at < 8) | (at > 79), at // 2, -1)
    ids = [f"a{i:05}" for i in range(90)]
    (one,) = measured(table(y, p, group))
    renamed = np.where(group < 0, -1, group * 37 % 101)[order]
    (other,) = measured(table(y[order], p[order], renamed, [ids[i] for i in order]))
    assert one.groups == (36, 45)
    same(one, other)


def test_all_cells_of_a_test_draw_the_same_groups(answers):
    """One cell has no answer for half of the accounts: its draws use the test's groups."""
    y, p = answers
    at = np.arange(90)
    group = at // 3
    rows = np.arange(0, 90, 2)
    ids = [f"a{i:05}" for i in rows]
    whole, part = table(y, p, group), table(y[rows], p[rows], group[rows], ids)
    cells, accounts = scored_cells([({}, whole), ({}, part)])
    drawn = draw(cells, metrics.ordered(["accuracy"]), accounts, 50, [3])
    right = (p >= 0.5) == y
    often = np.concatenate(list(resamples(90, 50, [3], group=group)))
    for got, own in zip(drawn, (at, rows), strict=True):
        expected = often[:, own] @ right[own] / often[:, own].sum(axis=1)
        np.testing.assert_allclose(got["accuracy"], expected, rtol=1e-12)


def test_equal_detectors_are_seldom_separated():
    """500 accounts, 100 groups of five copies; 300 pairs: the Monte Carlo error of .05 is .0126. With
    every account counted as independent, two of five pairs are separated.
    """
    world, runs = World(500, 0.4, 0.9, 5), Runs(300, 200, seed=2)
    assert separated(world, "balanced-accuracy", runs) <= 0.05 + 2 * 0.0126
    assert separated(world, "balanced-accuracy", runs, grouped=False) >= 0.3


@pytest.mark.parametrize("alike", [1.0, 0.5])
def test_intervals_of_accounts_in_groups_cover(alike):
    """300 data sets: the Monte Carlo error of .95 is .0126."""
    world = World(500, 0.4, 0.9, 5, alike)
    names = ["recall[bot]", "balanced-accuracy", "f1[bot]", "roc-auc", "brier[bot]"]
    (cells,) = cover([world], names, Settings(300, 100, seed=4), lambda _: None)
    assert [cell.outcome for cell in cells] == ["holds"] * len(names)
    assert min(cell.covered for cell in cells) >= 0.95 - 2 * 0.0126
