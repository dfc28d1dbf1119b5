"""Agreement against published examples, reference code and hand computation."""

import krippendorff
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from botbench.stats import agreement
from botbench.stats.votes import Votes

# Krippendorff 2011, section C: four observers, twelve units, five values, data missing. Gwet's R
# package irrCAC has the same data as cac.raw4raters.
FOUR = [
    "1 2 3 3 2 1 4 1 2 . . .",
    "1 2 3 3 2 2 4 1 2 5 . 3",
    ". 3 3 3 2 3 4 2 2 5 1 .",
    "1 2 3 3 2 4 4 1 2 5 1 .",
]

# Fleiss 1971, as in his table 1: ten subjects, fourteen raters, five categories.
FLEISS = [
    [0, 0, 0, 0, 14],
    [0, 2, 6, 4, 2],
    [0, 0, 3, 5, 6],
    [0, 3, 9, 2, 0],
    [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0],
    [3, 2, 6, 3, 0],
    [2, 5, 3, 2, 2],
    [6, 5, 2, 1, 0],
    [0, 2, 2, 3, 7],
]


def votes(rows, order=None):
    """Votes from one string a rater, one word a unit; `.` is missing."""
    cells = [
        (str(u), f"r{i}", word)
        for i, row in enumerate(rows)
        for u, word in enumerate(row.split())
        if word != "."
    ]
    account, annotator, answer = zip(*cells, strict=True)
    return Votes.of(pa.table({"account": account, "annotator": annotator, "answer": answer}), order)


def value(figure, counts):
    counts = np.asarray(counts)
    return float(agreement.FIGURES[figure](counts, np.ones((1, len(counts))))[0])


def test_published_examples():
    counts = votes(FOUR).counts()
    assert value("nominal", counts) == pytest.approx(
        0.743, abs=5e-4
    )  # Krippendorff 2011, section C
    assert value("ordinal", counts) == pytest.approx(0.815, abs=5e-4)  # section D
    assert value("percent", counts) == pytest.approx(0.8181818)  # irrCAC: pa
    assert value("ac1", counts) == pytest.approx(0.77544, abs=5e-6)  # irrCAC: gwet.ac1.raw
    assert value("fleiss", counts) == pytest.approx(0.76117, abs=5e-6)  # irrCAC: fleiss.kappa.raw
    assert value("fleiss", FLEISS) == pytest.approx(0.20993, abs=5e-6)
    assert value("percent", FLEISS) == pytest.approx(0.37802, abs=5e-6)


def test_cohen_by_hand():
    # 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: observed .7, chance .5 * .6 + .5 * .4 = .5, kappa
    # .4
    a = "y " * 25 + "n " * 25
    b = "y " * 20 + "n " * 5 + "y " * 10 + "n " * 15
    c = ". " * 50
    d = "y " * 25 + ". " * 25
    found = agreement.pairs(votes([a, b, c + "y", d])).to_pylist()
    assert [(r["a"], r["b"], r["accounts"]) for r in found] == [
        ("r0", "r1", 50),
        ("r0", "r3", 25),
        ("r1", "r3", 25),
    ]
    assert (found[0]["percent"], found[0]["kappa"]) == (pytest.approx(0.7), pytest.approx(0.4))
    assert found[1]["kappa"] is None, "both say yes throughout: nothing to agree on beyond chance"
    assert found[2]["kappa"] == pytest.approx(0.0), "one of them never varies"


def test_ac2_of_gwets_example():
    """Gwet's cac.raw4raters with quadratic weights: pa .975, pe .714, AC2 .914 (irrCAC 0.4)."""
    assert value("ac2", votes(FOUR).counts()) == pytest.approx(0.9140007, abs=5e-7)
    two = votes(["a b a a b", "a b b a a"]).counts()
    assert value("ac2", two) == pytest.approx(value("ac1", two)), "with two answers it is AC1"


