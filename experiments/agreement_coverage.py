"""docs/labels.md: how often the interval of each figure of agreement holds its value.

Of Fleiss' kappa and alpha the interval is shown that would be given without the rule for few
minority accounts.
"""

from __future__ import annotations

import argparse

import numpy as np
from pages import markdown, write

from botbench.stats import agreement, simulation

FIGURES = ("percent", "ac1", "fleiss", "nominal")
SETTINGS = (
    (30, 0.1, 2, 0.8, 0.95),
    (50, 0.05, 3, 0.85, 0.95),
    (50, 0.05, 3, 0.85, 0.99),
    (50, 0.05, 3, 0.95, 0.99),
    (50, 0.3, 3, 0.85, 0.95),
    (100, 0.02, 3, 0.85, 0.99),
    (100, 0.1, 3, 0.8, 0.95),
    (200, 0.05, 3, 0.85, 0.95),
    (200, 0.05, 2, 0.85, 0.99),
    (1000, 0.05, 3, 0.85, 0.95),
)
"""Accounts, share of bots, people, sensitivity, specificity."""


def counts(
    rng: np.random.Generator, accounts: int, share: float, people: int, *rates: float
) -> np.ndarray:
    """Simulated answers: how often each account was called human and bot."""
    bot = simulation.bots(rng, accounts, share) == 1
    says = rng.binomial(people, np.where(bot, rates[0], 1 - rates[1]))
    return np.column_stack([people - says, says])


def coverage(setting: tuple, sets: int, repeats: int) -> list[str]:
    """One row: the setting, the coverage of each figure, and the share of intervals given."""
    rng = np.random.default_rng(1)
    rows, number = np.unique(counts(rng, 2_000_000, *setting[1:]), axis=0, return_counts=True)
    whole = number[None, :].astype(float)
    truth = {name: agreement.FIGURES[name](rows, whole)[0] for name in FIGURES}
    bare, given = {name: [] for name in FIGURES}, []
    for seed in range(sets):
        drawn = counts(rng, *setting)
        rows, number = np.unique(drawn, axis=0, return_counts=True)
        weights = np.random.default_rng(seed).multinomial(
            len(drawn), number / number.sum(), size=repeats
        )
        given.append(agreement.few_minority(rows, number) is None)
        quoted = agreement.measure(drawn, tuple(agreement.RANGES), repeats=repeats, seed=seed)
        for name in FIGURES:
            values = agreement.FIGURES[name](rows, weights)
            if name in quoted:
                ends = quoted[name].low, quoted[name].high
            elif np.isnan(values).all():
                ends = 1, 0
            else:
                ends = np.nanpercentile(values, [2.5, 97.5])
            bare[name].append(ends[0] <= truth[name] <= ends[1])
    kept = np.array(given)
    of_given = f"{np.mean(np.array(bare['nominal'])[kept]):.2f}" if kept.sum() >= 30 else "–"
    accounts, share, people, sensitivity, specificity = setting
    name = f"{accounts:,} accounts, {share:.0%} bots, {people} people, {sensitivity}/{specificity}"
    return [name, *(f"{np.mean(bare[n]):.2f}" for n in FIGURES), f"{kept.mean():.2f}", of_given]


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sets", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=500)
    options = parser.parse_args()
    heads = ["simulated", "percent", "AC1", "Fleiss", "alpha", "given", "alpha where given"]
    lines = [coverage(setting, options.sets, options.repeats) for setting in SETTINGS]
    write("labels.md", "agreement", markdown(heads, lines))


if __name__ == "__main__":
    main()
