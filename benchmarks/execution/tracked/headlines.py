"""The figures of a suite that its parent run in MLflow shows, from the metrics of its cells."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean

HEADLINE = "balanced-accuracy"
GUESSING = ("constant",)
"""Detectors that are never called the best, because they guess."""


@dataclass(frozen=True)
class Score:
    """One cell's value of the headline metric: `kind` is transfer, in distribution or another."""

    detector: str
    kind: str
    test: str
    value: float


def headlines(scores: Iterable[Score]) -> tuple[dict[str, float], dict[str, str]]:
    """Metrics (means over data sets by kind and detector) and tags (the best detector by kind).

    A detector's mean counts its data sets alike. Only detectors that were scored on every data set
    of the kind are compared. Ranks with their intervals are the board's.

    >>> found = [Score("tree", "transfer", "a", 0.7), Score("tree", "transfer", "b", 0.9)]
    >>> headlines([*found, Score("net", "transfer", "a", 0.95)])[1]
    {'botbench.best.transfer': 'tree (balanced-accuracy .800, mean of 2 data sets)'}
    """
    from botbench.text import numbers

    metrics: dict[str, float] = {}
    tags: dict[str, str] = {}
    by_kind: dict[str, dict[str, dict[str, list[float]]]] = {}
    for s in scores:
        by_kind.setdefault(s.kind, {}).setdefault(s.detector, {}).setdefault(s.test, []).append(
            s.value
        )
    for kind, detectors in by_kind.items():
        tests = {test for found in detectors.values() for test in found}
        means = {
            name: fmean(fmean(values) for values in found.values())
            for name, found in sorted(detectors.items())
            if set(found) == tests
        }
        prefix = kind.replace(" ", "-")
        metrics |= {f"{prefix}/{HEADLINE}/{_allowed(name)}": v for name, v in means.items()}
        ranked = {name: v for name, v in means.items() if name not in GUESSING}
        if not ranked:
            continue
        best = max(ranked, key=lambda name: ranked[name])
        metrics[f"{prefix}/{HEADLINE}"] = ranked[best]
        sets = numbers.counted(len(tests), "data set")
        tags[f"botbench.best.{prefix}"] = (
            f"{best} ({HEADLINE} {numbers.score(ranked[best])}, mean of {sets})"
        )
    return metrics, tags


def _allowed(name: str) -> str:
    """A name as MLflow allows it in a metric."""
    return "".join(c if c.isalnum() or c in "_-. :" else "_" for c in name)
