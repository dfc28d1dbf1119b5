"""A cell's curves by hand: cuts, ties together, folds apart."""

import numpy as np
import pyarrow as pa

from benchmarks.execution import curves
from benchmarks.metrics import ScoredAccounts


def test_cuts_by_hand():
    # .9 bot; .5 bot and human together; .1 human
    roc, pr = curves._orders(ScoredAccounts([1, 1, 0, 0], [0.9, 0.5, 0.5, 0.1], [True] * 4))
    assert [c.tolist() for c in roc] == [[0, 0, 0.5, 1], [0, 0.5, 1, 1]]
    assert [c.tolist() for c in pr] == [[0.5, 1, 1], [1, 2 / 3, 0.5]]


def test_calibration_by_hand():
    score, share = curves._calibration(ScoredAccounts([1, 0, 1], [0.22, 0.28, 1.0], [True] * 3))
    assert np.allclose(score, [0.25, 1]) and share.tolist() == [0.5, 1]


def test_folds_have_lines_of_their_own_and_one_class_has_none():
    table = pa.table(
        {
            "repeat": [0] * 6,
            "fold": [0, 0, 1, 1, 2, 2],
            "y": [1, 0, 1, 0, 1, 1],
            "p_bot": [0.9, 0.1, 0.8, 0.7, 0.5, 0.5],
        }
    )
    figure = curves.svg(table, "a <b>")
    assert figure.count("stroke-dasharray") == 2, "ROC and calibration have a diagonal"
    assert figure.count(">.25<") == 6 and figure.count(">1<") == 6, "ticks on both axes"
    assert figure.count("<polyline") == 6 and "a &lt;b&gt;" in figure
