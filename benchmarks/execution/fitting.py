"""Fitting a detector on a fold's training part and scoring its test part."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.data import thresholds
from benchmarks.data.accounts import Accounts, Floats
from benchmarks.detectors import Spec
from benchmarks.execution import memory
from benchmarks.protocols import Fold, NotApplicable, Pool


@dataclass(frozen=True)
class ScoredFold:
    """One fold's scores: `p` float64 of its test rows, threshold, seconds, what was learnt.

    `memory` is the growth while fitting and while scoring, in MB; None if it is not measured.
    """

    fold: Fold
    p: Floats
    threshold: float
    fit: float
    score: float
    learnt: str | None
    memory: tuple[float | None, float | None]


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
    fold: Fold
    fitted: Fitted
    seconds: float
    megabytes: float | None


def score_folds(
    spec: Spec, views: Mapping[str, Accounts], pool: Pool, folds: Iterable[Fold], seed: int
) -> Iterator[ScoredFold]:
    """Fit and score every fold. Folds in a row with an equal `fit` share one fitted detector."""
    fitted: _FittedFold | None = None
    for fold in folds:
        fresh = fitted is None or fold.fit is None or fold.fit != fitted.fold.fit
        if fitted is None or fresh:
            fitted = _fit(spec, views[""], pool, fold, seed)
        yield _score(fitted, views[fold.move], fold, fresh)


def _fit(spec: Spec, view: Accounts, pool: Pool, fold: Fold, seed: int) -> _FittedFold:
    labels = pool.y if fold.labels is None else fold.labels
    if len(classes := np.unique(labels[fold.train])) < 2:
        only = "bots" if classes.all() else "humans"
        raise NotApplicable(
            f"the training part holds {only} only; a detector needs both classes to learn from."
        )
    begun = time.perf_counter()
    with memory.grown() as growth:
        fitted = fit(
            spec, view, pool, fold.train, seeds=(seed, fold.repeat, fold.fold), labels=labels
        )
    return _FittedFold(fold, fitted, time.perf_counter() - begun, growth.megabytes)


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
    order, inner, own = (int(word) >> 1 for word in np.random.SeedSequence(seeds).generate_state(3))
    rng = np.random.default_rng(order)
    rows = rng.permutation(train)
    seen, y = view.take(rows), (pool.y if labels is None else labels)[rows]
    threshold = thresholds.choose(
        spec.threshold, partial(learn, spec, own), seen, y, group=pool.group[rows], seed=inner
    )
    return Fitted(spec.seeded(own).fit(seen, y), threshold, rows, rng)


def _score(of: _FittedFold, view: Accounts, fold: Fold, fresh: bool) -> ScoredFold:
    """Score the test part. A reused fit counts no seconds again."""
    test = of.fitted.order.permutation(fold.test)
    begun = time.perf_counter()
    with memory.grown() as scoring:
        p = scores(of.fitted.detector, view.take(test))
    seconds = time.perf_counter() - begun
    return ScoredFold(
        dataclasses.replace(fold, test=test),
        p,
        of.fitted.threshold,
        of.seconds if fresh else 0.0,
        seconds,
        of.fitted.detector.explain(),
        (of.megabytes, scoring.megabytes),
    )


def learn(spec: Spec, seed: int, seen: Accounts, y: Any) -> Callable[[Accounts], Floats]:
    """The scoring function of the detector with that seed, fitted on these accounts."""
    return partial(scores, spec.seeded(seed).fit(seen, y))


def scores(fitted: Any, seen: Accounts) -> Floats:
    """The detector's p_bot, float64[n]. Raises ValueError if a value is no probability."""
    proba = np.asarray(fitted.predict_proba(seen.to_score()), dtype=np.float64)
    if proba.shape != (len(seen), 2):
        raise ValueError(
            f"predict_proba returned shape {proba.shape} for {len(seen)} accounts; expected n x 2"
        )
    if bad := int((~((proba[:, 1] >= 0) & (proba[:, 1] <= 1))).sum()):
        raise ValueError(
            f"{bad} of {len(seen)} scores are missing or outside 0 to 1; every account needs one"
        )
    return proba[:, 1]
