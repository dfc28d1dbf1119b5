"""Fitting a detector on a fold's training part and scoring its test part."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.data.accounts import Accounts, Floats
from benchmarks.detectors import Spec
from benchmarks.detectors.adapter import Given
from benchmarks.detectors.learning import learn_with_threshold
from benchmarks.isolation.children import Child
from benchmarks.protocols import Fold, NotApplicable, Pool


@dataclass(frozen=True)
class ScoredFold:
    """One fold's scores: `p` float64 of its test rows, threshold, seconds, what was learnt.

    `abstained` (bool) marks the test rows that the detector cannot tell.
    `memory` is the growth while fitting and while scoring, in MB; None if it is not measured.
    `landlock` is the version of the fence around the detector; 0 for none. `fresh` says that the
    detector was fitted for this fold, not for an earlier one with the same `fit`.
    """

    fold: Fold
    p: Floats
    abstained: NDArray[np.bool_]
    threshold: float
    fit: float
    score: float
    learnt: str | None
    memory: tuple[float | None, float | None]
    landlock: int
    fresh: bool = True


@dataclass(frozen=True)
class Fitted:
    """A fitted detector, its threshold, its training rows in order, and its random stream.

    The stream also shuffles the rows to score.
    """

    detector: Any
    threshold: float
    rows: NDArray[np.int64]
    order: np.random.Generator


@dataclass(frozen=True)
class _FittedFold:
    """A detector that a child holds, with what its fold's test part is scored by."""

    fold: Fold
    child: Child
    threshold: float
    order: np.random.Generator
    seconds: float
    megabytes: float | None


def score_folds(
    spec: Spec, views: Mapping[str, Accounts], pool: Pool, folds: Iterable[Fold], seed: int
) -> Iterator[ScoredFold]:
    """Fit and score every fold, each in a child process of its own.

    Folds in a row with an equal `fit` share one fitted detector and its child.
    """
    fitted: _FittedFold | None = None
    try:
        for fold in folds:
            fresh = fitted is None or fold.fit is None or fold.fit != fitted.fold.fit
            if fitted is None or fresh:
                if fitted:
                    fitted.child.close()
                fitted = _fit(spec, views, pool, fold, seed)
            yield _score(fitted, views[fold.move], fold, fresh)
    finally:
        if fitted:
            fitted.child.close()


def _fit(
    spec: Spec, views: Mapping[str, Accounts], pool: Pool, fold: Fold, seed: int
) -> _FittedFold:
    labels = pool.y if fold.labels is None else fold.labels
    if len(classes := np.unique(labels[fold.train])) < 2:
        only = "bots" if classes.all() else "humans"
        raise NotApplicable(
            f"the training part holds {only} only; a detector needs both classes to learn from."
        )
    inner, own, rng = streams((seed, fold.repeat, fold.fold))
    rows = rng.permutation(fold.train)
    child = Child(_files(views), spec.places)
    try:
        threshold, seconds, megabytes = child.fit(
            spec.base,
            dict(spec.options),
            views[""].take(rows),
            {"y": labels[rows], "group": pool.group[rows]},
            rule=spec.threshold,
            own=own,
            inner=inner,
            pickled=spec.pickled if isinstance(spec, Given) else None,
        )
    except BaseException:
        child.close()
        raise
    return _FittedFold(fold, child, threshold, rng, seconds, megabytes)


def _files(views: Mapping[str, Accounts]) -> list[Path]:
    """The masked files of posts and edges that views are read from."""
    return [r.path for view in views.values() for r in (view.posts, view.edges) if r]


def streams(seeds: tuple[int, int, int]) -> tuple[int, int, np.random.Generator]:
    """The seeds of inner folds and of the detector, and the stream that shuffles rows.

    `seeds` are the protocol's seed, the repeat and the fold.
    """
    order, inner, own = (int(word) >> 1 for word in np.random.SeedSequence(seeds).generate_state(3))
    return inner, own, np.random.default_rng(order)


def fit(
    spec: Spec,
    view: Accounts,
    pool: Pool,
    train: NDArray[np.int64],
    *,
    seeds: tuple[int, int, int],
    labels: NDArray[np.int8] | None = None,
) -> Fitted:
    """Choose the threshold and fit the detector on rows `train` (int64) of the pool.

    The rows are shuffled, so that their order carries no information. `seeds` are the protocol's
    seed, the repeat and the fold; `labels` int8[n] replace the pool's own.
    """
    inner, own, rng = streams(seeds)
    rows = rng.permutation(train)
    seen, y = view.take(rows), (pool.y if labels is None else labels)[rows]
    threshold, fitted = learn_with_threshold(
        spec, seen, y, group=pool.group[rows], rule=spec.threshold, own=own, inner=inner
    )
    return Fitted(fitted, threshold, rows, rng)


def _score(of: _FittedFold, view: Accounts, fold: Fold, fresh: bool) -> ScoredFold:
    """Score the test part. A reused fit counts no seconds again."""
    test = of.order.permutation(fold.test)
    said = of.child.score(view.take(test))
    return ScoredFold(
        dataclasses.replace(fold, test=test),
        said.p,
        said.abstained,
        of.threshold,
        of.seconds if fresh else 0.0,
        said.seconds,
        said.learnt,
        (of.megabytes, said.megabytes),
        of.child.landlock,
        fresh,
    )
