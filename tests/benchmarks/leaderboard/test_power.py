"""The planned number of accounts finds the difference as often as it was asked to: Connor's formula
and a simulation.
"""

import json

import numpy as np
import pytest

from benchmarks.leaderboard.compute.power import Wanted, accounts
from botbench.core.errors import UserError


def test_connors_formula_by_hand():
    # (1.959964 √.1 + .841621 √.0975)² / .0025 = (.619794 + .262795)² / .0025 = 311.6
    assert accounts(Wanted(0.05, "accuracy", disagree=0.1))["accounts"] == 312
    # recall looks at bots alone: with 30 % of them, 3.33 times as many accounts
    found = accounts(Wanted(0.05, "recall[bot]", disagree=0.1))
    assert (found["accounts"], found["bots"]) == (1039, 312)
    # ten detectors: 45 pairs, alpha / 45
    assert accounts(Wanted(0.05, "accuracy", disagree=0.1, detectors=10))["accounts"] > 2 * 312
    assert accounts(Wanted(0.9, "accuracy", disagree=0.95))["accounts"] == 100, (
        "never under 30 of a class"
    )


def test_the_power_is_what_was_asked_for():
    """2,000 simulated benchmarks of balanced accuracy: Monte Carlo error of .8 is .009, and the
    formula is an approximation.
    """
    wanted = Wanted(0.06, disagree=0.2, prevalence=0.3)
    n = accounts(wanted)["accounts"]
    random, found = np.random.default_rng(1), 0
    for _ in range(2000):
        y = random.random(n) < 0.3
        # of the accounts on which they differ, the better one is right with (psi + d) / 2
        u = random.random(n)
        d = np.where(u < 0.13, 1.0, np.where(u < 0.2, -1.0, 0.0))
        value = (d[y].mean() + d[~y].mean()) / 2
        error = np.sqrt(d[y].var(ddof=1) / y.sum() + d[~y].var(ddof=1) / (~y).sum()) / 2
        found += abs(value) / error > 1.959964
    assert 0.77 <= found / 2000 <= 0.84


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"difference": 0.2, "disagree": 0.1}, "cannot differ by 20 points"),
        ({"difference": 0}, "--difference must be between"),
        ({"difference": 0.1, "metric": "f2"}, "no metric that can be planned for 'f2'"),
        ({"difference": 0.1, "detectors": 1}, "at least 2"),
    ],
)
def test_what_cannot_be_is_said(given, said):
    with pytest.raises(UserError, match=said):
        Wanted(**given)


def test_the_command(cli):
    document = json.loads(cli("bench", "plan", "0.05", "--metric", "accuracy", "--json").stdout)
    assert document["accounts"] == 312 and document["pairs"] == 1
