"""One fit is not an algorithm: the variance between fits, and related data sets, on the board."""

import importlib.util
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import t as t_distribution

from benchmarks.leaderboard.compute import clusters, fits, pairs
from benchmarks.leaderboard.compute.fits import FitValues
from benchmarks.leaderboard.compute.ranks import PairedScore, difference, ranked
from benchmarks.leaderboard.compute.scores import measure
from benchmarks.leaderboard.compute.table import board
from benchmarks.leaderboard.render import formats, standing, summary_text
from benchmarks.metrics import METRICS, ordered

_spec = importlib.util.spec_from_file_location("boards", Path(__file__).parents[2] / "boards.py")
boards = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(boards)

ACCURACY = METRICS.get("accuracy")


def predictions(right, folds=None):
    """Answers to 100 bots and 100 people: right [repeats][200] or [200]; `folds` of each account."""
    right = np.atleast_2d(right)
    repeats, n = right.shape
    y = np.tile(np.repeat([1, 0], n // 2), repeats)
    p = np.where(right.ravel(), y, 1 - y).astype(float)
    return pa.table(
        {
            "dataset": ["d"] * n * repeats,
            "account_id": [f"a{i:03}" for i in range(n)] * repeats,
            "repeat": np.repeat(np.arange(repeats), n),
            "fold": np.tile(np.zeros(n, int) if folds is None else folds, repeats),
            "p_bot": p,
            "threshold": np.full(n * repeats, 0.5),
            "y": pa.array(y.tolist(), pa.int8()),
        }
    )


def wrong(*counts):
    """One repeat for each count: so many of 100 people are wrongly called bots."""
    right = np.ones((len(counts), 200), dtype=bool)
    for own, count in zip(right, counts, strict=True):
        own[100 : 100 + count] = False
    return right


def measured(table, protocol=boards.LODO, **more):
    one, other = boards.release("d", 100, 100), boards.release("o")
    cell = boards.cell("x", one, protocol, [one, other], table, **more)
    return measure([cell], ordered(["accuracy"]), boards.QUICK)[0]


# --- fits of a cell


def test_three_fits_by_hand():
    """20, 30 and 40 of 200 wrong: .90, .85 and .80. S² = .0025; on draws of one training sample the
    mean's variance is S² (1/3 + 1) = .01/3 with two degrees of freedom.
    """
    m = measured(predictions(wrong(20, 30, 40)), training_draws=3)
    own = m.fit_values["accuracy"]
    assert (m.fits, own.shared, own.resampled) == (3, 1.0, False)
    assert own.values.tolist() == pytest.approx([0.90, 0.85, 0.80])
    assert own.variance.value == pytest.approx(0.01 / 3) and own.variance.freedom == 2
    value, low, high = m.scores["accuracy"]
    once = measured(predictions(wrong(30)))
    reach = 4.302653 * np.sqrt(0.01 / 3)
    down = np.hypot(once.scores["accuracy"][0] - once.scores["accuracy"][1], reach)
    assert value == pytest.approx(0.85) and high == 1.0
    assert low == pytest.approx(value - down, abs=1e-6)
    seeds = measured(predictions(wrong(20, 30, 40))).fit_values["accuracy"]
    assert seeds.variance.value == pytest.approx(0.0025 / 3), "other seeds alone average out"


def test_one_fit_is_one_and_says_nothing_of_the_next():
    m = measured(predictions(wrong(30)))
    assert (m.fits, m.fit_values) == (1, {})


def test_cross_validation_has_nadeau_and_bengio_s_variance():
    """Five folds of 40 accounts with 0, 1, 2, 3 and 4 wrong: S² = 2.5 / 40², and n_test / n_train is
    40 / 160, so the variance is S² (1/5 + 1/4).
    """
    folds, right = np.arange(200) % 5, np.ones(200, dtype=bool)
    for fold in range(5):
        right[np.flatnonzero((folds == fold) & (np.arange(200) >= 100))[:fold]] = False
    m = measured(predictions(right, folds), boards.CV)
    own = m.fit_values["accuracy"]
    assert (m.fits, own.shared, own.resampled) == (5, 0.25, True)
    assert own.variance.value == pytest.approx(2.5 / 1600 * 0.45) and own.variance.freedom == 4


def test_moves_and_mixes_share_their_fits():
    """Two repeats of two folds: four fits in cross-validation, two where the repeats are other
    mixes tested with the same fits.
    """
    table = predictions(wrong(20, 40), np.arange(200) % 2)
    assert measured(table, boards.CV).fits == 4
    mixed = measured(table, "prevalence-shift()", train=["d@1"], kind="prevalence")
    assert mixed.fits == 2 and len(mixed.fit_values["accuracy"].values) == 2
    worst = measured(table, "evasion()", train=["d@1"], kind="worst evasion", worst=True)
    assert worst.fits == 2 and worst.fit_values == {}
    counted = measured(table, boards.CV, fits=2)
    assert counted.fits == 2 and len(counted.fit_values["accuracy"].values) == 2


def of_fits(*values, shared=1.0, resampled=False):
    return FitValues(np.array(values), shared, resampled)


def test_fits_are_paired_by_their_training_draw():
    a, b = of_fits(0.9, 0.8, 0.7), of_fits(0.8, 0.7, 0.6)
    assert fits.difference(a, b)[0].value == pytest.approx(0), "they moved together"
    alone = fits.difference(a, None)[0]
    assert alone == a.variance
    apart = fits.difference(a, of_fits(0.5, 0.7))[0]
    assert apart.value == pytest.approx(0.01 * 4 / 3 + 0.02 * 3 / 2), "unequal numbers: both added"
    folded = of_fits(0.9, 0.8, shared=0.25, resampled=True)
    assert fits.difference(folded, a) == (a.variance, False)


def same_pair(variances, freedoms, resampled, one):
    """Whether a pair's figures are those of `fits.difference`, bit by bit (NaN is NaN)."""
    (value, freedom), accounts = one
    return np.array_equal([variances, freedoms], [value, freedom], equal_nan=True) and (
        resampled == accounts
    )


@pytest.mark.parametrize(
    "own",
    [
        [of_fits(0.9, 0.8, 0.7), of_fits(0.8, 0.75, 0.6), of_fits(0.7, 0.7, 0.65, shared=0.25)],
        [of_fits(0.9, 0.8, resampled=True), of_fits(0.8, 0.75), of_fits(0.5, 0.6)],
        [of_fits(0.9, 0.8), None, of_fits(0.5, 0.6, 0.7), None],
        [of_fits(0.9, np.nan, 0.8), of_fits(0.8, 0.75, 0.7)],
        [of_fits(0.9), of_fits(0.8), of_fits(0.7)],
        [of_fits(0.9, 0.8)],
        [],
    ],
    ids=["alike", "tested otherwise", "some known", "undefined", "one fit", "one", "none"],
)
def test_all_pairs_at_once_are_the_pairs_one_by_one(own):
    variances, freedoms, resampled = fits.differences(own)
    expected = list(combinations(own, 2))
    assert len(variances) == len(freedoms) == len(resampled) == len(expected)
    for *found, (a, b) in zip(variances, freedoms, resampled, expected, strict=True):
        assert same_pair(*found, fits.difference(a, b))


# --- separation


def score(values, spread=0.001, clusters=(), own=()):
    value = float(np.mean(values))
    draws = value + spread * np.random.default_rng(0).standard_normal(200) * len(own or [1])
    return PairedScore(
        (value, value - 0.01, value + 0.01),
        list(values),
        draws,
        False,
        clusters=clusters,
        fits=own,
    )


def test_the_variance_between_fits_ties_what_one_fit_separates():
    constant = PairedScore((0.80, 0.79, 0.81), [0.80], np.full(200, 0.80), False, fits=(None,))
    noise = 0.82 + 0.003 * np.random.default_rng(0).standard_normal(200)
    one = PairedScore((0.82, 0.81, 0.83), [0.82], noise, False, fits=(None,))
    several = PairedScore(
        (0.82, 0.81, 0.83), [0.82], noise, False, fits=(of_fits(0.80, 0.82, 0.84),)
    )
    names = ["x", "constant"]
    apart = ranked(names, {"x": one, "constant": constant}, ACCURACY)
    assert [apart[n]["tie_group"] for n in names] == [1, 2]
    tied = ranked(names, {"x": several, "constant": constant}, ACCURACY)
    assert [tied[n]["tie_group"] for n in names] == [1, 1]
    # The fits add S² (1/3 + 1) = .0004 x 4/3 with two degrees of freedom
    reach = 4.302653 * np.sqrt(0.0004 * 4 / 3)
    narrow, wide = difference(one, constant), difference(several, constant)
    assert wide[0] - wide[1] == pytest.approx(np.hypot(narrow[0] - narrow[1], reach), rel=1e-6)


def test_shown_alongside_more_rankings_asks_for_more():
    """z = 2.5 has p = .0124: separated for itself, not beside four others (.05 / 5 = .01)."""
    draws = np.random.default_rng(0).standard_normal(200)
    a = PairedScore((0.525, 0.5, 0.55), [0.525], 0.525 + 0.01 * draws / draws.std(), False)
    b = PairedScore((0.5, 0.49, 0.51), [0.5], np.full(200, 0.5), False)
    groups = [
        [e["tie_group"] for e in ranked(["a", "b"], {"a": a, "b": b}, ACCURACY, beside).values()]
        for beside in (1, 5)
    ]
    assert groups == [[1, 2], [1, 1]]


def test_related_data_sets_are_one_elsewhere():
    """Differences of .02, .02, .02 and .03, .01: five data sets separate the two (t = 6.3, p =
    .003); as three clusters, with .02, .03 and .01, they do not (t = 3.46, p = .074).
    """
    a, b = [0.92, 0.92, 0.92, 0.93, 0.91], [0.90] * 5
    names = ["a", "b"]
    apart = ranked(names, {"a": score(a), "b": score(b)}, ACCURACY)
    assert apart["a"]["rank_elsewhere"] == [1, 1] and apart["b"]["tie_group_elsewhere"] == 2
    family = ("x", "x", "x", "y", "z")
    own = {"a": score(a, clusters=family), "b": score(b, clusters=family)}
    assert own["a"].by_cluster == pytest.approx([0.92, 0.93, 0.91])
    assert ranked(names, own, ACCURACY)["b"]["tie_group_elsewhere"] == 1
    two = {k: score(v[:4], clusters=family[:4]) for k, v in (("a", a), ("b", b))}
    assert ranked(names, two, ACCURACY)["a"]["rank_elsewhere"] is None, "two clusters say nothing"


# --- clusters


def test_a_pair_joins_the_clusters_of_its_releases():
    families = {"a@1": "x", "b@1": "y", "c@1": "y"}
    assert clusters.of_tests(["a@1+b@1", "c@1", "d@1"], families) == ["x", "x", "d@1"]


def test_releases_are_related_by_card_data_set_or_shared_accounts(make, home):
    """`a` and `b` share one account of 30, `c` declares a family, `d` is a later version of `e`."""
    made = {
        name: make(name, 15, 15, seed=i, ids=ids, dataset=dataset)
        for i, (name, dataset, ids) in enumerate(
            [
                ("a", "a", [f"{n}" for n in range(30)]),
                ("b", "b", [f"{n}" for n in range(29, 59)]),
                ("c", "cresci-rtbust-2019", None),
                ("c2", "cresci-2017-users", None),
                ("d", "one", None),
                ("e", "one", None),
                ("f", "f", None),
            ]
        )
    }
    rows = [
        {
            "name": name,
            "version": 1,
            "dataset": release.dataset,
            "platform": "twitter",
            "path": f"releases/{name}/1",
        }
        for name, release in made.items()
    ]
    found = {r["name"]: r["family"] for r in clusters.named(home, rows)}
    assert found == {
        "a": "a",
        "b": "a",
        "c": "cresci",
        "c2": "cresci",
        "d": "one",
        "e": "one",
        "f": None,
    }
    elsewhere = [{**r, "platform": "vk"} if r["name"] == "b" else r for r in rows]
    assert {r["family"] for r in clusters.named(home, elsewhere[:2])} == {None}, (
        "the same id on another platform is another account"
    )


# --- the board


@pytest.fixture(scope="module")
def five():
    """Five data sets, two of them of one family; each score has one fit in transfer."""
    releases = [boards.release(name, 120, 120) for name in "abcde"]
    related = [{**r, "family": "kin"} if r["name"] in "ab" else r for r in releases]
    cells = boards.cells(releases, ("constant", "one-question-tree", "random-forest"))
    about = {**boards.ABOUT, "metrics": ["balanced-accuracy"]}
    return board(about, cells, related, boards.QUICK)


def test_rows_say_their_fits_and_their_place_elsewhere(five):
    inside, outside = (
        [r for r in five["rows"] if r["kind"] == kind] for kind in ("in distribution", "transfer")
    )
    assert {(r["fits"], r["refits"]) for r in inside} == {(10, "in rank")}
    one = [r for r in outside if r["detector"] == "random-forest"]
    assert len({str((r["rank_elsewhere"], r["tie_group_elsewhere"])) for r in one}) == 1
    top = summary_text.entries(five, "balanced-accuracy")[0]
    same = next(r for r in outside if r["detector"] == top["detector"])
    assert same["rank_elsewhere"] == top["rank_elsewhere"] != None  # noqa: E711 (and not null)
    assert same["tie_group_elsewhere"] == top["tie_group_elsewhere"] == 1
    assert [t["cluster"] for t in five["tests"]] == ["kin", "kin", "c@1", "d@1", "e@1"]


def test_the_mean_counts_a_family_once(five):
    entry = next(
        e for e in summary_text.entries(five, "balanced-accuracy") if e["detector"] != "constant"
    )
    values = [
        r["value"]
        for r in five["rows"]
        if (r["detector"], r["kind"]) == (entry["detector"], "transfer")
    ]
    by_hand = np.mean([np.mean(values[:2]), *values[2:]])
    assert entry["scores"]["transfer"][0] == pytest.approx(by_hand, abs=2e-6)
    assert entry["scores"]["transfer"][0] != pytest.approx(np.mean(values), abs=1e-5)


def test_the_headline_stands_on_elsewhere_and_one_fit_is_said(five):
    answer = summary_text.answer(five)
    assert "If other data sets were drawn" in dict(answer.notes)["Who cannot be told apart"]
    assert "| tie group elsewhere |" in formats.to_markdown(five)
    head, first = formats.to_csv(five).splitlines()[:2]
    assert "rank_elsewhere,tie_group_elsewhere,fits,refits" in head and " to " in first
    alone = boards.made([boards.release("a")], protocols=(boards.CV,), metrics=["accuracy"])
    assert {r["rank_elsewhere"] for r in alone["rows"]} == {None}
    assert "| tie group here |" in formats.to_markdown(alone)
    once = [{**r, "fits": 1} for r in five["rows"]]
    assert standing.one_fit(five | {"rows": once})[1].startswith(
        "Every detector was fitted once for each score (in distribution and transfer)"
    )


def test_the_p_of_all_pairs_is_that_of_each_pair_by_itself():
    """Draws with and without a value, and equal ones; the pair's own ranking gives the same p."""
    random = np.random.default_rng(5)
    scores = [
        PairedScore((value, value - 0.05, value + 0.05), [value], draws, False, freedom=freedom)
        for value, draws, freedom in (
            (0.8, 0.8 + 0.02 * random.standard_normal(300), 50.0),
            (0.75, 0.75 + 0.02 * random.standard_normal(300), 40.0),
            (0.75, np.where(np.arange(300) < 200, 0.75, np.nan), np.inf),
            (0.5, np.full(300, np.nan), 30.0),
            (0.5, np.full(300, 0.5), 30.0),
        )
    ]
    together = pairs.p_here(scores)
    apart = [float(pairs.p_here([a, b])[0]) for a, b in combinations(scores, 2)]
    assert together.tolist() == apart
    first = scores[0].draws - scores[1].draws
    expected = 2 * t_distribution.sf(0.05 / np.std(first), 40)
    assert together[0] == pytest.approx(expected, rel=1e-9)
    # No draw has a value: nothing is known of the spread, and intervals that are apart decide.
    assert together[2] == 0.0 and together[-1] == 1.0
