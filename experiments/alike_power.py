"""docs/study-coverage.md: how often a study tells that annotators answer alike, and by mistake.

Three annotators, 500 accounts, 15 % bots, answers and scores drawn anew each time.
`python experiments/alike_power.py [SAMPLES]`.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pages import markdown, write

from benchmarks.study.estimators.shared_answers import LEVEL, most_alike

Floats = NDArray[np.float64]
BOTS, ACCOUNTS = 0.15, 500
SENSITIVITY, SPECIFICITY = np.array([0.90, 0.85, 0.80]), np.array([0.97, 0.95, 0.93])


@dataclass(frozen=True)
class Setting:
    """What the annotators do, and what else is known."""

    copied: float = 0.0
    """The part of the second person's answers that are the first one's."""
    fooled: float = 0.0
    """The part of the bots that everybody calls a person."""
    distance: float = 3.0
    """How many standard deviations apart the detector's scores are."""
    gold: int = 0

    def draw(self, random: np.random.Generator) -> tuple[Floats, Floats, Floats]:
        """Votes, known labels and scores."""
        y = random.random(ACCOUNTS) < BOTS
        rate = np.where(y[:, None], SENSITIVITY, 1 - SPECIFICITY)
        votes = (random.random((ACCOUNTS, 3)) < rate).astype(np.float64)
        copies = random.random(ACCOUNTS) < self.copied
        votes[copies, 1] = votes[copies, 0]
        votes[y & (random.random(ACCOUNTS) < self.fooled)] = 0
        raw = random.standard_normal(ACCOUNTS) + self.distance * y - self.distance / 2
        score = 1 / (1 + np.exp(-np.log(BOTS / (1 - BOTS)) - self.distance * raw))
        return votes, np.where(np.arange(ACCOUNTS) < self.gold, y, np.nan), score


SETTINGS = {
    "independent": Setting(),
    "independent, poor detector": Setting(distance=1),
    "independent, 100 gold": Setting(gold=100),
    "one copies half of another's": Setting(0.5),
    "one copies half of another's, poor detector": Setting(0.5, distance=1),
    "one copies half of another's, 100 gold": Setting(0.5, gold=100),
    "one copies three of ten": Setting(0.3),
    "a fifth of the bots fools all": Setting(fooled=0.2),
    "a fifth of the bots fools all, 100 gold": Setting(fooled=0.2, gold=100),
    "a fifth of the bots fools all, 250 gold": Setting(fooled=0.2, gold=250),
}


def row(name: str, samples: int) -> tuple[str, str, str]:
    """How often the warning stood, and how often it named the first two of three."""
    stood = named = 0
    for seed in range(samples):
        votes, known, score = SETTINGS[name].draw(np.random.default_rng([seed, 14]))
        found = most_alike(votes, known, seed, score)
        if found is not None and found.p <= LEVEL:
            stood += 1
            named += (found.first, found.second) == (0, 1)
    return name, f"{stood / samples:.2f}", f"{named / samples:.2f}"


def main() -> None:
    """Simulate all settings and write the table."""
    samples = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    columns = ("annotators", "warning", "names the pair that copies")
    write(
        "study-coverage.md", "alike", markdown(columns, [row(name, samples) for name in SETTINGS])
    )


if __name__ == "__main__":
    main()
