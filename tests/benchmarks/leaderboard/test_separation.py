"""Simulated boards of equal detectors: a cheap version of the table of docs/intervals.md."""

import numpy as np
import pytest

from benchmarks.leaderboard.compute.separation import (
    CASES,
    Cell,
    Settings,
    as_json,
    as_markdown,
    simulate,
)
from botbench.core.errors import UserError

QUICK = Settings(boards=50, draws=60, seed=0)


def separated(case, how=QUICK, gap=0.0):
    return {c.view: c.separated for c in simulate([case], how, lambda _: None) if c.gap == gap}


def test_one_fit_is_taken_for_the_algorithm_and_five_are_not():
    """50 boards, error .031: what holds is at most .112."""
    one, five = separated("one data set, one fit"), separated("one data set, 5 fits")
    assert one["here"] > 0.112 >= five["here"]
    assert separated("one data set, 5 folds, 2 repeats")["here"] <= 0.112


def test_equal_on_average_is_separated_here_and_not_elsewhere():
    few = Settings(boards=25, draws=60, seed=0)
    found = separated("9 data sets, one fit", few)
    assert found["here"] >= 0.3 and found["elsewhere"] <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 25)


def test_the_same_seed_gives_the_same_boards():
    how = Settings(boards=4, draws=50, seed=3)
    once, again = (list(simulate(["one data set, 5 fits"], how, lambda _: None)) for _ in range(2))
    assert once == again and {c.gap for c in once} == {0.0, 0.05}


@pytest.mark.parametrize(
    ("gap", "share", "outcome"),
    [(0.0, 0.05, "holds"), (0.0, 0.0717, "holds"), (0.0, 0.0719, "fails"), (0.05, 0.9, "power")],
)
def test_the_outcome_is_said(gap, share, outcome):
    # 400 boards: the Monte Carlo error of 5 % is .0109, so .0718 is what counts
    assert Cell("c", "here", gap, 400, share, 0.0109, 0.75).outcome == outcome


def test_the_table_shows_what_fails():
    cells = [
        Cell("c", "here", 0.0, 400, 0.25, 0.0109, 0.75),
        Cell("c", "here", 0.05, 400, 0.5, 0.0109, 0.75),
    ]
    document = as_json(cells, {"boards": 400})
    assert document["simulated"] and document["failing"] == ["c: here"]
    assert as_markdown(document).splitlines()[2] == "| c | here | **25.0 %** | 50.0 % |"


def test_a_case_that_is_not_there_is_named():
    with pytest.raises(UserError, match="case"):
        list(simulate(["nine"], QUICK, lambda _: None))
    assert all(case.name == name for name, case in CASES.items())
