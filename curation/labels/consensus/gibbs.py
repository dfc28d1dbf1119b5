"""One Gibbs chain of a hierarchical Dawid-Skene model of two classes, and the model itself.

z_i ~ Bernoulli(prevalence), prevalence ~ Beta(1, 1); claimant j says bot of a bot with its
sensitivity ~ Beta(m k, (1 - m) k), human of a human with its specificity likewise; mean m and
weight k are of the claimant's kind, on a grid. A priori m ~ Beta(3, 2), and the two means of a
kind sum to more than one: as a kind, claimants know more than a coin. Without that, the labels with
bot and human exchanged would be nearly as probable as the labels. Everything is conjugate but
(m, k), which are drawn from the grid. Paun et al. 2018, "Comparing Bayesian models of annotation",
TACL 6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.labels.consensus.canonical import Patterns

Array = NDArray[Any]

MEANS = np.linspace(0.05, 0.95, 19)
WEIGHTS = np.array([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0])
HYPERPRIOR = 2 * np.log(MEANS) + np.log1p(-MEANS)
"""Log of Beta(3, 2) on the means, up to a constant."""
INFORMED = MEANS[:, None] + MEANS[None, :] > 1 + 1e-9
"""Which means of sensitivity (rows) and of specificity a kind can have together."""


@dataclass(frozen=True)
class Chain:
    """Draws of one chain: prevalence (draws,), sensitivity and specificity (draws, claimants in
    canonical order); `p` is the mean of P(bot) by pattern over all draws.
    """

    prevalence: Array
    sensitivity: Array
    specificity: Array
    p: Array


def chain(
    patterns: Patterns, start: Array, rng: np.random.Generator, burn_in: int, sweeps: int
) -> Chain:
    """Run the sampler from P(bot) by pattern; the first `burn_in` sweeps are thrown away."""
    votes, columns, settled = patterns.votes, patterns.votes.T.tocsr(), ~np.isnan(patterns.truth)
    total, accounts = columns @ patterns.weight, patterns.weight.sum()
    people = len(patterns.claimants)
    kinds = _Kinds(patterns.of_kind)
    prior: dict[str, Array] = {
        "sensitivity": np.full((people, 2), [4.0, 1.0]),
        "specificity": np.full((people, 2), [4.0, 1.0]),
    }
    means: Array = np.full(kinds.n, np.searchsorted(MEANS, 0.8))
    kept, p, p_sum = np.empty((sweeps, 1 + 2 * people)), start, np.zeros(len(start))
    for sweep in range(burn_in + sweeps):
        z = bots(rng, patterns, p)
        prevalence = np.clip(rng.beta(1 + z.sum(), 1 + accounts - z.sum()), 1e-12, 1 - 1e-12)
        of_bots = columns @ z
        sensitivity = _rates(rng, prior["sensitivity"], of_bots[:people], of_bots[people:])
        of_humans = total - of_bots
        specificity = _rates(rng, prior["specificity"], of_humans[people:], of_humans[:people])
        prior["sensitivity"], other = kinds.draw(rng, sensitivity, means)
        prior["specificity"], means = kinds.draw(rng, specificity, other)
        p = sigmoid(
            np.log(prevalence / (1 - prevalence)) + votes @ evidence(sensitivity, specificity)
        )
        p[settled] = patterns.truth[settled]
        if sweep >= burn_in:
            kept[sweep - burn_in] = np.concatenate([[prevalence], sensitivity, specificity])
            p_sum += p
    return Chain(kept[:, 0], kept[:, 1 : people + 1], kept[:, people + 1 :], p_sum / sweeps)


def bots(rng: np.random.Generator, patterns: Patterns, p: Array) -> Array:
    """Draw how many accounts of each pattern are bots."""
    z = (rng.random(len(p)) < p).astype(float)
    several = patterns.weight > 1
    z[several] = rng.binomial(patterns.weight[several].astype(np.int64), p[several])
    settled = ~np.isnan(patterns.truth)
    z[settled] = patterns.truth[settled] * patterns.weight[settled]
    return z


def log_joint(patterns: Patterns, z: Array) -> Array:
    """log P(labels, votes) up to a constant, with all rates, means and weights integrated out.

    `z` holds the bots of each pattern, a row a labelling.
    """
    from scipy.special import betaln, logsumexp

    people, total = len(patterns.claimants), patterns.votes.T @ patterns.weight
    of_bots = (patterns.votes.T @ z.T).T
    of_humans = total - of_bots
    n_bots = z.sum(axis=1)
    log: Array = betaln(1 + n_bots, 1 + patterns.weight.sum() - n_bots)
    for kind in np.unique(patterns.of_kind):
        mine = np.flatnonzero(patterns.of_kind == kind)
        sides = [
            _log_means(of_bots[:, mine], of_bots[:, mine + people]),
            _log_means(of_humans[:, mine + people], of_humans[:, mine]),
        ]
        pairs = sides[0][:, :, None] + sides[1][:, None, :]
        log = log + logsumexp(pairs[:, INFORMED], axis=1)
    return log


def _log_means(right: Array, wrong: Array) -> Array:
    """log P(answers, m) for each m, with k and the claimants' rates integrated out: (rows, m)."""
    from scipy.special import betaln, logsumexp

    log = np.empty((len(right), len(MEANS), len(WEIGHTS)))
    for i, m in enumerate(MEANS):
        for j, k in enumerate(WEIGHTS):
            a, b = m * k, (1 - m) * k
            log[:, i, j] = betaln(a + right, b + wrong).sum(axis=1) - right.shape[1] * betaln(a, b)
    found: Array = logsumexp(log, axis=2) + HYPERPRIOR
    return found