def test_few_minority_accounts_have_no_interval_of_kappa_and_alpha():
    """50 accounts, three people: two accounts called bot by two of them, five by one."""
    few = np.array([[3, 0]] * 43 + [[2, 1]] * 5 + [[1, 2]] * 2)
    found = agreement.measure(few)
    for name in ("fleiss", "nominal", "ordinal"):
        assert found[name].few == 2 and np.isnan([found[name].low, found[name].high]).all()
        assert found[name].document()["why"].startswith("no interval: only 2 accounts")
    assert found["nominal"].value == pytest.approx(value("nominal", few))
    assert found["ac1"].low < found["ac1"].value < found["ac1"].high
    enough = agreement.measure(np.array([[3, 0]] * 40 + [[1, 2]] * 10))["nominal"]
    assert enough.low < enough.value < enough.high and "why" not in enough.document()
    # Of few accounts, half: no answer is rare.
    assert agreement.measure(np.array([[2, 0]] * 5 + [[1, 1]] * 5))["nominal"].few is None


def test_where_nobody_disagrees_the_interval_counts_the_accounts():
    found = agreement.measure(np.array([[3, 0]] * 48 + [[0, 3]] * 2 + [[1, 0]] * 30))
    # Wilson's bound of 50 of 50: 50 / (50 + 1.96 squared) = .9286.
    assert (found["percent"].low, found["percent"].high) == (pytest.approx(0.92865, abs=1e-5), 1)
    assert found["ac1"].low == pytest.approx(2 * 0.92865 - 1, abs=1e-5)
    assert found["ac2"].value == found["ac1"].high == 1


def test_intervals_of_high_agreement_cover():
    """50 accounts, 5 % bots, three good people (simulated): percentiles held in .84 of 500 sets."""
    rng = np.random.default_rng(11)
    sets, held, widths = 250, {"percent": 0, "ac1": 0}, []
    bot = rng.random(400_000) < 0.05
    says = rng.binomial(3, np.where(bot, 0.95, 0.01))
    rows, number = np.unique(np.column_stack([3 - says, says]), axis=0, return_counts=True)
    truth = {n: agreement.FIGURES[n](rows, number[None, :].astype(float))[0] for n in held}
    for seed in range(sets):
        counts = rows[rng.choice(len(rows), 50, p=number / number.sum())]
        for name, got in agreement.measure(counts, list(held), repeats=100, seed=seed).items():
            held[name] += got.low <= truth[name] <= got.high
            widths.append(got.high - got.low)
    assert min(held.values()) / sets >= 0.93 - 3 * (0.93 * 0.07 / sets) ** 0.5
    assert min(widths) > 0


def test_what_cannot_be_computed_is_not_a_number():
    alone = votes(["a b c", ". . ."]).counts()
    assert np.isnan(value("nominal", alone)) and np.isnan(value("percent", alone))
    assert np.isnan(value("nominal", votes(["a a", "a a"]).counts())), (
        "one answer only: no disagreement is possible"
    )
    assert agreement.measure(alone)["nominal"].document() == {
        "value": None,
        "low": None,
        "high": None,
    }
    with pytest.raises(ValueError, match="two answers"):
        Votes.of(pa.table({"account": ["1", "1"], "annotator": ["r", "r"], "answer": ["a", "b"]}))
    with pytest.raises(ValueError, match="lacks b"):
        votes(["a b"], order=["a"])


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.lists(st.sampled_from("abc."), min_size=8, max_size=8), min_size=2, max_size=6))
def test_alpha_equals_the_reference_package(rows):
    grid = np.array(
        [["abc".find(c) if c != "." else np.nan for c in row] for row in rows], dtype=float
    )
    if np.isnan(grid).all() or len(set(grid[~np.isnan(grid)])) < 2:
        return
    found = votes([" ".join(row) for row in rows], order="abc").counts()
    if np.isnan(value("nominal", found)):
        return
    for level in ("nominal", "ordinal"):
        expected = krippendorff.alpha(
            reliability_data=grid, level_of_measurement=level, value_domain=[0, 1, 2]
        )
        assert value(level, found) == pytest.approx(expected, abs=1e-9)


