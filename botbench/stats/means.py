"""Means over clusters of values, and intervals of means and of other values with an error."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from botbench.stats.proportions import LEVEL, Z


def student(
    values: Sequence[float], bounds: tuple[float, float] = (-np.inf, np.inf)
) -> tuple[float, float] | None:
    """Student's 95 % interval of a mean, clipped to `bounds`; None for fewer than three values."""
    k = len(values)
    if k < 3:
        return None
    from scipy.special import stdtrit

    half = float(stdtrit(k - 1, (1 + LEVEL) / 2) * np.std(values, ddof=1) / np.sqrt(k))
    mean = float(np.mean(values))
    return max(mean - half, bounds[0]), min(mean + half, bounds[1])


def logit_normal(value: float, error: float) -> tuple[float, float]:
    """The 95 % interval of a value in (0, 1), normal on the logit scale.

    A value of 0 or 1, or without standard error, is both bounds.

    >>> [round(bound, 3) for bound in logit_normal(0.9, 0.03)]
    [0.824, 0.945]
    """
    if not 0 < value < 1 or error <= 0:
        return value, value
    middle, half = float(np.log(value / (1 - value))), Z * error / (value * (1 - value))
    low, high = 1 / (1 + np.exp(-np.clip([middle - half, middle + half], -700, 700)))
    return float(low), float(high)


def cluster_means(values: Sequence[float], clusters: Sequence[Hashable]) -> list[float]:
    """The mean of each cluster's values, in order of first appearance.

    >>> cluster_means([0.9, 0.7, 0.6], ["a", "b", "a"])
    [0.75, 0.7]
    """
    members: dict[Hashable, list[float]] = {}
    for value, cluster in zip(values, clusters, strict=True):
        members.setdefault(cluster, []).append(value)
    return [float(np.mean(own)) for own in members.values()]


def cluster_weights(clusters: Sequence[Hashable]) -> list[float]:
    """Each value's weight in the mean over clusters of the clusters' means.

    >>> cluster_weights(["a", "b", "a"])
    [0.25, 0.5, 0.25]
    """
    sizes = {c: list(clusters).count(c) for c in clusters}
    return [1 / (len(sizes) * sizes[c]) for c in clusters]
