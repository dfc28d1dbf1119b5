"""The Ladder (Blum and Hardt 2015, ICML): a score is told only where it is clearly better than the
best one told before.

Each answer of a held-out set gives a little of it away; who asks often enough and keeps what scored
well is rewarded for the test set's accidents. The Ladder answers a new score, rounded to the step,
only where it beats the best by the step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from botbench.core.errors import Findings

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Answer:
    """What is told: the best score so far in steps, whether this one rose, how many answers are
    used and left.
    """

    score: float
    rose: bool
    used: int
    left: int


def told(best: float | None, score: float, step: float) -> tuple[float, bool]:
    """Blum and Hardt's algorithm 1 for a score where higher is better: the score told, and whether
    it rose.

    >>> told(None, 0.7312, 0.01), told(0.73, 0.7385, 0.01), told(0.73, 0.7449, 0.01)
    ((0.73, True), (0.73, False), (0.74, True))
    """
    if best is None or score >= best + step:
        return round(round(score / step) * step, 10), True
    return best, False


def answer(history: Sequence[dict[str, Any]], score: float, step: float, limit: int) -> Answer:
    """The answer after earlier ones of the same name. Raises Findings where all answers are used
    up.
    """
    used = len(history)
    if used >= limit:
        raise Findings(
            f"All {limit} answers for this name are used. The best score told is"
            f" {history[-1]['told']:g}; nothing more is said before the seal is opened."
        )
    best = history[-1]["told"] if history else None
    score_told, rose = told(best, score, step)
    return Answer(score_told, rose, used + 1, limit - used - 1)


@dataclass(frozen=True)
class Gain:
    """How much a careless team gains over 2,000 made-up test sets (or as many as asked): mean of
    told minus true score.
    """

    submissions: int
    accounts: int
    step: float | None
    gain: float
    worst: float


def simulate(
    submissions: int, accounts: int, step: float | None, *, sets: int = 200, seed: int = 0
) -> Gain:
    """Blum and Hardt's boosting attack: guess labels at random, keep those guesses that were told
    to be above one half, submit their majority, and believe what is told. Its true balanced
    accuracy is one half, so all that is told above it is gain.

    Without a step every score is told in full. Simulated test sets, half of them bots; seeded.
    """
    rng = np.random.default_rng(seed)
    gains = np.array([_attack(rng, submissions, accounts, step) for _ in range(sets)]) - 0.5
    return Gain(submissions, accounts, step, float(gains.mean()), float(np.quantile(gains, 0.975)))


def _attack(rng: np.random.Generator, submissions: int, accounts: int, step: float | None) -> float:
    y = rng.permutation(np.repeat(np.array([0, 1], dtype=np.int8), accounts // 2))
    guesses = rng.integers(0, 2, size=(submissions - 1, len(y)), dtype=np.int8)
    scores = _balanced(guesses, y)
    answers = scores if step is None else _ladder(scores, step)
    # A score that rose, or in full one above a half, is taken for a good guess.
    better = answers > 0.5 if step is None else np.diff(answers, prepend=0.5) > 0
    chosen = guesses[better] if better.any() else guesses[:1]
    majority = (chosen.mean(axis=0) >= 0.5).astype(np.int8)[None, :]
    final = float(_balanced(majority, y)[0])
    if step is None:
        return max(final, float(scores.max()))
    return told(float(answers[-1]), final, step)[0]


def _ladder(scores: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    best, answers = None, []
    for score in scores:
        best, _ = told(best, float(score), step)
        answers.append(best)
    return np.array(answers)


def _balanced(predicted: NDArray[np.int8], y: NDArray[np.int8]) -> NDArray[np.float64]:
    """Balanced accuracy of each row of answers, float64[k]."""
    return np.asarray(
        (predicted[:, y == 1].mean(axis=1) + 1 - predicted[:, y == 0].mean(axis=1)) / 2,
        dtype=np.float64,
    )
