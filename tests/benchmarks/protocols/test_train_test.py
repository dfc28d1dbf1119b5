"""Who trains and who tests, by name."""

import numpy as np
import pytest

from benchmarks.protocols import Facts, Plan, Pool, parse
from botbench.core.errors import UserError


def release(name, bots=5, humans=5, version=1):
    return Facts(f"{name}@{version}", name, bots + humans, bots, humans)


RELEASES = [release("a"), release("b", humans=0), release("c"), release("d")]


def test_the_name_is_read_and_written():
    text = "train-test(train=[a, b], test=[c], seed=0)"
    assert str(parse("train-test(train=[a,b], test=['c'])")) == text
    assert str(parse(text)) == text
    odd = 'train-test(train=["1a", "None"], test=[x@2], seed=0)'
    assert str(parse(odd)) == odd and parse(odd).train == ("1a", "None")


def test_each_tested_release_is_tested_alone():
    assert parse("train-test(train=[a, b], test=[c, d])").plans(RELEASES) == [
        Plan(("a@1", "b@1"), ("c@1",)),
        Plan(("a@1", "b@1"), ("d@1",)),
    ]


def test_one_class_is_a_reason():
    (plan,) = parse("train-test(train=[b], test=[c])").plans(RELEASES)
    assert plan.reason.startswith("the releases to train on hold bots only")
    (plan,) = parse("train-test(train=[a], test=[b])").plans(RELEASES)
    assert plan.reason == "b@1 holds bots only."


def test_wrong_names_are_sentences():
    with pytest.raises(UserError, match="'cc'"):
        parse("train-test(train=[a], test=[cc])").plans(RELEASES)
    with pytest.raises(UserError, match="a is trained on and tested on"):
        parse("train-test(train=[a, c], test=[a])").plans(RELEASES)
    assert all(p.reason for p in parse("train-test").plans(RELEASES))


def test_accounts_of_the_tested_release_are_not_trained_on():
    pool = Pool(
        tested=np.array([False, False, True, True]),
        y=np.array([0, 1, 0, 1], dtype=np.int8),
        group=np.arange(4),
        identity=np.array([1, 2, 2, 3]),
        part=np.full(4, -1, dtype=np.int8),
    )
    (fold,) = parse("train-test(train=[a], test=[c])").split(pool)
    assert fold.train.tolist() == [0] and fold.test.tolist() == [2, 3]
