"""MACE (crowd-kit): each claimant knows, or answers by a habit of its own."""

from __future__ import annotations

from curation.labels.consensus.methods import (
    Array,
    Fit,
    fitted,
    frame,
    method,
    nameless,
    probability,
)
from curation.labels.consensus.votes import Ballots


@method("mace")
@nameless
def mace(ballots: Ballots) -> Fit:
    """Hovy et al. 2013, variational, from one start in which all claimants are alike.

    crowd-kit starts from random numbers by the order of claimants, so that the labels of a few
    people followed the order of their names.
    """
    import numpy as np
    import pandas as pd
    from crowdkit.aggregation import MACE

    class Even(MACE):
        """Everybody guesses half of the time, and then says either."""

        def _initialize(self, n_workers: int, n_labels: int) -> None:
            super()._initialize(n_workers, n_labels)
            self.spamming_ = np.full((n_workers, 2), 1 / 2)
            self.thetas_ = np.full((n_workers, n_labels), 1 / n_labels)

    votes = frame(ballots)
    model = Even(n_restarts=1).fit(votes)
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
