"""Further fits of a fold, on bootstrap draws of its training accounts.

One fit is one draw of training accounts and one seed; an algorithm is neither. The first fit learns
from the whole training part. Each further fit has a seed of its own and learns from a bootstrap
draw: as many groups as there are, with replacement, drawn within each release from those with and
without bots, so that no class is lost. Groups (duplicates) stay together. All detectors get the
same draws.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from benchmarks.protocols import Fold, Pool

REVISION = 1
"""Raised when the same seed comes to draw other accounts."""
STREAM = 0x66697473
"""Keeps these draws apart from those of folds and repeats, which have the same seeds."""


def drawn(folds: Iterable[Fold], pool: Pool, seed: int, fits: int) -> Iterator[Fold]:
    """Every fold, and after it its `fits` - 1 draws, each as a repeat of its own."""
    for fold in folds:
        yield dataclasses.replace(fold, repeat=fold.repeat * fits)
        for k in range(1, fits):
            rng = np.random.default_rng([STREAM, seed, fold.repeat, fold.fold, k])
            labels = pool.y if fold.labels is None else fold.labels
            source = np.zeros(len(pool.y), np.int64) if pool.source is None else pool.source
            train = bootstrap(
                fold.train,
                labels[fold.train],
                pool.group[fold.train],
                source[fold.train],
                rng,
            )
            yield dataclasses.replace(fold, repeat=fold.repeat * fits + k, train=train)


def bootstrap(
    rows: NDArray[np.int64],
    y: NDArray[np.int8],
    group: NDArray[np.int64],
    source: NDArray[np.int64],
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """A bootstrap draw of the groups of `rows`, with all rows of a group as often as it is drawn.

    All arrays have the length of `rows`, which may hold a row several times. `source` is the
    release of each row; a group belongs to the first of its rows'.
    """
    names, first, own = np.unique(group, return_index=True, return_inverse=True)
    with_bots = np.zeros(len(names), dtype=np.int64)
    with_bots[own[y == 1]] = 1
    strata = 2 * source[first] + with_bots
    often = np.zeros(len(names), dtype=np.int64)
    for stratum in (np.flatnonzero(strata == name) for name in np.unique(strata)):
        chosen = rng.integers(0, len(stratum), len(stratum))
        often[stratum] = np.bincount(chosen, minlength=len(stratum))
    return np.repeat(rows, often[own])
