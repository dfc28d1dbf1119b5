"""Metrics of the scores as probabilities."""

from __future__ import annotations

from benchmarks.metrics import Array, Weighted, metric
from benchmarks.metrics._judged import divide


@metric(
    "brier[bot]", title="Brier score", order=80, needs=("score",), direction="lower",
    formula="mean of (p − y)², y = 1 for a bot",
    description="The squared distance between the score, read as the probability of a bot, and the label. Lower is better; "
    "0 is perfect. Answering the share π of bots for everybody gives π (1 − π).",
    trap="Small where bots are rare, whatever the detector. A detector whose scores are not meant as probabilities does badly "
    "here and may still order accounts well.",
    source="Brier 1950, Monthly Weather Review 78:1", undefined="there is no account",
)
def brier(judged: Weighted) -> Array:
    """The mean squared error of the score as a probability."""
    return divide(judged.weight @ (judged.p - judged.y) ** 2, judged.weight.sum(axis=1))
