"""The share that studies quote: by hand, at its edges, and its coverage in small simulations."""

import math

import numpy as np
import pytest

from botbench.stats.design_based import (
    INDEPENDENT,
    SIMPLE,
    Draw,
    Sample,
    inclusion_probabilities,
    sample,
)
from botbench.stats.proportions import mid_p
from botbench.stats.rare_errors import TAIL, Errors, guard, rare, weight_classes
from botbench.stats.survey import ALONE, ALONE_COUNTED, CERTAIN, COUNTED, NOBODY, POWERED, share


def frame(random, accounts, labels, bots, sensitivity, specificity):
    """Labels of a uniform sample, who is in it, its probability, hard scores, and the truth."""
    y = (random.random(accounts) < bots).astype(float)
    right = random.random(accounts) < np.where(y == 1, sensitivity, specificity)
    drawn = np.zeros(accounts, bool)
    drawn[random.choice(accounts, labels, replace=False)] = True
    known = np.where(drawn, y, np.nan)
    return known, drawn, np.full(accounts, labels / accounts), np.where(right, y, 1 - y), y.mean()


def test_mid_p_is_the_binomial_sum():
    from scipy.stats import binom

    low, high = mid_p(3, 20, 0.025)
    assert binom.sf(3, 20, low) + binom.pmf(3, 20, low) / 2 == pytest.approx(0.025)
    assert binom.cdf(2, 20, high) + binom.pmf(3, 20, high) / 2 == pytest.approx(0.025)
    # Nobody of n: (1 - p)^n / 2 = .025
    assert mid_p(0, 20, 0.025) == (0.0, pytest.approx(1 - 0.05 ** (1 / 20)))
    assert mid_p(20, 20, 0.025) == (pytest.approx(0.05 ** (1 / 20)), 1.0)


def test_without_an_error_the_width_is_that_of_none_in_n():
    y = np.repeat([1.0, 0.0], [15, 85])
    drawn = np.tile([True, False], 50)
    found = share(np.where(drawn, y, np.nan), drawn, np.full(100, 0.5), y)
    # Nobody of 50 in either direction, half the population: (1 - p)^50 / 2 = .9 x .025
    most = (1 - (2 * 0.9 * 0.025) ** (1 / 50)) * math.sqrt(0.5)
    assert (found.value, found.n_errors, found.few, found.method) == (0.15, 0, True, COUNTED)
    # 8 of the sample's 50 accounts are bots, so .08 of all and no less.
    assert found.high == pytest.approx(0.15 + most) and found.low == pytest.approx(0.15 - most)


def test_errors_of_both_directions_are_joined_by_their_distances():
    errors = Errors(2.0, 100.0, 1.0, 0.0)
    low, high = mid_p(2, 100, TAIL * 0.025)
    assert errors.distances(TAIL * 0.025) == (pytest.approx(0.02 - low), pytest.approx(high - 0.02))


def test_with_many_of_all_it_is_ppi_by_its_own_formula():
    random = np.random.default_rng(0)
    n, everybody = 2000, 200_000
    y = (random.random(everybody) < 0.3).astype(float)
    f = 0.35 * y + 0.5 * random.random(everybody)
    drawn = np.zeros(everybody, bool)
    drawn[:n] = True
    found = share(np.where(drawn, y, np.nan), drawn, np.full(everybody, n / everybody), f)
    # Angelopoulos, Duchi and Zrnic 2023, eq. 4 and example 6.1, with lambda at most 1.
    own, said = y[:n], f[:n]
    tuning = min(np.cov(own, said)[0, 1] / said.var(ddof=1), 1.0)
    value = tuning * f.mean() + (own - tuning * said).mean()
    variance = (own - tuning * said).var(ddof=1) * (1 - n / everybody) / n * (n - 1) / (n - 2)
    assert found.tuning == pytest.approx(tuning)
    assert (found.value, found.variance) == (pytest.approx(value), pytest.approx(variance))
    assert (found.method, found.few) == (POWERED, False)


