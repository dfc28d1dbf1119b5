"""The slope of a logistic regression on one variable, under many weightings of the same accounts.

Weightings are bootstrap draws, so their slopes lie close together, at nearly the same places. The
probability is a smooth curve over the points, so that its weighted sums are those of a few nodes to
eleven digits (`condensed`), and Newton's steps need no more.
"""

from __future__ import annotations

import numpy as np

from benchmarks.metrics.scored_accounts import Array

NEAR = 6
"""Level and slope up to which 25 steps from nothing arrive in any case."""
CLOSE = 1e-6
"""A step after which the next is of the order of its square."""
FEW_STEPS = 8
"""Steps that a draw may take from where all draws together end."""
BLOCK = 2**16
"""Points, times columns of weights, that are fitted together: half a megabyte."""
PRECISE = 1e-11
"""The error of the sums of nodes, relative to those of points."""
STEEPER = 1.3
"""Slopes up to so many times that of all columns together are fitted on nodes."""
LEAST = 0.5
"""The steepness that nodes are made for at least: draws of a flat slope go both ways."""


def slope(x: Array, both: Array, wanted: Array) -> Array:
    """The slope for each column of weights, float64[b]; NaN where there is none.

    `x` [m] are the points in ascending order, `both` [m, b] is the weight at each, and `wanted`
    [2, b] that of the bots, and their weight times the point. Columns that end far off are fitted
    on the points themselves, and start from nothing as one column does: whether they arrive in the
    steps that there are decides whether they have a slope.
    """
    b, nothing = both.shape[1], np.zeros(2)
    together = _newton(x, both.sum(axis=1)[:, None], wanted.sum(axis=1)[:, None], nothing)[:, 0]
    if b == 1 or not np.isfinite(together).all():
        return np.asarray(_newton(x, both, wanted, nothing)[1])
    steep = min(max(STEEPER * abs(float(together[1])), LEAST), NEAR)
    few, weight = condensed(x, both, steep)
    size = max(1, BLOCK // len(few))
    blocks = [slice(at, at + size) for at in range(0, b, size)]
    found = [
        _newton(few, weight[:, at], wanted[:, at], together, FEW_STEPS, CLOSE) for at in blocks
    ]
    level, own = np.concatenate(found, axis=1)  # float64[b] each
    far = np.flatnonzero(~((np.abs(level) <= NEAR) & (np.abs(own) <= steep)))
    if len(far):
        own[far] = _newton(x, both[:, far], wanted[:, far], nothing)[1]
    return np.asarray(own)


def condensed(x: Array, both: Array, steep: float) -> tuple[Array, Array]:
    """Nodes [k] and weights [k, b] with the sums of a logistic curve of x up to that steepness.

    The points themselves if they are not more.
    """
    if len(x) == 1:
        return x, both
    reach = float(x[-1] - x[0]) * steep / 2
    pieces = max(1, round(reach / 3))
    # Chebyshev's nodes: the curve's nearest pole is π over the steepness off the line.
    pole = np.pi * pieces / reach
    count = int(np.ceil(-np.log(PRECISE) / np.arcsinh(pole)))
    if pieces * count >= len(x):
        return x, both
    width = (x[-1] - x[0]) / pieces
    ends = np.searchsorted(x, x[0] + width * np.arange(1, pieces))
    angle, order = np.pi * (np.arange(count) + 0.5) / count, np.arange(1, count)
    nodes, weights = [], []
    for piece, own in enumerate(map(slice, [0, *ends], [*ends, len(x)])):
        low = x[0] + width * piece
        place = np.arccos(np.clip(2 * (x[own] - low) / width - 1, -1, 1))
        part = np.cos(np.outer(angle, order)) @ np.cos(np.outer(order, place))
        nodes.append(low + width * (1 + np.cos(angle)) / 2)
        weights.append((1 + 2 * part) / count @ both[own])
    return np.concatenate(nodes), np.concatenate(weights)


def _newton(  # noqa: PLR0917 (a helper of one caller)
    x: Array, both: Array, wanted: Array, start: Array, turns: int = 25, close: float = 1e-9
) -> Array:
    """Level and slope for each column, float64[2, b], from `start`; NaN where they run away.

    So many steps at most, none longer than 2, until no column's is above `close`.
    """
    powers = np.stack([np.ones_like(x), x, x * x])
    line = np.ascontiguousarray(powers[:2].T)
    found = np.repeat(start[:, None], both.shape[1], axis=1)
    with np.errstate(all="ignore"):
        for turn in range(turns):
            # All columns begin at one place, where every point has one probability.
            p = line @ -(found if turn else start[:, None])
            np.exp(p, out=p)
            p += 1
            np.reciprocal(p, out=p)
            if turn:
                spread = both * p
                reached = powers[:2] @ spread
                spread *= np.subtract(1, p, out=p)
                h0, h1, h2 = powers @ spread
            else:
                reached = (powers[:2] * p[:, 0]) @ both
                h0, h1, h2 = (powers * (p * (1 - p))[:, 0]) @ both
            g0, g1 = wanted - reached
            area = h0 * h2 - h1 * h1
            steps = np.clip([(h2 * g0 - h1 * g1) / area, (h0 * g1 - h1 * g0) / area], -2, 2)
            found += steps
            if np.nanmax(np.abs(steps), initial=0.0) < close:
                break
    settled = (
        np.isfinite(found[1])
        & (np.abs(steps).max(axis=0) < CLOSE)
        & (wanted[0] > 0)
        & (both.sum(axis=0) > wanted[0])
    )
    return np.where(settled, found, np.nan)
