"""A suite's `fits`: how often each detector is fitted, on which draws, and what keeps its key."""

import json

import numpy as np
import pytest

from benchmarks.execution import results, runner
from benchmarks.execution.suite import check
from benchmarks.execution.training_draws import bootstrap, drawn
from benchmarks.protocols import PROTOCOLS, Fold, Pool, parse
from botbench.core.errors import UserError

LODO, CV = "leave-one-data-set-out(seed=0)", "cross-validation(folds=2, repeats=1, seed=0)"


def suite(**more):
    return check(
        {
            "name": "s",
            "releases": ["a", "b"],
            "detectors": ["constant", "one-question-tree"],
            "protocols": [LODO, CV],
            **more,
        },
        "the suite",
    )


def test_a_draw_takes_whole_groups_and_keeps_both_classes():
    rows = np.arange(100, 108)
    y = np.array([1, 1, 0, 0, 0, 0, 0, 0], dtype=np.int8)
    group = np.array([7, 7, 1, 2, 3, 4, 5, 5])
    for seed in range(50):
        source = np.array([0, 0, 0, 0, 0, 1, 1, 1])
        taken = bootstrap(rows, y, group, source, np.random.default_rng(seed))
        often = np.bincount(taken - 100, minlength=8)
        assert often[0] == often[1] == 1, "the only group with bots is always drawn"
        assert often[6] == often[7], "duplicates are drawn together"
        assert often[2:5].sum() == 3, "as many groups of people of a release as there are"
        assert often[5:7].sum() == 2


def test_the_first_fit_has_the_whole_training_part_and_further_ones_have_draws():
    n = 40
    pool = Pool(
        tested=np.arange(n) >= 30,
        y=(np.arange(n) % 2).astype(np.int8),
        group=np.arange(n),
        identity=np.arange(n),
        part=np.full(n, -1, dtype=np.int8),
    )
    folds = [Fold(0, 0, np.arange(30), np.arange(30, n))]
    one, two, three = drawn(folds, pool, seed=0, fits=3)
    assert [f.repeat for f in (one, two, three)] == [0, 1, 2]
    np.testing.assert_array_equal(one.train, np.arange(30))
    assert len(two.train) == 30 and len(np.unique(two.train)) < 30
    assert two.train.tolist() != three.train.tolist()
    again = list(drawn(folds, pool, seed=0, fits=2))[1]
    np.testing.assert_array_equal(again.train, two.train)
    assert all((f.test == folds[0].test).all() for f in (two, three))
    assert next(iter(drawn(folds, pool, seed=0, fits=1))).train is folds[0].train


def test_fits_are_counted_and_one_fit_keeps_its_cells(make, home):
    make("a", 35, 35, seed=1)
    make("b", 35, 35, seed=2)
    alone = runner.bench(home, suite(), jobs=1)
    assert "fits" not in alone.run.suite, "a suite that does not say has the run id of before"
    several = runner.bench(home, suite(fits={"all": 1, "one-question-tree": 3}), jobs=1)
    assert (several.counts.done, several.counts.cached) == (2, 6)
    assert several.run.suite["fits"] == {"all": 1, "one-question-tree": 3}
    fits = {(c.detector, c.protocol): c.info["fits"] for c in results.cells(several.run)}
    assert fits == {
        ("constant", LODO): 1,
        ("one-question-tree", LODO): 3,
        ("constant", CV): 2,
        ("one-question-tree", CV): 2,
    }
    refitted = next(c for c in results.cells(several.run) if c.info["fits"] == 3)
    scored = results.scored(refitted)
    assert sorted(set(scored["repeat"].to_pylist())) == [0, 1, 2]
    first = next(
        c
        for c in results.cells(alone.run)
        if (c.detector, c.protocol, c.test) == (refitted.detector, LODO, refitted.test)
    )
    once = results.scored(first)
    assert once["p_bot"].to_pylist() == scored["p_bot"].to_pylist()[: once.num_rows]
    assert json.loads((first.path / "cell.json").read_text())["training_draws"] == 1


def test_only_protocols_of_one_fold_are_refitted():
    assert parse(LODO).refitted and parse("official-split()").refitted
    assert parse("few-shot(labels=10)").refitted and parse("temporal()").refitted
    assert PROTOCOLS.get("train-test").refitted
    assert not parse(CV).refitted and not parse("evasion(folds=2)").refitted


@pytest.mark.parametrize(
    ("fits", "said"),
    [(0, "fits"), ({"all": 0}, "fits"), ({"random-forest": 2}, "detector of this suite, for fits")],
)
def test_a_mistake_in_fits_is_said(fits, said):
    with pytest.raises(UserError, match=said):
        suite(fits=fits)
