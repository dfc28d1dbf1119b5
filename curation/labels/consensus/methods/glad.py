"""GLAD (crowd-kit): claimants differ in ability, accounts in difficulty."""

from __future__ import annotations

from curation.labels.consensus.methods import Array, Fit, frame, method, nameless, probability
from curation.labels.consensus.votes import Ballots


@method("glad")
@nameless
def glad(ballots: Ballots) -> Fit:
    """Whitehill et al. 2009: right with probability 1 / (1 + exp(-ability x ease)), for bots and
    humans alike.
    """
    import numpy as np
    from crowdkit.aggregation import GLAD
    from scipy.special import expit

    data = frame(ballots)
    if data["label"].nunique() < 2:
        p = np.where(ballots.n > 0, ballots.bots > 0, 0.5).astype(float)
        return Fit(p, np.maximum(p, 1 - p), lambda account, _: p[account])
    model = GLAD(n_iter=100).fit(data)
    p = probability(ballots, model.probas_)
    ability, ease = np.ones(len(ballots.claimants)), np.ones(len(ballots.accounts))
    ability[model.alphas_.index] = model.alphas_
    ease[model.betas_.index] = model.betas_

    def votes(account: Array, claimant: Array) -> Array:
        right = expit(ability[claimant] * np.exp(ease[account]))
        chances: Array = p[account] * right + (1 - p[account]) * (1 - right)
        return chances

    return Fit(p, np.maximum(p, 1 - p), votes)
