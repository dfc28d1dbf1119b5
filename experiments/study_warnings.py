"""docs/study-coverage.md: coverage of the default, and how often each warning stands beside it.

A setting in which the default covers too little must carry a warning that stands in it and not in
the others. `python experiments/study_warnings.py [CAMPAIGNS]`; annotators and quantifiers take
fewer campaigns, because they cost more.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from pages import markdown, write

from benchmarks.study.estimators import estimate, quantify
from benchmarks.study.estimators.estimate import Estimate, Sized
from benchmarks.study.estimators.label_uncertainty import unbiased
from benchmarks.study.estimators.labelled_sample import LabelledSample
from benchmarks.study.estimators.missing_answers import selective
from benchmarks.study.estimators.refutation import Errors, miscalibrated, refuted
from benchmarks.study.estimators.rogan_gladen import rogan_gladen
from benchmarks.study.estimators.shared_answers import LEVEL, most_alike
from benchmarks.study.simulation import votes
from benchmarks.study.simulation.worlds import DISTANCE
from botbench.stats import simulation as generator
from botbench.stats.design_based import (
    INDEPENDENT,
    SIMPLE,
    Draw,
    Floats,
    inclusion_probabilities,
    sample,
)
from botbench.stats.rare_errors import heavier

Random = np.random.Generator
ACCOUNTS, LABELS, BOTS, HELD = 20_000, 500, 0.15, 0.93
WARNINGS = ("few", "carried", "lacking", "selective", "alike", "refuted", "outside worst")
"""The rule of 30; a few accounts carry it; too little of the heavy ones; answers missing by
score; annotators answer alike; the sample refutes the method. The last is how often even the
bounds for missing answers fail.
"""
Outcome = tuple[bool, float, set[str]]


def world(
    random: Random, detector: str = "good", share: float = BOTS
) -> tuple[Floats, Floats, Floats]:
    """Who is a bot, posts (lognormal, bots' 1.6 times) and scores."""
    y = generator.bots(random, ACCOUNTS, share).astype(np.float64)
    posts = np.maximum(1.0, generator.posts(random, y, 0.5))
    raw = generator.raw_scores(random, y, DISTANCE[detector])
    if detector == "shifted":
        raw += 1.0 + 0.4 * (np.log(posts) - 1.5)
    return y, posts, generator.calibrated(raw, DISTANCE[detector])


def drawn(random: Random, posts: Floats, by_posts: bool) -> tuple[NDArray[np.int64], Draw]:
    """The places of the drawn accounts, and their draw."""
    if by_posts:
        chance = inclusion_probabilities(posts, LABELS)
        at = np.flatnonzero(random.random(len(posts)) < chance)
    else:
        chance = np.full(len(posts), LABELS / len(posts))
        at = random.choice(len(posts), LABELS, replace=False, shuffle=False)
    nothing, everybody = np.zeros(len(at), dtype=np.int64), np.ones(len(at), dtype=np.bool_)
    joint = INDEPENDENT if by_posts else SIMPLE
    return at, Draw(nothing, nothing, chance[at], everybody, (joint,))


def told(  # noqa: PLR0917 (a population, its sample and labels)
    y: Floats,
    size: Floats,
    score: Floats,
    at: NDArray[np.int64],
    draw: Draw,
    label: Floats | None = None,
    bounds: tuple[Floats, Floats, Floats] | None = None,
) -> tuple[Outcome, LabelledSample]:
    """The default of a quantity: whether it holds, its width, and the warnings beside it."""
    own = y[at] if label is None else label
    low, high, noise = bounds or (own, own, np.zeros(len(at)))
    own = np.where(draw.answered, own, np.nan)
    labelled = LabelledSample(
        (),
        draw,
        sample(draw),
        own,
        low,
        high,
        noise,
        own >= 0.5,
        score[at],
        np.ones(len(at), dtype=np.bool_),
        {},
        {},
        (),
        flagged=(score[at] >= 0.5).astype(np.float64),
    )
    quantity = "accounts" if (size == 1).all() else "posts"
    whole, squares = float(size.sum()), float(size @ size)
    sized = Sized(quantity, None, size[at], whole, float(size @ score), None, squares)
    got = next(estimate.estimates(labelled, sized, score=True))
    if not isinstance(got, Estimate):
        raise TypeError(got.reason)
    true = float(size @ y) / whole
    of_sample = labelled.sample_for(sized.size)
    assert of_sample is not None
    stands = {
        "few": got.few,
        "carried": any(said.startswith(estimate.CARRIED) for said in got.assumptions),
        "lacking": heavier(of_sample, sized.size[draw.answered], squares) > 1,
        "selective": selective(labelled) is not None,
        "outside worst": got.worst is not None and not got.worst[0] <= true <= got.worst[1],
    }
    held = got.low <= true <= got.high
    return (held, got.high - got.low, {n for n, there in stands.items() if there}), labelled


def shares(by_posts: bool, of_posts: bool, detector: str = "good") -> Callable[[Random], Outcome]:
    """A share of accounts or of posts, from a uniform sample or one in proportion to posts."""

    def campaign(random: Random) -> Outcome:
        y, posts, score = world(random, detector)
        at, draw = drawn(random, posts, by_posts)
        return told(y, posts if of_posts else np.ones(ACCOUNTS), score, at, draw)[0]

    return campaign


def heavy(tail: float, by_own: bool, of_followers: bool) -> Callable[[Random], Outcome]:
    """Sizes with a Pareto tail: posts, or followers that posts say nothing of."""

    def campaign(random: Random) -> Outcome:
        y, posts, score = world(random)
        size = 1 + random.pareto(tail, ACCOUNTS)
        posts = posts if of_followers else size
        at, draw = drawn(random, posts, by_own)
        return told(y, posts * size if of_followers else size, score, at, draw)[0]

    return campaign


def silent(by: str) -> Callable[[Random], Outcome]:
    """Missing answers: 60 % of the heavier half, or of the bots, answer, and 95 % of the others."""

    def campaign(random: Random) -> Outcome:
        y, posts, score = world(random)
        at, draw = drawn(random, posts, by_posts=True)
        less = posts[at] > np.median(posts[at]) if by == "size" else y[at] == 1
        answered = random.random(len(at)) < np.where(less, 0.6, 0.95)
        return told(y, posts, score, at, replace(draw, answered=answered))[0]

    return campaign


def annotated(copied: float = 0, fooled: float = 0, gold: int = 0) -> Callable[[Random], Outcome]:
    """Three annotators: the second copies the first so often, so many bots fool all of them.

    The truth of `gold` accounts is known.
    """

    def campaign(random: Random) -> Outcome:
        y, posts, score = world(random)
        at, draw = drawn(random, posts, by_posts=False)
        seen = np.where(random.random(len(at)) < fooled, 0.0, y[at])
        said = generator.votes(random, seen[:, None] == 1, votes.SENSITIVITY, votes.SPECIFICITY)
        copies = random.random(len(at)) < copied
        said[copies, 1] = said[copies, 0]
        pattern = np.asarray(said @ np.array([1, 2, 4]), dtype=np.int64)
        ((p, low, high),) = votes.consensus(random, [pattern])
        known = np.where(np.arange(len(at)) < gold, y[at], np.nan)
        p, low, high = (np.where(np.isnan(known), values, known) for values in (p, low, high))
        label, *bounds = unbiased(p, low, high, np.isnan(known))
        (held, width, stands), _ = told(
            y, np.ones(ACCOUNTS), score, at, draw, label, (bounds[0], bounds[1], bounds[2])
        )
        seed = int(random.integers(2**31))
        found = most_alike(said.astype(np.float64), known, seed, score[at])
        if found is not None and found.p <= LEVEL:
            stands.add("alike")
        return held, width, stands

    return campaign


def transferred(method: str, detector: str, share: float = BOTS) -> Callable[[Random], Outcome]:
    """A share by a detector's errors elsewhere, which the sample can refute."""

    def campaign(random: Random) -> Outcome:
        y, posts, score = world(random, detector, share)
        at, draw = drawn(random, posts, by_posts=False)
        there = np.repeat([1.0, 0.0], 500)
        raw = generator.raw_scores(random, there, DISTANCE[detector])
        elsewhere = generator.calibrated(raw, DISTANCE[detector])
        flagged = elsewhere >= 0.5
        rates = float(flagged[there == 1].mean()), float((~flagged)[there == 0].mean())
        if method == "Rogan-Gladen":
            got = rogan_gladen(float((score >= 0.5).mean()), *rates, ACCOUNTS, 500, 500)
            low, high = got.low or 0.0, 1.0 if got.high is None else got.high
        else:
            here = score[random.choice(ACCOUNTS, 2000, replace=False)]
            _, low, high = quantify.quantify(method, here, elsewhere, there)
        _, labelled = told(y, np.ones(ACCOUNTS), score, at, draw)
        ones = np.ones(len(at))
        against = refuted(labelled, ones, Errors(*rates, 500, 500))
        if method == "BotPercent":
            heat = quantify.temperature(elsewhere, there)
            tempered = quantify.tempered(score[at], heat)
            against = miscalibrated(labelled, ones, tempered) or against
        return bool(low <= y.mean() <= high), high - low, {"refuted"} if against else set()

    return campaign


SETTINGS: dict[str, tuple[float, Callable[[Random], Outcome]]] = {
    "accounts, uniform sample": (1, shares(False, False)),
    "accounts, uniform sample, shifted detector": (1, shares(False, False, "shifted")),
    "posts, sample by posts": (1, shares(True, True)),
    "posts, uniform sample": (1, shares(False, True)),
    "posts, uniform sample, poor detector": (1, shares(False, True, "poor")),
    "posts with Pareto tail 1.5, sample by posts": (1, heavy(1.5, True, False)),
    "posts with Pareto tail 1.5, uniform sample": (1, heavy(1.5, False, False)),
    "reach, Pareto followers 1.2, sample by posts": (1, heavy(1.2, True, True)),
    "reach, Pareto followers 1.5, sample by posts": (1, heavy(1.5, True, True)),
    "reach, Pareto followers 2, sample by posts": (1, heavy(2.0, True, True)),
    "posts, heavy posters answer less": (1, silent("size")),
    "posts, bots answer less": (1, silent("label")),
    "annotators independent": (0.25, annotated()),
    "annotators independent, 100 gold": (0.25, annotated(gold=100)),
    "one copies half of another's": (0.25, annotated(copied=0.5)),
    "one copies half of another's, 100 gold": (0.25, annotated(copied=0.5, gold=100)),
    "a fifth of the bots fools all": (0.25, annotated(fooled=0.2)),
    "a fifth of the bots fools all, 100 gold": (0.25, annotated(fooled=0.2, gold=100)),
    "Rogan-Gladen, it errs as elsewhere": (1, transferred("Rogan-Gladen", "good")),
    "Rogan-Gladen, it errs otherwise": (1, transferred("Rogan-Gladen", "shifted")),
    "EMQ, it errs as elsewhere": (0.1, transferred("EMQ", "good")),
    "EMQ, it errs otherwise": (0.1, transferred("EMQ", "shifted")),
    "PACC, it errs as elsewhere": (0.25, transferred("PACC", "good")),
    "PACC, it errs otherwise": (0.25, transferred("PACC", "shifted")),
    "BotPercent, half are bots here too": (0.25, transferred("BotPercent", "good", 0.5)),
    "BotPercent, it errs as elsewhere": (0.25, transferred("BotPercent", "good")),
    "BotPercent, it errs otherwise": (0.25, transferred("BotPercent", "shifted")),
}
"""By name, the part of the campaigns that is simulated, and one campaign."""


def rows(campaigns: int) -> Iterator[tuple[str, ...]]:
    """A line for each setting: coverage, mean width, and how often each warning stands."""
    for name, (part, campaign) in SETTINGS.items():
        random = np.random.default_rng([zlib.crc32(name.encode()), 0])
        n = max(int(campaigns * part), 10)
        found = [campaign(random) for _ in range(n)]
        held = float(np.mean([h for h, _, _ in found]))
        error = float(np.sqrt(HELD * (1 - HELD) / n))
        cell = f"{held:.3f} ({n:,})"
        fired = [float(np.mean([w in stands for *_, stands in found])) for w in WARNINGS]
        yield (
            name,
            cell if held >= HELD - 2 * error else f"**✗ {cell}**",
            f"{np.mean([width for _, width, _ in found]):.4f}",
            *(f"{share:.2f}" if share else "" for share in fired),
        )
        print(name, cell, file=sys.stderr)


def main() -> None:
    """Simulate every setting and write the table."""
    campaigns = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    columns = ("setting", "coverage", "mean width", *WARNINGS)
    write("study-coverage.md", "warnings", markdown(columns, rows(campaigns)))


if __name__ == "__main__":
    main()
