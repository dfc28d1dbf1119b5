"""Simulated accounts, scores and answers.

The generator of `bench coverage`, `study simulate`, `designs --simulate` and `consensus-compare`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from botbench.stats.proportions import Array

Bools = npt.NDArray[np.bool_]


def bots(random: np.random.Generator, accounts: int, share: float) -> Bools:
    """Which of so many accounts are bots: each with the chance `share`, bool[accounts]."""
    return np.asarray(random.random(accounts) < share)


def posts(random: np.random.Generator, bot: npt.NDArray[Any], excess: float) -> Array:
    """Posts of each account (whole float64): lognormal, and e^excess times as many for bots."""
    return np.asarray(np.floor(np.exp(1.5 + 1.2 * random.standard_normal(len(bot)) + excess * bot)))


def raw_scores(random: np.random.Generator, bot: npt.NDArray[Any], distance: float) -> Array:
    """Uncalibrated scores: normal around 0 for people and around `distance` for bots.

    The standard deviation is 1; ROC AUC is Φ(distance / √2).
    """
    return np.asarray(random.standard_normal(len(bot)) + distance * bot)


def calibrated(raw: Array, distance: float, share: float = 0.5) -> Array:
    """The probability of a bot at each raw score, where `share` of the accounts are bots.

    >>> calibrated(np.array([0.5, 1.5]), 1.0).round(3).tolist()
    [0.5, 0.731]
    """
    odds = share / (1 - share)
    return np.asarray(1 / (1 + np.exp(distance * distance / 2 - distance * raw) / odds))


def votes(
    random: np.random.Generator,
    bot: npt.NDArray[Any],
    sensitivity: npt.NDArray[Any],
    specificity: npt.NDArray[Any],
) -> Bools:
    """Whether each answer is *bot*, of the three arguments' common shape.

    It is right with probability `sensitivity` for a bot and `specificity` for a person.
    """
    chance = np.where(bot, sensitivity, 1 - specificity)
    return np.asarray(random.random(chance.shape) < chance)
