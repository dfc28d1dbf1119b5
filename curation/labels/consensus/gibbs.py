"""Gibbs sampling of a hierarchical Dawid-Skene model of two classes.

z_i ~ Bernoulli(prevalence), prevalence ~ Beta(1, 1); claimant j says bot of a bot with its
sensitivity ~ Beta(m k, (1 - m) k), human of a human with its specificity likewise; mean m and
weight k are of the claimant's kind, on a grid. Everything is conjugate but (m, k), which are drawn
from the grid. Paun et al. 2018, "Comparing Bayesian models of annotation", TACL 6.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.labels.consensus.votes import Ballots

Array = NDArray[Any]

BURN_IN, SWEEPS, SEED = 200, 400, 20211
MEANS = np.linspace(0.05, 0.95, 19)
WEIGHTS = np.array([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0])
CHUNK = 8_000_000
"""Accounts times draws held at once (64 MB)."""


@dataclass(frozen=True)
class Draws:
    """Draws from the posterior: prevalence (draws,), sensitivity and specificity (draws,
    claimants).
    """

    ballots: Ballots
    prevalence: Array
    sensitivity: Array
    specificity: Array

    def accounts(self) -> tuple[Array, Array, Array]:
        """p_bot and the ends of its 95 % interval, by account: the spread comes from what is
        uncertain about the claimants.
        """
        total = len(self.ballots.accounts)
        values = np.empty((3, total))
        step = max(1, CHUNK // len(self.prevalence))
        for start in range(0, total, step):
            p = self._given(slice(start, start + step))
            values[0, start : start + step] = p.mean(axis=1)
            values[1:, start : start + step] = np.percentile(p, [2.5, 97.5], axis=1)
        settled = ~np.isnan(self.ballots.truth)
        values[:, settled] = self.ballots.truth[settled]
        return values[0], values[1], values[2]

    def says_bot(self, account: Array, claimant: Array) -> Array:
        """The probability that a claimant says bot of an account, for arrays of codes of one
        length.
        """
        chances = np.empty(len(account))
        step = max(1, CHUNK // len(self.prevalence))
        for start in range(0, len(account), step):
            part = slice(start, start + step)
            p = self._given(account[part])
            sens, spec = (
                self.sensitivity[:, claimant[part]].T,
                self.specificity[:, claimant[part]].T,
            )
            chances[part] = (p * sens + (1 - p) * (1 - spec)).mean(axis=1)
        return chances

    def _given(self, rows: Any) -> Array:
        """P(bot) of some accounts under each draw: (accounts, draws)."""
        log_odds = np.log(self.prevalence / (1 - self.prevalence))
        return _sigmoid(log_odds + self._votes[rows] @ self._evidence)

    @cached_property
    def _votes(self) -> Any:
        return _matrix(self.ballots)

    @cached_property
    def _evidence(self) -> Array:
        return _evidence(self.sensitivity, self.specificity).T


def sample(
    ballots: Ballots, *, burn_in: int = BURN_IN, sweeps: int = SWEEPS, seed: int = SEED
) -> Draws:
    """Run the sampler from the majority's labels; the same ballots and seed give the same draws."""
    rng = np.random.default_rng(seed)
    votes = _matrix(ballots)
    columns = votes.T.tocsr()
    of_kind = ballots.kinds()[1]
    settled = ~np.isnan(ballots.truth)
    p = (ballots.bots + 0.5) / (ballots.n + 1)
    total = np.asarray(votes.sum(axis=0)).ravel()
    people = len(ballots.claimants)
    prior: dict[str, Array] = {
        "sensitivity": np.full((people, 2), [4.0, 1.0]),
        "specificity": np.full((people, 2), [4.0, 1.0]),
    }
    kept = np.empty((sweeps, 1 + 2 * people))
    for sweep in range(burn_in + sweeps):
        z = (rng.random(len(p)) < p).astype(float)
        z[settled] = ballots.truth[settled]
        prevalence = rng.beta(1 + z.sum(), 1 + len(z) - z.sum())
        of_bots = columns @ z
        sensitivity = _rates(rng, prior["sensitivity"], of_bots[:people], of_bots[people:])
        of_humans = total - of_bots
        specificity = _rates(rng, prior["specificity"], of_humans[people:], of_humans[:people])
        prior = {
            "sensitivity": _priors(rng, sensitivity, of_kind),
            "specificity": _priors(rng, specificity, of_kind),
        }
        p = _sigmoid(
            np.log(prevalence / (1 - prevalence)) + votes @ _evidence(sensitivity, specificity)
        )
        if sweep >= burn_in:
            kept[sweep - burn_in] = np.concatenate([[prevalence], sensitivity, specificity])
    return Draws(ballots, kept[:, 0], kept[:, 1 : people + 1], kept[:, people + 1 :])


def _matrix(ballots: Ballots) -> Any:
    """Accounts by votes: the first half of the columns says bot, the second human, a column a
    claimant.
    """
    from scipy.sparse import csr_array

    people = len(ballots.claimants)
    column = ballots.claimant + np.where(ballots.bot == 1, 0, people)
    return csr_array(
        (np.ones(len(column)), (ballots.account, column)), shape=(len(ballots.accounts), 2 * people)
    )


def _evidence(sensitivity: Array, specificity: Array) -> Array:
    """What each vote adds to the log odds of bot; bot votes first (last axis: claimants twice)."""
    return np.concatenate(
        [np.log(sensitivity / (1 - specificity)), np.log((1 - sensitivity) / specificity)], axis=-1
    )


def _rates(rng: np.random.Generator, prior: Array, right: Array, wrong: Array) -> Array:
    """Draw each claimant's rate; kept off 0 and 1, whose logarithms are infinite."""
    return np.clip(rng.beta(prior[:, 0] + right, prior[:, 1] + wrong), 1e-9, 1 - 1e-9)


def _priors(rng: np.random.Generator, rates: Array, of_kind: Array) -> Array:
    """Draw each kind's (m, k) given its claimants' rates and give every claimant its Beta's two
    parameters.

    Means above one half are likelier a priori (m ~ Beta(3, 2)): that is what tells bot from human
    at all.
    """
    from scipy.special import betaln

    m, k = (grid.ravel() for grid in np.meshgrid(MEANS, WEIGHTS))
    a, b = m * k, (1 - m) * k
    priors = np.empty((len(rates), 2))
    for kind in np.unique(of_kind):
        mine = rates[of_kind == kind]
        log = (
            (a - 1) * np.log(mine).sum()
            + (b - 1) * np.log1p(-mine).sum()
            - len(mine) * betaln(a, b)
        )
        log += 2 * np.log(m) + np.log1p(-m)
        weight = np.exp(log - log.max())
        at = min(int(np.searchsorted(np.cumsum(weight), rng.random() * weight.sum())), len(m) - 1)
        priors[of_kind == kind] = a[at], b[at]
    return priors


def _sigmoid(x: Array) -> Array:
    from scipy.special import expit

    share: Array = expit(x)
    return share


def summary(draws: Array) -> Array:
    """Mean and 95 % interval over draws (first axis): (claimants, 3)."""
    return np.column_stack([draws.mean(axis=0), *np.percentile(draws, [2.5, 97.5], axis=0)])
