"""False alarms on groups of people: who pays for a detector's errors."""

from __future__ import annotations

from functools import partial

import numpy as np

from benchmarks.data.groups import GROUPS
from benchmarks.metrics import Array, ScoredAccounts, ScoredRepeats, Weighted, family, metric
from benchmarks.metrics.scored_accounts import divide
from botbench.stats.proportions import FEW, mover_difference, wilson

NOBODY = "no account labelled human is known to be in the group"


def _check(group: float | str) -> str | None:
    return None if group in GROUPS else f"the group must be one of {', '.join(GROUPS)}"


def rates(judged: Weighted, group: str) -> tuple[Array, Array, Array, Array]:
    """False alarms and humans in the group, then outside it: float64[b] each, without unknowns."""
    if group not in judged.judged.facts:
        nobody = np.zeros(len(judged.weight))
        return nobody, nobody, nobody, nobody
    sums = judged.sums(f"false alarms of {group}", partial(_masks, group=group))
    return sums[:, 0], sums[:, 1], sums[:, 2], sums[:, 3]


def _masks(judged: ScoredAccounts, group: str) -> Array:
    """float64[n, 4]: false alarms and humans in the group, then outside it."""
    member, human = judged.fact(group), judged.y == 0
    masks = [
        m
        for inside in (1.0, 0.0)
        for m in (human & (member == inside) & judged.hat, human & (member == inside))
    ]
    return np.stack(masks, axis=1).astype(np.float64)


def _mean_counts(sample: ScoredRepeats, group: str) -> list[float]:
    return [
        float(n)
        for n in np.mean([[c[0] for c in rates(w, group)] for w in sample.weighted], axis=0)
    ]


def _independent(sample: ScoredRepeats, group: str) -> tuple[float, float]:
    """How many independent people are in the group, and outside it."""
    counts = _mean_counts(sample, group)
    masks = [_masks(judged, group) for judged in sample.repeats]
    inside, outside = (
        sample.independent(counts[i + 1], [m[:, i] for m in masks], [m[:, i + 1] for m in masks])
        for i in (0, 2)
    )
    return inside, outside


def _gap_interval(value: float, sample: ScoredRepeats, parameter: str) -> tuple[float, float]:
    """Newcombe's interval of a difference of two shares."""
    fa, na, fb, nb = _mean_counts(sample, parameter)
    a, b = fa / na, fb / nb
    low, high = wilson([a, b], _independent(sample, parameter))
    below, above = mover_difference((a, low[0], high[0]), (b, low[1], high[1]))
    return value - (a - b) + float(below), value - (a - b) + float(above)


@family(
    "fpr[bot]",
    "group",
    tuple(GROUPS),
    _check,
    title="False alarms: {value}",
    order=90,
    needs=("threshold", "groups"),
    direction="lower",
    trials=lambda sample, parameter: _independent(sample, parameter)[0],
    few=lambda sample, parameter: _independent(sample, parameter)[0] < FEW,
    formula="FP / (FP + TN) among people of the group {value}",
    description=(
        "Of the people in this group, the share that were called bots. What a group is stands in"
        " docs/metrics.md."
    ),
    trap=(
        "Groups overlap, and who is in one is read off the profile. A group of few people has a"
        " wide interval."
    ),
    source="Hardt, Price and Srebro 2016, NeurIPS (equalised odds); interval: Wilson 1927",
    undefined=NOBODY,
)
def group_rate(judged: Weighted, parameter: str) -> Array:
    """The false positive rate within one group."""
    alarms, people, _, _ = rates(judged, parameter)
    return divide(alarms, people)


@family(
    "fpr-gap[bot]",
    "group",
    tuple(GROUPS),
    _check,
    title="Gap: {value}",
    order=92,
    needs=("threshold", "groups"),
    direction="lower",
    ranked=False,
    range=(-1.0, 1.0),
    closed=_gap_interval,
    few=lambda sample, parameter: min(_independent(sample, parameter)) < FEW,
    method="newcombe",
    formula="false alarms among people of the group {value} − false alarms among the other people",
    description=(
        "How much more often people of this group are called bots than the others. Under 0: less"
        " often."
    ),
    trap=(
        "Lower is not always better: 0 is even-handed. It compares groups of this data set as it"
        " was collected."
    ),
    source=(
        "Hardt, Price and Srebro 2016, NeurIPS; interval: Newcombe 1998, Stat. Med. 17:873,"
        " method 10"
    ),
    undefined="no account labelled human is known to be in the group, or none outside it",
)
def group_gap(judged: Weighted, parameter: str) -> Array:
    """In the group less outside."""
    alarms, people, others_alarms, others = rates(judged, parameter)
    return divide(alarms, people) - divide(others_alarms, others)


@metric(
    "fpr-gap[bot]",
    title="Largest gap",
    order=91,
    needs=("threshold", "groups"),
    direction="lower",
    formula=f"the largest |gap| of any group with {FEW} people or more on both sides",
    description=(
        "The largest difference in false alarms between a group of people and the others, whichever"
        " way it goes. Lower is better."
    ),
    trap=(
        "The largest of several differences is above 0 by chance alone, and its interval does not"
        " take that back."
    ),
    source="Hardt, Price and Srebro 2016, NeurIPS",
    undefined=f"no group of people has {FEW} members and {FEW} others",
)
def largest_gap(judged: Weighted) -> Array:
    """Groups are chosen by how many people there are, not by how many were drawn."""
    human, facts = judged.y == 0, judged.judged.facts
    able = [
        g
        for g in GROUPS
        if g in facts and min((human & (facts[g] == side)).sum() for side in (0, 1)) >= FEW
    ]
    if not able:
        return np.full(len(judged.weight), np.nan)
    gaps = np.abs(np.stack([group_gap(judged, group) for group in able]))
    return np.asarray(np.where(np.isnan(gaps), 0.0, gaps).max(axis=0))
