"""Protocols: the canonical string is the identity, and nobody is trained on what is judged."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.data.folds import _fill, grouped_folds, smallest_class
from benchmarks.data.thresholds import best_balanced_accuracy, choose
from benchmarks.protocols import Facts, NotApplicable, Plan, Pool, parse
from botbench.core.errors import UserError

CANONICAL = (
    "cross-validation(folds=5, repeats=2, seed=0)",
    "official-split()",
    "leave-one-data-set-out(seed=0)",
    'leave-one-data-set-out(seed=3, repeats=2, pairs="botwiki-2019+verified-2019")',
    "official-split(seed=4)",
)


@pytest.mark.parametrize("text", CANONICAL)
def test_canonical_strings_round_trip(text):
    assert str(parse(text)) == text
    assert parse(str(parse(text))) == parse(text)


@given(st.integers(2, 50), st.integers(1, 50), st.integers(0, 2**31))
def test_options_round_trip(folds, repeats, seed):
    found = parse(f"cross-validation( seed={seed},folds={folds}, repeats = {repeats} )")
    assert str(found) == f"cross-validation(folds={folds}, repeats={repeats}, seed={seed})"


def test_defaults_are_said():
    assert str(parse("cross-validation")) == str(parse("cross-validation()")) == CANONICAL[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cross-validatoin()", "Did you mean 'cross-validation'"),
        ("cross-validation(fold=5)", "Did you mean 'folds'"),
        ("cross-validation(folds='5')", "folds must be int, got '5'"),
        ("cross-validation(folds=1)", "folds must be at least 2, got 1"),
        ("cross-validation(folds=5", "cannot be read"),
        ("cross-validation(5)", "cannot be read"),
        ("cross-validation(folds=__import__('os'))", "cannot be read"),
        ("leave-one-data-set-out(seed=-1)", "seed must be at least 0"),
    ],
)
def test_mistakes_are_said(text, said):
    with pytest.raises(UserError, match=said.replace("(", r"\(")):
        parse(text)


groups_and_labels = st.lists(
    st.tuples(st.booleans(), st.integers(0, 30)), min_size=10, max_size=120
)


@settings(max_examples=60, deadline=None)
@given(groups_and_labels, st.integers(2, 6), st.integers(0, 1000))
def test_folds_keep_groups_together(rows, k, seed):
    y = np.array([bot for bot, _ in rows], dtype=np.int8)
    group = np.array([g for _, g in rows], dtype=np.int64)
    fold = grouped_folds(y, group, k, np.random.default_rng(seed))
    assert len(fold) == len(rows) and set(fold) <= set(range(k))
    assert all(len(set(fold[group == g])) == 1 for g in set(group))
    np.testing.assert_array_equal(fold, grouped_folds(y, group, k, np.random.default_rng(seed)))


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 200), st.integers(2, 200), st.integers(2, 6), st.integers(0, 1000))
def test_folds_of_lone_accounts_are_level(bots, humans, k, seed):
    y = np.array([1] * bots + [0] * humans, dtype=np.int8)
    fold = grouped_folds(y, np.arange(len(y)), k, np.random.default_rng(seed))
    for label in (0, 1):
        counts = np.bincount(fold[y == label], minlength=k)
        assert counts.max() - counts.min() <= 1


def test_filling_by_hand():
    assert _fill(np.array([5, 0, 1]), 6, np.random.default_rng(0)).tolist() in (
        [0, 3, 3],
        [0, 4, 2],
    )
    assert sorted(
        (np.array([5, 0, 1]) + _fill(np.array([5, 0, 1]), 7, np.random.default_rng(0))).tolist()
    ) == [4, 4, 5]


def pool(y, tested=None, group=None, identity=None, part=None):
    n = len(y)
    return Pool(
        np.ones(n, dtype=bool) if tested is None else np.array(tested, dtype=bool),
        np.array(y, dtype=np.int8),
        np.arange(n) if group is None else np.array(group),
        np.arange(n) if identity is None else np.array(identity),
        np.full(n, -1, dtype=np.int8) if part is None else np.array(part, dtype=np.int8),
    )


def test_cross_validation_scores_everybody_once_in_each_repeat():
    y = [1] * 13 + [0] * 27
    folds = list(parse("cross-validation(folds=4, repeats=3, seed=5)").split(pool(y)))
    assert [(f.repeat, f.fold) for f in folds] == [(r, k) for r in range(3) for k in range(4)]
    for repeat in range(3):
        tested = np.concatenate([f.test for f in folds if f.repeat == repeat])
        assert sorted(tested) == list(range(40))
    assert all(not set(f.train) & set(f.test) and len(f.train) + len(f.test) == 40 for f in folds)
    assert any(set(a.test) != set(b.test) for a, b in zip(folds[:4], folds[4:8], strict=True)), (
        "repeats are dealt anew"
    )


def test_at_most_so_many_of_each_release_and_class():
    """Two releases of 9 + 9 and 2 + 9 accounts: at most 4 leave 4 + 4 and 2 + 4."""
    y = [1] * 9 + [0] * 9 + [1] * 2 + [0] * 9
    source = np.repeat([0, 1], [18, 11])
    whole = replace(pool(y, tested=source == 1), source=source)
    (fold,) = parse("leave-one-data-set-out(seed=0, most=4)").split(whole)
    sizes = [np.bincount(whole.y[rows]).tolist() for rows in (fold.train, fold.test)]
    assert sizes == [[4, 4], [4, 2]] and set(fold.test) <= set(range(18, 29))
    (other,) = parse("leave-one-data-set-out(seed=1, most=4)").split(whole)
    assert fold.train.tolist() != other.train.tolist(), "drawn with the seed"
    (every,) = parse("leave-one-data-set-out(seed=0)").split(whole)
    assert (len(every.train), len(every.test)) == (18, 11)
    folds = list(parse("cross-validation(folds=2, repeats=1, seed=0, most=4)").split(whole))
    tested = np.concatenate([f.test for f in folds])
    assert len(tested) == len(set(tested)) == 14
    assert set(tested) == set(np.flatnonzero(whole.drawn(4, 0)))
    with pytest.raises(UserError, match="most must be at least 5, got 4"):
        parse("cross-validation(folds=5, most=4)")


def test_too_few_for_the_folds():
    group = [0, 0, 0, 0, 0, 5, 6, 7, 8, 9]
    assert smallest_class(np.array([1] * 5 + [0] * 5, dtype=np.int8), np.array(group)) == 1
    with pytest.raises(
        NotApplicable, match="5 folds need at least 5 groups of accounts of each class; there are 1"
    ):
        list(parse("cross-validation").split(pool([1] * 5 + [0] * 5, group=group)))


A, B = Facts("a@1", "da", 20, 10, 10), Facts("b@2", "db", 20, 10, 10)
BOTS, HUMANS = Facts("bots@1", "botwiki-2019", 5, 5, 0), Facts("humans@1", "verified-2019", 5, 0, 5)


def test_one_class_is_not_cross_validated():
    plans = parse("cross-validation").plans([A, BOTS])
    assert plans[0] == Plan(("a@1",), ("a@1",))
    assert plans[1].reason == "bots@1 holds bots only; cross-validation needs both classes."


def test_one_class_sets_count_in_named_pairs_only():
    alone = parse("leave-one-data-set-out()").plans([A, BOTS, B, HUMANS])
    assert alone[:2] == [Plan(("b@2",), ("a@1",)), Plan(("a@1",), ("b@2",))]
    assert [p.test for p in alone[2:]] == [("bots@1",), ("humans@1",)] and all(
        "in a pair" in p.reason for p in alone[2:]
    )
    paired = parse('leave-one-data-set-out(pairs="botwiki-2019+humans")').plans(
        [A, BOTS, B, HUMANS]
    )
    assert paired == [
        Plan(("b@2", "bots@1", "humans@1"), ("a@1",)),
        Plan(("a@1", "bots@1", "humans@1"), ("b@2",)),
        Plan(("a@1", "b@2"), ("bots@1", "humans@1")),
    ]


def test_a_pair_is_of_single_classes():
    with pytest.raises(UserError, match="two releases of one class each"):
        parse('leave-one-data-set-out(pairs="a+bots")').plans([A, BOTS])


def test_half_a_pair_is_no_pair():
    plans = parse('leave-one-data-set-out(pairs="bots+humans")').plans([A, B, BOTS])
    assert [p.test for p in plans] == [("a@1",), ("b@2",), ("bots@1",)] and plans[2].reason


def test_releases_of_one_data_set_do_not_teach_each_other():
    again = Facts("a-again@1", "da", 20, 10, 10)
    assert [p.train for p in parse("leave-one-data-set-out()").plans([A, again, B])] == [
        ("b@2",),
        ("b@2",),
        ("a@1", "a-again@1"),
    ]
    assert "no other release" in parse("leave-one-data-set-out()").plans([A, again])[0].reason


def test_shared_accounts_leave_the_training_side():
    tested = [False] * 4 + [True] * 3
    identity = [0, 1, 2, 3, 3, 1, 9]
    (fold,) = parse("leave-one-data-set-out()").split(
        pool([1, 0, 1, 0, 1, 0, 1], tested, identity=identity)
    )
    assert fold.train.tolist() == [0, 2] and fold.test.tolist() == [4, 5, 6]
    with pytest.raises(NotApplicable, match="every account"):
        list(parse("leave-one-data-set-out()").split(pool([1, 1], [False, True], identity=[0, 0])))


def test_the_official_split_as_published():
    (fold,) = parse("official-split").split(pool([1, 0, 1, 0, 1], part=[0, 1, 2, 2, -1]))
    assert fold.train.tolist() == [0, 1] and fold.test.tolist() == [2, 3]
    plans = parse("official-split").plans(
        [A, Facts("c@1", "c", 4, 2, 2, ("official", "stratified(seed=0)"))]
    )
    assert plans[0].reason == "a@1 has no official split." and plans[1].reason is None


def test_thresholds_by_hand():
    y = np.array([0, 0, 1, 1], dtype=np.int8)
    assert best_balanced_accuracy(np.array([0.1, 0.2, 0.8, 0.9]), y) == 0.5
    assert best_balanced_accuracy(np.array([0.1, 0.2, 0.3, 0.9]), y) == 0.25
    assert best_balanced_accuracy(np.array([0.7, 0.8, 0.9, 0.95]), y) == pytest.approx(0.85)
    assert best_balanced_accuracy(np.array([0.4] * 4), y) == pytest.approx(0.4)


@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 1.0]), st.booleans()),
        min_size=2,
        max_size=30,
    )
)
def test_no_threshold_does_better(rows):
    p, y = np.array([s for s, _ in rows]), np.array([b for _, b in rows], dtype=np.int8)

    def value(threshold):
        hat = p >= threshold
        return (hat & (y == 1)).sum() / max((y == 1).sum(), 1) + (~hat & (y == 0)).sum() / max(
            (y == 0).sum(), 1
        )

    best = value(best_balanced_accuracy(p, y))
    assert all(best >= value(t) - 1e-9 for t in [-1.0, *np.linspace(0, 1, 101), 2.0])


def test_rules_are_named():
    view, y = object(), np.array([0, 1], dtype=np.int8)
    assert choose("fixed(0.5)", None, view, y, group=np.arange(2), seed=0) == 0.5
    assert (
        choose("best-balanced-accuracy(folds=3)", None, view, y, group=np.arange(2), seed=0) == 0.5
    ), "too few to fold"
    with pytest.raises(UserError, match="no threshold rule 'median'"):
        choose("median", None, view, y, group=np.arange(2), seed=0)


def test_the_threshold_comes_from_out_of_fold_scores():
    """A detector that recites its training labels would choose .5 on them; out of fold it knows the
    feature only.
    """
    from benchmarks.data.accounts import Accounts

    rng = np.random.default_rng(0)
    y = np.tile(np.array([0, 1], dtype=np.int8), 30)
    x = np.where(y == 1, 0.3, 0.1) + rng.random(60) * 0.05
    seen = []

    def fit(view, labels):
        seen.append(len(view))
        return lambda other: other.values[:, 0]

    threshold = choose(
        "best-balanced-accuracy(folds=3)",
        fit,
        Accounts(("x",), x[:, None]),
        y,
        group=np.arange(60),
        seed=1,
    )
    assert 0.15 < threshold < 0.3 and seen == [40, 40, 40]


TOY = '''
from dataclasses import dataclass
import numpy as np
from benchmarks.protocols import Fold, Plan, Protocol, protocol


@protocol("first-half")
@dataclass(frozen=True)
class FirstHalf(Protocol):
    """Trains on the first half, tests on the second."""

    seed: int = 0

    def plans(self, releases):
        return [Plan((r.reference,), (r.reference,)) for r in releases]

    def split(self, pool):
        half = len(pool.y) // 2
        yield Fold(0, 0, np.arange(half), np.arange(half, len(pool.y)))
'''


def test_a_protocol_is_one_file_and_nothing_else(tmp_path, monkeypatch):
    import sys

    import benchmarks.protocols as package

    (tmp_path / "toy_first_half.py").write_text(TOY)
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    monkeypatch.setattr(package.PROTOCOLS, "_found", dict(package.PROTOCOLS.all()))
    monkeypatch.setattr(package.PROTOCOLS, "_walked", False)
    try:
        (fold,) = parse("first-half(seed=2)").split(pool([1, 0, 1, 0]))
        assert fold.train.tolist() == [0, 1] and str(parse("first-half")) == "first-half(seed=0)"
    finally:
        sys.modules.pop("benchmarks.protocols.toy_first_half", None)
