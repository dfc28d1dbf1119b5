"""Posting-rate rules: bot where an account posts at least so often a day over its whole life. No training."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Self

import numpy as np

from benchmarks.accounts import Accounts, Floats
from benchmarks.detectors import HALF, Detector, Labels, detector

if TYPE_CHECKING:
    import pyarrow as pa

NEEDS = ("posts_total", "created_at", "observed_at")
HOWARD = "Howard & Kollanyi 2016, Bots, #StrongerIn, and #Brexit (COMPROP research note 2016.1): 50 posts a day"
DFRLAB = ("Digital Forensic Research Lab 2017, #BotSpot: Twelve Ways to Spot a Bot: 72 posts a day (one every ten "
          "minutes for twelve hours) are suspicious, 144 highly so")
CAMPAIGNS = "rule of thumb of press reports on the campaigns of 2018 (more than 90 posts a day); no study sets it"


class RateRule(Detector):
    """Posts per day of life at the time of observation, against a limit.

    The score is rate / (rate + limit), so that 0.5 is the limit itself. An account whose rate is unknown gets the
    training part's share of bots, the only thing that is learnt.
    """

    def __init__(self, limit: float = 50.0) -> None:
        self.limit = limit

    def fit(self, accounts: Accounts, y: Labels) -> Self:  # noqa: ARG002, the contract's signature
        """Keep the share of bots for accounts without a rate."""
        self.classes_ = np.array([0, 1])
        self.share_ = float(np.mean(y))
        return self

    def predict_proba(self, accounts: Accounts) -> Floats:
        """float64[n, 2]."""
        rate = posts_per_day(accounts)
        p = np.where(np.isnan(rate), self.share_, rate / (rate + self.limit))
        return np.column_stack([1 - p, p])


def posts_per_day(accounts: Accounts) -> Floats:
    """posts_total over age in days at observation (at least one day), float64[n], NaN where one of them is missing."""
    age = (_seconds(accounts.column("observed_at")) - _seconds(accounts.column("created_at"))) / 86_400
    total = _floats(accounts.column("posts_total"))
    rate: Floats = np.where(age < 0, np.nan, total / np.maximum(age, 1.0))
    return rate


def _floats(values: pa.Array) -> Floats:
    import pyarrow as pa

    return np.asarray(values.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


def _seconds(times: pa.Array) -> Floats:
    import pyarrow as pa

    return _floats(times.cast(pa.timestamp("us", "UTC")).cast(pa.int64())) / 1e6


def _rule(limit: int, cites: str) -> Callable[[Callable[[], RateRule]], Callable[[], RateRule]]:
    about = f"Bot where an account posted at least {limit} times a day over its life; no training."
    return detector(f"rate-{limit}", needs=NEEDS, threshold=HALF, cites=cites, about=about)


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
