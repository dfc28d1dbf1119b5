"""The input of metrics: labels, scores and answers of a cell, prepared for any weightings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from botbench.stats.account_groups import Codes, design_effect, repetition

Array: TypeAlias = npt.NDArray[np.float64]
Places: TypeAlias = npt.NDArray[np.intp]
WIDE = 100
"""Columns from which on a loop over rows is faster than NumPy's running sums."""

KEPT = 20_000
"""Accounts up to which what metrics add up of each is kept between weightings: 20 values."""


class Counts(NamedTuple):
    """Weighted counts of TP, FP, TN and FN, float64[b] each; bot is the positive class."""

    tp: Array
    fp: Array
    fn: Array
    tn: Array


class Curve(NamedTuple):
    """What each of m distinct scores of bots cuts off, from the highest; float64[m, b] each.

    `weight`: of the bots with this score; `found`: of bots that score at least as much; `alarms`:
    of humans that score at least as much; `above`: of humans that score more. Ties are counted as
    ties, never broken by row order. `bots` and `humans` [b] are the weight of each class.
    """

    weight: Array
    found: Array
    alarms: Array
    above: Array
    bots: Array
    humans: Array


def divide(part: Array, whole: Array) -> Array:
    """part / whole, NaN for a division by zero.

    >>> divide(np.array([1.0, 0.0]), np.array([2.0, 0.0])).tolist()
    [0.5, nan]
    """
    value: Array = np.full(np.broadcast(part, whole).shape, np.nan)
    np.divide(part, whole, out=value, where=whole != 0)
    return value


def running_sums(rows: Array, into: Array) -> Array:
    """The running sums of float64[n, b] along its rows; NumPy's go column by column.

    >>> running_sums(np.array([[1.0, 2.0], [3.0, 4.0]]), np.empty((2, 2))).tolist()
    [[1.0, 2.0], [4.0, 6.0]]
    """
    if rows.shape[1] < WIDE:
        return np.cumsum(rows, axis=0, out=into)
    into[:1] = rows[:1]
    for i in range(1, len(rows)):
        np.add(into[i - 1], rows[i], out=into[i])
    return into


