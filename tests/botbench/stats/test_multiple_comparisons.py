"""Friedman and Nemenyi against scikit-posthocs, and not under ten data sets; Holm by hand."""

import numpy as np
import pytest

from botbench.stats.multiple_comparisons import (
    benjamini_hochberg,
    friedman,
    holm,
    nemenyi_distance,
    normal_p_values,
)


def values(sets, seed=0, rounded=False):
    random = np.random.default_rng(seed)
    table = random.normal([0, 0.3, 0.5, 1.5], 1, (sets, 4))
    return dict(zip("dcba", (table.round(0) if rounded else table).T.tolist(), strict=True))


@pytest.mark.parametrize(("sets", "rounded"), [(10, False), (25, True)])
def test_the_same_as_scikit_posthocs(sets, rounded):
    import scikit_posthocs
    from scipy.stats import friedmanchisquare

    given = values(sets, rounded=rounded)
    found = friedman(given)
    assert found["p"] == pytest.approx(friedmanchisquare(*(given[n] for n in sorted(given))).pvalue)
    expected = scikit_posthocs.posthoc_nemenyi_friedman(
        np.array([given[n] for n in sorted(given)]).T
    )
    place = {name: i for i, name in enumerate(sorted(given))}
    for one, other, p in found["pairs"]:
        assert p == pytest.approx(expected.iloc[place[one], place[other]], abs=1e-6)
        assert found["mean_ranks"][one] <= found["mean_ranks"][other]
    assert set(found["mean_ranks"]) == set("abcd") and sum(
        found["mean_ranks"].values()
    ) == pytest.approx(10)


def test_the_direction_turns_the_ranks():
    given = values(12)
    up, down = friedman(given), friedman(given, higher=False)
    assert all(up["mean_ranks"][n] == pytest.approx(5 - down["mean_ranks"][n]) for n in given)


def test_not_under_ten_data_sets_nor_three_detectors():
    assert friedman(values(9)) == {
        "sets": 9,
        "p": None,
        "mean_ranks": {},
        "pairs": [],
        "reason": "needs 10 data sets and three detectors; there are 9 data sets.",
    }
    two = {n: v for n, v in values(12).items() if n in "ab"}
    assert friedman(two)["p"] is None and "2 detectors" in friedman(two)["reason"]
    assert friedman(dict.fromkeys("abc", [0.5] * 12))["p"] == 1, "equal everywhere"


def test_p_of_a_difference():
    found = normal_p_values(np.array([0.0, 0.0196, 0.2, 0.0]), np.array([0.01, 0.01, 0, 0]))
    assert found == pytest.approx([1, 0.05, 0, 1], abs=1e-4)


def test_holm_stops_at_the_first_that_stands():
    # .005 <= .05/4, .01 <= .05/3, .03 > .05/2: the rest stand, .04 too though it is under .05
    assert holm([0.01, 0.04, 0.03, 0.005]) == [True, False, False, True]
    assert holm([]) == []


def test_nemenyis_distance_is_the_published_one():
    # Demšar 2006, table 5 (q = 2.569 for four classifiers) and section 3.2.2
    assert nemenyi_distance(4, 14) == pytest.approx(2.569 * (4 * 5 / (6 * 14)) ** 0.5, abs=1e-3)


def test_p_values_that_are_not_given_count_as_one():
    from scipy.stats import false_discovery_control

    p = np.random.default_rng(1).uniform(0, 0.1, 30)
    padded = np.concatenate([p, np.ones(70)])
    assert benjamini_hochberg(p, 100) == pytest.approx(false_discovery_control(padded)[:30])
