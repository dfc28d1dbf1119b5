"""Friedman and Nemenyi against scikit-posthocs, and not under ten data sets."""

import numpy as np
import pytest

from botbench.stats import friedman


def values(sets, seed=0, rounded=False):
    random = np.random.default_rng(seed)
    table = random.normal([0, 0.3, 0.5, 1.5], 1, (sets, 4))
    return dict(zip("dcba", (table.round(0) if rounded else table).T.tolist(), strict=True))


@pytest.mark.parametrize(("sets", "rounded"), [(10, False), (25, True)])
def test_the_same_as_scikit_posthocs(sets, rounded):
    import scikit_posthocs
    from scipy.stats import friedmanchisquare

    given = values(sets, rounded=rounded)
    found = friedman.compare(given)
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
    up, down = friedman.compare(given), friedman.compare(given, higher=False)
    assert all(up["mean_ranks"][n] == pytest.approx(5 - down["mean_ranks"][n]) for n in given)


def test_not_under_ten_data_sets_nor_three_detectors():
    assert friedman.compare(values(9)) == {
        "sets": 9,
        "p": None,
        "mean_ranks": {},
        "pairs": [],
        "reason": "needs 10 data sets and three detectors; there are 9 data sets.",
    }
    two = {n: v for n, v in values(12).items() if n in "ab"}
    assert friedman.compare(two)["p"] is None and "2 detectors" in friedman.compare(two)["reason"]
    assert friedman.compare(dict.fromkeys("abc", [0.5] * 12))["p"] == 1, "equal everywhere"