class ScoredAccounts:
    """n accounts with label y (1 = bot), score p and answer hat; ValueError if they do not fit.

    `fold` [n] is the fold that scored each account: scores of two folds come from two fits, whose
    scales can differ. `facts` [n] each are other facts on the accounts, such as `seconds` or
    membership in a group (NaN: unknown). What does not depend on weights (order of scores, ties) is
    computed once, on first use.
    """

    def __init__(
        self,
        y: npt.ArrayLike,
        p: npt.ArrayLike,
        hat: npt.ArrayLike,
        fold: npt.ArrayLike | None = None,
        facts: Mapping[str, npt.ArrayLike] | None = None,
    ) -> None:
        self.y = np.asarray(y, dtype=np.int8)
        self.p = np.asarray(p, dtype=np.float64)
        self.hat = np.asarray(hat, dtype=bool)
        self.fold = None if fold is None else np.asarray(fold, dtype=np.int64)
        self.asked: dict[str, Array] = {}
        self.facts = {
            name: np.asarray(fact, dtype=np.float64) for name, fact in (facts or {}).items()
        }
        if not (self.y.ndim == 1 and self.y.shape == self.p.shape == self.hat.shape):
            raise ValueError(
                f"labels, scores and answers differ in shape: {self.y.shape}, {self.p.shape},"
                f" {self.hat.shape}"
            )
        if not np.isin(self.y, (0, 1)).all():
            raise ValueError("a label is neither 0 (human) nor 1 (bot)")
        if np.isnan(self.p).any():
            raise ValueError("a score is NaN")
        if infinite := int(np.isinf(self.p).sum()):
            raise ValueError(f"{infinite} of {len(self.p)} scores are infinite")

    def fact(self, name: str) -> Array:
        """One fact, float64[n]; all NaN if it is unknown."""
        return self.facts.get(name, np.full(len(self.y), np.nan))

    def take(self, rows: Places) -> ScoredAccounts:
        """Some of the accounts, without their folds."""
        return ScoredAccounts(
            self.y[rows],
            self.p[rows],
            self.hat[rows],
            None,
            {k: v[rows] for k, v in self.facts.items()},
        )

    @cached_property
    def by_fold(self) -> list[tuple[ScoredAccounts, Places]]:
        """Each fold's accounts with their places."""
        folds = [] if self.fold is None else np.unique(self.fold).tolist()
        if len(folds) < 2 or self.fold is None:
            return [(self, np.arange(len(self.y)))]
        return [(self.take(rows), rows) for rows in (np.flatnonzero(self.fold == k) for k in folds)]

    def under(self, weight: npt.ArrayLike | None = None) -> Weighted:
        """These accounts under weights [n] or [b, n] (ones by default)."""
        w = (
            np.ones((1, len(self.y)))
            if weight is None
            else np.atleast_2d(np.asarray(weight, dtype=np.float64))
        )
        if w.shape[1] != len(self.y):
            raise ValueError(f"{w.shape[1]} weights for {len(self.y)} accounts")
        return Weighted(self, w)

    @cached_property
    def cells(self) -> Array:
        """float64[n, 4]: which of TP, FP, FN, TN each account is."""
        y = self.y == 1
        return np.stack(
            [y & self.hat, ~y & self.hat, y & ~self.hat, ~y & ~self.hat], axis=1
        ).astype(np.float64)

    @cached_property
    def places(self) -> tuple[Places, Places, Places, Places, Places]:
        """Bots and humans by descending score, and the places of each distinct bot score.

        These are where it begins, and the humans at least as high and above.
        """
        bots, humans = (np.flatnonzero(self.y == label) for label in (1, 0))
        bots, humans = (
            bots[np.argsort(-self.p[bots], kind="stable")],
            humans[np.argsort(-self.p[humans], kind="stable")],
        )
        cuts, starts = np.unique(-self.p[bots], return_index=True)
        people = -self.p[humans]
        return (
            bots,
            humans,
            starts,
            np.searchsorted(people, cuts, side="right"),
            np.searchsorted(people, cuts, side="left"),
        )


class Weighted:
    """Accounts under b weightings, the input of a metric; `weight` is float64[b, n].

    Running sums go along accounts, so weights are stored by account (`by_account`, [n, b]): six
    times faster. With `rows` [n], the accounts are those rows of the weights.
    """

    def __init__(self, judged: ScoredAccounts, weight: Array, rows: Places | None = None) -> None:
        self.judged, self._rows, self._given = judged, rows, np.ascontiguousarray(weight.T)
        self.y, self.p, self.hat = judged.y, judged.p, judged.hat
        self._sums: dict[str, Array] = {}

    @cached_property
    def by_account(self) -> Array:
        """The weights by account, float64[n, b]."""
        return self._given if self._rows is None else self._given[self._rows]

    @property
    def weight(self) -> Array:
        """The weights, float64[b, n]."""
        return self.by_account.T

    def _of(self, places: Places) -> Array:
        """The weights of some of the accounts, float64[places, b], without a copy of all."""
        return self._given[places if self._rows is None else self._rows[places]]

    @cached_property
    def parts(self) -> list[Weighted]:
        """The folds one by one, each under its own accounts' weights."""
        if len(self.judged.by_fold) == 1:
            return [self]
        return [Weighted(judged, self.weight, rows) for judged, rows in self.judged.by_fold]

    def sums(self, name: str, columns: Callable[[ScoredAccounts], Array]) -> Array:
        """The weighted sums of columns float64[n, k] of the accounts, float64[b, k].

        Several metrics that ask under one `name` share them. Under many weightings, what was asked
        for under earlier ones is added up together, in one product of matrices.
        """
        if name not in self._sums:
            asked = self.judged.asked if len(self.y) <= KEPT else {}
            if name not in asked:
                asked[name] = columns(self.judged).astype(np.float64)
            many = self.by_account.shape[1] > 1
            names = [other for other in asked if other not in self._sums] if many else [name]
            ends = np.cumsum([asked[other].shape[1] for other in names])
            found = np.concatenate([asked[other].T for other in names]) @ self.by_account
            self._sums.update(
                (other, own.T) for other, own in zip(names, np.split(found, ends[:-1]), strict=True)
            )
        return self._sums[name]

    @cached_property
    def counts(self) -> Counts:
        """True and false positives and negatives, float64[b] each."""
        return Counts(*self.sums("counts", lambda judged: judged.cells).T)

    @cached_property
    def bots(self) -> Array:
        """The weight of all bots, float64[b]."""
        return self.counts.tp + self.counts.fn

    @cached_property
    def humans(self) -> Array:
        """The weight of all humans, float64[b]."""
        return self.counts.fp + self.counts.tn

    @cached_property
    def total(self) -> Array:
        """The weight of all accounts, float64[b]."""
        return self.bots + self.humans

    @cached_property
    def curve(self) -> Curve:
        """What each bot's score cuts off; one pass of running sums over the sorted scores."""
        bots, humans, starts, at_least, above = self.judged.places
        b = self._given.shape[1]
        false: Array = np.zeros((len(humans) + 1, b))
        running_sums(self._of(humans), false[1:])
        weight = self._of(bots)
        if len(starts) < len(bots):
            weight = np.add.reduceat(weight, starts, axis=0)
        alarms = false[at_least]
        tied = not np.array_equal(at_least, above)
        found = running_sums(weight, np.empty_like(weight))
        return Curve(
            weight,
            found,
            alarms,
            false[above] if tied else alarms,
            found[-1] if len(found) else np.zeros(b),
            false[-1],
        )


