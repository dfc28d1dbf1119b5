"""A Bayesian Dawid-Skene: figures are means over the posterior, with their intervals."""

from __future__ import annotations

from curation.labels.consensus import gibbs
from curation.labels.consensus.methods import Array, Fit, method
from curation.labels.consensus.votes import Ballots


@method("bayesian")
def bayesian(ballots: Ballots) -> Fit:
    """Hierarchical Dawid-Skene (Paun et al. 2018, section 3) by Gibbs sampling with a fixed seed.

    Claimants of a kind share priors that are learnt, from the votes and from what adjudicators
    settled: so a kind counts for as much as it was right, and a claimant with few votes is judged
    by its kind.
    """
    import numpy as np

    drawn = gibbs.sample(ballots)
    p, low, high = drawn.accounts()

    def votes(account: Array, claimant: Array) -> Array:
        return drawn.says_bot(account, claimant)

    return Fit(
        p,
        np.maximum(p, 1 - p),
        votes,
        low,
        high,
        gibbs.summary(drawn.sensitivity),
        gibbs.summary(drawn.specificity),
    )
