"""Coverage and width of each method's interval: the table of docs/study-coverage.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from benchmarks.study.estimators import estimate
from benchmarks.study.estimators.estimate import Estimate, Sized
from benchmarks.study.estimators.label_uncertainty import unbiased
from benchmarks.study.estimators.labelled_sample import LabelledSample
from benchmarks.study.estimators.rogan_gladen import rogan_gladen
from benchmarks.study.simulation import votes
from benchmarks.study.simulation.worlds import Setting, World, elsewhere, poisson, uniform, world
from botbench.core.errors import UserError
from botbench.stats import survey
from botbench.stats.design_based import Floats, Sample, Whole
from botbench.stats.proportions import FEW, Z
from botbench.stats.rare_errors import heavier

SHARES, LABELS, DETECTORS = (0.01, 0.05, 0.15, 0.30), (500, 2000), ("good", "poor", "shifted")
CASES = {
    "accounts": ("accounts", "uniform"),
    "posts": ("posts", "posts"),
    "posts, uniform sample": ("posts", "uniform"),
}
"""What is estimated from which design: the two that fit, and the one that the product warns of."""
DEFAULT, ALONE, NORMAL, POWERED, PLAIN, TRUSTING, ROGAN = (
    "default",
    "sample alone",
    "sample alone, normal interval",
    "PPI++ always",
    "PPI",
    "default, majority taken as right",
    "Rogan-Gladen, errors from elsewhere",
)
COUNTING, NOT_COUNTING = "default, errors counted", "default, errors not counted"
"""The two branches of the rule of 30, each in the campaigns in which it was taken."""
BEFORE = "PPI++, under 30 bots or people the sample alone"
"""The default of version 0.1, which did not count errors: what widths are compared with."""
CARRIED, LACKING = "a few accounts carry it", "too little of the heavy accounts"
WARNINGS = (CARRIED, LACKING)
"""Warnings of the report; their `coverage` is the share of campaigns in which they stand."""
HELD = 0.93
PER_WORLD = 100


@dataclass(frozen=True)
class Row:
    """Coverage and median width of one method in one setting and case, or how often a warning."""

    setting: Setting
    case: str
    method: str
    campaigns: int
    coverage: float
    width: float

    @property
    def error(self) -> float:
        """Monte Carlo standard error of the coverage, at the level it should have."""
        return float(np.sqrt(HELD * (1 - HELD) / self.campaigns))

    @property
    def holds(self) -> bool:
        """Whether the coverage is at least .93, within two Monte Carlo errors."""
        return self.coverage >= HELD - 2 * self.error


def settings() -> list[Setting]:
    """Every setting of the table."""
    return [Setting(*s) for s in product(SHARES, LABELS, DETECTORS, (False, True))]


Outcomes = dict[str, list[tuple[bool, float]]]
"""For `case|method`, of each campaign: whether the interval held the truth, and its width."""


def block(setting: Setting, seed: int, number: int, campaigns: int = PER_WORLD) -> Outcomes:
    """Up to a hundred campaigns of a setting in one world; each block draws from its own seed."""
    place = [
        round(1000 * setting.share),
        setting.labels,
        DETECTORS.index(setting.detector),
        int(setting.noisy),
    ]
    random = np.random.default_rng([seed, *place, number])
    here = world(random, setting)
    drawn = {
        design: _drawn(random, setting, here, design, campaigns) for design in ("uniform", "posts")
    }
    outcomes: Outcomes = {}
    for case, (quantity, design) in CASES.items():
        true = here.sums[quantity][1] / here.sums[quantity][0]
        for sampled in drawn[design]:
            for method, low, high in _campaign(random, setting, here, quantity, sampled):
                # A warning has an interval only where it stands.
                width = 0.0 if method in WARNINGS else float(high - low)
                outcomes.setdefault(f"{case}|{method}", []).append(
                    (bool(low <= true <= high), width)
                )
    return outcomes


def blocks(campaigns: int) -> list[tuple[int, int]]:
    """The blocks of so many campaigns: (number, campaigns in it)."""
    return [
        (i, min(PER_WORLD, campaigns - i * PER_WORLD)) for i in range(-(-campaigns // PER_WORLD))
    ]


def counted(setting: Setting, blocks_of_outcomes: Sequence[Outcomes]) -> list[Row]:
    """The rows of a setting from its blocks."""
    together: Outcomes = {}
    for one in blocks_of_outcomes:
        for key, got in one.items():
            together.setdefault(key, []).extend(got)
    rows = []
    for key, got in together.items():
        case, method = key.split("|")
        held, width = np.array(got, dtype=np.float64).T
        rows.append(
            Row(setting, case, method, len(got), float(held.mean()), float(np.median(width)))
        )
    return rows


def simulate(setting: Setting, campaigns: int, seed: int) -> list[Row]:
    """Draw campaigns of a setting, estimate, and count."""
    return counted(setting, [block(setting, seed, *b) for b in blocks(campaigns)])


Drawn = tuple[Whole, Sample, Floats, Floats, Floats, Floats]
"""Where, weights, labels (or what posteriors make of them), bounds, and how much they vary around
the truth.
"""


def _drawn(
    random: np.random.Generator, setting: Setting, here: World, design: str, number: int
) -> list[Drawn]:
    """Samples of a world (where, weights), each with its labels and their bounds."""
    samples = [
        (
            uniform(random, len(here.y), setting.labels)
            if design == "uniform"
            else poisson(random, here.chance)
        )
        for _ in range(number)
    ]
    if not setting.noisy:
        return [
            (at, drawn, here.y[at], here.y[at], here.y[at], np.zeros(len(at)))
            for at, drawn in samples
        ]
    labels = votes.consensus(random, [votes.votes(random, here.y[at]) for at, _ in samples])
    return [
        (*one, *unbiased(*label, np.ones(len(label[0]), dtype=np.bool_)))
        for one, label in zip(samples, labels, strict=True)
    ]


def _campaign(
    random: np.random.Generator,
    setting: Setting,
    here: World,
    quantity: str,
    sampled: Drawn,
) -> Iterator[tuple[str, float, float]]:
    """The interval that each method makes of one sample."""
    at, drawn, y, low, high, noise = sampled
    whole, _, scored, flagged, squares = here.sums[quantity]
    sized = Sized(
        quantity,
        None,
        here.posts[at] if quantity == "posts" else np.ones(len(at)),
        whole,
        scored,
        flagged,
        squares,
    )
    by_method = {e.method: e for e in _estimates(at, drawn, y, low, high, noise, here, sized)}
    default = next(e for e in by_method.values() if e.default)
    yield DEFAULT, default.low, default.high
    yield COUNTING if default.few else NOT_COUNTING, default.low, default.high
    for name, stands in (
        (CARRIED, any(said.startswith(estimate.CARRIED) for said in default.assumptions)),
        (LACKING, heavier(drawn, sized.size, squares) > 1),
    ):
        yield name, -np.inf if stands else np.inf, np.inf
    alone = by_method.get(survey.ALONE, default)
    yield ALONE, alone.low, alone.high
    wide = Z * np.sqrt(alone.spread)
    yield NORMAL, alone.value - wide, alone.value + wide
    for name, method in ((POWERED, survey.POWERED), (PLAIN, estimate.PLAIN)):
        e = by_method.get(method, alone)
        yield name, e.low, e.high
    few = min(survey.classes(drawn, sized.size, y)) < FEW
    e = alone if few else by_method.get(survey.POWERED, alone)
    yield BEFORE, e.low, e.high
    if setting.noisy:
        hard = (y >= 0.5).astype(np.float64)
        trusting = next(
            e
            for e in _estimates(at, drawn, hard, hard, hard, np.zeros(len(at)), here, sized)
            if e.default
        )
        yield TRUSTING, trusting.low, trusting.high
    elif quantity == "accounts":
        yield _rogan(random, setting, sized)


def _rogan(random: np.random.Generator, setting: Setting, sized: Sized) -> tuple[str, float, float]:
    score, y = elsewhere(random, setting.detector)
    flagged = score >= 0.5
    try:
        got = rogan_gladen(
            sized.naive or 0.0,
            float(flagged[y == 1].mean()),
            float((~flagged)[y == 0].mean()),
            sized.whole,
            float((y == 1).sum()),
            float((y == 0).sum()),
        )
    except UserError:
        return ROGAN, 0.0, 1.0
    return ROGAN, got.low or 0.0, 1.0 if got.high is None else got.high


def _estimates(  # noqa: PLR0917 (the parts of a labelled sample)
    at: Whole,
    drawn: Sample,
    y: Floats,
    low: Floats,
    high: Floats,
    noise: Floats,
    here: World,
    sized: Sized,
) -> list[Estimate]:
    everybody = np.ones(len(at), dtype=np.bool_)
    labelled = LabelledSample(
        (), None, drawn, y, low, high, noise, y >= 0.5, here.score[at], everybody, {}, {}, ()
    )
    return [
        e
        for e in estimate.estimates(labelled, sized, score=True, others=True)
        if isinstance(e, Estimate)
    ]


def document(rows: list[Row], seed: int) -> dict[str, Any]:
    """The rows as `--json` gives them."""
    return {
        "seed": seed,
        "rows": [
            {
                "case": r.case,
                "share": r.setting.share,
                "labels": r.setting.labels,
                "detector": r.setting.detector,
                "annotators": "noisy" if r.setting.noisy else "right",
                "method": r.method,
                "campaigns": r.campaigns,
                "coverage": round(r.coverage, 4),
                "width": round(r.width, 4),
                "holds": r.holds,
            }
            for r in rows
        ],
    }
