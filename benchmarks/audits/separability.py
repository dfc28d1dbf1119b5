"""How well a few numbers tell a label: a small tree's cross-validated balanced accuracy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botbench.core.light_imports import of_scikit_learn
from botbench.stats.proportions import mover_mean, wilson
from botbench.text import numbers

FOLDS = 5
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Separability:
    """Balanced accuracy with its 95 % interval, and the tree's question.

    The interval combines Wilson's intervals of both rates (MOVER).
    """

    value: float
    low: float
    high: float
    question: str

    def __str__(self) -> str:
        return numbers.score_interval(self.value, self.low, self.high)

    def above(self, limit: float) -> bool:
        """Whether even the interval's lower end is above the limit."""
        return self.low > limit


def separability_of(
    x: Matrix,
    y: NDArray[np.int8],
    group: NDArray[Any],
    *,
    names: tuple[str, ...],
    depth: int,
    seed: int,
) -> Separability:
    """Cross-validate a tree of `depth` on x (float64[n, k], NaN if missing).

    Stratified folds keep groups together; classes have equal weight.
    """
    with of_scikit_learn():
        from sklearn.tree import DecisionTreeClassifier

    def tree() -> Any:
        return DecisionTreeClassifier(
            max_depth=depth, min_samples_leaf=5, class_weight="balanced", random_state=seed
        )

    codes = np.unique(group, return_inverse=True)[1]
    predicted = np.zeros(len(y), dtype=np.int8)
    for train, test in folds_of(
        y.astype(np.int8).tobytes(), codes.astype(np.int64).tobytes(), seed
    ):
        predicted[test] = (
            tree().fit(x[train], y[train]).predict(x[test])
            if len(np.unique(y[train])) == 2
            else y[train[0]]
        )
    value, low, high = rate(predicted, y)
    return Separability(value, low, high, question(tree().fit(x, y), names))


@lru_cache(maxsize=2)
def folds_of(
    y: bytes, codes: bytes, seed: int
) -> Sequence[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Training and test part of each fold, for labels int8[n] and groups int64[n] as bytes.

    They depend on nothing else, and most questions of an audit are asked of the same accounts;
    drawing the folds takes longer than growing their trees.
    """
    with of_scikit_learn():
        from sklearn.model_selection import StratifiedGroupKFold

    labels = np.frombuffer(y, dtype=np.int8)
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    return list(folds.split(labels, labels, np.frombuffer(codes, dtype=np.int64)))


def rate(predicted: NDArray[np.int8], y: NDArray[np.int8]) -> tuple[float, float, float]:
    """Balanced accuracy of answers against labels, with its interval.

    >>> y = np.array([1, 1, 0, 0], dtype=np.int8)
    >>> [round(v, 2) for v in rate(y, y)]
    [1.0, 0.53, 1.0]
    """
    parts = []
    for label in (0, 1):
        mine = predicted[y == label] == label
        share = float(mine.mean())
        low, high = wilson(share, len(mine))
        parts.append((share, float(low), float(high)))
    low_, high_ = mover_mean(parts)
    return float(np.mean([p[0] for p in parts])), low_, high_


def question(tree: Any, names: tuple[str, ...]) -> str:
    """The question at a fitted tree's root, in words."""
    if tree.tree_.node_count < 2:
        return "nothing: no question helps."
    name, threshold = names[tree.tree_.feature[0]], float(tree.tree_.threshold[0])
    if not np.isfinite(threshold):
        return f"is {name} missing?"
    return f"is {name} <= {threshold:.6g}?"
