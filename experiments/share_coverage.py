"""docs/study-coverage.md: `botbench.stats.survey.share` where its interval is easily too sure.

Near-perfect detectors, few labels, heavy tails, stratified draws and other designs; each campaign
has a new population. `python experiments/share_coverage.py [CAMPAIGNS]`.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pages import markdown, write

from botbench.stats.design_based import inclusion_probabilities
from botbench.stats.survey import share

Floats = NDArray[np.float64]
Random = np.random.Generator
HELD = 0.93
FLOOR = 0.02
"""The default floor of the design `posts`."""


@dataclass(frozen=True)
class Setting:
    """A population with its detector and design."""

    bots: float
    labels: int
    scores: Callable[[Random, Floats], Floats]
    accounts: int = 20_000
    sizes: Callable[[Random, Floats], Floats] | None = None
    by_size: bool = False
    flagged: float = 0
    """The part of the labels that accounts with a score of .5 or more have; 0: by chance."""
    scored: bool = True
    of_accounts: bool = False
    """Whether accounts count alike although they were drawn by size."""

    def draw(self, random: Random) -> tuple[Floats, NDArray[np.bool_], Floats, Floats, Floats]:
        """Labels, who is drawn, with which probability, scores and sizes."""
        y = (random.random(self.accounts) < self.bots).astype(np.float64)
        score = self.scores(random, y)
        size = np.ones(self.accounts) if self.sizes is None else self.sizes(random, y)
        if self.by_size:
            chance = inclusion_probabilities(size, self.labels, FLOOR if self.of_accounts else 0.0)
            return y, random.random(self.accounts) < chance, chance, score, size
        chance = np.zeros(self.accounts)
        drawn = np.zeros(self.accounts, dtype=np.bool_)
        flagged = score >= 0.5 if self.flagged else np.zeros(self.accounts, dtype=np.bool_)
        for those, of_all in ((flagged, self.flagged), (~flagged, 1 - self.flagged)):
            part = np.flatnonzero(those)
            n = min(round(self.labels * of_all), len(part))
            if n:
                chance[part] = n / len(part)
                drawn[random.choice(part, n, replace=False, shuffle=False)] = True
        return y, drawn, chance, score, size


def hard(sensitivity: float, specificity: float) -> Callable[[Random, Floats], Floats]:
    """Scores of 0 and 1."""

    def scores(random: Random, y: Floats) -> Floats:
        right = random.random(len(y)) < np.where(y == 1, sensitivity, specificity)
        return np.where(right, y, 1 - y)

    return scores


def normal(distance: float) -> Callable[[Random, Floats], Floats]:
    """Calibrated scores of bots and people so many standard deviations apart."""

    def scores(random: Random, y: Floats) -> Floats:
        raw = random.standard_normal(len(y)) + distance * y
        return np.asarray(1 / (1 + np.exp(distance * (distance / 2 - raw))))

    return scores


def pareto(tail: float) -> Callable[[Random, Floats], Floats]:
    """Sizes with a heavy tail; bots' are 1.6 times as large."""
    return lambda random, y: (1 + random.pareto(tail, len(y))) * (1 + 0.6 * y)


def counts(random: Random, y: Floats) -> Floats:
    """Scores that are counts with a heavy tail, ten times as large for bots."""
    return random.pareto(0.8, len(y)) * (1 + 9 * y)


def few_heavy(random: Random, y: Floats) -> Floats:
    """Lognormal sizes, and twenty bots that have 30 % of the whole."""
    size = np.exp(1.5 + 1.2 * random.standard_normal(len(y)))
    heavy = np.flatnonzero(y == 1)[:20]
    size[heavy] = 0
    size[heavy] = size.sum() * 0.3 / 0.7 / len(heavy)
    return size


def lognormal(random: Random, y: Floats) -> Floats:
    """Sizes with a standard deviation of 1.5 on the scale of logarithms."""
    return np.asarray(np.exp(1.5 * random.standard_normal(len(y))))


def light_bots(random: Random, y: Floats) -> Floats:
    """The same sizes, and the bots' a fifth as large."""
    return lognormal(random, y) * (1 - 0.8 * y)


def posts_or_none(random: Random, y: Floats) -> Floats:
    """Whole numbers of posts: half of the accounts have under 2, and most bots none."""
    few = random.negative_binomial(0.5, 0.05, len(y)).astype(np.float64)
    return np.where((y == 1) & (random.random(len(y)) < 0.8), 0.0, few)


