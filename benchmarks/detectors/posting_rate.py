"""Posting-rate rules: bot if an account exceeds a number of posts a day; no training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

import numpy as np

from benchmarks.data.accounts import Accounts, Floats
from benchmarks.detectors import HALF, Detector, Labels, detector

RATE = "posts_total_per_day"
HOWARD = (
    "Howard & Kollanyi 2016, Bots, #StrongerIn, and #Brexit (COMPROP research note 2016.1): 50"
    " posts a day"
)
DFRLAB = (
    "Digital Forensic Research Lab 2017, #BotSpot: Twelve Ways to Spot a Bot: 72 posts a day (one"
    " every ten minutes for twelve hours) are suspicious, 144 highly so"
)
CAMPAIGNS = (
    "rule of thumb of press reports on the campaigns of 2018 (more than 90 posts a day); no study"
    " sets it"
)


class RateRule(Detector):
    """Posts per day of life at the time of observation, against a limit.

    The score is rate / (rate + limit), so that 0.5 is the limit itself. An account whose rate is
    unknown gets the training part's share of bots, the only thing that is learnt.

    >>> rule = RateRule(limit=50.0).fit(Accounts((RATE,), np.empty((4, 1))), np.array([0, 0, 0, 1]))
    >>> rule.predict_proba(Accounts((RATE,), np.array([[50.0], [150.0], [np.nan]])))[:, 1].tolist()
    [0.5, 0.75, 0.25]
    """

    def __init__(self, limit: float = 50.0) -> None:
        self.limit = limit

    def fit(self, accounts: Accounts, y: Labels) -> Self:  # noqa: ARG002, the contract's signature
        """Keep the share of bots for accounts without a rate."""
        self.begin(y)
        return self

    def predict_proba(self, accounts: Accounts) -> Floats:
        """float64[n, 2]."""
        rate = accounts.feature(RATE)
        p = np.where(np.isnan(rate), self.share_, rate / (rate + self.limit))
        return np.column_stack([1 - p, p])


def _rule(limit: int, cites: str) -> Callable[[Callable[[], RateRule]], Callable[[], RateRule]]:
    about = f"Bot where an account posted at least {limit} times a day over its life; no training."
    return detector(
        f"rate-{limit}", needs=(RATE,), threshold=HALF, cites=cites, about=about, revision=1
    )


@_rule(50, HOWARD)
def rate_50() -> RateRule:
    """Howard & Kollanyi's limit."""
    return RateRule(50.0)


@_rule(72, DFRLAB)
def rate_72() -> RateRule:
    """One post every ten minutes, twelve hours a day."""
    return RateRule(72.0)


@_rule(90, CAMPAIGNS)
def rate_90() -> RateRule:
    """The press's limit."""
    return RateRule(90.0)


@_rule(144, DFRLAB)
def rate_144() -> RateRule:
    """One post every ten minutes, day and night."""
    return RateRule(144.0)