def simulated(seed, accounts=300, people=12, copies=1, right=0.8):
    """Votes of independent people on accounts that are a or b; `copies` repeats every person under
    another name.
    """
    rng = np.random.default_rng(seed)
    truth = rng.random(accounts) < 0.5
    said = np.array(
        [np.where(rng.random(accounts) < right, truth, ~truth) for _ in range(people)] * copies
    )
    account, annotator = np.meshgrid(np.arange(accounts), np.arange(people * copies))
    return Votes(
        account.ravel(),
        annotator.ravel(),
        said.ravel().astype(int),
        accounts,
        tuple(f"p{i}" for i in range(people * copies)),
        ("a", "b"),
    )


def test_the_interval_covers_the_true_alpha():
    # Two people right with .8 agree with .68; both answers are as frequent: alpha tends to (.68 -
    # .5) / .5 = .36.
    hits = 0
    for seed in range(100):
        found = agreement.measure(
            simulated(seed, accounts=120, people=4).counts(), ["nominal"], repeats=300, seed=seed
        )["nominal"]
        hits += found.low <= 0.36 <= found.high
    assert hits >= 88, "a 95 % interval misses more than 12 of 100 with a probability below .005"


def test_resampled_people_are_never_paired_with_themselves():
    honest = agreement.resample_people(simulated(1, people=3), repeats=400)["nominal"]
    assert honest.value == pytest.approx(0.36, abs=0.06) and honest.low < honest.value < honest.high
    middle = (honest.low + honest.high) / 2
    assert middle == pytest.approx(honest.value, abs=0.05), (
        "with three people, paired copies would lift this by .2"
    )


def test_resampling_people_by_hand():
    """One draw: r0 twice, r1 once, r2 not at all. Pairs left: the two copies of r0 with r1, on each
    account.
    """
    three = votes(["a b", "a a", "b b"], order="ab")
    copies = np.array([[2.0], [1.0], [0.0]])
    said = [
        np.array([[1, 1, 0], [0, 1, 0]]),
        np.array([[0, 0, 1], [1, 0, 1]]),
    ]  # by answer: account x annotator
    found = agreement._without_copies(
        [s @ copies for s in said], [s @ copies**2 for s in said], np.ones((2, 1))
    )[0]
    # account 1: a twice and a: 4 ordered pairs a-a, weight 3/4 each: 3. account 2: b twice against
    # a: 2 + 2, 1.5 each way.
    assert found.tolist() == [[3.0, 1.5], [1.5, 0.0]]
    assert three.accounts == 2


def test_one_annotator_left_out():
    four = votes(FOUR)
    left = agreement.leave_one_out(four)
    for i, name in enumerate(four.annotators):
        rest = [row for j, row in enumerate(FOUR) if j != i]
        assert left[name]["nominal"] == pytest.approx(value("nominal", votes(rest).counts()))


def test_by_answer_by_hand():
    # a-a, a-b, b-b, a-a: of the answers a (5), the other says a for 4; of the answers b (3), for 2.
    found = {r["answer"]: r for r in agreement.by_answer(votes(["a a b a", "a b b a"]))}
    assert (found["a"]["specific"], found["b"]["specific"]) == (
        pytest.approx(4 / 5),
        pytest.approx(2 / 3),
    )
    assert (found["a"]["answers"], found["a"]["accounts"]) == (5, 3)


def test_the_same_seed_gives_the_same_interval():
    counts = simulated(3).counts()
    assert agreement.measure(counts, seed=5) == agreement.measure(counts[::-1], seed=5), (
        "in any order of accounts"
    )
    assert agreement.measure(counts, seed=5) != agreement.measure(counts, seed=6)
