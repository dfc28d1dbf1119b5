"""A Bayesian Dawid-Skene: figures are means over the posterior, with their intervals."""

from __future__ import annotations

from curation.labels.consensus import posterior
from curation.labels.consensus.methods import Fit, method
from curation.labels.consensus.votes import Ballots

VERSION = 2
"""2: several chains, weighed by the probability of their mode (1: one chain from the majority)."""
CAMPS_AGREE = 0.9
"""Where explanations of the votes part on an account, its label needs so much probability: how
probable a camp is follows from few claimants and from what is assumed of them."""


@method("bayesian")
def bayesian(ballots: Ballots) -> Fit:
    """Hierarchical Dawid-Skene (Paun et al. 2018, section 3) by Gibbs sampling with a fixed seed.

    Claimants of a kind share priors that are learnt, from the votes and from what adjudicators
    settled: so a kind counts for as much as it was right, and a claimant with few votes is judged
    by its kind. Several chains start from opposed labels (`posterior`).
    """
    import numpy as np

    drawn = posterior.sample(ballots)
    p, low, high = drawn.accounts()
    sensitivity, specificity = drawn.rates()
    parted, settled = drawn.parted(), np.maximum(p, 1 - p)
    return Fit(
        p,
        np.where(parted & (settled < CAMPS_AGREE), 0.5, settled),
        drawn.says_bot,
        low,
        high,
        sensitivity,
        specificity,
        version=VERSION,
        chains=drawn.chains,
        disagree=int(parted.sum()),
        camps=drawn.camps,
    )
