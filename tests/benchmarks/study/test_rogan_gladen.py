"""The correction against hand computation, its interval against the paper's formulas and against
simulated coverage.
"""

import json
import math

import numpy as np
import pytest

from benchmarks.study.estimators.rogan_gladen import correct, gain_bounds, rogan_gladen
from botbench.core.errors import UserError


def test_the_example_of_the_field():
    # (.15 + .90 - 1) / (.86 + .90 - 1) = .05 / .76
    assert correct(0.15, 0.86, 0.90) == pytest.approx(0.05 / 0.76)


def test_the_interval_by_hand():
    # z = 2 keeps the hand calculation short: n' = 104, p' = (40 + 2)/104; Se' = 46/52, Sp' = 46/52
    # (45 of 50 each).
    p, s = 42 / 104, 46 / 52
    share = (p + s - 1) / (2 * s - 1)
    v = s * (1 - s) / 52
    shift = 8 * (share * v - (1 - share) * v)
    wide = 2 * math.sqrt(p * (1 - p) / 104 + share**2 * v + (1 - share) ** 2 * v) / (2 * s - 1)
    found = rogan_gladen(0.4, 0.9, 0.9, 100, 50, 50, z=2)
    assert (found.low, found.high) == (
        pytest.approx(share + shift - wide),
        pytest.approx(share + shift + wide),
    )


def test_an_exact_detector_gives_agresti_and_coulls_interval():
    p, n = (30 + 1.959964**2 / 2) / (200 + 1.959964**2), 200 + 1.959964**2
    found = rogan_gladen(0.15, 1.0, 1.0, 200)
    assert found.low == pytest.approx(p - 1.959964 * math.sqrt(p * (1 - p) / n), abs=1e-6)
    assert found.value == pytest.approx(0.15)


@pytest.mark.parametrize(
    ("share", "se", "sp", "n", "n_se", "n_sp"),
    [
        (0.05, 0.86, 0.90, 1000, 200, 300),
        (0.15, 0.7, 0.8, 500, 100, 100),
        (0.3, 0.9, 0.95, 300, 60, 80),
    ],
)
def test_the_interval_covers(share, se, sp, n, n_se, n_sp):
    random = np.random.default_rng(1)
    covered = []
    for _ in range(1500):
        p = random.binomial(n, share * se + (1 - share) * (1 - sp)) / n
        found = rogan_gladen(
            p, random.binomial(n_se, se) / n_se, random.binomial(n_sp, sp) / n_sp, n, n_se, n_sp
        )
        covered.append(found.low <= share <= found.high)
    # Monte Carlo error of .95 over 1500 draws: .0056. The paper's own coverages lie between .94 and
    # .97.
    assert 0.93 <= np.mean(covered) <= 0.985


@pytest.mark.parametrize(
    ("se", "sp", "counts"),
    [
        (0.5, 0.5, (None, None)),
        (0.4, 0.5, (None, None)),
        (0.52, 0.5, (None, None)),
        (0.6, 0.5, (30, 30)),
    ],
)
def test_a_detector_no_better_than_a_coin_is_refused(se, sp, counts):
    with pytest.raises(UserError, match="not clearly above zero"):
        rogan_gladen(0.15, se, sp, 100, *counts)
    assert gain_bounds(se, sp, *counts)[0] <= 0.05


def test_several_mistakes_are_said_together():
    with pytest.raises(UserError, match=r"--observed.*--specificity.*--n-sensitivity"):
        rogan_gladen(15, 0.9, 90, None, 0, None)


def test_the_command(cli):
    plain = (
        "study",
        "rogan-gladen",
        "--observed",
        ".15",
        "--sensitivity",
        ".86",
        "--specificity",
        ".90",
    )
    assert cli.json(*plain) == {"value": pytest.approx(0.0658, abs=5e-5), "low": None, "high": None}
    full = cli.json(*plain, "--n-observed", 2000, "--n-sensitivity", 300, "--n-specificity", 400)
    assert 0 < full["low"] < full["value"] < full["high"] < 0.15
    assert (
        "not clearly above zero"
        in cli(
            "study",
            "rogan-gladen",
            "--observed",
            0.15,
            "--sensitivity",
            0.5,
            "--specificity",
            0.5,
            code=2,
        ).stderr
    )
    assert (
        "outside"
        in cli(
            "study", "rogan-gladen", "--observed", 0.05, "--sensitivity", 0.86, "--specificity", 0.9
        ).stderr
    )
    assert json.loads(cli("study", "rogan-gladen", "--json", *plain[2:]).stdout)["value"] > 0
