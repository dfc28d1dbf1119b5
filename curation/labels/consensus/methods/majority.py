"""Majority: every claimant counts the same."""

from __future__ import annotations

import numpy as np

from curation.labels.consensus.methods import Array, Fit, method
from curation.labels.consensus.votes import Ballots


@method("majority")
def majority(ballots: Ballots) -> Fit:
    """p_bot = (bots + 1/2) / (votes + 1), with Jeffreys' prior; shares are compared to four
    decimals (0.6667 is two of three).
    """
    bots, n = ballots.bots, ballots.n
    p = (bots + 0.5) / (n + 1)

    def votes(account: Array, _: Array) -> Array:
        chances: Array = p[account]
        return chances

    return Fit(p, np.round(np.maximum(bots, n - bots) / np.maximum(n, 1), 4), votes)
