"""The posterior of `bayesian`: chains from opposed starts, weighed by their modes' probability.

Votes can be explained in several ways: where claimants part into camps, each camp can be the one
that is right. A chain does not leave the explanation in which it began. So chains start from
opposed labels, chains that agree make a mode, and a mode counts by its share of the posterior: an
importance sample of labels from the mixture of all modes, weighed by P(labels, votes) (`log_joint`;
Veach and Guibas 1995 for the mixture). How many chains found a mode does not count.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from curation.labels.consensus import gibbs
from curation.labels.consensus.canonical import Patterns, patterns
from curation.labels.consensus.gibbs import Array, Chain
from curation.labels.consensus.votes import Ballots

BURN_IN, SWEEPS, DRAWS, SEED = 80, 120, 400, 20211
"""Sweeps of a chain that are thrown away and that are kept; draws of all chains that are used."""
TRUSTED_ALONE = 6
"""Up to so many claimants, a chain also starts from the answers of each."""
APART, SHARE = 0.25, 0.005
"""Chains are of different modes if P(bot) differs by more than `APART` on a share of accounts
above `SHARE`.
"""
SERIOUS = 0.05
"""Modes below this probability part nobody into camps."""
LABELLINGS, VOTERS = 512, 16_384
"""Labels drawn from each mode to weigh it: at most so many, and so many times claimants."""
ENOUGH = 300
"""Independent labellings that must stand behind figures taken from labellings alone."""
FEW, DEFENSIVE = 50, (0.5, 0.05, 0.95)
"""Accounts, and chances of bot under which so few accounts are also labelled."""
CHUNK = 8_000_000
"""Accounts times draws held at once (64 MB)."""


@dataclass(frozen=True)
class Posterior:
    """Draws from all modes, in proportion to their probability.

    `prevalence` is (draws,), `sensitivity` and `specificity` (draws, claimants in canonical order);
    `p` is P(bot) by pattern. `chains` is how many were run, `apart` are the patterns on which the
    serious modes part, and `camps` are codes of the ballots' claimants, the camp of the most
    probable mode first; empty where there is one mode.
    """

    patterns: Patterns
    prevalence: Array
    sensitivity: Array
    specificity: Array
    p: Array
    chains: int
    apart: Array
    camps: tuple[tuple[int, ...], ...]

    def parted(self) -> Array:
        """Whether the explanations of the votes part on an account, by account."""
        return np.asarray(self.apart[self.patterns.of_account])

    def accounts(self) -> tuple[Array, Array, Array]:
        """p_bot and the ends of its 95 % interval, by account: the spread comes from what is
        uncertain about the claimants.
        """
        values: Array = np.empty((3, len(self.p)))
        values[0] = self.p
        step = max(1, CHUNK // len(self.prevalence))
        for start in range(0, len(self.p), step):
            p = self._given(slice(start, start + step))
            values[1:, start : start + step] = np.percentile(p, [2.5, 97.5], axis=1)
        values = self.patterns.alike(values.T).T
        settled = ~np.isnan(self.patterns.truth)
        values[:, settled] = self.patterns.truth[settled]
        p, low, high = values[:, self.patterns.of_account]
        return p, np.minimum(low, p), np.maximum(high, p)

    def rates(self) -> tuple[Array, Array]:
        """Mean and 95 % interval of sensitivity and of specificity, by claimant of the ballots."""
        sensitivity, specificity = (
            self.patterns.claimants_alike(gibbs.summary(draws))
            for draws in (self.sensitivity, self.specificity)
        )
        return sensitivity, specificity

    def says_bot(self, account: Array, claimant: Array) -> Array:
        """The probability that a claimant says bot of an account, for arrays of the ballots' codes
        of one length.
        """
        pattern = self.patterns.of_account[account]
        column = np.argsort(self.patterns.claimants)[claimant]
        chances = np.empty(len(account))
        step = max(1, CHUNK // len(self.prevalence))
        for start in range(0, len(account), step):
            part = slice(start, start + step)
            p = self._given(pattern[part])
            sens, spec = self.sensitivity[:, column[part]].T, self.specificity[:, column[part]].T
            chances[part] = (p * sens + (1 - p) * (1 - spec)).mean(axis=1)
        return chances

    def _given(self, rows: Array | slice) -> Array:
        """P(bot) of some patterns under each draw: (patterns, draws)."""
        log_odds = np.log(self.prevalence / (1 - self.prevalence))
        votes = gibbs.evidence(self.sensitivity, self.specificity).T
        return gibbs.sigmoid(log_odds + self.patterns.votes[rows] @ votes)


def sample(
    ballots: Ballots, *, burn_in: int = BURN_IN, sweeps: int = SWEEPS, seed: int = SEED
) -> Posterior:
    """Run the chains and weigh them. The result depends on who said what and on the seed, not on
    names or the order of rows.
    """
    shown = patterns(ballots)
    chains = [
        gibbs.chain(shown, start, np.random.default_rng([seed, place]), burn_in, sweeps)
        for place, start in enumerate(starts(shown))
    ]
    mode = _modes(shown, chains)
    p = _of_modes(mode, np.stack([c.p for c in chains]))
    weights, found = mode_weights(shown, p, np.random.default_rng([seed, len(chains)]))
    serious = np.flatnonzero(weights >= SERIOUS)
    of_chain = weights[mode] / np.bincount(mode)[mode]
    taken = _taken(of_chain, sweeps)
    drawn = {
        name: np.concatenate(
            [getattr(c, name)[rows] for c, rows in zip(chains, taken, strict=True)]
        )
        for name in ("prevalence", "sensitivity", "specificity")
    }
    apart = np.ptp(p[serious], axis=0) > APART
    rates = np.stack([(c.sensitivity + c.specificity).mean(axis=0) for c in chains])
    return Posterior(
        shown,
        **drawn,
        p=weights @ p if found is None else found,
        chains=len(chains),
        apart=apart & np.isnan(shown.truth),
        camps=_camps(shown, _of_modes(mode, rates)[serious] - 1, weights[serious], apart),
    )


def starts(shown: Patterns) -> list[Array]:
    """P(bot) by pattern to start from: what most say, its opposite, what each side says where the
    claimants' answers part into two (the two leading eigenvectors of their correlations), and, of
    a few claimants, what each says. Starts that are equal are taken once.
    """
    people = len(shown.claimants)
    groups: list[Array] = [np.ones(people, dtype=bool)]
    for vector in _sides(shown):
        groups += [vector, ~vector]
    if people <= TRUSTED_ALONE:
        groups += list(np.eye(people, dtype=bool))
    found = [_counted(shown, group) for group in groups if group.any()] or [
        np.full(len(shown.weight), 0.5)
    ]
    found.insert(1, 1 - found[0])
    different: dict[bytes, Array] = {}
    for start in found:
        different.setdefault(np.round(start, 9).tobytes(), start)
    return list(different.values())


def _counted(shown: Patterns, group: Array) -> Array:
    """The share of some claimants' votes for bot, drawn to one half."""
    mine = group.astype(float)
    bots = shown.votes @ np.concatenate([mine, 0 * mine])
    p: Array = (bots + 0.5) / (shown.votes @ np.concatenate([mine, mine]) + 1)
    return p


