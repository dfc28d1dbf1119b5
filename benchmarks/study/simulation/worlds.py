"""Simulated populations: class, number of posts (lognormal, bots post more) and score."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from botbench.stats import simulation as generator
from botbench.stats.design_based import (
    INDEPENDENT,
    SIMPLE,
    Draw,
    Floats,
    Sample,
    Whole,
    inclusion_probabilities,
    sample,
)

ACCOUNTS = 20_000
DETECTORS = {
    "good": "scores of bots and people three standard deviations apart (AUC .98)",
    "poor": "one standard deviation apart (AUC .76)",
    "shifted": "as good, but here it calls people bots, the more the more they post",
}
DISTANCE = {"good": 3.0, "poor": 1.0, "shifted": 3.0}


@dataclass(frozen=True)
class Setting:
    """A setting: share of bots, labels, quality of the detector, whether annotators err."""

    share: float
    labels: int
    detector: str
    noisy: bool


@dataclass(frozen=True)
class World:
    """One population, float64[accounts]; `chance` is inclusion probability of the posts design."""

    y: Floats
    posts: Floats
    score: Floats
    chance: Floats

    def size(self, quantity: str) -> Floats:
        """1 for each account, or its posts."""
        return self.posts if quantity == "posts" else np.ones(len(self.y))

    @cached_property
    def sums(self) -> dict[str, tuple[float, float, float, float, float]]:
        """Sums of `accounts` and `posts`: all, of bots, weighted by scores, of flagged accounts,
        and of squares.
        """
        sizes = {q: self.size(q) for q in ("accounts", "posts")}
        return {
            q: (
                float(s.sum()),
                float(s @ self.y),
                float(s @ self.score),
                float(s @ (self.score >= 0.5)),
                float(s @ s),
            )
            for q, s in sizes.items()
        }


def world(random: np.random.Generator, setting: Setting, accounts: int = ACCOUNTS) -> World:
    """A population of a setting."""
    y = generator.bots(random, accounts, setting.share).astype(np.float64)
    posts = np.maximum(1.0, generator.posts(random, y, 0.5))
    distance = DISTANCE[setting.detector]
    raw = generator.raw_scores(random, y, distance)
    if setting.detector == "shifted":
        raw += 1.0 + 0.4 * (np.log(posts) - 1.5)
    score = generator.calibrated(raw, distance)
    return World(y, posts, score, inclusion_probabilities(posts, setting.labels))


def elsewhere(random: np.random.Generator, detector: str, each: int = 500) -> tuple[Floats, Floats]:
    """Scores and labels of as many bots as people in other data, without the detector's shift."""
    y = np.repeat([1.0, 0.0], each)
    distance = DISTANCE[detector]
    return generator.calibrated(generator.raw_scores(random, y, distance), distance), y


def uniform(random: np.random.Generator, accounts: int, n: int) -> tuple[Whole, Sample]:
    """A simple random sample: the accounts' places and the sample."""
    at = random.choice(accounts, n, replace=False, shuffle=False)
    return at, sample(_draw(np.full(n, n / accounts), SIMPLE))


def poisson(random: np.random.Generator, chance: Floats) -> tuple[Whole, Sample]:
    """Independent draws with these probabilities."""
    at = np.flatnonzero(random.random(len(chance)) < chance)
    return at, sample(_draw(chance[at], INDEPENDENT))


def _draw(chance: Floats, joint: str) -> Draw:
    nothing = np.zeros(len(chance), dtype=np.int64)
    return Draw(nothing, nothing, chance, np.ones(len(chance), dtype=np.bool_), (joint,))
