"""Wawa (crowd-kit): votes weighed by how often a claimant is with the majority."""

from __future__ import annotations

from curation.labels.consensus.methods import Fit, fitted, frame, method, nameless, probability
from curation.labels.consensus.votes import Ballots


@method("wawa")
@nameless
def wawa(ballots: Ballots) -> Fit:
    """Worker agreement with aggregate (Appen): one accuracy for each claimant, against the plain
    majority.
    """
    import numpy as np
    from crowdkit.aggregation import MajorityVote, Wawa

    data = frame(ballots)
    skills = Wawa().fit(data).skills_
    # Wawa's own predict asks scikit-learn for tags that crowd-kit 1.4 does not have; it is this
    # weighted vote.
    p = probability(ballots, MajorityVote().fit(data, skills=skills).probas_)
    skill = np.full(len(ballots.claimants), 0.5)
    skill[skills.index] = skills
    return fitted(p, skill, skill)