@pytest.mark.parametrize("labels", [1, 2, 5, 50, 199])
@pytest.mark.parametrize("scores", [None, "right", "wrong", "constant", "logits", "gaps"])
def test_the_width_is_never_zero_while_an_account_is_left_to_chance(labels, scores):
    random = np.random.default_rng(labels)
    y, drawn, chance, right, true = frame(random, 200, labels, 0.2, 1, 1)
    given = {
        None: None,
        "right": right,
        "wrong": 1 - right,
        "constant": np.full(200, 0.4),
        "logits": 20 * right - 10,
        "gaps": np.where(np.arange(200) % 3 == 0, np.nan, right),
    }[scores]
    found = share(y, drawn, chance, given)
    assert 0 <= found.low <= found.value <= found.high <= 1 and found.high > found.low
    assert found.low <= true <= found.high


def test_a_census_has_no_interval_and_nobody_has_all_of_it():
    y = np.array([1.0, 0, 0, 0])
    found = share(y, np.ones(4, bool), np.ones(4), 1 - y)
    assert (found.low, found.value, found.high) == (0.25, 0.25, 0.25)
    nobody = share(y, np.zeros(4, bool), np.full(4, 0.5))
    assert (nobody.low, nobody.value, nobody.high) == (0.0, 0.5, 1.0)
    assert (nobody.method, nobody.few) == (NOBODY, True)


def test_labels_outside_the_sample_do_not_count_and_float32_does():
    random = np.random.default_rng(1)
    known, drawn, chance, f, _ = frame(random, 1000, 300, 0.3, 0.9, 0.9)
    a = share(known, drawn, chance, f)
    b = share(np.where(drawn, known, 1.0).astype("f4"), drawn, chance, f.astype("f4"))
    assert (a.low, a.high) == (pytest.approx(b.low), pytest.approx(b.high))
    assert share(known, drawn, chance).method == ALONE
    assert share(known, drawn, chance, np.full(1000, np.nan)).method == ALONE
    assert share(np.zeros(1000), drawn, chance).method == ALONE_COUNTED


