"""Votes in an order that depends on who said what, and not on names or on the order of rows.

Claimants and accounts get colours by refinement (Weisfeiler and Leman 1968): a claimant's colour is
a hash of the accounts that it voted on and of its votes, an account's of its claimants. What still
has one colour at the end plays the same role in the votes, so it must get the same figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.labels.consensus.votes import Ballots

Array = NDArray[Any]


@dataclass(frozen=True)
class Patterns:
    """The accounts of ballots by their votes: accounts with the same votes are one pattern.

    `of_account` is the pattern of each account; `weight` (accounts), `truth` (1, 0 or NaN) and
    `votes` (sparse: who says bot, then who says human) are by pattern. `claimants` are the ballots'
    codes in canonical order, the order of the columns; `of_kind` is the kind of each.
    `account_class` and `claimant_class` (by pattern, by column) number what plays the same role.
    """

    of_account: Array
    weight: Array
    truth: Array
    votes: Any
    claimants: Array
    of_kind: Array
    account_class: Array
    claimant_class: Array

    def alike(self, values: Array) -> Array:
        """Values of patterns, each replaced by the mean over the accounts that play its role."""
        return _mean(values, self.account_class, self.weight)

    def claimants_alike(self, values: Array) -> Array:
        """Values of claimants (columns), each replaced by the mean over those that play its role;
        in the order of the ballots' claimants.
        """
        placed = np.empty_like(values)
        placed[self.claimants] = _mean(values, self.claimant_class, np.ones(len(values)))
        return placed


def patterns(ballots: Ballots) -> Patterns:
    """Bring ballots into canonical order."""
    from scipy.sparse import csr_array

    people = len(ballots.claimants)
    refiner = _Refiner(ballots)
    truth = np.select([ballots.truth == 1, ballots.truth == 0], [1, 2], 0).astype(np.uint64)
    kind = ballots.kinds()[1]
    account, claimant = refiner.stable(_mixed(truth), _mixed(kind.astype(np.uint64) + _ODD))
    account_class, claimant_class = account, claimant
    while people and (tied := refiner.tied(claimant)) is not None:
        account, claimant = refiner.stable(account, tied)
    account = refiner.accounts(account, claimant)
    _, first, of_account = np.unique(account, return_index=True, return_inverse=True)
    order = np.argsort(claimant)
    column = np.empty(people, dtype=np.int64)
    column[order] = np.arange(people)
    shown = np.full(len(account), -1)
    shown[first] = np.arange(len(first))
    mine = shown[ballots.account] >= 0
    votes = csr_array(
        (
            np.ones(mine.sum()),
            (
                shown[ballots.account[mine]],
                column[ballots.claimant[mine]] + np.where(ballots.bot[mine] == 1, 0, people),
            ),
        ),
        shape=(len(first), 2 * people),
    )
    return Patterns(
        of_account,
        np.bincount(of_account, minlength=len(first)).astype(float),
        ballots.truth[first],
        votes,
        order,
        kind[order],
        np.unique(account_class[first], return_inverse=True)[1],
        np.unique(claimant_class[order], return_inverse=True)[1],
    )


@dataclass(frozen=True)
class Ordered:
    """Ballots with their accounts and claimants in canonical order, and the way back.

    `account` and `claimant` are the places of the original codes in `ballots`.
    """

    ballots: Ballots
    account: Array
    claimant: Array
    patterns: Patterns

    def accounts(self, values: Array) -> Array:
        """Values by account of `ballots`, as means over accounts that play one role; in the order
        of the original accounts.
        """
        own, shown = values[self.account], self.patterns
        whole = np.bincount(shown.of_account, weights=own, minlength=len(shown.weight))
        return np.asarray(shown.alike(whole / shown.weight)[shown.of_account])

    def claimants(self, values: Array) -> Array:
        """Values by claimant of `ballots`, likewise."""
        return self.patterns.claimants_alike(values)


def ordered(ballots: Ballots) -> Ordered:
    """Bring ballots into canonical order; accounts with the same votes stay as they were."""
    shown = patterns(ballots)
    order = np.argsort(shown.of_account, kind="stable")
    account, claimant = np.empty_like(order), np.empty_like(shown.claimants)
    account[order] = np.arange(len(order))
    claimant[shown.claimants] = np.arange(len(claimant))
    by = np.lexsort((ballots.bot, claimant[ballots.claimant], account[ballots.account]))
    moved = Ballots(
        account[ballots.account][by],
        claimant[ballots.claimant][by],
        ballots.bot[by],
        ballots.accounts.take(order),
        tuple(ballots.claimants[j] for j in shown.claimants),
        ballots.truth[order],
        ballots.ruling[order],
        ballots.judging[order],
    )
    return Ordered(moved, account, claimant, shown)


_ODD = np.uint64(0x9E3779B97F4A7C15)


def _mixed(values: Array) -> Array:
    """Scatter 64-bit numbers (the finaliser of SplitMix64), so that their sums tell sets apart."""
    with np.errstate(over="ignore"):
        x = values + _ODD
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(x ^ (x >> np.uint64(31)))


class _Refiner:
    """Refines colours of accounts and claimants by each other; sums run over sorted votes."""

    def __init__(self, ballots: Ballots) -> None:
        self.account, self.claimant = ballots.account, ballots.claimant
        self.said = _mixed(ballots.bot.astype(np.uint64))
        self.by_account = np.argsort(self.account, kind="stable")
        self.by_claimant = np.argsort(self.claimant, kind="stable")

    def accounts(self, account: Array, claimant: Array) -> Array:
        """New colours of accounts: the old one and the multiset of (claimant's colour, vote)."""
        votes = _mixed(claimant[self.claimant] ^ self.said)
        return _absorbed(account, self.account, votes, self.by_account)

    def claimants(self, account: Array, claimant: Array) -> Array:
        """New colours of claimants, likewise."""
        votes = _mixed(account[self.account] ^ self.said)
        return _absorbed(claimant, self.claimant, votes, self.by_claimant)

    def stable(self, account: Array, claimant: Array) -> tuple[Array, Array]:
        """Refine until no colour parts any more."""
        colours = -1
        while (found := len(np.unique(account)) + len(np.unique(claimant))) > colours:
            colours = found
            account = self.accounts(account, claimant)
            claimant = self.claimants(account, claimant)
        return account, claimant

    def tied(self, claimant: Array) -> Array | None:
        """Colours in which one claimant of the first tie differs from the others; None if no two
        claimants tie. Claimants with the same votes on the same accounts are interchangeable: all
        of them are told apart at once.
        """
        _, place, count = np.unique(claimant, return_inverse=True, return_counts=True)
        if (count == 1).all():
            return None
        members = np.flatnonzero(place == np.argmax(count > 1))
        rows = _mixed(self.account.astype(np.uint64))
        columns = _absorbed(
            np.zeros_like(claimant), self.claimant, _mixed(rows ^ self.said), self.by_claimant
        )
        twins = members[columns[members] == columns[members[0]]]
        parted = claimant.copy()
        with np.errstate(over="ignore"):
            parted[twins] = _mixed(parted[twins] + np.arange(1, len(twins) + 1, dtype=np.uint64))
        return parted


def _absorbed(old: Array, owner: Array, votes: Array, order: Array) -> Array:
    """Colours with the sum of their votes' hashes mixed in."""
    sums = np.zeros(len(old), dtype=np.uint64)
    if len(order):
        sorted_owner = owner[order]
        starts = np.flatnonzero(np.append(True, sorted_owner[1:] != sorted_owner[:-1]))
        sums[sorted_owner[starts]] = np.add.reduceat(votes[order], starts)
    with np.errstate(over="ignore"):
        return _mixed(_mixed(old) + sums)


def _mean(values: Array, group: Array, weight: Array) -> Array:
    """The weighted mean of each row's group, for values of one or two dimensions."""
    total = np.bincount(group, weights=weight)
    columns = values.reshape(len(values), -1).T
    means = [np.bincount(group, weights=weight * c) / total for c in columns]
    return np.stack([m[group] for m in means], axis=1).reshape(values.shape) if means else values
