"""The number of accounts to annotate for an interval of a wanted width, before or after a study.

The width is that of Wilson's interval at the effective number of accounts. Scores that correlate
with the label (rho) leave 1 - rho^2 of the variance (PPI++; Angelopoulos et al. 2023, eq. 10). A
design whose weights do not fit the quantity costs Kish's 1 + cv^2. A finite population needs fewer
accounts (n / (1 + n / N)).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from botbench.core.errors import UserError
from botbench.stats.proportions import FEW, wilson
from botbench.text import numbers

MOST = 10**9


@dataclass(frozen=True)
class Plan:
    """Accounts to annotate: with the sample alone, with the detector, the advice and why."""

    alone: int
    powered: int | None
    annotate: int
    bots: float
    """Labelled bots to be expected."""
    notes: tuple[str, ...]


def correlation(share: float, sensitivity: float, specificity: float) -> float:
    """Of a detector's yes or no with the truth, at this share of bots (the phi coefficient).

    >>> round(correlation(0.15, 0.86, 0.90), 3)
    0.662
    """
    flagged = share * sensitivity + (1 - share) * (1 - specificity)
    spread = share * (1 - share) * flagged * (1 - flagged)
    return (
        share * (1 - share) * (sensitivity + specificity - 1) / math.sqrt(spread)
        if spread > 0
        else 0.0
    )


def needed(
    width: float, share: float, rho: float = 0.0, weights: float = 1.0, population: float = math.inf
) -> int:
    """Accounts to annotate for an interval of this full width; `weights` is Kish's 1 + cv^2.

    >>> needed(0.04, 0.15)
    1225
    """
    effective = _wilson_size(width, share)
    n = effective * (1 - rho**2) * weights
    return math.ceil(n / (1 + (n - 1) / population) if math.isfinite(population) else n)


def _wilson_size(width: float, share: float) -> float:
    """The number of accounts at which Wilson's interval has this width, by bisection."""
    low, high = 1.0, float(MOST)
    while high - low > 0.5:
        middle = (low + high) / 2
        a, b = wilson(share, middle)
        low, high = (middle, high) if float(b - a) > width else (low, middle)
    return high


def plan(
    width: float,
    share: float,
    *,
    population: int | None = None,
    sensitivity: float | None = None,
    specificity: float | None = None,
    rho: float | None = None,
    quantity: str = "accounts",
    design: str = "uniform",
    spread: float = 1.2,
    response: float = 1.0,
    ready: int = 0,
) -> Plan:
    """Accounts to annotate for a share of accounts or posts.

    `spread` is the standard deviation of the logarithm of posts per account, `response` the part of
    drawn accounts that gets an answer, `ready` the number that has one. Raises UserError for
    invalid numbers.
    """
    _check(width, share, sensitivity, specificity, rho, response)
    if rho is None:
        rho = (
            0.0
            if sensitivity is None or specificity is None
            else max(correlation(share, sensitivity, specificity), 0.0)
        )
    cost, notes = _cost(quantity, design, spread)
    everybody = float(population) if population else math.inf
    alone = needed(width, share, 0.0, cost, everybody)
    powered = needed(width, share, rho, cost, everybody) if rho > 0 else None
    chosen = alone if powered is None else powered
    if powered is not None and powered * min(share, 1 - share) < FEW * cost:
        # Under 30 labelled bots the errors are counted, and what the detector saves is uncertain.
        chosen = min(alone, math.ceil(FEW * cost / min(share, 1 - share)))
        notes.append(
            f"With {powered:,} accounts fewer than {FEW} bots would be labelled, and the"
            f" interval would be wider than planned; {chosen:,} are enough for either."
        )
    if powered is not None:
        notes.append(
            f"The detector's scores correlate {numbers.score(rho, 2)} with the label here, which"
            f" leaves {numbers.percent(1 - rho**2)} of the variance."
        )
    if population and chosen >= population:
        notes.append("That is everybody: annotate all, and there is no interval left.")
    asked = math.ceil(max(chosen - ready, 0) / response)
    if ready:
        notes.append(f"{ready:,} are labelled already.")
    if response < 1:
        notes.append(
            f"{numbers.percent(response)} of those asked about get an answer, so more are drawn."
        )
    return Plan(alone, powered, asked, chosen * share, tuple(notes))


def _cost(quantity: str, design: str, spread: float) -> tuple[float, list[str]]:
    """Kish's 1 + cv^2 of lognormal posts, exp(sigma^2), or 1 if quantity and design fit."""
    if (quantity == "accounts") == (design != "posts"):
        return 1.0, []
    cost = math.exp(spread**2)
    if quantity == "posts":
        return cost, [
            "A uniform sample is the wrong one for a share of posts: heavy posters carry it, which"
            f" costs {cost:.1f} times the accounts, and intervals from it can be too narrow"
            " (docs/study-coverage.md). Draw with --design 'posts(n=...)', which takes the"
            " heaviest in any case."
        ]
    return cost, [
        "A sample in proportion to posts is the wrong one for a share of accounts: it costs"
        f" {cost:.1f} times the accounts."
    ]


def _check(  # noqa: PLR0917 (every number that was given)
    width: float,
    share: float,
    sensitivity: float | None,
    specificity: float | None,
    rho: float | None,
    response: float,
) -> None:
    mistakes = [
        f"--{name} must be between 0 and 1, got {value:g}"
        for name, value in (("width", width), ("share", share), ("response", response))
        if not 0 < value <= 1 or (name == "share" and value == 1)
    ]
    mistakes += [
        f"--{name} must be from 0 to 1, got {value:g}"
        for name, value in (
            ("sensitivity", sensitivity),
            ("specificity", specificity),
            ("correlation", rho),
        )
        if value is not None and not 0 <= value <= 1
    ]
    if (sensitivity is None) != (specificity is None):
        mistakes.append("--sensitivity and --specificity go together")
    if mistakes:
        raise UserError("; ".join(mistakes) + ".")


def achieved(document: dict[str, object], quantity: str) -> tuple[float, float, int]:
    """Share, effective correlation and labelled accounts of a quantity, from a study's document.

    The correlation follows from the widths of the default and of the sample alone (0 without a
    detector). Raises UserError if the study refused the estimate.
    """
    rows = document.get("estimates")
    shares = (
        [e for e in rows if e["quantity"] == f"share of {quantity}" and e["group"] is None]
        if isinstance(rows, list)
        else []
    )
    default = next((e for e in shares if e["default"]), None)
    alone = next((e for e in shares if e["method"].startswith("sample alone (H")), None)
    if default is None or alone is None:
        raise UserError(
            f"The study gives no share of {quantity} to go on from; its 'refused' says why."
        )
    ratio = (default["high"] - default["low"]) / max(alone["high"] - alone["low"], 1e-9)
    value = min(max(float(default["value"]), 0.005), 0.995)
    return value, math.sqrt(max(1 - ratio**2, 0.0)), int(default["n_labelled"])
