"""Methods of consensus, one file each: from ballots to the probability that an account is a bot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from botbench.core.registry import Registry
from curation.labels.consensus.canonical import ordered
from curation.labels.consensus.votes import Ballots

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[Any]


@dataclass(frozen=True)
class Fit:
    """What a method made of ballots.

    `p_bot`, `low` and `high` (95 %; None where the method has none) are by account; `settled` is
    what the scheme's `agreed` is compared with: the larger side's share of votes, or the
    probability of the likelier label. `votes` gives the probability that a claimant says bot of an
    account (two arrays of codes). `sensitivity` and `specificity` are by claimant: (claimants, 3)
    as value, low and high; None where the method knows none. `version` is raised when the method is
    to give other labels to the same votes. `chains` were run, and their explanations of the votes
    part on `disagree` accounts; `camps` are the claimants (codes) that are right together.
    """

    p_bot: Array
    settled: Array
    votes: Callable[[Array, Array], Array]
    low: Array | None = None
    high: Array | None = None
    sensitivity: Array | None = None
    specificity: Array | None = None
    version: int = 1
    chains: int = 0
    disagree: int = 0
    camps: tuple[tuple[int, ...], ...] = ()


Method = Callable[[Ballots], Fit]
METHODS: Registry[Method] = Registry(
    "consensus method", "curation.labels.consensus.methods", "botbench.consensus"
)


def method(name: str) -> Callable[[Method], Method]:
    """Register a method under its name on the command line."""
    return METHODS.register(name)


NAMELESS = 2
"""The version of methods that `nameless` was put around: before, a tie or a random start followed
the order of names."""


def nameless(fit: Method) -> Method:
    """Make a method depend on who said what, and not on names or the order of rows.

    It gets the ballots in canonical order. Accounts, and claimants, that play the same role in the
    votes get the mean of their figures.
    """

    @wraps(fit)
    def of_votes(ballots: Ballots) -> Fit:
        order = ordered(ballots)
        found = fit(order.ballots)
        p = order.accounts(found.p_bot)
        rates = [
            None if values is None else order.claimants(values)
            for values in (found.sensitivity, found.specificity)
        ]

        def votes(account: Array, claimant: Array) -> Array:
            return found.votes(order.account[account], order.claimant[claimant])

        return replace(
            found,
            p_bot=p,
            settled=np.maximum(p, 1 - p),
            votes=votes,
            sensitivity=rates[0],
            specificity=rates[1],
            version=NAMELESS,
        )

    return of_votes


def fitted(p: Array, sensitivity: Array, specificity: Array) -> Fit:
    """A fit that describes claimants by sensitivity and specificity alone (no intervals)."""

    def votes(account: Array, claimant: Array) -> Array:
        chances: Array = p[account] * sensitivity[claimant] + (1 - p[account]) * (
            1 - specificity[claimant]
        )
        return chances

    return Fit(
        p,
        np.maximum(p, 1 - p),
        votes,
        sensitivity=_points(sensitivity),
        specificity=_points(specificity),
    )


def _points(values: Array) -> Array:
    return np.column_stack([values, np.full((len(values), 2), np.nan)])


def frame(ballots: Ballots) -> pd.DataFrame:
    """The votes as crowd-kit takes them: task, worker, label (codes)."""
    import pandas as pd

    return pd.DataFrame({"task": ballots.account, "worker": ballots.claimant, "label": ballots.bot})


def probability(ballots: Ballots, probas: pd.DataFrame) -> Array:
    """p_bot by account from crowd-kit's table of probabilities; half where nobody judged."""
    p = np.full(len(ballots.accounts), 0.5)
    p[probas.index.to_numpy()] = probas[1].fillna(0.0).to_numpy() if 1 in probas else 0.0
    return p