def _sides(shown: Patterns) -> list[Array]:
    """Partitions of the claimants by the sign of the leading eigenvectors of their correlations;
    the side of the first claimant is True.
    """
    from scipy.linalg import eigh

    people = len(shown.claimants)
    if people < 2:
        return []
    _, vectors = eigh(_correlations(shown), subset_by_index=[people - 2, people - 1])
    sides = [v > 0 if v[0] > 0 else v <= 0 for v in vectors.T[::-1]]
    return [side for side in sides if 0 < side.sum() < people]


def _correlations(shown: Patterns) -> Array:
    """How claimants' votes vary together on the accounts that both judged (covariances over all
    accounts, by the claimants' own variances): (claimants, claimants).
    """
    from scipy.sparse import diags_array

    people = len(shown.claimants)
    said = (shown.votes[:, :people] - shown.votes[:, people:]).tocsc()
    count = shown.weight @ abs(said)
    mean = (shown.weight @ said) / np.maximum(count, 1)
    said.data = said.data - np.repeat(mean, np.diff(said.indptr))
    together = (said.T @ diags_array(shown.weight) @ said).toarray()
    scale = np.sqrt(np.diag(together) + 1)
    found: Array = together / np.outer(scale, scale)
    return found


def _modes(shown: Patterns, chains: list[Chain]) -> Array:
    """Number the mode of each chain: chains that agree on nearly all accounts share one."""
    mode, first = np.zeros(len(chains), dtype=np.int64), [0]
    limit = SHARE * shown.weight.sum()
    for i, one in enumerate(chains[1:], start=1):
        apart = [shown.weight[abs(one.p - chains[f].p) > APART].sum() for f in first]
        if min(apart) > limit:
            first.append(i)
            mode[i] = len(first) - 1
        else:
            mode[i] = int(np.argmin(apart))
    return mode