@dataclass(frozen=True)
class ScoredRepeats:
    """The input of closed-form intervals: a cell's repeats with their accounts' places.

    An account predicted in several repeats is one account: counts are means over repeats, never
    sums. `group` [accounts] is the group of each account, None if all are independent; numbers of
    accounts then are effective ones.
    """

    repeats: Sequence[ScoredAccounts]
    places: Sequence[Places | None]
    accounts: int
    group: Codes | None = None

    @classmethod
    def of(cls, judged: ScoredAccounts, group: Codes | None = None) -> ScoredRepeats:
        """The sample of a single repeat."""
        return cls([judged], [None], len(judged.y), group)

    @cached_property
    def weighted(self) -> list[Weighted]:
        """Each repeat with every account once."""
        return [judged.under() for judged in self.repeats]

    @cached_property
    def counts(self) -> Counts:
        """True and false positives and negatives as float64[1], the mean over repeats."""
        return Counts(*np.mean([w.counts for w in self.weighted], axis=0))

    def mean(self, of: Sequence[Array]) -> Array:
        """Each account's mean over repeats, float64[accounts]; `of` has one array a repeat."""
        total: Array = np.zeros(self.accounts)
        for values, places in zip(of, self.places, strict=True):
            total[slice(None) if places is None else places] += values
        return total / len(of)

    def independent(self, count: float, hits: Sequence[Array], trials: Sequence[Array]) -> float:
        """How many independent accounts the `count` accounts behind a share are worth.

        `hits` and `trials` mark the accounts in its numerator and denominator, one array a repeat.
        """
        if self.group is None or not count:
            return count
        return count / design_effect(self.mean(hits), self.mean(trials), self.group)

    def trials(self, hits: tuple[str, ...], misses: tuple[str, ...]) -> float:
        """The independent accounts behind the share of some of the four counts in more of them.

        `trials(("tp",), ("fn",))` are those behind recall.
        """
        ours, all_ours = (
            [i for i, name in enumerate(Counts._fields) if name in names]
            for names in (hits, hits + misses)
        )
        count = float(np.sum([self.counts[i] for i in all_ours]))
        cells = [judged.cells for judged in self.repeats]
        return self.independent(
            count,
            [c[:, ours].sum(axis=1) for c in cells],
            [c[:, all_ours].sum(axis=1) for c in cells],
        )

    def of_class(self, label: int) -> float:
        """How many accounts of a class there are; of groups, if each of them has one answer."""
        positive = self.counts.tp + self.counts.fn
        count = float((positive if label else self.counts.fp + self.counts.tn)[0])
        if self.group is None:
            return count
        members = self.mean([(judged.y == label).astype(np.float64) for judged in self.repeats])
        return count / repetition(members, self.group)
