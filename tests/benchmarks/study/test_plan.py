"""Plans against Wilson's interval itself and hand computation; they are kept by simulated studies
of that size.
"""

import json
import math

import numpy as np
import pytest

from benchmarks.study.estimators.plan import achieved, correlation, needed, plan
from botbench.core.errors import UserError
from botbench.stats.proportions import wilson


@pytest.mark.parametrize(("width", "share"), [(0.04, 0.15), (0.1, 0.5), (0.02, 0.01)])
def test_the_planned_number_gives_the_width_and_one_in_fifty_fewer_does_not(width, share):
    n = needed(width, share)
    low, high = wilson(share, n)
    assert high - low <= width
    low, high = wilson(share, int(n * 0.98) - 1)
    assert high - low > width


def test_the_phi_coefficient_by_hand():
    # 1000 accounts, 150 bots: 129 of them flagged, and 85 people; phi = (129 * 765 - 85 * 21) /
    # sqrt(150 850 214 786)
    assert correlation(0.15, 0.86, 0.90) == pytest.approx(
        (129 * 765 - 85 * 21) / math.sqrt(150 * 850 * 214 * 786)
    )


def test_a_detector_saves_its_share_of_the_variance_and_a_small_campaign_more():
    assert needed(0.04, 0.15, rho=0.6) == pytest.approx(needed(0.04, 0.15) * 0.64, rel=0.01)
    n = needed(0.04, 0.15)
    assert needed(0.04, 0.15, population=2000) == pytest.approx(n / (1 + (n - 1) / 2000), abs=2)


def test_a_uniform_sample_for_posts_costs_more_and_is_warned_of():
    wrong, right = (plan(0.05, 0.2, quantity="posts", design=d) for d in ("uniform", "posts"))
    assert wrong.annotate == pytest.approx(right.annotate * math.exp(1.44), rel=0.01)
    assert "too narrow" in wrong.notes[0] and not right.notes


def test_under_thirty_bots_the_detector_saves_nothing():
    found = plan(0.02, 0.05, rho=0.9)
    assert found.powered * 0.05 < 30 <= found.annotate * 0.05 < found.alone * 0.05
    assert any("fewer than 30" in s for s in found.notes)


def test_response_and_what_is_ready_are_counted():
    assert plan(0.04, 0.15, response=0.5).annotate == 2 * plan(0.04, 0.15).annotate
    assert plan(0.04, 0.15, ready=1000).annotate == plan(0.04, 0.15).annotate - 1000
    assert plan(0.04, 0.15, ready=5000).annotate == 0


def test_a_planned_study_has_the_planned_width():
    from botbench.stats.design_based import SIMPLE, Draw, sample, share_interval
    from botbench.stats.prediction_powered import powered

    random = np.random.default_rng(2)
    y = (random.random(100_000) < 0.15).astype(float)
    flag = np.where(y == 1, random.random(100_000) < 0.86, random.random(100_000) < 0.10).astype(
        float
    )
    n = plan(0.04, 0.15, sensitivity=0.86, specificity=0.90, population=100_000).annotate
    widths = []
    for _ in range(40):
        at = random.choice(100_000, n, replace=False)
        nothing = np.zeros(n, np.int64)
        s = sample(Draw(nothing, nothing, np.full(n, n / 100_000), np.ones(n, bool), (SIMPLE,)))
        got = powered(s, np.ones(n), y[at], flag[at], flag.mean())
        low, high = share_interval(got.value, got.variance, math.inf)
        widths.append(high - low)
    assert np.mean(widths) == pytest.approx(0.04, rel=0.05)


def test_mistakes_are_said_together():
    with pytest.raises(UserError, match=r"--width.*--share.*go together"):
        plan(4, 15, sensitivity=0.9)


def test_the_command_before_and_after_a_study(cli, tmp_path):
    before = cli.json("study", "plan", "--width", 0.04, "--share", 0.15)
    assert before["annotate"] == before["alone"] == needed(0.04, 0.15)
    row = {"quantity": "share of accounts", "group": None, "n_labelled": 400}
    one = {
        **row,
        "method": "prediction-powered (PPI++)",
        "value": 0.15,
        "low": 0.12,
        "high": 0.18,
        "default": True,
    }
    other = {
        **row,
        "method": "sample alone (Hájek, Wilson)",
        "value": 0.15,
        "low": 0.11,
        "high": 0.21,
        "default": False,
    }
    document = {"estimates": [one, other]}
    (tmp_path / "study.json").write_text(json.dumps(document))
    share, rho, ready = achieved(document, "accounts")
    assert (share, rho, ready) == (0.15, pytest.approx(0.8), 400)
    after = cli.json("study", "plan", "--width", 0.02, "--after", tmp_path / "study.json")
    assert after["annotate"] == needed(0.02, 0.15, rho=0.8) - 400
    assert (
        "Did you mean 'posts'"
        in cli("study", "plan", "--width", 0.04, "--quantity", "post", code=2).stderr
    )


def test_a_price_is_said_of_the_network_that_was_named(cli):
    asked = ("study", "plan", "--width", 0.04)
    assert "USD" not in cli(*asked).stderr
    # 1,225 accounts at .01 USD with 100 posts each at .005 USD.
    assert "on x: up to 624.75 USD" in cli(*asked, "--network", "x").stderr
    assert "on bluesky: nothing." in cli(*asked, "--network", "bluesky").stderr
    assert "no network 'twitter'" in cli(*asked, "--network", "twitter", code=2).stderr