def one(value, at=3, rest=0.5):
    """Ten values of which one is another."""
    values = np.full(10, rest, dtype=float)
    values[at] = value
    return values


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"probability": np.zeros(10)}, "above 0 and at most 1.*found 0 at place 0.*5 such"),
        ({"probability": one(0, at=7)}, "could not be drawn.*found 0 at place 7"),
        ({"probability": one(-0.5, at=7)}, "not sampled too; found -0.5 at place 7, and 1 such"),
        ({"probability": one(1.5, at=7)}, "found 1.5 at place 7"),
        ({"probability": one(np.nan, at=7)}, "found nan at place 7"),
        ({"probability": one(np.nan)}, "found nan at place 3"),
        ({"probability": one(1e-30)}, "found 1e-30 at place 3"),
        ({"probability": one(1, at=7)}, "must be sampled.*found 1 at place 7"),
        ({"probability": np.full(9, 0.5)}, "one length.*y 10, sampled 10, probability 9"),
        ({"probability": 0.5}, "probability must be one array"),
        ({"scores": np.zeros(9)}, "one length.*scores 9"),
        ({"scores": np.zeros((10, 2))}, "scores must be one array"),
        ({"scores": one(np.inf)}, "scores must be finite.*found inf at place 3"),
        ({"scores": one(1e200)}, "scores must be finite"),
        ({"scores": ["high"] * 10}, "scores must be numbers"),
        ({"scores": [0.5] * 9 + ["high"]}, "scores must be numbers"),
        ({"scores": np.full(10, 1j)}, "scores must be numbers"),
        ({"sizes": one(-1)}, "0 or more and finite; found -1 at place 3"),
        ({"sizes": one(np.inf)}, "0 or more and finite"),
        ({"sizes": one(np.nan)}, "0 or more and finite"),
        ({"sizes": np.zeros(10)}, "no account counts for anything: all sizes are 0"),
        ({"y": one(-1, rest=0)}, "y must be 1.*found -1 at place 3"),
        ({"y": one(2, at=7, rest=0)}, "y must be 1.*found 2 at place 7"),
        ({"y": one(0.5, rest=0)}, "y must be 1.*found 0.5"),
        ({"y": np.full(10, np.inf)}, "y must be 1"),
        ({"y": np.zeros((10, 1))}, "y must be one array"),
        ({"y": [object()] * 10}, "y must be numbers"),
        ({"sampled": np.full(10, "False")}, "true or false"),
        ({"sampled": np.full(10, np.nan)}, "true or false"),
        ({"sampled": np.full(10, 2)}, "true or false"),
        ({"sampled": np.zeros(9, bool)}, "one length"),
        ({"sampled": np.zeros((10, 1))}, "sampled must be one array"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(change, said):
    arrays = {"y": np.zeros(10), "sampled": np.arange(10) < 5, "probability": np.full(10, 0.5)}
    with pytest.raises(ValueError, match=said):
        share(**{**arrays, **change})


@pytest.mark.parametrize("unit", [1e300, 1e-300, 3e-310])
def test_the_unit_of_sizes_does_not_matter(unit):
    random = np.random.default_rng(5)
    y, drawn, chance, f, _ = frame(random, 500, 200, 0.2, 0.95, 0.98)
    size = 1 + random.pareto(1.5, 500).clip(0, 99)
    plain, other = share(y, drawn, chance, f, size), share(y, drawn, chance, f, size * unit)
    for name in ("value", "low", "high"):
        assert getattr(other, name) == pytest.approx(getattr(plain, name), rel=1e-6)


def test_an_account_that_counts_for_nothing_needs_no_chance():
    random = np.random.default_rng(6)
    y, drawn, chance, f, _ = frame(random, 500, 200, 0.2, 0.95, 0.98)
    size = np.where(drawn | (np.arange(500) % 2 == 0), 1.0, 0.0)
    found = share(y, drawn, np.where(size > 0, chance, 0.0), f, size)
    assert found.low < found.value < found.high


def test_accounts_drawn_in_any_case_do_not_count_as_left_to_chance():
    # 40 heavy bots are taken whole; of the others 5 of 40 drawn are bots.
    y = np.concatenate([np.ones(40), np.tile([1.0, 0, 0, 0, 0, 0, 0, 0], 50)])
    drawn = np.concatenate([np.ones(40, bool), np.repeat([True, False], [40, 360])])
    chance, size = np.where(np.arange(440) < 40, 1.0, 0.1), np.where(np.arange(440) < 40, 90.0, 1.0)
    found = share(y, drawn, chance, None, size)
    assert found.few and found.value == pytest.approx((3600 + 50) / 4000)
    # All uncertainty is in a tenth of the posts.
    assert found.low > (3600 + 10) / 4000 and found.high < (3600 + 130) / 4000


def test_a_sample_that_missed_the_heavy_accounts_is_not_taken_for_a_good_one():
    random = np.random.default_rng(2)
    y = (random.random(20_000) < 0.1).astype(float)
    size = np.exp(1.5 + 1.2 * random.standard_normal(20_000))
    heavy = np.flatnonzero(y == 1)[:20]
    size[heavy] = 0
    size[heavy] = size.sum() * 0.3 / 0.7 / 20
    rest = np.setdiff1d(np.arange(20_000), heavy)
    drawn = np.zeros(20_000, bool)
    drawn[random.choice(rest, 500, replace=False)] = True
    found = share(np.where(drawn, y, np.nan), drawn, np.full(20_000, 0.025), y, size)
    plain = share(np.where(drawn, y, np.nan), drawn, np.full(20_000, 0.025), None, size)
    for one in (found, plain):
        assert one.low <= float(size @ y / size.sum()) <= one.high and one.few


def test_the_side_to_which_the_rule_selects_is_extended():
    assert guard(10, 400, 90, 1.0) == (1.0, 1.0) and guard(80, 400, 90, 1.0) == (1.0, 1.0)
    assert guard(28, 400, 90, 1.0) == (pytest.approx(0.94), pytest.approx(1.14))
    assert guard(32, 400, 90, 1.0) == (pytest.approx(1.2), pytest.approx(0.94))
    assert guard(400, 32, 90, 1.0) == (pytest.approx(0.94), pytest.approx(1.2))
    assert guard(90, 400, 28, 1.0) == (pytest.approx(1.05),) * 2


def test_no_interval_holds_in_a_branch_that_the_count_itself_selects():
    """The exact Poisson interval (Garwood 1936), by the branch of a rule of 30."""
    from scipy.stats import chi2, poisson

    counts = np.arange(1, 150)
    low, high = chi2.ppf(0.025, 2 * counts) / 2, chi2.ppf(0.975, 2 * counts + 2) / 2
    held = {}
    for mean in (38, 25):
        chance, inside = poisson.pmf(counts, mean), (low <= mean) & (mean <= high)
        held[mean] = [
            float((chance * inside)[b].sum() / chance[b].sum())
            for b in (counts < 30, counts >= 30, counts > 0)
        ]
    assert held[38] == pytest.approx([0.791, 0.981, 0.966], abs=5e-4)
    assert held[25] == pytest.approx([0.973, 0.877, 0.955], abs=5e-4)


def test_a_million_accounts_take_less_than_a_second():
    import time

    random = np.random.default_rng(3)
    y = (random.random(1_000_000) < 0.2).astype(float)
    size = 1 + random.pareto(1.5, 1_000_000)
    chance = np.round(random.random(1_000_000) * 1e-3, 4) + 1e-4
    drawn = random.random(1_000_000) < chance
    start = time.process_time()
    share(y, drawn, chance, y, size)
    assert time.process_time() - start < 1


CAMPAIGNS = 300


@pytest.mark.parametrize(
    ("labels", "bots", "sensitivity", "specificity", "widest"),
    [
        (500, 0.15, 0.995, 1.0, 0.0135),
        (500, 0.15, 0.98, 0.999, 0.0165),
        (250, 0.15, 0.99, 0.995, 0.031),
        (60, 0.5, 0.98, 1.0, 0.12),
        (300, 0.15, 0.8, 1.0, 0.044),
    ],
)
def test_near_perfect_detectors_are_covered(labels, bots, sensitivity, specificity, widest):
    random = np.random.default_rng(4)
    held, width = [], []
    for _ in range(CAMPAIGNS):
        *given, true = frame(random, 3000, labels, bots, sensitivity, specificity)
        found = share(*given)
        held.append(found.low <= true <= found.high)
        width.append(found.high - found.low)
    # Three Monte Carlo errors under .93; the seed is fixed.
    assert np.mean(held) >= 0.93 - 3 * math.sqrt(0.93 * 0.07 / CAMPAIGNS)
    assert np.mean(width) <= widest and min(width) > 0


def test_thirty_bots_are_thirty_in_any_order_of_rows():
    """Weights of 1/.2 add up to 29.999999999999996 bots in some orders and to 30 in others."""
    random = np.random.default_rng(0)
    y = (random.random(1000) < 0.15).astype(float)
    y[:200] = np.arange(200) < 30
    f = np.clip(0.6 * y + 0.4 * random.random(1000), 0, 1)
    drawn, chance = np.arange(1000) < 200, np.full(1000, 0.2)
    found = set()
    for _ in range(12):
        at = random.permutation(1000)
        for scores in (None, f[at]):
            one = share(np.where(drawn, y, np.nan)[at], drawn[at], chance, scores)
            found.add((one.method, round(one.low, 12), round(one.high, 12)))
    assert len(found) == 2 and any(method == ALONE for method, _, _ in found)


def test_a_residual_of_a_half_is_no_large_one_in_any_order_of_rows():
    """One bot and one person are flagged, so the tuning is a half, but for the order of a sum."""
    y, said = np.zeros(900), np.zeros(900)
    y[0], said[[0, 1, *range(300, 302)]] = 1, 1
    drawn, chance = np.arange(900) < 300, np.full(900, 1 / 3)
    known, random, found = np.where(drawn, y, np.nan), np.random.default_rng(0), set()
    for _ in range(40):
        at = random.permutation(900)
        one = share(known[at], drawn[at], chance, said[at])
        found.add((round(one.low, 9), round(one.high, 9)))
    assert len(found) == 1


def test_scores_of_the_sample_alone_are_not_used():
    """They made the interval .53 as wide as that of the sample, without knowing anything more."""
    random = np.random.default_rng(3)
    y, drawn, chance, _, _ = frame(random, 1000, 200, 0.25, 1, 1)
    f = np.clip(0.6 * np.nan_to_num(y) + 0.4 * random.random(1000), 0, 1)
    alone = share(y, drawn, chance)
    for there in (drawn, ~drawn, drawn | (random.random(1000) < 0.3)):
        found = share(y, drawn, chance, np.where(there, f, np.nan))
        assert (found.method, found.low, found.high) == (alone.method, alone.low, alone.high)
    by_chance = np.where(random.random(1000) < 0.3, np.nan, f)
    assert share(y, drawn, chance, by_chance).tuning > 0


def test_accounts_drawn_in_any_case_say_nothing_of_the_others():
    y, size = np.tile([1.0, 0, 0, 0, 0], 200), np.where(np.arange(1000) < 50, 19.0, 1.0)
    drawn, chance = np.arange(1000) < 50, np.where(np.arange(1000) < 50, 1.0, 0.1)
    found = share(y, drawn, chance, None, size)
    # 950 of 1,900 posts are labelled, 190 of them by bots.
    assert (found.method, found.value, found.few) == (CERTAIN, 0.2, True)
    assert (found.low, found.high) == found.at(1.0) == (0.1, pytest.approx(0.6))
    # The others were drawn but did not answer: they are taken as like those who did.
    also = share(np.where(drawn, y, np.nan), drawn | (np.arange(1000) % 10 == 0), chance)
    assert also.low < also.value < also.high


@pytest.mark.parametrize("level", [0, 1, 95, float("nan"), "95", 1 - 1e-16, None])
def test_a_level_is_between_0_and_1(level):
    with pytest.raises(ValueError, match="level must be above 0 and below 1"):
        share(np.zeros(10), np.ones(10, bool), np.ones(10), level=level)


def test_a_thinly_drawn_stratum_is_counted_by_itself():
    # 100 of 900 accounts that are not flagged are people, and 60 of 100 flagged ones are bots.
    y = np.concatenate([np.repeat([1.0, 0.0], [60, 40]), np.zeros(900)])
    drawn = np.concatenate([np.ones(100, bool), np.arange(900) % 9 == 0])
    chance = np.where(np.arange(1000) < 100, 1.0, 1 / 9)
    found = share(np.where(drawn, y, np.nan), drawn, chance)
    # Nobody of 100: (1 - p)^100 / 2 = .9 x .025, in nine tenths of the accounts, of which 8/9 were
    # not drawn.
    most = (1 - (2 * 0.9 * 0.025) ** (1 / 100)) * 0.9 * math.sqrt(8 / 9)
    assert found.few and found.value == pytest.approx(0.06)
    assert found.high == pytest.approx(0.06 + most) and found.low == pytest.approx(0.06)


@pytest.mark.parametrize(
    ("flagged", "others", "scored"), [(400, 100, True), (300, 300, True), (300, 150, False)]
)
def test_samples_of_flagged_accounts_are_covered(flagged, others, scored):
    """4 % of all accounts are bots that were flagged, 1 % are bots that were not."""
    random = np.random.default_rng(5)
    held = []
    for _ in range(CAMPAIGNS):
        y = (random.random(10_000) < 0.05).astype(float)
        said = (random.random(10_000) < np.where(y == 1, 0.8, 0.03)).astype(float)
        chance, drawn = np.zeros(10_000), np.zeros(10_000, bool)
        for part, n in ((np.flatnonzero(said), flagged), (np.flatnonzero(said == 0), others)):
            drawn[random.choice(part, min(n, len(part)), replace=False)] = True
            chance[part] = min(n / len(part), 1)
        found = share(np.where(drawn, y, np.nan), drawn, chance, said if scored else None)
        held.append(found.low <= y.mean() <= found.high)
    # It was .68 to .90 where heavy and light accounts were counted together.
    assert np.mean(held) >= 0.93 - 3 * math.sqrt(0.93 * 0.07 / CAMPAIGNS)


@pytest.mark.parametrize("spread", [0.0, 0.1])
def test_thinly_drawn_accounts_of_independent_draws_are_counted_by_themselves(spread):
    """2 % bots; 300 of those flagged and 300 others, each drawn with about the same chance."""
    random = np.random.default_rng(7)
    held, width = [], []
    for _ in range(CAMPAIGNS):
        y = (random.random(20_000) < 0.02).astype(float)
        said = (random.random(20_000) < np.where(y == 1, 0.7, 0.02)).astype(float)
        part = np.where(said == 1, 300 / said.sum(), 300 / (said == 0).sum())
        chance = np.minimum(part * np.exp(spread * (random.random(20_000) - 0.5)), 1)
        drawn = random.random(20_000) < chance
        found = share(np.where(drawn, y, np.nan), drawn, chance, said)
        held.append(found.low <= y.mean() <= found.high)
        width.append(found.high - found.low)
    # It was .85 where all were counted together, and .0219 wide.
    assert np.mean(held) >= 0.93 - 3 * math.sqrt(0.93 * 0.07 / CAMPAIGNS)
    assert np.mean(width) <= 0.022


def test_scores_with_a_heavy_tail_do_not_move_the_share():
    """Counts: one of 10,000 accounts can have half of all, and is in no sample."""
    random = np.random.default_rng(1)
    held, width, alone = [], [], []
    for _ in range(CAMPAIGNS):
        y = (random.random(10_000) < 0.2).astype(float)
        counts = random.pareto(0.8, 10_000) * (1 + 9 * y)
        drawn = np.zeros(10_000, bool)
        drawn[random.choice(10_000, 300, replace=False)] = True
        known, chance = np.where(drawn, y, np.nan), np.full(10_000, 0.03)
        found, plain = share(known, drawn, chance, counts), share(known, drawn, chance)
        held.append(found.low <= y.mean() <= found.high)
        width.append(found.high - found.low)
        alone.append(plain.high - plain.low)
    # As they are, these counts gave .64.
    assert np.mean(held) >= 0.93 - 3 * math.sqrt(0.93 * 0.07 / CAMPAIGNS)
    assert np.mean(width) < 0.97 * np.mean(alone)


@pytest.mark.parametrize(
    ("independent", "classes"),
    [
        # Measured from the heaviest of a class: 16 and 4 are one, then 3 and 1.
        ([False] * 5, [0, 0, 1, 1, 2]),
        # From neighbour to neighbour: only the jump from 1 to .2 parts them.
        ([True] * 5, [0, 0, 0, 0, 1]),
        # The independent 4 reaches to 1, whoever has that weight.
        ([False, True, False, False, False], [0, 0, 0, 0, 1]),
    ],
)
def test_classes_of_weights_by_hand(independent, classes):
    order = [3, 0, 4, 2, 1]
    weight = np.array([16.0, 4.0, 3.0, 1.0, 0.2])[order]
    one, ones = np.zeros(5, dtype=int), np.ones(1)
    sampled = Sample(weight, one, ones, ones, 1 / weight, np.array(independent)[order])
    assert weight_classes(sampled).tolist() == np.array(classes)[order].tolist()


def test_an_error_that_the_sample_lacks_may_be_heavier_than_those_it_has():
    # 75 drawn accounts stand for one each and 25 for three each: half of the frame is in the
    # heavy ones, whose weight is 3, and the mean weight is (75 + 225) / 150 = 2.
    size, chance = np.ones(100), np.repeat([1e-3, 1e-3 / 3], [75, 25])
    nothing = np.zeros(100, dtype=np.int64)
    draw = Draw(nothing, nothing, chance, np.ones(100, bool), (INDEPENDENT,))
    none = rare(sample(draw), size, np.zeros(100), np.zeros(100), 0.0).missed[0]
    trials = 150**2 / 300
    # Nobody of 75 of weight 2; an account of weight 3 would be 3/2 as much.
    assert none.trials == pytest.approx(trials, rel=2e-3)
    low, high = none.distances(0.025)
    assert low == 0 and high == pytest.approx(1.5 * mid_p(0, trials, 0.025)[1], rel=2e-3)
    # Four light bots, of which the few heavy accounts make 2.2, and one more that would be heavy.
    four = rare(sample(draw), size, (np.arange(100) < 4) * 1.0, np.zeros(100), 0.0).missed[0]
    trials = (4 * 150 + 30 * 75) / 34
    hits = min(trials * 4 / 150, (4 + 3) ** 2 / (4 + 9) - 1)
    assert four.hits == pytest.approx(hits, rel=2e-3)
    most = trials * (4 + 3) / 150 / (hits + 1) * mid_p(hits, trials, 0.025)[1]
    assert four.distances(0.025)[1] == pytest.approx(most - 4 / 150, rel=2e-3)


def test_an_even_sample_lacks_nothing_heavier():
    size, chance = np.repeat([1.0, 9.0], 50), np.full(100, 0.1)
    nothing = np.zeros(100, dtype=np.int64)
    for how in (INDEPENDENT, SIMPLE):
        drawn = sample(Draw(nothing, nothing, chance, np.ones(100, bool), (how,)))
        found = rare(drawn, size, np.zeros(100), np.zeros(100), 0.0)
        assert {errors.heavier for errors in (*found.missed, *found.false_alarms)} == {None}


def test_a_share_of_accounts_from_a_small_draw_by_size_is_covered():
    """150 labels, 10 % bots, whose sizes are a fifth of people's; a floor of .02."""
    random = np.random.default_rng(3)
    held = []
    for _ in range(CAMPAIGNS):
        y = (random.random(5_000) < 0.1).astype(float)
        raw = random.standard_normal(5_000) + 2 * y
        size = np.exp(1.5 * random.standard_normal(5_000)) * (1 - 0.8 * y)
        chance = inclusion_probabilities(size, 150, 0.02)
        drawn = random.random(5_000) < chance
        known = np.where(drawn, y, np.nan)
        found = share(known, drawn, chance, 1 / (1 + np.exp(2 * (1 - raw))))
        held.append(found.low <= y.mean() <= found.high)
    # It was .86 where unseen bots counted as no heavier than those that were seen.
    assert np.mean(held) >= 0.93 - 3 * math.sqrt(0.93 * 0.07 / CAMPAIGNS)


@pytest.mark.parametrize("bots", [3, 20, 25, 27, 29, 30, 31, 35])
@pytest.mark.parametrize("scored", [False, True])
def test_bots_and_people_exchanged_give_the_mirrored_interval(bots, scored):
    """Of 50 or 60 labels; where both are as many, the rule of 30 selects to neither side."""
    for labels in (50, 60):
        y, drawn = np.zeros(400), np.arange(400) < labels
        y[:bots], y[labels : labels + 100] = 1, 1
        f = np.where(np.arange(400) % 9 == 0, 1 - y, y) if scored else None
        known, chance = np.where(drawn, y, np.nan), np.full(400, labels / 400)
        a = share(known, drawn, chance, f)
        b = share(1 - known, drawn, chance, None if f is None else 1 - f)
        mirrored = 1 - b.high, 1 - b.value, 1 - b.low
        assert (a.low, a.value, a.high) == pytest.approx(mirrored, abs=1e-12)
