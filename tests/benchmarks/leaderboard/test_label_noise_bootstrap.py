"""Label doubt: certain labels give nothing, uncertain ones widen, by hand and against drawing the
labels one by one.
"""

import importlib.util
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from benchmarks.leaderboard.compute import label_noise_bootstrap
from benchmarks.leaderboard.compute.table import board
from benchmarks.metrics import METRICS, ScoredAccounts, ordered

_spec = importlib.util.spec_from_file_location("boards", Path(__file__).parents[2] / "boards.py")
boards = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(boards)


def judged(n=120, seed=2):
    random = np.random.default_rng(seed)
    y = (random.random(n) < 0.4).astype(np.int8)
    p = 1 / (1 + np.exp(-random.normal(2 * y - 1, 1)))
    return ScoredAccounts(y, p, p >= 0.5, np.arange(n) % 3)


def test_certain_labels_are_left_alone():
    one = judged()
    for certain in (np.full((3, 120), np.nan), np.tile(one.y.astype(float), (3, 1))):
        assert (
            label_noise_bootstrap.draw([(one, None)], ordered(["accuracy"]), certain, 50, [1]) == {}
        )


def test_a_doubled_account_is_the_same_as_another_label():
    """Weights choose between the two labels of an account: equal to drawing the labels and
    measuring anew, metric by metric.
    """
    one, unsure = judged(), np.arange(0, 120, 4)
    flip = np.random.default_rng(5).random(len(unsure)) < 0.5
    y = one.y.copy()
    y[unsure[flip]] = 1 - y[unsure[flip]]
    weight = np.ones(120)
    weight[unsure[flip]] = 0
    both = label_noise_bootstrap.with_both_labels(one, unsure).under(
        np.concatenate([weight, flip.astype(float)])
    )
    names = (
        "accuracy",
        "roc-auc",
        "average-precision[bot]",
        "mcc",
        "brier[bot]",
        "ece[bot]@bins=10",
        "calibration-slope[bot]",
    )
    for name in names:
        expected = METRICS.get(name).function(y, one.p, one.hat, fold=one.fold)
        assert METRICS.get(name).values(both)[0] == pytest.approx(expected, abs=1e-9), name


def test_labels_are_drawn_with_their_posterior_and_bounds_widen_nothing_on_average():
    rng = np.random.default_rng(0)
    p = np.array([0.1, 0.5, 0.9])
    none, low, high = np.full(3, np.nan), np.array([0.05, 0.3, 0.8]), np.array([0.2, 0.7, 0.95])
    assert label_noise_bootstrap.labels(p, none, none, 20_000, rng).mean(axis=0) == pytest.approx(
        p, abs=0.011
    )
    assert label_noise_bootstrap.labels(p, low, high, 20_000, rng).mean(axis=0) == pytest.approx(
        p, abs=0.02
    )


def test_accuracy_falls_by_what_the_doubt_says():
    """All right, every label a bot with .9 or .1: a tenth of the labels turn, so accuracy is .9 on
    average.
    """
    y = np.repeat([1, 0], 200).astype(np.int8)
    one = ScoredAccounts(y, y.astype(float), y == 1)
    posteriors = np.stack([np.where(y == 1, 0.9, 0.1), np.full(400, np.nan), np.full(400, np.nan)])
    drawn = label_noise_bootstrap.draw([(one, None)], ordered(["accuracy"]), posteriors, 400, [3])[
        "accuracy"
    ]
    # An account is drawn w times with one label for all of them, and E[w²] is 2.
    assert drawn.mean() == pytest.approx(0.9, abs=0.004) and drawn.std() == pytest.approx(
        np.sqrt(2 * 0.09 / 400), rel=0.15
    )


def test_the_board_marks_a_rank_that_flips():
    """`first` is right where labels are certain, `second` where they are in doubt: had those labels
    turned, it would not lead.
    """
    r = boards.release("d", 60, 60)
    y = np.repeat([1, 0], 60)
    unsure = np.arange(120) % 3 == 0
    answers = {
        "second": np.where(unsure, y, np.where(np.arange(120) % 7 == 1, 1 - y, y)),
        "first": np.where(unsure, np.where(np.arange(120) % 2, 1 - y, y), y),
    }
    answers |= {"constant": np.zeros(120), "one-question-tree": np.arange(120) % 2}

    def table(hat, posterior):
        more = {
            "posterior": posterior,
            "posterior_low": np.full(120, np.nan),
            "posterior_high": np.full(120, np.nan),
        }
        ids = [f"a{i:03}" for i in range(120)]
        return pa.table(
            {
                "dataset": ["d"] * 120,
                "account_id": ids,
                "repeat": [0] * 120,
                "fold": [0] * 120,
                "p_bot": hat.astype(float),
                "threshold": [0.5] * 120,
                "y": pa.array(y, pa.int8()),
                **more,
            }
        )

    def made(posterior):
        cells = [
            boards.cell(d, r, boards.CV, [r], table(hat, posterior)) for d, hat in answers.items()
        ]
        found = board({**boards.ABOUT, "metrics": ["accuracy"]}, cells, [r], boards.QUICK)
        return {row["detector"]: row for row in found["rows"]}

    sure, turned = (
        made(np.full(120, np.nan)),
        made(np.where(unsure, np.where(y == 1, 0.3, 0.7), np.nan)),
    )
    assert (sure["second"]["rank"], sure["first"]["rank"]) == (1, 2)
    assert (sure["second"]["flips"], sure["second"]["low_doubt"]) == (False, None)
    assert (
        turned["second"]["rank"],
        turned["second"]["rank_doubt"],
        turned["second"]["flips"],
    ) == (1, 2, True)
    assert (
        turned["first"]["rank_doubt"] == 1
        and turned["first"]["low_doubt"] < turned["first"]["high_doubt"]
    )
    assert turned["second"]["value"] == sure["second"]["value"], (
        "the score itself is by the labels as they are"
    )
