"""The board: exact values from hand-made predictions, ranks and ties, every shape of run, the same
bytes from any order.
"""

import importlib.util
import re
from html import unescape
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from benchmarks import metrics
from benchmarks.leaderboard.compute import scores
from benchmarks.leaderboard.compute.ranks import PairedScore, difference, tie_groups, ties
from benchmarks.leaderboard.compute.scores import measure
from benchmarks.leaderboard.compute.summary import BoardLayout, paired_score
from benchmarks.leaderboard.compute.table import board, refuse_without_floors
from benchmarks.leaderboard.render import formats, page, summary_text
from benchmarks.leaderboard.render.axis import scale
from benchmarks.leaderboard.render.drawn_cells import bars
from botbench.core.errors import UserError
from botbench.stats.proportions import clopper_pearson

_spec = importlib.util.spec_from_file_location("boards", Path(__file__).parents[2] / "boards.py")
boards = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(boards)

THREE = [
    boards.release("a", 200, 250),
    boards.release("b", 300, 160),
    boards.release("c", 150, 300),
]
BOTH = (boards.CV, boards.LODO)
UNKNOWN = ("fpr-gap", "fpr[bot]@group", "memory")
"""Metrics of what the made-up predictions do not say."""
CONTRACT = {
    *("rank", "rank_low", "rank_high", "tie_group"),
    *("rank_elsewhere", "tie_group_elsewhere", "fits", "refits"),
} | {
    "detector",
    "protocol",
    "train",
    "test",
    "metric",
    "value",
    "low",
    "high",
    "n",
    "few",
}


@pytest.fixture(scope="module")
def three():
    """Three data sets, six detectors, both protocols."""
    return boards.made(THREE)


def row(document, detector, test, metric, kind="in distribution"):
    found = [
        r
        for r in document["rows"]
        if (r["detector"], r["test"], r["metric"], r["kind"]) == (detector, test, metric, kind)
    ]
    assert len(found) == 1
    return found[0]


