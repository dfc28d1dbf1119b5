"""Possible explanations of an issue: rounding, averages over runs, another class, another unit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.audits import implied_scores
from benchmarks.audits.cells import Case
from benchmarks.audits.published import Floats
from botbench.text import numbers

AVERAGED = (
    "scores averaged over runs (each mean is right, but together they are no single confusion"
    " matrix)"
)
BEYOND = (
    "a symmetric interval (mean ± standard deviation, or a normal approximation) that ignores the"
    " score's range"
)
CURVE = "the score behind the AUC is not the one that was cut, or is turned round"
FITS = 0.005
"""How near another reading must come to the printed value to be named: half a point."""


def outside(printed: float, scale: float) -> list[str]:
    """Of a value outside its range."""
    if scale == 1 and 1 < printed <= 100:
        return ["a percentage among fractions (read the whole table as percent where all are)"]
    return ["a misprint"]


def of_f1(case: Case, i: int, averaged: bool) -> list[str]:
    """Of an F1 that its precision and recall do not imply."""
    reasons = (
        ["F1 averaged over runs: the mean of F1 can only lie below the F1 of the means"]
        if averaged
        else []
    )
    fitting = [*_other_unit(case, i), *_other_average(case, i)]
    if fitting or averaged:
        return [
            *fitting,
            *reasons,
            *(() if fitting else ("F1 is a macro average, or of the other class",)),
        ]
    return [
        (
            "F1 is a macro or weighted average, or of the other class, while precision and recall"
            " are of the bot class"
        ),
        "a misprint, or numbers of different runs in one row",
    ]


def _near(case: Case) -> float:
    return FITS + case.half("precision", "recall", "f1")


def _row(case: Case, i: int, *names: str) -> list[Floats]:
    return [case.score(name)[i : i + 1] for name in names]


def _other_average(case: Case, i: int) -> Iterator[str]:
    """Another kind of F1 that would equal the printed one, at the known share of bots."""
    p, r, printed = _row(case, i, "precision", "recall", "f1")
    pi = case.prevalence.share[i : i + 1]
    readings = {
        "the macro average over both classes": implied_scores.macro_f1,
        "the average weighted by class": implied_scores.weighted_f1,
        "the F1 of the human class": implied_scores.human_f1,
        "the accuracy (micro average)": implied_scores.accuracy,
    }
    for what, formula in readings.items():
        would = formula(p, r, pi)[0]
        if abs(would - printed[0]) <= _near(case):
            yield f"F1 is {what}, which would be {_shown(case, would)}"


def _other_unit(case: Case, i: int) -> Iterator[str]:
    """A fraction among percentages."""
    if case.table.scale != 100:
        return
    p, r, printed = _row(case, i, "precision", "recall", "f1")
    for name, cell, implied in (
        ("precision", p, implied_scores.f1(100 * p, r)),
        ("recall", r, implied_scores.f1(p, 100 * r)),
        ("f1", printed, implied_scores.f1(p, r)),
    ):
        wanted = 100 * printed[0] if name == "f1" else printed[0]
        if 0 < cell[0] <= 0.01 and abs(implied[0] - wanted) <= _near(case):
            yield (
                f"{name} is a fraction among percentages: read as {100 * cell[0] * 100:g} % the row"
                " fits"
            )


def of_prevalence(case: Case, i: int, name: str, possible: bool) -> list[str]:
    """Of a score that precision, recall and the share of bots do not imply."""
    pi = case.prevalence.share[i]
    whose = "stated" if case.prevalence.is_stated[i] else "common to the data set's rows"
    reasons = list(flipped_class(case, i))
    own = implied_scores.prevalence(*_row(case, i, "precision", "recall", "accuracy"))[0]
    if name == "accuracy" and np.isfinite(own) and 0 <= own <= 1:
        reasons.append(
            f"another sample: it would fit at {numbers.share(own)} bots, and {numbers.share(pi)} is"
            f" {whose}"
        )
    if possible:
        reasons.append(AVERAGED)
    return [*reasons, "precision and recall are macro or weighted averages over both classes"]


def flipped_class(case: Case, i: int) -> list[str]:
    """That precision and recall are of the human class, where the accuracy then fits."""
    p, r, printed = _row(case, i, "precision", "recall", "accuracy")
    would = implied_scores.accuracy(p, r, 1 - case.prevalence.share[i : i + 1])[0]
    off = abs(would - printed[0])
    if not off <= FITS + case.half("accuracy"):
        return []
    return [
        "the positive class is swapped: with humans as positive class the accuracy would be"
        f" {_shown(case, would)} (off by {off * case.table.scale:.3g})"
    ]


def _shown(case: Case, value: float) -> str:
    return numbers.share(value, 2) if case.table.scale == 100 else numbers.score(value, 4)
