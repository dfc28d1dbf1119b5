"""The slope of a logistic regression on one variable, under many weightings of the same accounts.

Weightings are bootstrap draws, so their levels and slopes lie close together. All logistic curves
of that neighbourhood are, to ten digits, fixed sums of their values at a few of the points, so that
weighted sums over those have the sums over all (`condensed`), and Newton's steps need no more.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from benchmarks.metrics.weightings import Array, Places

NEAR = 6
"""Level and slope up to which 25 steps from nothing arrive in any case."""
CLOSE = 1e-6
"""A step after which the next is of the order of its square."""
FEW_STEPS = 8
"""Steps that a draw may take from where all draws together end."""
PRECISE = 1e-13
"""The share of the largest curve that nodes may leave out."""
ERRORS = 4
"""Standard errors that a draw may lie from all draws together to be fitted on nodes."""
SAMPLED = 6
"""Levels, and slopes, at which curves of the neighbourhood are looked at."""


def slope(x: Array, both: Array, wanted: Array) -> Array:
    """The slope for each column of weights, float64[b]; NaN where there is none.

    `x` [m] are the points in ascending order, `both` [m, b] is the weight at each, and `wanted`
    [2, b] that of the bots, and their weight times the point. Columns that end far off are fitted
    on the points themselves, and start from nothing as one column does: whether they arrive in the
    steps that there are decides whether they have a slope.
    """
    b, nothing = both.shape[1], np.zeros((2, 1))
    whole = both.sum(axis=1)[:, None]
    together = _newton(x, whole, wanted.sum(axis=1)[:, None], nothing)
    if b == 1 or not np.isfinite(together).all():
        return np.asarray(_newton(x, both, wanted, nothing)[1])
    near = Near.of(x, whole[:, 0] / b, together[:, 0])
    nodes, weight = condensed(x, both, near)
    level, own = _newton(nodes, weight, wanted, together, FEW_STEPS, CLOSE)
    far = np.flatnonzero(~near.holds(level, own))
    if len(far):
        own[far] = _newton(x, both[:, far], wanted[:, far], nothing)[1]
    return np.asarray(own)


class Near(NamedTuple):
    """A neighbourhood of logistic curves: level at `centre`, slope, and how far each goes."""

    centre: float
    level: float
    slope: float
    levels: float
    slopes: float

    @classmethod
    def of(cls, x: Array, weight: Array, found: Array) -> Near:
        """That of the samples of a fit with level and slope `found` to points x of weight [m]."""
        level, slope = found.tolist()
        p = 1 / (1 + np.exp(-(level + slope * x)))
        spread = weight * p * (1 - p)
        centre = float(spread @ x / spread.sum())
        errors = 1 / np.sqrt([spread.sum(), spread @ (x - centre) ** 2])
        return cls(centre, level + slope * centre, slope, *(ERRORS * errors).tolist())

    def holds(self, level: Array, slope: Array) -> npt.NDArray[np.bool_]:
        """Whether curves lie in it, and are such that steps from nothing arrive at them."""
        inside = np.abs(level + slope * self.centre - self.level) <= self.levels
        inside &= np.abs(slope - self.slope) <= self.slopes
        return inside & (np.abs(level) <= NEAR) & (np.abs(slope) <= NEAR)

    def curves(self, x: Array) -> Array:
        """Curves all over it at points x, and these times the point, float64[curves, m]."""
        at = np.cos(np.pi * (np.arange(SAMPLED) + 0.5) / SAMPLED)
        levels, slopes = np.meshgrid(self.level + self.levels * at, self.slope + self.slopes * at)
        from_centre = x - self.centre
        curves = 1 / (1 + np.exp(-(levels.reshape(-1, 1) + np.outer(slopes, from_centre))))
        return np.concatenate([curves, curves * from_centre])


def condensed(x: Array, both: Array, near: Near) -> tuple[Array, Array]:
    """Nodes [k], some of the points, and weights [k, b] with the sums of all curves near.

    The points themselves if nodes are hardly fewer. An interpolative decomposition: a QR
    decomposition with pivots takes the point that those before tell least of (Cheng, Gimbutas,
    Martinsson and Rokhlin 2005, SIAM J. Sci. Comput. 26:1389).
    """
    from scipy.linalg import qr, solve_triangular

    if len(x) < SAMPLED:
        return x, both
    left, order = qr(near.curves(x), mode="r", pivoting=True, check_finite=False)
    size = np.abs(np.diag(left))
    k = int((size > PRECISE * size[0]).sum())
    if 2 * k >= len(x):
        return x, both
    chosen, others = order[:k], order[k:]
    of_others = solve_triangular(left[:k, :k], left[:k, k:], check_finite=False)
    shares = np.empty((k, len(x)))
    shares[:, chosen], shares[:, others] = np.eye(k), of_others
    return x[chosen], shares @ both


def _newton(  # noqa: PLR0917 (a helper of one caller)
    x: Array, both: Array, wanted: Array, start: Array, turns: int = 25, close: float = 1e-9
) -> Array:
    """Level and slope for each column, float64[2, b], from `start` [2, 1].

    So many steps at most, none longer than 2, and none after one that is not above `close`. NaN
    where they run away.
    """
    powers = np.stack([np.ones_like(x), x, x * x])
    line = np.ascontiguousarray(powers[:2].T)
    found = np.repeat(start, both.shape[1], axis=1)
    last = np.full(both.shape[1], np.inf)
    own: Places = np.arange(both.shape[1])
    weight, goal = both, wanted
    with np.errstate(all="ignore"):
        for turn in range(turns):
            # From one start, every point has one probability, whatever the column.
            p = line @ -(start if turn == 0 else found[:, own])
            np.exp(p, out=p)
            p += 1
            np.reciprocal(p, out=p)
            if p.shape[1] == 1:
                g0, g1 = goal - (powers[:2] * p[:, 0]) @ weight
                h0, h1, h2 = (powers * (p * (1 - p))[:, 0]) @ weight
            else:
                spread = weight * p
                g0, g1 = goal - powers[:2] @ spread
                spread *= np.subtract(1, p, out=p)
                h0, h1, h2 = powers @ spread
            area = h0 * h2 - h1 * h1
            steps = np.clip([(h2 * g0 - h1 * g1) / area, (h0 * g1 - h1 * g0) / area], -2, 2)
            found[:, own] += steps
            last[own] = np.abs(steps).max(axis=0)
            going = np.flatnonzero(last[own] >= close)
            if not len(going):
                break
            if len(going) < len(own):
                own = own[going]
                weight, goal = weight[:, going], goal[:, going]
    settled = (
        np.isfinite(found[1]) & (last < CLOSE) & (wanted[0] > 0) & (both.sum(axis=0) > wanted[0])
    )
    return np.where(settled, found, np.nan)
