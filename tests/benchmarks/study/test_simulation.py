"""The simulation itself, a small version of docs/study-coverage.md, and the quantifiers where they
must succeed and must fail.
"""

import json

import numpy as np
import pytest

from benchmarks.study.estimators import quantify
from benchmarks.study.simulation import coverage, table, votes
from benchmarks.study.simulation.coverage import DEFAULT, NORMAL, ROGAN, TRUSTING, Setting
from benchmarks.study.simulation.worlds import elsewhere, poisson, uniform, world
from botbench.stats.design_based import inclusion_probabilities


def test_probabilities_by_posts_sum_to_the_sample_and_take_the_heaviest_whole():
    posts = np.array([1.0] * 50 + [1000.0])
    chance = inclusion_probabilities(posts, 11)
    assert chance.sum() == pytest.approx(11) and chance[-1] == 1 and chance[0] == pytest.approx(0.2)


def test_samples_stand_for_their_world():
    random = np.random.default_rng(0)
    here = world(random, Setting(0.15, 500, "good", False), 5000)
    at, drawn = uniform(random, 5000, 500)
    assert drawn.weight.sum() == pytest.approx(5000) and len(set(at)) == 500
    sums = []
    for _ in range(200):
        at, drawn = poisson(random, here.chance)
        sums.append(drawn.weight.sum())
    assert np.mean(sums) == pytest.approx(5000, rel=0.03)
    assert here.score[here.y == 1].mean() > here.score[here.y == 0].mean() + 0.3
    score, y = elsewhere(random, "poor")
    assert y.mean() == 0.5 and 0.05 < score[y == 1].mean() - score[y == 0].mean() < 0.5


def test_posteriors_are_calibrated():
    random = np.random.default_rng(1)
    y = (random.random(20_000) < 0.3).astype(float)
    pattern = votes.votes(random, y)
    ((p, low, high),) = votes.consensus(random, [pattern], repeats=20)
    assert p.mean() == pytest.approx(y.mean(), abs=0.005) and (low <= p).all() and (p <= high).all()
    assert abs(votes.majority(pattern).mean() - y.mean()) > 0.005
    for value in np.unique(p):
        own = y[p == value]
        if len(own) > 200:
            assert own.mean() == pytest.approx(value, abs=0.08)


CAMPAIGNS = 120
LEAST = coverage.HELD - 3 * np.sqrt(coverage.HELD * (1 - coverage.HELD) / CAMPAIGNS)


@pytest.mark.parametrize(
    "setting",
    [
        Setting(0.01, 500, "good", False),
        Setting(0.05, 500, "shifted", True),
        Setting(0.15, 500, "good", True),
        Setting(0.30, 500, "shifted", False),
    ],
    ids=str,
)
def test_the_default_holds_and_is_not_wider_than_the_sample_alone(setting):
    # Three Monte Carlo errors below .93, so that a right program fails once in hundreds of seeds;
    # the seed is fixed.
    rows = {(r.case, r.method): r for r in coverage.simulate(setting, CAMPAIGNS, 0)}
    for case in ("accounts", "posts"):
        assert rows[case, DEFAULT].coverage >= LEAST
        assert rows[case, DEFAULT].width <= 1.03 * rows[case, coverage.ALONE].width


def test_what_fails_is_shown_as_failing():
    rows = coverage.simulate(Setting(0.01, 500, "shifted", False), CAMPAIGNS, 0)
    rows += coverage.simulate(Setting(0.30, 2000, "good", True), 40, 0)
    by = {(r.setting.noisy, r.case, r.method): r for r in rows}
    for found in (
        by[False, "posts, uniform sample", NORMAL],
        by[False, "accounts", ROGAN],
        by[True, "accounts", TRUSTING],
    ):
        assert not found.holds
    page = table.page(rows, "a test")
    assert "✗ 0.000" in page and "| 1% | 500 | shifted | right |" in page and "a test" in page


def _evidence(random, n, share):
    y = (random.random(n) < share).astype(float)
    return 1 / (1 + np.exp(-2 * (2 * y - 1 + random.normal(size=n)))), y


@pytest.mark.parametrize("method", ["EMQ", "PACC", "HDy"])
def test_quantifiers_find_a_shifted_share(method):
    random = np.random.default_rng(3)
    score, y = _evidence(random, 1500, 0.5)
    here, true = _evidence(random, 2000, 0.1)
    value, low, high = quantify.quantify(method, here, score, y, repeats=5)
    assert value == pytest.approx(true.mean(), abs=0.04) and low <= value <= high
    assert abs(np.mean(here >= 0.5) - true.mean()) > 0.08, "counting would have been far off"


def test_temperature_by_hand():
    """Scores of log odds ±2 log 3 (.9 and .1) are right for three of four: the likeliest log odds
    are ±log 3, so the temperature is 2, and a score of .9 means .75.
    """
    score, y = (
        np.array([0.9, 0.9, 0.9, 0.1, 0.1, 0.1, 0.9, 0.1]),
        np.array([1.0, 1, 1, 1, 0, 0, 0, 0]),
    )
    assert quantify.temperature(score, y) == pytest.approx(2.0, abs=1e-3)
    here = np.array([0.9, 0.9, 0.1, 0.5])
    assert quantify.tempered(here, 2.0) == pytest.approx([0.75, 0.75, 0.25, 0.5])
    assert quantify.share("BotPercent", here, score, y) == pytest.approx(2.25 / 4, abs=1e-3)


def test_bot_percent_is_right_where_bots_are_as_frequent_and_only_there():
    """It trusts calibration: half bots here and there is found, a tenth is drawn towards a half."""
    random = np.random.default_rng(3)
    score, y = _evidence(random, 1500, 0.5)
    here, true = _evidence(random, 2000, 0.5)
    value, low, high = quantify.quantify("BotPercent", here, score, y, repeats=20)
    assert low <= true.mean() <= high and value == pytest.approx(true.mean(), abs=0.03)
    here, true = _evidence(random, 2000, 0.1)
    value, low, high = quantify.quantify("BotPercent", here, score, y, repeats=20)
    assert low > true.mean() + 0.05 and value < 0.4


def test_pacc_by_hand():
    here, score, y = (
        np.array([0.2, 0.4, 0.6]),
        np.array([0.1, 0.3, 0.7, 0.9]),
        np.array([0.0, 0, 1, 1]),
    )
    # (mean here - mean of people) / (mean of bots - mean of people) = (.4 - .2) / (.8 - .2)
    assert quantify.share("PACC", here, score, y) == pytest.approx(1 / 3, abs=1e-3)


def test_the_command_writes_the_page(cli, tmp_path):
    done = cli("study", "simulate", "--campaigns", 2, "--out", tmp_path / "page.md", "--json")
    rows = json.loads(done.stdout)["rows"]
    assert {r["method"] for r in rows} >= {DEFAULT, NORMAL, ROGAN, TRUSTING}
    assert "Made by `botbench study simulate --campaigns 2 " in (tmp_path / "page.md").read_text()
