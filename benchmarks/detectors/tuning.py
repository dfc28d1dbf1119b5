"""Tuning inside the training part: one budget and one inner validation for all tuned detectors."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.data.accounts import Floats, Rows
from benchmarks.data.thresholds import balanced_accuracy
from benchmarks.detectors import Labels

BUDGET = 4
"""Configurations that a detector may choose from, each tried once on each inner split."""
ENOUGH = 3
"""Training data sets from which on they are held out in turn; with fewer, inner folds are drawn."""


def merged(domains: Rows | None, y: Labels) -> Rows:
    """Domains with both classes, int64[n]; those with one class are merged.

    All are 0 without domains.

    >>> merged(np.array([5, 5, 7, 9]), np.array([1, 0, 1, 0], dtype=np.int8)).tolist()
    [5, 5, -1, -1]
    """
    if domains is None:
        return np.zeros(len(y), dtype=np.int64)
    single = [d for d in np.unique(domains) if len(np.unique(y[domains == d])) < 2]
    return np.where(np.isin(domains, single), -1, domains).astype(np.int64)


def splits(domains: Rows, y: Labels, seed: int | None) -> Iterator[tuple[Rows, Rows]]:
    """Inner splits of a training part.

    With three or more data sets of both classes, each is held out in turn; else there are three
    folds.
    """
    whole = [d for d in np.unique(domains) if len(np.unique(y[domains == d])) == 2]
    if len(whole) >= ENOUGH:
        yield from ((np.flatnonzero(domains != d), np.flatnonzero(domains == d)) for d in whole)
        return
    from sklearn.model_selection import StratifiedKFold

    folds = min(3, int(np.bincount(y, minlength=2).min()))
    if folds >= 2:
        yield from StratifiedKFold(folds, shuffle=True, random_state=seed).split(y, y)


def level(domains: Rows, y: Labels) -> Floats:
    """Weights under which every domain, and in it every class, counts alike; float64[n], mean 1."""
    _, cell, size = np.unique(domains * 2 + y, return_inverse=True, return_counts=True)
    return np.asarray(len(y) / (len(size) * size[cell]), dtype=np.float64)


def worth(y: Labels, p: Floats) -> float:
    """The tuning objective on held-out accounts: mean of balanced accuracy at 0.5 and ROC AUC.

    Prevalence moves neither.
    """
    from sklearn.metrics import roc_auc_score

    return float((balanced_accuracy(p >= 0.5, y) + roc_auc_score(y, p)) / 2)
