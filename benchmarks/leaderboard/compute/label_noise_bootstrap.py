"""Bootstrap of accounts and labels: how much uncertain labels change the scores.

A label from several claims has a posterior; a label from a single claim is taken as certain. Each
draw resamples accounts and draws each uncertain label: bot with its posterior probability, which is
itself drawn between its bounds where the consensus gives them. Errors of different accounts are
treated as independent; annotators who misread the same thing break this assumption.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from benchmarks.metrics import Array, Metric, ScoredAccounts
from benchmarks.metrics.weightings import Places
from botbench.stats.account_groups import Codes
from botbench.stats.proportions import Z
from botbench.stats.resampling import resamples

DRAWS = 400
"""Draws behind the second interval at most: it is shown, and decides nothing but a mark."""
SURE = 1e-4


def uncertain(posterior: Array) -> npt.NDArray[np.bool_]:
    """Which accounts' labels are in doubt: bool[n]."""
    return (posterior > SURE) & (posterior < 1 - SURE)


def with_both_labels(judged: ScoredAccounts, unsure: Places) -> ScoredAccounts:
    """Append each uncertain account again with the other label; weights choose between them."""
    fold = None if judged.fold is None else np.concatenate([judged.fold, judged.fold[unsure]])
    facts = {name: np.concatenate([fact, fact[unsure]]) for name, fact in judged.facts.items()}
    y = np.concatenate([judged.y, 1 - judged.y[unsure]])
    return ScoredAccounts(
        y,
        np.concatenate([judged.p, judged.p[unsure]]),
        np.concatenate([judged.hat, judged.hat[unsure]]),
        fold,
        facts,
    )


def labels(
    posterior: Array, low: Array, high: Array, draws: int, rng: np.random.Generator
) -> npt.NDArray[np.bool_]:
    """Draw labels, bool[draws, n]; posteriors with bounds are first drawn, normal in logits."""
    p = np.clip(posterior, SURE, 1 - SURE)
    bounded = ~np.isnan(low) & ~np.isnan(high)
    ends = [np.clip(np.where(bounded, end, p), SURE, 1 - SURE) for end in (low, high)]
    spread = (_logit(ends[1]) - _logit(ends[0])) / (2 * Z)
    drawn = _logit(p) + spread * rng.standard_normal((draws, len(p)))
    return np.asarray(rng.random((draws, len(p))) < 1 / (1 + np.exp(-drawn)))


def _logit(p: Array) -> Array:
    return np.asarray(np.log(p / (1 - p)))


def draw(
    repeats: Sequence[tuple[ScoredAccounts, Places | None]],
    metrics: Sequence[Metric],
    posteriors: Array,
    count: int,
    seed: Sequence[int],
    *,
    group: Codes | None = None,
) -> dict[str, Array]:
    """Each metric in `count` draws of accounts and labels, mean over repeats: float64[count].

    `posteriors` is float64[3, accounts]: the probability of bot and its bounds; `group` [accounts]
    are duplicate groups, drawn whole. Returns {} if no label is uncertain.
    """
    unsure = uncertain(posteriors[0])
    if not unsure.any():
        return {}
    rng = np.random.default_rng([*seed, 1])
    chunks = []
    for weight in resamples(len(unsure), count, seed, group=group):
        p, low, high = posteriors[:, unsure]
        bots = labels(p, low, high, len(weight), rng)
        chunks.append(
            np.mean(
                [_one(judged, places, metrics, weight, unsure, bots) for judged, places in repeats],
                axis=0,
            )
        )
    return dict(zip((m.name for m in metrics), np.concatenate(chunks, axis=1), strict=True))


def _one(  # noqa: PLR0917 (a helper of one caller)
    judged: ScoredAccounts,
    places: Places | None,
    metrics: Sequence[Metric],
    weight: Array,
    unsure: npt.NDArray[np.bool_],
    bots: npt.NDArray[np.bool_],
) -> Array:
    """float64[metrics, b] of one repeat."""
    at = np.arange(len(judged.y)) if places is None else places
    rows = np.flatnonzero(unsure[at])
    column = np.cumsum(unsure) - 1
    own = np.asarray(weight[:, at])
    kept = bots[:, column[at[rows]]] == (judged.y[rows] == 1)
    other = own[:, rows] * ~kept
    own[:, rows] *= kept
    under = with_both_labels(judged, rows).under(np.concatenate([own, other], axis=1))
    return np.stack([m.values(under) for m in metrics])
