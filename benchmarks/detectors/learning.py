"""Fit a detector, and check the scores that it gives."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.data import thresholds
from benchmarks.data.accounts import Accounts, Floats
from benchmarks.detectors.registry import Spec


def learn(spec: Spec, seed: int, seen: Accounts, y: Any) -> Callable[[Accounts], Floats]:
    """The scoring function of the detector with that seed, fitted on these accounts."""
    return partial(scores, spec.seeded(seed).fit(seen, y))


def learn_with_threshold(
    spec: Spec,
    seen: Accounts,
    y: Any,
    *,
    group: NDArray[np.int64],
    rule: str,
    own: int,
    inner: int,
) -> tuple[float, Any]:
    """Choose the threshold on a training part, and fit the detector on all of it: both.

    `y` is int8[n], `group` (int64[n]) keeps duplicates in one inner fold. `rule` is the name of a
    threshold rule; `own` seeds the detector, `inner` the inner folds.
    """
    threshold = thresholds.choose(rule, partial(learn, spec, own), seen, y, group=group, seed=inner)
    return threshold, spec.seeded(own).fit(seen, y)


def remembers(fitted: Any) -> bool:
    """Whether a fitted detector holds accounts, whose files it reads when it scores."""
    return any(isinstance(value, Accounts) for value in vars(fitted).values())


def scores(fitted: Any, seen: Accounts) -> Floats:
    """The detector's p_bot, float64[n]. Raises ValueError if a value is no probability."""
    proba = np.asarray(fitted.predict_proba(seen.to_score()), dtype=np.float64)
    if proba.shape != (len(seen), 2):
        raise ValueError(
            f"predict_proba returned shape {proba.shape} for {len(seen)} accounts; expected n x 2"
        )
    if infinite := int(np.isinf(proba[:, 1]).sum()):
        raise ValueError(
            f"{infinite} of {len(seen)} scores of {type(fitted).__name__} are infinite"
        )
    if bad := int((~((proba[:, 1] >= 0) & (proba[:, 1] <= 1))).sum()):
        raise ValueError(
            f"{bad} of {len(seen)} scores are missing or outside 0 to 1; every account needs one"
        )
    return proba[:, 1]


def abstentions(fitted: Any, seen: Accounts) -> NDArray[np.bool_]:
    """The accounts that the detector cannot tell, bool[n]; nobody where it has no `abstains`.

    Raises ValueError if the answer is not one yes or no for each account.
    """
    asked = getattr(fitted, "abstains", None)
    answer = np.zeros(len(seen), dtype=np.bool_) if asked is None else asked(seen.to_score())
    if not (isinstance(answer, np.ndarray) and answer.dtype == np.bool_):
        raise ValueError(f"abstains of {type(fitted).__name__} returned no array of true and false")
    if answer.shape != (len(seen),):
        raise ValueError(
            f"abstains returned shape {answer.shape} for {len(seen)} accounts; expected one each"
        )
    return answer
