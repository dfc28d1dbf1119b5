"""Check a row's scores against what precision, recall and the share of bots imply."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

import numpy as np
from numpy.typing import NDArray

from benchmarks.audits import explanations, implied_scores
from benchmarks.audits.cells import Case, Check, Issue
from benchmarks.audits.published import Floats

Formula = Callable[[Floats, Floats, Floats], Floats]
IMPLIED: dict[str, Formula] = {
    "accuracy": implied_scores.accuracy,
    "balanced_accuracy": implied_scores.balanced_accuracy,
    "mcc": implied_scores.mcc,
}
FLOAT_NOISE = 1e-9
"""Differences up to this come from floating-point arithmetic."""


def f1(case: Case) -> Iterator[Issue]:
    """F1 against 2PR / (P + R)."""
    p, r, printed = (case.score(s) for s in ("precision", "recall", "f1"))
    expected = implied_scores.f1(p, r)
    off = _off(case, printed, expected, _reach(case, implied_scores.f1), "f1") & (
        np.abs(printed - expected) > np.maximum(case.tolerance, FLOAT_NOISE)
    )
    floor = np.maximum(0, p + r - 1) - case.half("precision", "recall", "f1")
    for i in np.flatnonzero(off):
        averaged = bool(floor[i] <= printed[i] < expected[i])
        why = explanations.of_f1(case, i, averaged)
        yield case.issue(i, "f1", "f1", (printed[i], expected[i]), (averaged, why))


def precision(case: Case) -> Iterator[Issue]:
    """A precision below that of calling every human a bot, at this recall and share of bots.

    The least precision g(R) is concave in R, so an average over runs may be below g, but not below
    pi R.
    """
    p, r, pi = case.score("precision"), case.score("recall"), case.prevalence.stated
    least, half = implied_scores.least_precision(r, pi), case.half("precision")
    open_ = implied_scores.least_precision(np.maximum(r - case.half("recall"), 0), pi)
    for i in np.flatnonzero(p + half < open_ - FLOAT_NOISE):
        averaged = bool(p[i] >= pi[i] * r[i] - case.half("precision", "recall"))
        why = [*([explanations.AVERAGED] if averaged else []), *explanations.flipped_class(case, i)]
        yield case.issue(i, "precision", "precision", (p[i], least[i]), (averaged, why))


def implied(name: str) -> Check:
    """The check of a score that precision, recall and the share of bots imply together."""

    def check(case: Case) -> Iterator[Issue]:
        pi, printed = case.prevalence.share, case.score(name)
        expected = IMPLIED[name](case.score("precision"), case.score("recall"), pi)
        reach = _reach(case, lambda p, r: IMPLIED[name](p, r, pi))
        for i in np.flatnonzero(
            _off(case, printed, expected, reach, name) & (np.abs(printed - expected) > case.allowed)
        ):
            possible = name != "accuracy" or not _beyond_averages(case, i)
            why = explanations.of_prevalence(case, i, name, possible)
            yield case.issue(i, name, name, (printed[i], expected[i]), (possible, why))

    return check


def _beyond_averages(case: Case, i: int) -> bool:
    """Whether no average over runs has this accuracy at the stated share of bots.

    The bounds are pi R <= accuracy <= pi R + 1 - pi.
    """
    pi, r, a = case.prevalence.stated[i], case.score("recall")[i], case.score("accuracy")[i]
    half = case.half("recall", "accuracy")
    return bool(np.isfinite(pi) and not pi * r - half <= a <= pi * r + 1 - pi + half)


def auc(case: Case) -> Iterator[Issue]:
    """ROC AUC against the known point of the curve.

    The bounds are TPR (1 - FPR) <= AUC <= 1 - FPR (1 - TPR).
    """
    p, t, printed = (case.score(s) for s in ("precision", "recall", "auc"))
    f = np.clip(implied_scores.fpr(p, t, case.prevalence.share), 0, 1)
    nearest = np.clip(printed, t * (1 - f), 1 - f * (1 - t))
    for i in np.flatnonzero(np.abs(printed - nearest) > case.allowed + case.half("auc")):
        yield case.issue(
            i,
            "auc",
            "auc",
            (printed[i], nearest[i]),
            (True, [explanations.CURVE, explanations.AVERAGED]),
        )


def positive_class(case: Case) -> Iterator[Issue]:
    """An accuracy that fits only where humans are the positive class."""
    p, r, printed, pi = (
        case.score("precision"),
        case.score("recall"),
        case.score("accuracy"),
        case.prevalence.share,
    )
    as_bots, as_humans = implied_scores.accuracy(p, r, pi), implied_scores.accuracy(p, r, 1 - pi)
    fits = np.abs(printed - as_humans) <= explanations.FITS + case.half("accuracy")
    off = _off(
        case,
        printed,
        as_bots,
        _reach(case, lambda a, b: implied_scores.accuracy(a, b, pi)),
        "accuracy",
    )
    for i in np.flatnonzero(off & (np.abs(printed - as_bots) > case.allowed) & fits):
        yield case.issue(
            i,
            "positive class",
            "accuracy",
            (printed[i], as_bots[i]),
            (True, explanations.flipped_class(case, i)),
        )


def _reach(case: Case, formula: Callable[[Floats, Floats], Floats]) -> tuple[Floats, Floats]:
    """The range of a value over the rounding of precision and recall.

    The values are monotone in each.
    """
    p, r = case.score("precision"), case.score("recall")
    a, b = case.half("precision"), case.half("recall")
    corners = [
        formula(np.clip(p + i * a, 0, 1), np.clip(r + j * b, 0, 1))
        for i, j in product((-1, 1), repeat=2)
    ]
    # If precision may be 0, the false positives and everything that counts them are unknown.
    open_ = np.any(np.isnan(corners), axis=0)
    return np.where(open_, -np.inf, np.min(corners, axis=0)), np.where(
        open_, np.inf, np.max(corners, axis=0)
    )


def _off(
    case: Case, printed: Floats, expected: Floats, reach: tuple[Floats, Floats], name: str
) -> NDArray[np.bool_]:
    """Whether a score is off by more than rounding."""
    half = case.half(name)
    beyond = (printed < reach[0] - half) | (printed > reach[1] + half)
    return np.asarray(beyond & np.isfinite(expected), dtype=np.bool_)
