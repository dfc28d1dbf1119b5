"""The Ladder (Blum and Hardt 2015, ICML): reveal a score only if it beats the best one so far.

Each score of a held-out set reveals a little of its labels, and a team that submits often overfits
to them. The Ladder reveals a score, rounded to the step, only if it beats the best by the step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.data.thresholds import balanced_accuracy
from botbench.core.errors import Findings

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Answer:
    """The best score so far in steps, whether this one improved it, and answers used and left."""

    score: float
    rose: bool
    used: int
    left: int


def ladder_answer(best: float | None, score: float, step: float) -> tuple[float, bool]:
    """Blum and Hardt's algorithm 1 where higher is better: the revealed score and whether it rose.

    >>> ladder_answer(None, 0.7312, 0.01)
    (0.73, True)
    >>> ladder_answer(0.73, 0.7385, 0.01), ladder_answer(0.73, 0.7449, 0.01)
    ((0.73, False), (0.74, True))
    """
    if best is None or score >= best + step:
        return round(round(score / step) * step, 10), True
    return best, False


def answer(history: Sequence[dict[str, Any]], score: float, step: float, limit: int) -> Answer:
    """The next answer after `history`. Raises Findings if all answers are used."""
    used = len(history)
    if used >= limit:
        raise Findings(
            f"All {limit} answers for this name are used. The best score told is"
            f" {history[-1]['told']:g}; nothing more is said before the seal is opened."
        )
    best = history[-1]["told"] if history else None
    revealed, rose = ladder_answer(best, score, step)
    return Answer(revealed, rose, used + 1, limit - used - 1)


@dataclass(frozen=True)
class Gain:
    """A careless team's gain over simulated test sets: revealed minus true score.

    It has the mean and the 97.5th percentile.
    """

    submissions: int
    accounts: int
    step: float | None
    gain: float
    worst: float


def simulate(
    submissions: int, accounts: int, step: float | None, *, sets: int = 200, seed: int = 0
) -> Gain:
    """Blum and Hardt's boosting attack on simulated test sets, half of them bots.

    The attack guesses labels at random, keeps the guesses whose revealed score is above one half,
    and submits their majority. Its true balanced accuracy is one half; any more is gain. Without a
    step every score is revealed in full.
    """
    rng = np.random.default_rng(seed)
    gains = np.array([_attack(rng, submissions, accounts, step) for _ in range(sets)]) - 0.5
    return Gain(submissions, accounts, step, float(gains.mean()), float(np.quantile(gains, 0.975)))


def _attack(rng: np.random.Generator, submissions: int, accounts: int, step: float | None) -> float:
    y = rng.permutation(np.repeat(np.array([0, 1], dtype=np.int8), accounts // 2))
    guesses = rng.integers(0, 2, size=(submissions - 1, len(y)), dtype=np.int8)
    scores = balanced_accuracy(guesses == 1, y)
    answers = scores if step is None else _ladder(scores, step)
    # The attack takes a score that rose (in full: one above a half) for a good guess.
    better = answers > 0.5 if step is None else np.diff(answers, prepend=0.5) > 0
    chosen = guesses[better] if better.any() else guesses[:1]
    final = float(balanced_accuracy(chosen.mean(axis=0) >= 0.5, y))
    if step is None:
        return max(final, float(scores.max()))
    return ladder_answer(float(answers[-1]), final, step)[0]


def _ladder(scores: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    best, answers = None, []
    for score in scores:
        best, _ = ladder_answer(best, float(score), step)
        answers.append(best)
    return np.array(answers)