def evidence(sensitivity: Array, specificity: Array) -> Array:
    """What each vote adds to the log odds of bot; bot votes first (last axis: claimants twice)."""
    return np.concatenate(
        [np.log(sensitivity / (1 - specificity)), np.log((1 - sensitivity) / specificity)], axis=-1
    )


def _rates(rng: np.random.Generator, prior: Array, right: Array, wrong: Array) -> Array:
    """Draw each claimant's rate; kept off 0 and 1, whose logarithms are infinite."""
    return np.clip(rng.beta(prior[:, 0] + right, prior[:, 1] + wrong), 1e-9, 1 - 1e-9)


class _Kinds:
    """Draws the means and weights of kinds of claimants."""

    def __init__(self, of_kind: Array) -> None:
        from scipy.special import betaln

        names, self.of_kind = np.unique(of_kind, return_inverse=True)
        self.n = len(names)
        m, k = (grid.ravel() for grid in np.meshgrid(MEANS, WEIGHTS, indexing="ij"))
        self.a, self.b = m * k, (1 - m) * k
        self.normal = betaln(self.a, self.b)
        self.hyperprior = np.repeat(HYPERPRIOR, len(WEIGHTS))
        self.mean = np.repeat(np.arange(len(MEANS)), len(WEIGHTS))

    def draw(self, rng: np.random.Generator, rates: Array, other: Array) -> tuple[Array, Array]:
        """Draw each kind's (m, k) given its claimants' rates and the place of its other mean.

        Returns every claimant's two parameters of Beta, and the place of each kind's mean.
        """
        priors, means = np.empty((len(rates), 2)), np.empty(self.n, dtype=np.int64)
        for kind in range(self.n):
            mine = rates[self.of_kind == kind]
            log = (
                (self.a - 1) * np.log(mine).sum()
                + (self.b - 1) * np.log1p(-mine).sum()
                - len(mine) * self.normal
                + self.hyperprior
            )
            log[~INFORMED[self.mean, other[kind]]] = -np.inf
            sums = np.cumsum(np.exp(log - log.max()))
            at = min(
                int(np.searchsorted(sums, rng.random() * sums[-1], side="right")), len(log) - 1
            )
            priors[self.of_kind == kind] = self.a[at], self.b[at]
            means[kind] = self.mean[at]
        return priors, means


def sigmoid(x: Array) -> Array:
    """The probability of log odds."""
    from scipy.special import expit

    share: Array = expit(x)
    return share


def summary(draws: Array) -> Array:
    """Mean and 95 % interval over draws (first axis): (claimants, 3)."""
    return np.column_stack([draws.mean(axis=0), *np.percentile(draws, [2.5, 97.5], axis=0)])