def shown(html):
    """The page's text as it is read, without the tags of its sentences."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"</?(b|span)[^>]*>", "", html)))


def scored(p, y, repeats=1, threshold=0.5):
    """Predictions of accounts a00, a01, ...: p [repeats][n] or [n]."""
    p = np.atleast_2d(p)
    n = len(y)
    return pa.table(
        {
            "dataset": ["d"] * n * repeats,
            "account_id": [f"a{i:02}" for i in range(n)] * repeats,
            "repeat": np.repeat(np.arange(repeats), n),
            "fold": np.zeros(n * repeats, np.int64),
            "p_bot": p.ravel().astype(float),
            "threshold": np.full(n * repeats, threshold),
            "y": pa.array(list(y) * repeats, pa.int8()),
        }
    )


# --- values


def test_the_rows_keep_the_contract(three):
    assert {"releases", "rows"} <= set(three)
    assert {"name", "version", "content_hash"} <= set(three["releases"][0])
    assert len(three["rows"]) == 6 * 3 * 2 * len(metrics.ordered())
    for r in three["rows"]:
        assert set(r) >= CONTRACT
        if r["value"] is None:
            assert r["reason"] == f"not defined: {metrics.find(r['metric']).undefined}"
            assert r["metric"].startswith(UNKNOWN) or r["detector"] == "constant"
        elif r["few"]:
            # 300 people and more are needed for three false alarms; folds have fewer.
            assert r["metric"] == "recall[bot]@fpr=0.01"
            assert (r["low"], r["high"], r["rank"], r["tie_group"]) == (None,) * 4
        else:
            assert r["low"] <= r["value"] <= r["high"] and isinstance(r["train"], list)
    one = row(three, "random-forest", "b@1", "f1[bot]", "transfer")
    assert (one["train"], one["n"], one["bots"], one["few"]) == (["a@1", "c@1"], 460, 300, False)


def test_values_by_hand_and_the_mean_over_repeats():
    r = boards.release("d", 2, 2)
    y = [1, 1, 0, 0]
    table = scored([[0.9, 0.2, 0.1, 0.3], [0.9, 0.8, 0.7, 0.1]], y, repeats=2)
    cell = boards.cell("random-forest", r, boards.CV, [r], table)
    got = measure([cell], metrics.ordered(), boards.QUICK)[0]
    assert got.scores["recall[bot]"][0] == pytest.approx((1 / 2 + 1) / 2)
    assert got.scores["accuracy"][0] == pytest.approx((3 / 4 + 3 / 4) / 2)
    assert got.scores["roc-auc"][0] == pytest.approx((3 / 4 + 1) / 2)
    assert (got.accounts, got.predictions, got.bots, got.humans, got.few) == (4, 8, 2, 2, True)
    # Exact, for 4 accounts are few; on the account, not on the prediction: three quarters of 4
    assert got.scores["accuracy"][1:] == tuple(clopper_pearson(0.75, 4))
    assert np.isnan(got.scores["roc-auc"][1:]).all() and got.methods["roc-auc"] == "none: few"


def test_a_product_of_matrices_is_computed_by_one_thread(monkeypatch):
    """Groups of cells are at work at once; on several threads each, a board took five times as
    long.
    """
    from threadpoolctl import threadpool_info, threadpool_limits

    seen = []

    def looked(*_):
        seen.append({lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"})
        return []

    monkeypatch.setattr(scores, "_measure_test", looked)
    r = boards.release("d", 40, 50)
    cell = boards.cell("x", r, boards.CV, [r], scored(np.full(90, 0.5), np.r_[[1] * 40, [0] * 50]))
    with threadpool_limits(2):
        measure([cell], metrics.ordered(["accuracy"]), boards.QUICK)
    assert seen == [{1}]


def test_a_cell_may_score_a_part_of_the_tests_accounts():
    """As in another mix: one cell has all 90 accounts, the other the last 82 of them, with the
    interval of those alone.
    """
    r = boards.release("d", 40, 50)
    y, p = np.r_[np.ones(40, int), np.zeros(50, int)], np.random.default_rng(7).random(90)
    whole = scored(p, y)
    both = measure(
        [
            boards.cell("x", r, boards.CV, [r], whole),
            boards.cell("y", r, boards.LODO, [r], whole.slice(8)),
        ],
        metrics.ordered(),
        boards.QUICK,
    )
    (alone,) = measure(
        [boards.cell("y", r, boards.LODO, [r], whole.slice(8))],
        metrics.ordered(["roc-auc"]),
        boards.QUICK,
    )
    part = next(m for m in both if m.info["detector"] == "y")
    assert (part.accounts, part.bots) == (82, 32) and part.scores["roc-auc"] == alone.scores[
        "roc-auc"
    ]


def test_another_mix_does_not_make_its_data_set_few():
    """40 bots in distribution, 8 of them in another mix: that cell is few and has no place; the
    data set is ranked.
    """
    r = boards.release("d", 40, 160)
    mix = "prevalence-shift(prevalence=0.05, folds=5, repeats=1, seed=0)"
    random = np.random.default_rng(8)
    y = np.repeat([1, 0], [40, 160])
    cells = []
    for d in ("constant", "one-question-tree"):
        p = random.random(200) if d != "constant" else np.full(200, 0.5)
        rows = np.r_[np.arange(8), np.arange(40, 200)]
        cells += [
            boards.cell(d, r, boards.CV, [r], scored(p, y)),
            boards.cell(d, r, mix, [r], scored(p, y).take(rows), kind="prevalence", worst=False),
        ]
    document = board(
        {**boards.ABOUT, "metrics": ["balanced-accuracy", "recall[bot]"]}, cells, [r], boards.QUICK
    )
    (test,) = document["tests"]
    assert (test["few"], test["in_mean"]) == (False, True)
    thin = [row for row in document["rows"] if row["kind"] == "prevalence"]
    assert {(row["few"], row["bots"], row["rank"]) for row in thin} == {(True, 8, None)}
    assert (
        next(row for row in thin if row["metric"] == "recall[bot]")["interval"] == "clopper-pearson"
    )
    assert all(e["rank"] for e in document["summary"] if e["scope"] == "mean")
    assert page.to_html(document).count("5 % bots") >= 2


def test_repeats_of_an_account_move_together():
    """Twice the same predictions say no more than once: the same interval, not a narrower one."""
    r = boards.release("d", 40, 40)
    y = [1] * 40 + [0] * 40
    p = np.random.default_rng(5).random(80)
    once, twice = (
        measure(
            [boards.cell("x", r, boards.CV, [r], t)],
            metrics.ordered(["mcc", "roc-auc"]),
            boards.QUICK,
        )[0]
        for t in (scored(p, y), scored([p, p], y, repeats=2))
    )
    assert once.scores == twice.scores
    np.testing.assert_array_equal(once.draws["mcc"], twice.draws["mcc"])


def test_differences_between_detectors_are_paired():
    """Two detectors with the same predictions differ by nothing in every draw, however wide their
    own intervals are.
    """
    r = boards.release("d", 40, 40)
    y, p = [1] * 40 + [0] * 40, np.random.default_rng(6).random(80)
    cells = [
        boards.cell(d, r, boards.CV, [r], scored(p, y))
        for d in ("constant", "one-question-tree", "twin")
    ]
    document = board(boards.ABOUT, cells, [r], boards.QUICK)
    auc = {
        e["detector"]: e
        for e in document["summary"]
        if e["metric"] == "roc-auc" and e["scope"] == "mean"
    }
    assert auc["twin"]["above"] == [0, 0, 0]
    assert {e["rank"] for e in auc.values()} == {1}
    assert [e["ties"] for e in auc.values()] == [[0]] * 3


def test_a_count_never_gets_an_interval_of_width_zero():
    r = boards.release("d", 37, 40)
    y = [1] * 37 + [0] * 40
    for p in ([0.1] * 77, [0.9] * 37 + [0.1] * 40):  # none found; all right
        got = measure(
            [boards.cell("x", r, boards.CV, [r], scored(p, y))], metrics.ordered(), boards.QUICK
        )[0]
        for name, (value, low, high) in got.scores.items():
            if got.methods[name] == "none: few":
                assert name == "recall[bot]@fpr=0.01" and np.isnan([low, high]).all()
            elif (
                got.methods[name] != "same in every draw"
                and not name.startswith("fpr-gap")
                and not metrics.find(name).exact
            ):
                assert high - low > 0.005, (name, value)
    # Wilson's lower bound of 37 of 37 is .9059
    assert got.scores["mcc"] == pytest.approx((1, 2 * 0.9059 - 1, 1), abs=1e-4)
    assert got.methods["mcc"] == got.methods["roc-auc"] == "wilson at the bound"
    assert got.scores["recall[bot]"][1] == pytest.approx(0.9059, abs=1e-4)


def test_what_is_not_defined_has_no_value_but_a_reason():
    r = boards.release("d", 40, 0)
    cells = [
        boards.cell(d, r, boards.CV, [r], scored([0.9] * 40, [1] * 40))
        for d in ("constant", "one-question-tree")
    ]
    document = board(boards.ABOUT, cells, [r], boards.QUICK)
    auc, recall = (
        row(document, "constant", "d@1", "roc-auc"),
        row(document, "constant", "d@1", "recall[bot]"),
    )
    assert (auc["value"], auc["low"], auc["reason"]) == (
        None,
        None,
        "not defined: one of the classes has no account",
    )
    assert (recall["value"], recall["few"]) == (1, True)
    assert document["tests"][0]["in_mean"] is False
    assert "only bots" in dict(summary_text.answer(document).notes)["Not in the mean"]


def test_a_mean_is_of_all_its_data_sets_or_there_is_none():
    releases = [boards.release(n) for n in "abc"]
    cells = [
        c
        for c in boards.cells(releases)
        if (c.info["detector"], c.info["test"]) != ("rate-72", "b@1")
    ]
    cells += [
        boards.cell("rate-72", releases[1], p, releases, reason="the data set has no posts")
        for p in BOTH
    ]
    document = board(boards.ABOUT, cells, releases, boards.QUICK)
    ranked = {e["detector"] for e in summary_text.entries(document, "mcc")}
    assert ranked == set(boards.SKILL) - {"rate-72"}
    gap = next(d for d in page.view(document)["order"] if d["name"] == "rate-72")["na"]
    assert gap["", "t"] == "not ranked: scored on 2 of 3; 1 lacks posts"
    one = row(document, "rate-72", "b@1", "mcc", "transfer")
    assert (one["value"], one["status"], one["reason"]) == (
        None,
        "not applicable",
        "the data set has no posts",
    )


def test_few_and_simulated_data_sets_stay_out_of_the_mean():
    releases = [
        boards.release("a"),
        boards.release("b"),
        boards.release("small", 29, 300),
        boards.release("made", simulated=True),
    ]
    document = boards.made(releases)
    assert summary_text.core(document) == ["a@1", "b@1"]
    assert document["simulated"] is True
    assert all(e["rank"] is None for e in document["summary"] if e["scope"] == "small@1")
    assert {r["few"] for r in document["rows"] if r["test"] == "small@1"} == {True}
    only = boards.made([boards.release(n, simulated=True) for n in "xy"])
    assert summary_text.core(only) == ["x@1", "y@1"]


# --- means, differences, ranks


def flat(value, low, high, draws, values=None):
    return PairedScore((value, low, high), values or [value], np.asarray(draws, float), False)


def test_the_mean_of_independent_sets_by_hand():
    def one(test, value, low, high):
        info = {
            "detector": "d",
            "protocol": "p",
            "train": [test],
            "test": test,
            "status": "done",
            "cell_key": test,
        }
        drawn = {"accuracy": np.array([value, value + 0.1])}
        return scores.MeasuredCell(
            info, 100, 100, 50, 50, {"accuracy": (value, low, high)}, {}, drawn
        )

    field = BoardLayout(
        [one("a", 0.5, 0.4, 0.6), one("b", 0.9, 0.7, 1.0)], metrics.ordered(["accuracy"])
    )
    got = paired_score(field, metrics.METRICS.get("accuracy"), "d", "in distribution", ["a", "b"])
    assert got.score == pytest.approx((0.7, 0.7 - np.sqrt(0.05) / 2, 0.7 + np.sqrt(0.02) / 2))
    np.testing.assert_allclose(got.draws, [0.7, 0.8])
    assert (
        paired_score(field, metrics.METRICS.get("accuracy"), "d", "in distribution", ["a", "c"])
        is None
    )


def test_a_difference_that_no_draw_changes_takes_the_unpaired_bounds():
    always = difference(flat(0.9, 0.8, 0.95, [0.9, 0.9]), flat(0.5, 0.4, 0.6, [0.5, 0.5]))
    assert always == pytest.approx((0.4, 0.4 - np.hypot(0.1, 0.1), 0.4 + np.hypot(0.05, 0.1)))
    assert difference(flat(0.5, 0.4, 0.6, [0.5, 0.4]), flat(0.5, 0.4, 0.6, [0.5, 0.4])) == (0, 0, 0)


def test_ties_are_the_longest_runs_in_rank_order():
    assert ties(list("abcd"), set()) == [["a", "b", "c", "d"]]
    assert ties(list("abcd"), {("a", "c"), ("a", "d"), ("b", "d")}) == [
        ["a", "b"],
        ["b", "c"],
        ["c", "d"],
    ]
    assert ties(list("ab"), {("a", "b")}) == []
    # a and c tie, but b between them beats c: no bar may run over it
    assert ties(list("abc"), {("b", "c")}) == [["a", "b"]]


def test_overlapping_bars_get_lanes_of_their_own():
    found = [
        {"detector": d, "ties": t}
        for d, t in (("a", [0]), ("b", [0, 1]), ("c", [1]), ("d", [2]), ("e", [2]))
    ]
    got = {
        e["detector"]: [(b["lane"], b["first"], b["last"]) for b in e["bars"]] for e in bars(found)
    }
    assert got == {
        "a": [(0, True, False)],
        "b": [(0, False, True), (1, True, False)],
        "c": [(1, False, True)],
        "d": [(0, True, False)],
        "e": [(0, False, True)],
    }


def test_the_better_detector_is_separated_and_ranked_first(three):
    found = {e["detector"]: e for e in summary_text.entries(three, "balanced-accuracy")}
    best, constant = found["gradient-boosting"], found["constant"]
    assert (best["rank"], best["rank_low"]) == (1, 1) and constant["rank"] == 6
    assert constant["rank_low"] > best["rank_high"] or not set(constant["ties"]) & set(best["ties"])
    assert best["lost"][0] == pytest.approx(
        best["scores"]["transfer"][0] - best["scores"]["in distribution"][0], abs=2e-6
    )
    assert best["lost"][2] < 0 < best["above"][1]
    for e in found.values():
        assert e["rank_low"] <= e["rank"] <= e["rank_high"]
        assert e["wide"]["transfer"][0] <= e["scores"]["transfer"][0] <= e["wide"]["transfer"][1]


def test_lower_is_better_where_the_metric_says_so(three):
    found = summary_text.entries(three, "brier[bot]")
    values = [e["scores"]["transfer"][0] for e in found]
    assert values == sorted(values) and found[0]["rank"] == 1


def test_rows_say_their_place(three):
    """Among the detectors of one test, protocol and metric: by hand from who is separated from
    whom.
    """
    rows = [
        r
        for r in three["rows"]
        if (r["test"], r["metric"], r["kind"]) == ("a@1", "balanced-accuracy", "in distribution")
    ]
    order = sorted(rows, key=lambda r: r["rank"])
    assert [r["value"] for r in order] == sorted((r["value"] for r in rows), reverse=True)
    assert all(r["rank_low"] <= r["rank"] <= r["rank_high"] for r in rows)
    assert order[0]["tie_group"] == 1 and [r["tie_group"] for r in order] == sorted(
        r["tie_group"] for r in order
    )
    assert (order[-1]["detector"], order[-1]["rank_low"]) == (
        "constant",
        5,
    ), "all but one are separated from the constant, with the variance between ten fits"
    assert {r["rank"] for r in three["rows"] if r["metric"] == "calibration-slope[bot]"} == {
        None
    }, "no better end, no rank"
    few = boards.made([boards.release("small", 20, 200)], protocols=(boards.CV,))
    assert {(r["rank"], r["tie_group"]) for r in few["rows"]} == {(None, None)}


@pytest.mark.parametrize(
    ("beaten", "groups"),
    [
        (set(), [1, 1, 1, 1]),
        ({("a", "b"), ("a", "c"), ("a", "d"), ("b", "c"), ("b", "d"), ("c", "d")}, [1, 2, 3, 4]),
        # c is separated from the leader and not from b, d from b and not from c: c leads what is
        # left
        ({("a", "c"), ("a", "d"), ("b", "d")}, [1, 1, 2, 2]),
        # b is separated from the leader, c is not, though c is behind b
        ({("a", "b")}, [1, 2, 1, 1]),
    ],
)
def test_tie_groups_go_down_from_the_leader(beaten, groups):
    assert list(dict(sorted(tie_groups(list("abcd"), beaten).items())).values()) == groups


# --- shapes of runs


@pytest.mark.parametrize("count", [1, 2, 3, 10])
def test_any_number_of_data_sets(count):
    releases = [boards.release(f"set-{i}") for i in range(count)]
    document = boards.made(releases, protocols=BOTH if count > 1 else (boards.CV,))
    assert len(summary_text.core(document)) == count
    top = summary_text.entries(document, "mcc")[0]
    assert bool(top["rank_elsewhere"]) == bool(top["wide"]) == (count >= 3)
    html = page.to_html(document)
    assert html.count("<article") == count
    assert summary_text.answer(document).sentence in shown(html)


def test_in_distribution_alone_is_said_to_mislead():
    document = boards.made([boards.release("a"), boards.release("b")], protocols=(boards.CV,))
    assert document["ranked_by"] == "in distribution"
    assert summary_text.NO_TRANSFER in summary_text.answer(document).sentence
    assert summary_text.NO_TRANSFER in formats.to_markdown(document).replace("\\", "")
    html = page.to_html(document)
    assert (
        "add leave-one-data-set-out" in html
        and 'data-col="lost"' not in html
        and 'data-col="other"' not in html
    )


def test_a_board_of_one_release_asks_for_another_one_too():
    """With one release, or one of both classes, leave-one-data-set-out would not be applicable."""
    wanted = (
        "add another release of both classes to the suite, and leave-one-data-set-out to its"
        " protocols."
    )
    for others in ([], [boards.release("b", 0, 60)]):
        document = boards.made([boards.release("a"), *others], protocols=(boards.CV,))
        assert wanted in summary_text.answer(document).sentence
        assert wanted in shown(page.to_html(document))


def test_the_board_asks_only_for_what_the_suite_lacks():
    releases = [boards.release("a"), boards.release("b", 0, 60)]
    no_other = "there is no other release of both classes to train on."
    cells = [
        *(boards.cell(d, releases[0], boards.CV, releases) for d in boards.SKILL),
        *(
            boards.cell(d, r, boards.LODO, releases, reason=reason)
            for r, reason in zip(releases, (no_other, "b@1 holds humans only."), strict=True)
            for d in boards.SKILL
        ),
    ]
    document = board(boards.ABOUT, cells, releases, boards.QUICK)
    assert summary_text.answer(document).caution == (
        "No transfer scores: in-distribution scores alone mislead. leave-one-data-set-out was not"
        " applicable: there is no other release of both classes to train on (and 1 more in"
        " leaderboard.csv)."
    )
    cells = [
        boards.cell(d, r, protocol, releases, reason=None if protocol == boards.LODO else "broken")
        for r in releases[:1]
        for protocol in BOTH
        for d in boards.SKILL
    ]
    document = board(boards.ABOUT, cells, releases, boards.QUICK)
    assert document["ranked_by"] == "transfer"
    assert dict(summary_text.answer(document).notes)["No in-distribution scores"] == (
        "What is lost on the way from known to unknown data sets cannot be said."
        " cross-validation was not applicable: broken."
    )


def test_filled_in_scores_are_counted_and_not_ranked():
    """140 accounts: 28 filled in leave .8 scored, which is ranked; 29 leave .793, which is not."""
    releases = [boards.release("a"), boards.release("b")]
    cells = boards.cells(releases)
    cells += [
        boards.cell(d, r, p, releases, unscored=n, skill=(9, 9))
        for d, n in (("enough", 28), ("half", 29))
        for r in releases
        for p in BOTH
    ]
    document = board(boards.ABOUT, cells, releases, boards.QUICK)
    metric = "balanced-accuracy"
    half, enough, old = (
        row(document, d, "a@1", metric) for d in ("half", "enough", "random-forest")
    )
    assert (half["rank"], half["tie_group"], half["unscored"]) == (None, None, 29)
    assert half["reason"] == ("not ranked: 29 of 140 accounts had no score and got a filled-in one")
    assert half["value"] > 0.9 and enough["rank"] == 1 and enough["reason"] is None
    assert (enough["unscored"], old["unscored"]) == (28, None)
    first, *rest = summary_text.entries(document, metric)
    named = {e["detector"]: e["rank"] for e in (first, *rest)}
    assert named["half"] is None and named["enough"] == 1
    assert sorted(r for r in named.values() if r) == list(range(1, 8))
    note = dict(summary_text.answer(document).notes)["Filled-in scores"]
    assert note.startswith("half on a@1 (29 filled in) and half on b@1 (29 filled in): under 80 %")
    assert ",140,29,60,80," in formats.to_csv(document)
    assert "half" in shown(page.to_html(document))


def test_abstentions_are_shown_beside_the_board_and_never_rank():
    """A cautious twin that gives the same scores and cannot tell 40 of 100 accounts has the same
    rank; .6 is decided, and balanced accuracy over that is (30/30 + 20/30) / 2.
    """
    releases = [boards.release("a", 50, 50), boards.release("b", 50, 50)]
    y = np.r_[np.ones(50, np.int8), np.zeros(50, np.int8)]
    hat = np.r_[np.ones(40), np.zeros(10), np.ones(10), np.zeros(40)]
    unsure = np.r_[np.zeros(30), np.ones(20), np.zeros(30), np.ones(20)]

    def table(r, abstained=None):
        columns = {
            "dataset": [r["dataset"]] * 100,
            "account_id": [f"a{i}" for i in range(100)],
            "repeat": [0] * 100,
            "fold": [0] * 100,
            "p_bot": 0.25 + 0.5 * hat,
            "threshold": [0.5] * 100,
            "y": y,
            "seconds": [0.0] * 100,
        }
        return pa.table(columns if abstained is None else {**columns, "abstained": abstained})

    answers = {"twin": np.zeros(100), "cautious": unsure, "old": None}
    cells = boards.cells(releases) + [
        boards.cell(d, r, p, releases, table=table(r, abstained))
        for d, abstained in answers.items()
        for r in releases
        for p in BOTH
    ]
    document = board(boards.ABOUT, cells, releases, boards.QUICK)
    metric = "balanced-accuracy"
    cautious, twin, old = (row(document, d, "a@1", metric) for d in ("cautious", "twin", "old"))
    assert [r["value"] for r in (cautious, twin, old)] == [0.8, 0.8, 0.8]
    assert (cautious["coverage"], twin["coverage"], old["coverage"]) == (0.6, 1.0, None)
    assert cautious["value_decided"] == pytest.approx((30 / 30 + 20 / 30) / 2, abs=1e-6)
    assert (twin["value_decided"], old["value_decided"]) == (0.8, None)
    assert cautious["rank"] == twin["rank"] == old["rank"] and cautious["n"] == 100
    means = {e["detector"]: e for e in summary_text.entries(document, metric)}
    assert means["cautious"]["scores"]["transfer"][0] == means["twin"]["scores"]["transfer"][0]
    assert means["cautious"]["tie_group"] == means["twin"]["tie_group"]
    cell = '<span class="iv">.600</span><small>.833 on these</small>'
    assert page.to_html(document).count(cell) == 1
    assert ".600 (.833 on these)" in formats.to_markdown(document)
    plain = board(boards.ABOUT, boards.cells(releases), releases, boards.QUICK)
    assert 'data-l="Decided"' not in page.to_html(plain), "no column where nobody abstains"
    assert "decided" not in formats.to_markdown(plain)


def test_a_kept_cell_with_an_infinite_score_is_named():
    releases = [boards.release("a")]
    table = scored([np.inf, 0.2, 0.4, 0.1], [1, 1, 0, 0])
    cells = [boards.cell(d, releases[0], boards.CV, releases) for d in boards.SKILL]
    cells.append(boards.cell("odd", releases[0], boards.CV, releases, table=table))
    with pytest.raises(UserError, match=r"^odd on a@1 .* 1 of 4 scores are infinite\."):
        board(boards.ABOUT, cells, releases, boards.QUICK)


def test_transfer_alone_says_what_is_missing():
    document = boards.made([boards.release("a"), boards.release("b")], protocols=(boards.LODO,))
    assert document["ranked_by"] == "transfer"
    assert "No in-distribution scores" in dict(summary_text.answer(document).notes)
    assert page.to_html(document)


def test_nothing_scored_is_a_board_that_says_so():
    releases = [boards.release("a"), boards.release("b")]
    cells = [
        boards.cell(d, r, boards.LODO, releases, reason="no profile <at> all")
        for r in releases
        for d in boards.SKILL
    ]
    document = board(boards.ABOUT, cells, releases, boards.QUICK)
    assert summary_text.answer(document).sentence.startswith("No detector was scored")
    assert "no profile &lt;at&gt; all" in page.to_html(document)
    assert all(r["value"] is None for r in document["rows"])


def test_too_few_everywhere_shows_values_and_ranks_nothing():
    document = boards.made([boards.release("a", 10, 20), boards.release("b", 12, 12)])
    assert summary_text.answer(document).sentence.startswith("Nothing can be ranked")
    assert all(e["rank"] is None for e in document["summary"]) and document["summary"]
    assert page.to_html(document)


def test_a_pair_tested_in_transfer_alone_does_not_cost_the_other_column():
    releases = [boards.release("a"), boards.release("b"), boards.release("pair", 70, 70)]
    cells = [
        c
        for c in boards.cells(releases)
        if (c.info["test"], c.info["protocol"]) != ("pair@1", boards.CV)
    ]
    document = board(boards.ABOUT, cells, releases, boards.QUICK)
    assert summary_text.core(document) == ["a@1", "b@1"]
    assert all(e["lost"] for e in summary_text.entries(document, "roc-auc"))
    assert (
        "pair@1 (no in-distribution scores"
        in dict(summary_text.answer(document).notes)["Not in the mean"]
    )
    assert summary_text.entries(document, "roc-auc", "pair@1")[0]["rank"] == 1


def test_what_the_tree_asks_stands_beside_its_data_set():
    releases = [boards.release("a"), boards.release("b")]
    said = {boards.CV: "asks <this>", boards.LODO: "asks that"}
    cells = [
        boards.cell(d, r, p, releases, learnt=said[p] if d == "one-question-tree" else None)
        for r in releases
        for p in BOTH
        for d in boards.SKILL
    ]
    assert (
        page.to_html(board(boards.ABOUT, cells, releases, boards.QUICK)).count(
            "One question here: asks &lt;this&gt;"
        )
        == 2
    )


def test_a_failed_detector_fails_alone():
    releases = [boards.release("a"), boards.release("b")]
    cells = boards.cells(releases)
    cells += [
        boards.cell("net", r, p, releases, reason="ran out of time", status="failed")
        for r in releases
        for p in BOTH
    ]
    document = board(boards.ABOUT, cells, releases, boards.QUICK)
    assert dict(summary_text.answer(document).notes)["Failed"].startswith("net (4 cells).")
    assert next(d for d in document["detectors"] if d["name"] == "net")["cells"] == {
        "done": 0,
        "failed": 4,
        "not applicable": 0,
    }
    assert "failed on 2: ran out of time" in page.to_html(document)


def test_several_protocols_of_a_kind_show_one_and_list_all():
    releases = [boards.release("a"), boards.release("b")]
    more = "cross-validation(folds=2, repeats=2, seed=1)"
    cells = [
        *boards.cells(releases),
        *(boards.cell(d, releases[0], more, releases) for d in boards.SKILL),
    ]
    document = board(boards.ABOUT, cells, releases, boards.QUICK)
    assert {p["name"]: p["shown"] for p in document["protocols"]} == {
        boards.CV: True,
        more: False,
        boards.LODO: True,
    }
    assert f"<code>{more}</code>: in distribution; not drawn here" in page.to_html(document)


def test_a_suite_names_its_metrics():
    document = boards.made(
        [boards.release("a"), boards.release("b")], metrics=["roc-auc", "brier[bot]"]
    )
    assert [m["name"] for m in document["metrics"]] == ["roc-auc", "brier[bot]"]
    assert "ROC AUC" in summary_text.answer(document).sentence
    with pytest.raises(UserError, match="no metric 'auc'"):
        boards.made([boards.release("a")], metrics=["auc"])


@pytest.mark.parametrize("missing", ["constant", "one-question-tree"])
def test_no_board_without_its_shortcut_rows(missing):
    with pytest.raises(
        UserError,
        match=rf"lacks its shortcut rows: {missing}\..*Add them to the suite's `detectors:`",
    ):
        boards.made([boards.release("a")], detectors=[d for d in boards.SKILL if d != missing])
    refuse_without_floors([{"detector": "constant"}, {"detector": "one-question-tree"}], "s")


def test_worse_than_guessing_is_named():
    releases = [boards.release(n, 200, 200) for n in "abc"]
    skills = {"constant": (0, 0), "rate-72": (1, -2)}
    cells = [
        boards.cell(
            d,
            r,
            p,
            releases,
            skill=skills.get(d, (1, 0.2)) if r["name"] == "b" or d == "constant" else (1, 0.2),
        )
        for r in releases
        for p in BOTH
        for d in boards.SKILL
    ]
    said = dict(summary_text.answer(board(boards.ABOUT, cells, releases, boards.QUICK)).notes)[
        "Worse than guessing"
    ]
    assert re.fullmatch(
        r"rate-72 on b@1 \(\.1\d\d\): what marks a bot elsewhere marks a person there\.", said
    )


def test_a_data_set_on_which_nothing_was_scored_says_why_once():
    releases = [boards.release("a"), boards.release("b"), boards.release("bots", 50, 0)]
    cells = [c for c in boards.cells(releases) if c.info["test"] != "bots@1"]
    cells += [
        boards.cell(d, releases[2], boards.CV, releases, reason="bots@1 holds bots only.")
        for d in boards.SKILL
    ]
    document = board(boards.ABOUT, cells, releases, boards.QUICK)
    html = page.to_html(document)
    assert (
        html.count("Nothing was scored: bots@1 holds bots only.") == 1
        and '<span class="chip few">bots only</span>' in html
    )
    assert document["tests"][-1]["few"] and summary_text.core(document) == ["a@1", "b@1"]


def test_a_shortcut_that_leads_is_named():
    releases = [boards.release(n) for n in "abc"]
    cells = [
        boards.cell(
            d,
            r,
            p,
            releases,
            skill=(1, 3) if d == "one-question-tree" else (1, 0.2) if d != "constant" else (0, 0),
        )
        for r in releases
        for p in BOTH
        for d in boards.SKILL
    ]
    document = board(boards.ABOUT, cells, releases, boards.QUICK)
    assert (
        summary_text.answer(document).caution == "It is a shortcut: no detector here scores higher."
    )
    assert "It is a shortcut: no detector here" in page.to_html(document)


def test_the_words_of_a_usual_board(three):
    said = summary_text.answer(three)
    top = summary_text.entries(three, "balanced-accuracy")[0]
    assert said.sentence.startswith(
        "On data sets left out of its training, gradient-boosting has the highest mean: balanced"
        " accuracy ."
    )
    assert (
        f"It beats a tree with one question on {top['higher_on']} of 3 data sets" in said.sentence
    )
    assert {name for name, _ in said.notes} >= {
        "Who cannot be told apart",
        "How far above one question",
    }
    low, high = top["rank_elsewhere"]
    assert f"On other data its rank {'could be' if low < high else 'is'} {low}" in said.caution


def test_the_scale_holds_everything_drawn(three):
    for m in three["metrics"]:
        got = scale(three, m)
        own = [r for r in three["rows"] if r["metric"] == m["name"] and r["value"] is not None]
        drawn = [r[k] for r in own for k in ("low", "value", "high") if r[k] is not None]
        assert not drawn or (got["a"] <= min(drawn) and max(drawn) <= got["b"])
        assert 2 <= len(got["ticks"]) <= 10
        bottom, top = (
            end if bound is None else bound
            for bound, end in zip(m["range"], (-np.inf, np.inf), strict=True)
        )
        assert bottom <= got["a"] < got["b"] <= top
