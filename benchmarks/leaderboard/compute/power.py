"""How many labelled accounts a benchmark needs to separate two detectors."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt
from typing import Any, Literal, get_args

from botbench.core.errors import UserError, unknown
from botbench.stats.proportions import FEW, normal_quantile

Share = Literal["balanced-accuracy", "accuracy", "recall[bot]", "fpr[bot]"]
METRICS: tuple[str, ...] = get_args(Share)


@dataclass(frozen=True)
class Wanted:
    """The `difference` in a metric that two detectors tested on the same accounts should show.

    `disagree` is the share of accounts, of those the metric uses, to which the two give different
    answers; `prevalence` is the share of bots; `detectors` is how many are compared in all pairs
    (Holm's first step divides alpha by the number of pairs); `power` is the probability of
    detecting the difference. Raises UserError for impossible values.
    """

    difference: float
    metric: str = "balanced-accuracy"
    disagree: float = 0.1
    prevalence: float = 0.3
    detectors: int = 2
    power: float = 0.8
    alpha: float = 0.05

    def __post_init__(self) -> None:
        if self.metric not in METRICS:
            raise unknown("metric that can be planned for", self.metric, METRICS)
        for name in ("difference", "disagree", "prevalence", "power", "alpha"):
            if not 0 < getattr(self, name) < 1:
                raise UserError(f"--{name} must be between 0 and 1, got {getattr(self, name):g}.")
        if self.difference > self.disagree:
            raise UserError(
                f"Two detectors that answer differently on {100 * self.disagree:g} % of accounts"
                f" cannot differ by {100 * self.difference:g} points. Raise --disagree, or lower"
                " --difference."
            )
        if self.detectors < 2:
            raise UserError(f"--detectors must be at least 2, got {self.detectors}.")

    @property
    def pairs(self) -> int:
        """The comparisons that share alpha."""
        return self.detectors * (self.detectors - 1) // 2


def accounts(wanted: Wanted) -> dict[str, Any]:
    """The accounts needed, as the command's document.

    Connor 1987, Biometrics 43:207 (McNemar's test, paired shares): with psi the disagreement and d
    the difference, the difference of one account has the variance psi under no difference and psi −
    d² under d. Balanced accuracy is the mean of both classes' shares, each with the same d and psi.

    >>> accounts(Wanted(0.05, "accuracy", disagree=0.1))["accounts"]
    312
    """
    za = normal_quantile(1 - wanted.alpha / wanted.pairs / 2)
    zb = normal_quantile(wanted.power)
    d, psi, pi = wanted.difference, wanted.disagree, wanted.prevalence
    each = {
        "accuracy": 1.0,
        "recall[bot]": 1 / pi,
        "fpr[bot]": 1 / (1 - pi),
        "balanced-accuracy": 0.25 / pi + 0.25 / (1 - pi),
    }[wanted.metric]
    n = ceil(each * ((za * sqrt(psi) + zb * sqrt(psi - d * d)) / d) ** 2)
    least = max(ceil(FEW / pi), ceil(FEW / (1 - pi)))
    n = max(n, least)
    return {
        "metric": wanted.metric,
        "difference": d,
        "disagree": psi,
        "prevalence": pi,
        "detectors": wanted.detectors,
        "pairs": wanted.pairs,
        "power": wanted.power,
        "alpha": wanted.alpha,
        "accounts": n,
        "bots": round(n * pi),
        "humans": n - round(n * pi),
        "least": least,
        "assumes": (
            "one test set, the same accounts for both detectors, fitted models as they are; says"
            " nothing of other data sets"
        ),
    }
