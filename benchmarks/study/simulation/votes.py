"""Annotators who err: three votes an account, and their Dawid-Skene posteriors (1979).

The posterior of each voting pattern has 95 % bounds from a bootstrap over accounts, like
`labels.p_bot`, `p_low` and `p_high`. A weak prior (annotators are mostly right) keeps the model
stable with few bots.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from botbench.stats import simulation
from botbench.stats.design_based import Floats, Whole

SENSITIVITY, SPECIFICITY = np.array([0.90, 0.85, 0.80]), np.array([0.97, 0.95, 0.93])
PATTERNS = np.array([[(p >> a) & 1 for a in range(3)] for p in range(8)], dtype=np.float64)
RIGHT, WRONG = 8.0, 1.0
"""The prior on each error rate: as if eight answers had been seen right and one wrong."""
ROUNDS = 30


def votes(random: np.random.Generator, y: Floats) -> Whole:
    """The voting pattern (0 to 7) of each account."""
    says_bot = simulation.votes(random, y[:, None] == 1, SENSITIVITY, SPECIFICITY)
    return np.asarray(says_bot @ np.array([1, 2, 4]), dtype=np.int64)


def majority(pattern: Whole) -> Floats:
    """The label that two of three gave."""
    return np.asarray((PATTERNS.sum(axis=1) >= 2)[pattern], dtype=np.float64)


def posteriors(counts: Floats) -> Floats:
    """P(bot | pattern) for counts of patterns, float64[campaigns, 8].

    Expectation maximisation starts from the majority.
    """
    p = np.tile(np.clip(PATTERNS.mean(axis=1), 0.02, 0.98), (len(counts), 1))
    for _ in range(ROUNDS):
        bots, people = counts * p, counts * (1 - p)
        n_bots, n_people = bots.sum(axis=1, keepdims=True), people.sum(axis=1, keepdims=True)
        se = (bots @ PATTERNS + RIGHT) / (n_bots + RIGHT + WRONG)
        fp = (people @ PATTERNS + WRONG) / (n_people + RIGHT + WRONG)
        prior = (n_bots + 0.5) / (n_bots + n_people + 1)
        a, b = prior * _likelihood(se), (1 - prior) * _likelihood(fp)
        p = a / (a + b)
    return np.asarray(p)


def _likelihood(rate: Floats) -> Floats:
    """The probability of each pattern at a rate of bot answers: float64[campaigns, 8]."""
    return np.asarray(np.exp(np.log(rate) @ PATTERNS.T + np.log1p(-rate) @ (1 - PATTERNS.T)))


def consensus(
    random: np.random.Generator,
    patterns: Sequence[Whole],
    repeats: int = 40,
) -> list[tuple[Floats, Floats, Floats]]:
    """p_bot, p_low and p_high of each account, for several samples at once."""
    counts = np.array([np.bincount(p, minlength=8) for p in patterns])
    drawn = [random.multinomial(n.sum(), n / n.sum(), size=repeats) for n in counts]
    every = posteriors(np.concatenate([counts, *drawn]).astype(np.float64))
    own = every[: len(counts)]
    again = every[len(counts) :].reshape(len(counts), repeats, 8)
    low, high = np.quantile(again, [0.025, 0.975], axis=1)
    return [
        (own[i][p], np.minimum(low[i], own[i])[p], np.maximum(high[i], own[i])[p])
        for i, p in enumerate(patterns)
    ]
