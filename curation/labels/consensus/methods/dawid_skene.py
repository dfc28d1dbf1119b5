"""Dawid and Skene's model by EM (crowd-kit): each claimant has a sensitivity and a specificity."""

from __future__ import annotations

from curation.labels.consensus.methods import Fit, fitted, frame, method, nameless, probability
from curation.labels.consensus.votes import Ballots


@method("dawid-skene")
@nameless
def dawid_skene(ballots: Ballots) -> Fit:
    """Dawid and Skene 1979; what adjudicators settled is held fixed. Its probabilities are too sure
    where votes are few.
    """
    import numpy as np
    import pandas as pd
    from crowdkit.aggregation import DawidSkene

    settled = np.flatnonzero(~np.isnan(ballots.truth) & (ballots.n > 0))
    gold = pd.Series(ballots.truth[settled].astype(int), index=settled) if len(settled) else None
    model = DawidSkene(n_iter=100).fit(frame(ballots), true_labels=gold)
    errors = model.errors_.reindex(
        pd.MultiIndex.from_product([range(len(ballots.claimants)), (0, 1)])
    ).reindex(columns=(0, 1))
    said_bot = errors.xs(1, level=1)
    return fitted(
        probability(ballots, model.probas_),
        said_bot[1].fillna(0.5).to_numpy(),
        1 - said_bot[0].fillna(0.5).to_numpy(),
    )
