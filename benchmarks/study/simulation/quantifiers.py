"""Quantifiers in the same worlds, with labelled scores of other data and no label here."""

from __future__ import annotations

import numpy as np

from benchmarks.study.estimators import quantify
from benchmarks.study.simulation.coverage import DETECTORS, Row
from benchmarks.study.simulation.worlds import Setting, elsewhere, world

SCORES = 2_000
REPEATS = {"EMQ": 40, "PACC": 100, "HDy": 10, "BotPercent": 100}


def simulate(share: float, detector: str, campaigns: int, seed: int) -> list[Row]:
    """Coverage of each quantifier's bootstrap interval, a new world for each campaign."""
    setting = Setting(share, 0, detector, False)
    random = np.random.default_rng([seed, 77, int(share * 1000), DETECTORS.index(detector)])
    outcomes: dict[str, list[tuple[bool, float]]] = {method: [] for method in quantify.METHODS}
    for number in range(campaigns):
        here = world(random, setting, SCORES)
        score, y = elsewhere(random, detector)
        true = float(here.y.mean())
        for method, got in outcomes.items():
            _, low, high = quantify.quantify(
                method, here.score, score, y, seed + number, REPEATS[method]
            )
            got.append((low <= true <= high, high - low))
    return [
        Row(
            setting,
            "accounts",
            method,
            len(got),
            float(np.mean([h for h, _ in got])),
            float(np.median([w for _, w in got])),
        )
        for method, got in outcomes.items()
    ]
