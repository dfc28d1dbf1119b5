"""How far two partitions of the same accounts agree: adjusted Rand index and mutual information."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from botbench.stats.proportions import Z

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Agreement:
    """A measure of agreement with its 95 % interval, beside shuffled codes.

    `value` is 1 where the partitions are equal and 0 on average by chance. `shuffled` is the mean
    over shuffles and `shuffled_high` their 97.5 % quantile; `p` is the share of shuffles, counting
    the data themselves, that agree as much.
    """

    value: float
    low: float
    high: float
    shuffled: float
    shuffled_high: float
    p: float


@dataclass(frozen=True)
class Partitions:
    """The agreement of `n` accounts' partitions into `groups` groups and `codes` codes."""

    n: int
    groups: int
    codes: int
    adjusted_rand: Agreement
    adjusted_mutual_information: Agreement


def compare(group: Ints, code: Ints, draws: int = 200, seed: int = 0) -> Partitions | None:
    """The agreement of two partitions (int64[n] each); None with under two accounts.

    Adjusted Rand index (Hubert and Arabie 1985, J. Classif. 2:193) and adjusted mutual information
    (arithmetic mean; Vinh et al. 2010, JMLR 11:2837). Intervals are jackknife over accounts, with
    the expected mutual information held fixed: they cover which accounts were there, not that
    accounts of one group were coded together. Shuffles move codes between accounts.

    >>> found = compare(np.array([0, 0, 1, 1]), np.array([3, 3, 5, 5]))
    >>> found.adjusted_rand.value, round(found.adjusted_mutual_information.value, 9)
    (1.0, 1.0)
    """
    if len(group) < 2:
        return None
    one, g = np.unique(group, return_inverse=True)
    two, c = np.unique(code, return_inverse=True)
    chance = _expected_information(g, c)
    random = np.random.default_rng(seed)
    shuffles = [_measures(g, random.permutation(c), chance)[0] for _ in range(draws)]
    value, error = _measures(g, c, chance)
    rand, information = (
        _agreement(value[k], error[k], np.array([s[k] for s in shuffles])) for k in (0, 1)
    )
    return Partitions(len(group), len(one), len(two), rand, information)


def _agreement(value: float, error: float, shuffles: Floats) -> Agreement:
    return Agreement(
        value,
        max(value - Z * error, -1.0),
        min(value + Z * error, 1.0),
        float(shuffles.mean()),
        float(np.quantile(shuffles, 0.975)),
        float((1 + (shuffles >= value - 1e-12).sum()) / (1 + len(shuffles))),
    )


def _expected_information(g: Ints, c: Ints) -> float:
    """The mutual information (nats) that random partitions with these sizes have on average."""
    from scipy.sparse import csr_array
    from sklearn.metrics.cluster import expected_mutual_information

    table = csr_array((np.ones(len(g), dtype=np.int64), (g, c)))
    return float(expected_mutual_information(table, len(g)))


def _measures(g: Ints, c: Ints, chance: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Both measures, and their jackknife errors.

    Accounts in one cell of the table of groups and codes are alike, so one of each is left out.
    """
    wide = int(c.max()) + 1
    cells, times = np.unique(g * wide + c, return_counts=True)
    cell = times.astype(np.float64)
    a, b = np.bincount(g).astype(np.float64), np.bincount(c).astype(np.float64)
    row, column = a[cells // wide], b[cells % wide]
    n = float(len(g))
    whole = _values(n, (cell**2).sum(), (a**2).sum(), (b**2).sum(), _sums(cell, a, b), chance)
    less = _values(
        n - 1,
        (cell**2).sum() - 2 * cell + 1,
        (a**2).sum() - 2 * row + 1,
        (b**2).sum() - 2 * column + 1,
        tuple(
            total - _xlogx(x) + _xlogx(x - 1)
            for total, x in zip(_sums(cell, a, b), (cell, row, column), strict=True)
        ),
        chance,
    )
    errors = []
    for one in less:
        mean = (cell * one).sum() / n
        errors.append(float(np.sqrt((n - 1) / n * (cell * (one - mean) ** 2).sum())))
    return (float(whole[0]), float(whole[1])), (errors[0], errors[1])


def _xlogx(x: Floats) -> Floats:
    return np.asarray(x * np.log(np.where(x > 0, x, 1.0)))


def _sums(*counts: Floats) -> tuple[float, ...]:
    return tuple(float(_xlogx(x).sum()) for x in counts)


def _values(  # noqa: PLR0917 (sums of one table)
    n: float,
    cells: Floats | float,
    a: Floats | float,
    b: Floats | float,
    logs: tuple[Floats | float, ...],
    chance: float,
) -> tuple[Floats, Floats]:
    """Both measures from sums of squares (cells, a, b) and of x log x (of the same)."""
    both, one, two = (np.asarray(x, dtype=np.float64) - n for x in (cells, a, b))
    by_chance = one * two / max(n * (n - 1), 1.0)
    rand = _ratio(both - by_chance, (one + two) / 2 - by_chance)
    of_cells, of_a, of_b = (np.asarray(x, dtype=np.float64) / n for x in logs)
    information = of_cells - of_a - of_b + np.log(n)
    entropy = (np.log(n) - of_a + np.log(n) - of_b) / 2
    return rand, _ratio(information - chance, entropy - chance)


def _ratio(above: Floats, below: Floats) -> Floats:
    """above / below; 1 where both are 0, as for two partitions with one group each."""
    zero = np.abs(below) < 1e-12
    return np.where(zero, 1.0, above / np.where(zero, 1.0, below))
