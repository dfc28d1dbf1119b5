"""Agreement of partitions: scikit-learn's values, a jackknife by hand, and shuffled codes."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

from botbench.stats.partitions import compare


@pytest.mark.parametrize(
    ("n", "groups", "codes"), [(50, 5, 3), (300, 30, 6), (20, 20, 2), (9, 1, 3), (6, 1, 1)]
)
def test_values_are_scikit_learns(n, groups, codes):
    random = np.random.default_rng(n)
    g = random.integers(0, groups, n)
    c = np.where(random.random(n) < 0.6, g % codes, random.integers(0, codes, n))
    found = compare(g, c, draws=20)
    assert found.adjusted_rand.value == pytest.approx(adjusted_rand_score(g, c), abs=1e-12)
    assert found.adjusted_mutual_information.value == pytest.approx(
        adjusted_mutual_info_score(g, c), abs=1e-12
    )


def test_the_interval_is_the_jackknife_over_accounts():
    random = np.random.default_rng(3)
    g = random.integers(0, 6, 80)
    c = np.where(random.random(80) < 0.7, g // 2, random.integers(0, 3, 80))
    left_out = np.array([adjusted_rand_score(np.delete(g, i), np.delete(c, i)) for i in range(80)])
    error = np.sqrt(79 / 80 * ((left_out - left_out.mean()) ** 2).sum())
    found = compare(g, c).adjusted_rand
    assert (found.high - found.low) / 2 == pytest.approx(1.959964 * error, rel=1e-5)


def test_shuffled_codes_agree_by_chance_and_no_more():
    g = np.repeat(np.arange(10), 12)
    equal = compare(g, g % 5)
    assert (
        equal.adjusted_rand.p == pytest.approx(1 / 201) and abs(equal.adjusted_rand.shuffled) < 0.01
    )
    random = np.random.default_rng(1)
    p = [compare(g, random.permutation(g % 5), draws=50, seed=k).adjusted_rand.p for k in range(40)]
    assert 0.2 < np.mean(p) < 0.8 and np.mean(np.array(p) <= 0.05) <= 0.15


def test_nothing_to_compare():
    assert compare(np.zeros(0, dtype=int), np.zeros(0, dtype=int)) is None
    assert compare(np.array([3]), np.array([1])) is None
