"""MACE (crowd-kit): each claimant knows, or answers by a habit of its own."""

from __future__ import annotations

from curation.labels.consensus.methods import Array, Fit, fitted, frame, method, probability
from curation.labels.consensus.votes import Ballots


@method("mace")
def mace(ballots: Ballots) -> Fit:
    """Hovy et al. 2013, variational. One start: crowd-kit begins every restart from the same seed,
    so more give the same.
    """
    import numpy as np
    import pandas as pd
    from crowdkit.aggregation import MACE

    votes = frame(ballots)
    model = MACE(n_restarts=1, random_state=0).fit(votes)
    # crowd-kit numbers claimants and labels in the order they appear.
    order: Array = pd.unique(votes["worker"].to_numpy())
    labels = list(pd.unique(votes["label"].to_numpy()))
    guesses, bots = np.empty(len(ballots.claimants)), np.zeros(len(ballots.claimants))
    guesses[order] = model.spamming_[:, 0]
    if 1 in labels:
        bots[order] = model.thetas_[:, labels.index(1)]
    return fitted(
        probability(ballots, model.probas_), 1 - guesses + guesses * bots, 1 - guesses * bots
    )