def _of_modes(mode: Array, values: Array) -> Array:
    """The mean over the chains of each mode, of values with a row a chain."""
    return np.stack([values[mode == n].mean(axis=0) for n in range(mode.max() + 1)])


def mode_weights(shown: Patterns, p: Array, rng: np.random.Generator) -> tuple[Array, Array | None]:
    """The probability of each mode, given P(bot) by mode and pattern; and P(bot) by pattern from
    the same labellings where they are worth `ENOUGH` independent ones, which few votes allow.

    A labelling drawn from any mode belongs to each by the chance with which that mode draws it, so
    modes that overlap are not counted twice. Few accounts allow labellings far from every mode, so
    there labels are also drawn from `DEFENSIVE` chances of bot.
    """
    few = shown.weight.sum() <= FEW
    modes = len(p)
    if modes == 1 and not few:
        return np.ones(1), None
    if few:
        everywhere = np.repeat(np.array(DEFENSIVE)[:, None], p.shape[1], axis=1)
        p = np.concatenate([p, everywhere])
    q = np.clip(p, 1e-9, 1 - 1e-9)
    free = np.isnan(shown.truth)
    labellings, log, shares = [], [], []
    wanted = max(64, min(LABELLINGS * (4 if few else 1), VOTERS // max(1, len(shown.claimants))))
    step = max(1, CHUNK // len(shown.weight))
    for mode in p:
        for start in range(0, wanted, step):
            n = min(step, wanted - start)
            z = np.stack([gibbs.bots(rng, shown, mode) for _ in range(n)])
            human = shown.weight - z
            labellings.append(
                z[:, free] @ np.log(q[:, free]).T + human[:, free] @ np.log1p(-q[:, free]).T
            )
            log.append(gibbs.log_joint(shown, z))
            if len(p) * wanted * len(shown.weight) <= CHUNK:
                shares.append(z / shown.weight)
    drawn = np.concatenate(labellings)
    top = drawn.max(axis=1, keepdims=True)
    share = np.exp(drawn - top)
    mixture = top[:, 0] + np.log(share.sum(axis=1))
    weight = np.concatenate(log) - mixture
    weight = np.exp(weight - weight.max())
    mass = weight @ (share / share.sum(axis=1, keepdims=True))
    mass = mass[:modes]
    effective = weight.sum() ** 2 / (weight**2).sum()
    sampled = None
    if shares and effective >= ENOUGH:
        sampled = weight @ np.concatenate(shares) / weight.sum()
    return mass / mass.sum(), sampled


def _taken(of_chain: Array, sweeps: int) -> list[Array]:
    """Which draws of each chain stand for it: `DRAWS` in all, in proportion to its probability."""
    ends = np.round(np.cumsum(of_chain) * DRAWS).astype(int)
    return [np.linspace(0, sweeps - 1, n).round().astype(int) for n in np.diff(ends, prepend=0)]


def _camps(
    shown: Patterns, informed: Array, weights: Array, apart: Array
) -> tuple[tuple[int, ...], ...]:
    """Claimants by the modes in which they are trusted: informed (sensitivity + specificity - 1)
    more than half as well as the best. Whoever is much the same in all modes is in no camp. Groups
    that agree more often than not on the patterns on which the modes part are no camps.
    """
    if len(weights) < 2:
        return ()
    order = np.argsort(-weights, kind="stable")
    trusted = informed[order] > informed[order].max(axis=1, keepdims=True) / 2
    moved = np.ptp(informed, axis=0) > APART
    camps: dict[tuple[bool, ...], list[int]] = {}
    for column in np.flatnonzero(moved):
        key = tuple(bool(t) for t in trusted[:, column])
        camps.setdefault(key, []).append(int(column))
    found = [camps[key] for key in sorted(camps, reverse=True)]
    said = shown.votes[apart][:, : len(moved)] - shown.votes[apart][:, len(moved) :]
    together = (said.T @ (said * shown.weight[apart][:, None])).toarray()
    pairs = [together[np.ix_(a, b)].sum() for a, b in combinations(found, 2)]
    if not pairs or max(pairs) >= 0:
        return ()
    return tuple(tuple(sorted(shown.claimants[camp].tolist())) for camp in found)