SETTINGS = {
    "15 % bots, n = 500, hard .995/1": Setting(0.15, 500, hard(0.995, 1)),
    "15 % bots, n = 500, hard .98/.999": Setting(0.15, 500, hard(0.98, 0.999)),
    "15 % bots, n = 250, hard .99/.995": Setting(0.15, 250, hard(0.99, 0.995)),
    "30 % bots, n = 120, d' = 5": Setting(0.30, 120, normal(5)),
    "15 % bots, n = 500, hard 1/1": Setting(0.15, 500, hard(1, 1)),
    "15 % bots, n = 500, hard .998/1": Setting(0.15, 500, hard(0.998, 1)),
    "10 % bots, n = 200, hard .9/.99": Setting(0.10, 200, hard(0.9, 0.99)),
    "15 % bots, n = 300, hard .3/.3": Setting(0.15, 300, hard(0.3, 0.3)),
    "99 % bots, n = 500, hard .99/.99": Setting(0.99, 500, hard(0.99, 0.99)),
    "30 % bots, n = 5, hard .95/.95": Setting(0.30, 5, hard(0.95, 0.95)),
    "20 % bots, n = 40, d' = 1": Setting(0.20, 40, normal(1)),
    "15 % bots, 270 of 300, hard .98/.99": Setting(0.15, 270, hard(0.98, 0.99), 300),
    "10 % bots, n = 300, half flagged, hard .8/.97": Setting(
        0.10, 300, hard(0.8, 0.97), 5000, flagged=0.5
    ),
    "5 % bots, 400 flagged and 100 others, hard .8/.97": Setting(
        0.05, 500, hard(0.8, 0.97), flagged=0.8
    ),
    "5 % bots, 300 flagged and 200 others, hard .8/.97": Setting(
        0.05, 500, hard(0.8, 0.97), flagged=0.6
    ),
    "2 % bots, 300 flagged and 300 others, hard .7/.98": Setting(
        0.02, 600, hard(0.7, 0.98), flagged=0.5
    ),
    "3 % bots, 300 flagged and 150 others, no scores": Setting(
        0.03, 450, hard(0.85, 0.98), flagged=2 / 3, scored=False
    ),
    "5 % bots, 400 flagged and 100 others, d' = 2": Setting(0.05, 500, normal(2), flagged=0.8),
    "20 % bots, n = 300, scores are counts": Setting(0.20, 300, counts),
    "posts, n = 300 by size, Pareto 1.2, d' = 3": Setting(
        0.15, 300, normal(3), 5000, pareto(1.2), by_size=True
    ),
    "posts, n = 300 by size, Pareto 1.5, hard .99/.999": Setting(
        0.15, 300, hard(0.99, 0.999), 5000, pareto(1.5), by_size=True
    ),
    "posts, n = 300 uniform, Pareto 1.5, d' = 3": Setting(0.15, 300, normal(3), 5000, pareto(1.5)),
    "posts, n = 500 uniform, 20 bots have 30 %, d' = 3": Setting(
        0.10, 500, normal(3), 20_000, few_heavy
    ),
    "posts, n = 500 by size, 20 bots have 30 %, d' = 3": Setting(
        0.10, 500, normal(3), 20_000, few_heavy, by_size=True
    ),
    "accounts, n = 500 by size, floor .02, d' = 2": Setting(
        0.10, 500, normal(2), sizes=lognormal, by_size=True, of_accounts=True
    ),
    "accounts, n = 500 by posts, floor .02, most bots have none, d' = 2": Setting(
        0.10, 500, normal(2), sizes=posts_or_none, by_size=True, of_accounts=True
    ),
    "accounts, n = 500 by size, floor .02, light bots, d' = 2": Setting(
        0.10, 500, normal(2), sizes=light_bots, by_size=True, of_accounts=True
    ),
}


def simulate(name: str, campaigns: int) -> tuple[NDArray[np.bool_], Floats, NDArray[np.bool_]]:
    """Of each campaign: whether the interval held the truth, its width, and `few`."""
    random = np.random.default_rng([zlib.crc32(name.encode()), 0])
    rows = []
    for _ in range(campaigns):
        setting = SETTINGS[name]
        y, drawn, chance, score, size = setting.draw(random)
        size = np.ones(len(y)) if setting.of_accounts else size
        known = np.where(drawn, y, np.nan)
        found = share(known, drawn, chance, score if setting.scored else None, size)
        true = float(size @ y / size.sum())
        rows.append((found.low <= true <= found.high, found.high - found.low, found.few))
    held, width, few = np.array(rows, dtype=np.float64).T
    return held > 0, width, few > 0


def cell(held: NDArray[np.bool_]) -> str:
    """A coverage with the number of campaigns, marked where it is too low."""
    if not len(held):
        return "–"
    error = float(np.sqrt(HELD * (1 - HELD) / len(held)))
    text = f"{held.mean():.3f} ({len(held):,})"
    return text if held.mean() >= HELD - 2 * error else f"**✗ {text}**"


def row(name: str, campaigns: int) -> tuple[str, ...]:
    """The line of a setting."""
    held, width, few = simulate(name, campaigns)
    widths = f"{width.mean():.4f}", f"{width.min():.4f}"
    return name, cell(held), *widths, cell(held[few]), cell(held[~few])


def main() -> None:
    """Simulate all settings and write the table."""
    campaigns = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    columns = ("setting", "coverage", "mean width", "least width", "few", "not few")
    table = markdown(columns, [row(name, campaigns) for name in SETTINGS])
    write("study-coverage.md", "share", table)


if __name__ == "__main__":
    main()
