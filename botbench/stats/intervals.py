"""Intervals: what a value could have been with other accounts. The unit is the account; every draw
comes from a stored seed.

Every interval here is about *this fitted model on accounts like these*: it does not know of
training again, of another seed, of wrong labels (`benchmarks/doubt.py`) or of other data sets
(`over_sets`). Shares get Wilson's interval, ROC AUC DeLong's on the logit scale, sums of
independent shares the distances of their bounds put together (MOVER), the rest the bootstrap. A
count never gets an interval of width zero: 0 of 27 is not certainty. Where a class is few, shares
get Clopper and Pearson's exact interval and nothing else gets any. How often they hold the truth:
`botbench bench-coverage`, docs/intervals.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from benchmarks.metrics.judged import Array, Judged, Sample

if TYPE_CHECKING:
    from benchmarks.metrics import Metric

LEVEL = 0.95
FEW = 30
RESAMPLES = 2000
Z = NormalDist().inv_cdf((1 + LEVEL) / 2)
CELLS = 1_000_000
"""Weights held at once: bounds memory, whatever the number of accounts and of resamples."""


def few(bots: float, humans: float) -> bool:
    """Whether a class has too few accounts for the value to be ranked."""
    return min(bots, humans) < FEW


def wilson(share: npt.ArrayLike, trials: npt.ArrayLike, z: float = Z) -> tuple[Array, Array]:
    """Wilson's score interval of a share over so many trials (Wilson 1927, JASA 22:209); [0, 1] of
    no trials.

    >>> [round(float(bound), 4) for bound in wilson(0, 27)]
    [0.0, 0.1246]
    """
    s, n = np.asarray(share, dtype=np.float64), np.asarray(trials, dtype=np.float64)
    centre = 2 * n * s + z**2
    spread = z * np.sqrt(z**2 + 4 * n * s * (1 - s))
    low, high = (centre - spread) / (2 * (n + z**2)), (centre + spread) / (2 * (n + z**2))
    return np.where(s <= 0, 0.0, np.clip(low, 0, 1)), np.where(s >= 1, 1.0, np.clip(high, 0, 1))


def clopper_pearson(share: float, trials: float) -> tuple[float, float]:
    """The exact interval of a share (Clopper and Pearson 1934, Biometrika 26:404); [0, 1] of no
    trials.

    >>> [round(bound, 4) for bound in clopper_pearson(0, 27)]
    [0.0, 0.1277]
    """
    from scipy.special import betaincinv

    hits, tail = share * trials, (1 - LEVEL) / 2
    misses = trials - hits
    low = float(betaincinv(hits, misses + 1, tail)) if hits > 1e-9 else 0.0
    return low, float(betaincinv(hits + 1, misses, 1 - tail)) if misses > 1e-9 else 1.0


def ratio(a: tuple[float, float, float], b: tuple[float, float, float]) -> tuple[float, float]:
    """The interval of a / b, each (value, low, high) and not negative, from the distances of their
    bounds.

    Donner and Zou 2012, Stat. Methods Med. Res. 21:347, eq. 9. Infinite above where b may be zero;
    finite below.

    >>> [round(bound, 3) for bound in ratio((0.5, 0.4, 0.6), (0.1, 0.05, 0.2))]
    [2.4, 10.194]
    """
    (x, lx, ux), (y, ly, uy) = a, b
    c = lx * (2 * x - lx)
    # The smaller root as c over the larger one: the usual form has no value where uy = 2 y.
    down = x * y + np.sqrt(max((x * y) ** 2 - c * uy * (2 * y - uy), 0.0))
    low = c / down if c > 0 else 0.0
    if ly <= 0:
        return float(max(low, 0.0)), float("inf")
    high = (x * y + np.sqrt(max((x * y) ** 2 - ux * (2 * x - ux) * ly * (2 * y - ly), 0.0))) / (
        ly * (2 * y - ly)
    )
    return float(max(low, 0.0)), float(high)


def logit_normal(value: float, error: float) -> tuple[float, float]:
    """A normal interval on the logit scale of a value in (0, 1) with that standard error; itself
    where there is none.

    >>> [round(bound, 3) for bound in logit_normal(0.9, 0.03)]
    [0.824, 0.945]
    """
    if not 0 < value < 1 or error <= 0:
        return value, value
    middle, wide = float(np.log(value / (1 - value))), Z * error / (value * (1 - value))
    low, high = 1 / (1 + np.exp(-np.clip([middle - wide, middle + wide], -700, 700)))
    return float(low), float(high)


def shift(values: Sequence[tuple[float, float, float]]) -> tuple[float, float]:
    """The interval of the mean of independent values, each (value, low, high), from the distances
    of their bounds.

    Zou and Donner 2008, Stat. Med. 27:1693 (MOVER). With Wilson's bounds it is never of width zero,
    and it leaves no range.

    >>> [round(b, 4) for b in shift([(0.5, 0.4, 0.6), (0.9, 0.7, 1.0)])]
    [0.5882, 0.7707]
    """
    value, low, high = np.asarray(values, dtype=np.float64).T
    k = len(value)
    down, up = np.sqrt(((value - low) ** 2).sum()) / k, np.sqrt(((high - value) ** 2).sum()) / k
    return float(value.mean() - down), float(value.mean() + up)


def over_sets(
    values: Sequence[float], bounds: tuple[float, float] = (-np.inf, np.inf)
) -> tuple[float, float] | None:
    """Student's interval of the mean over data sets, as if they had been drawn too, within bounds;
    None of fewer than three.
    """
    k = len(values)
    if k < 3:
        return None
    from scipy.special import stdtrit

    wide = float(stdtrit(k - 1, (1 + LEVEL) / 2) * np.std(values, ddof=1) / np.sqrt(k))
    mean = float(np.mean(values))
    return max(mean - wide, bounds[0]), min(mean + wide, bounds[1])


def resamples(
    accounts: int, count: int, seed: Sequence[int], cells: int = CELLS
) -> Iterator[Array]:
    """How often each account is in each of `count` draws with replacement, in chunks float64[b,
    accounts].

    The draws depend on the seed and on the number of accounts alone, never on the size of a chunk.
    """
    random = np.random.default_rng(list(seed))
    step = max(1, cells // max(accounts, 1))
    for start in range(0, count, step):
        b = min(step, count - start)
        drawn = random.integers(0, accounts, size=(b, accounts)) + np.arange(b)[:, None] * accounts
        often = np.bincount(drawn.ravel(), minlength=b * accounts).reshape(b, accounts)
        yield np.asarray(often, dtype=np.float64, order="F")


def percentiles(draws: Array) -> tuple[float, float] | None:
    """The middle 95 % of the draws that have a value; None where none has.

    >>> [round(bound, 3) for bound in percentiles(np.arange(1, 1000.0)) or ()]
    [25.95, 974.05]
    """
    valued = draws[~np.isnan(draws)]
    if not len(valued):
        return None
    low, high = np.quantile(valued, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def at_bound(
    value: float, bounds: tuple[float, float], trials: float
) -> tuple[float, float] | None:
    """An interval for a value at the end of its range, where every draw says the same; None for a
    value within it.

    Such a value counts nothing missed among `trials` accounts, so Wilson's bound of 0 or all of
    them is the other end.

    >>> [round(b, 3) for b in at_bound(1.0, (-1, 1), 27) or ()]
    [0.751, 1.0]
    """
    if not np.isfinite(bounds).all():
        return None
    share = (value - bounds[0]) / (bounds[1] - bounds[0])
    if 1e-12 < share < 1 - 1e-12:
        return None
    low, high = wilson(round(share), trials)
    width = bounds[1] - bounds[0]
    return bounds[0] + float(low) * width, bounds[0] + float(high) * width


def interval(
    metric: Metric,
    value: float,
    sample: Sample,
    draws: Array,
    classes: tuple[int, int],
) -> tuple[float, float, str]:
    """A value's 95 % interval and how it was made; NaN for bounds where there is none. `classes`
    are (bots, humans).

    Where all draws agree on a value at the end of its range, that is 0 of so many errors and not
    certainty: the smaller class (all accounts for a mean over accounts) counts as the trials.
    """
    if metric.exact:
        return value, value, "measured once"
    if metric.trials:
        return _of_share(value, metric.trials(sample), few(*classes))
    if few(*classes):
        return np.nan, np.nan, "none: few"
    bounds = metric.closed(value, sample) if metric.closed else _drawn(metric, value, draws)
    if bounds is None:
        return np.nan, np.nan, "none: no draw has a value"
    if bounds[1] - bounds[0] < 1e-9:
        at_end = at_bound(value, metric.range, min(classes) or max(classes))
        return (*at_end, "wilson at the bound") if at_end else (value, value, "same in every draw")
    return *bounds, metric.interval


def _of_share(value: float, trials: float, exact: bool) -> tuple[float, float, str]:
    if exact or trials < FEW:
        return *clopper_pearson(value, trials), "clopper-pearson"
    low, high = wilson(value, trials)
    return float(low), float(high), "wilson"


def _drawn(metric: Metric, value: float, draws: Array) -> tuple[float, float] | None:
    """From the bootstrap: percentiles, or a normal interval on the logit scale where the metric
    asks for it.
    """
    low, high = metric.range
    share, width = (value - low) / (high - low), high - low
    if metric.scale != "logit" or not 0 < share < 1:
        return percentiles(draws)
    if np.isnan(draws).all():
        return None
    bounds = logit_normal(share, float(np.nanstd(draws)) / width)
    return low + bounds[0] * width, low + bounds[1] * width


def bootstrap(judged: Judged, metric: Metric, count: int = RESAMPLES, seed: int = 0) -> Array:
    """The metric's values over `count` resamples of the accounts: float64[count], NaN where a draw
    leaves it undefined.
    """
    chunks = [metric.values(judged.under(w)) for w in resamples(len(judged.y), count, [seed])]
    return np.concatenate(chunks)


def p_values(difference: Array, spread: Array) -> Array:
    """Two-sided p of differences with these bootstrap standard errors, by the normal approximation.

    Not the share of draws beyond zero: that has a floor of 1/count, above what many pairs ask for
    after Holm.
    """
    from scipy.special import ndtr

    z = np.divide(
        np.abs(difference), spread, out=np.where(difference == 0, 0.0, np.inf), where=spread > 0
    )
    return np.asarray(2 * ndtr(-z))


def holm(p: Sequence[float], alpha: float = 1 - LEVEL) -> list[bool]:
    """Which hypotheses fall, so that one false fall among all of them has a chance of at most alpha
    (Holm 1979).

    >>> holm([0.01, 0.04, 0.03, 0.005])
    [True, False, False, True]
    """
    fallen = [False] * len(p)
    for i, place in enumerate(sorted(range(len(p)), key=lambda j: p[j])):
        if p[place] > alpha / (len(p) - i):
            break
        fallen[place] = True
    return fallen
