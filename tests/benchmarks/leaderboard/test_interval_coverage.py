"""Coverage: truths against a large simulation, and a small table in which the intervals that should
hold do.
"""

import numpy as np
import pytest

from benchmarks.leaderboard.compute.interval_coverage import (
    METRICS,
    Bounds,
    Cell,
    Settings,
    World,
    _counted,
    as_json,
    as_markdown,
    cover,
)
from benchmarks.metrics import find


def test_truths_are_those_of_an_endless_data_set():
    world = World(400_000, 0.2, 0.9)
    judged = world.drawn(np.random.default_rng(3))
    for name, truth in world.truths().items():
        found = float(find(name).values(judged.under())[0])
        assert found == pytest.approx(
            truth, abs=0.02 if name.startswith("calibration") else 0.006
        ), name
    assert set(world.truths()) == set(METRICS)


def test_counting_by_hand():
    found = [
        Bounds(low, high, "wilson", False) for low, high in ((0.4, 0.6), (0.55, 0.7), (0.5, 0.5))
    ]
    found.append(Bounds(np.nan, np.nan, "", True))
    cell = _counted(World(200, 0.2, 0.9), "accuracy", 0.5, found)
    assert (cell.sets, cell.few, cell.covered, cell.interval) == (3, 1, 0.6667, "wilson")


@pytest.mark.parametrize(
    ("covered", "few", "outcome"),
    [
        (0.95, 0, "holds"),
        (0.93, 0, "holds"),
        (0.929, 0, "fails"),
        (0.80, 900, "few"),
        (None, 1000, "few"),
    ],
)
def test_the_outcome_is_said(covered, few, outcome):
    # 1,000 sets: twice the Monte Carlo error is .0138, so .93 is what counts
    assert (
        Cell(200, 0.05, 0.9, "m", "wilson", 0.5, 1000, few, covered, 0.1, 0.0069).outcome == outcome
    )


def test_closed_intervals_hold_in_a_small_table():
    """400 sets a cell, error .011: only a real failure falls under .915."""
    metrics = [
        "recall[bot]",
        "fpr[bot]",
        "balanced-accuracy",
        "f1[bot]",
        "precision[bot]@prevalence=0.05",
        "roc-auc",
    ]
    worlds = [World(200, 0.2, 0.99), World(200, 0.5, 0.7)]
    cells = [
        c for some in cover(worlds, metrics, Settings(400, 50, 0), lambda _: None) for c in some
    ]
    assert len(cells) == 12 and all(c.covered >= 0.915 for c in cells), [
        (c.metric, c.covered) for c in cells
    ]
    document = as_json(cells, {"sets": 400})
    assert document["simulated"] and all(
        c["outcome"] == "holds" for c in document["cells"] if c["covered"] >= 0.93
    )
    assert as_markdown(document).count("|") == 8 * 5
