"""The input of metrics: labels, scores and answers of a cell, prepared for any weightings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from benchmarks.metrics.weightings import Array, Numbers, Places, Weightings, running_sums
from botbench.stats.account_groups import Codes, design_effect, repetition

KEPT = 20_000
"""Accounts up to which what metrics add up of each is kept between weightings: 20 values."""


class Counts(NamedTuple):
    """Weighted counts of TP, FP, TN and FN, float64[b] each; bot is the positive class."""

    tp: Array
    fp: Array
    fn: Array
    tn: Array


class Curve(NamedTuple):
    """What each of m distinct scores of bots cuts off, from the highest; [m, b] each.

    `weight`: of the bots with this score; `found`: of bots that score at least as much; `alarms`:
    of humans that score at least as much; `above`: of humans that score more. Ties are counted as
    ties, never broken by row order. `bots` and `humans` float64[b] are the weight of each class.
    """

    weight: Numbers
    found: Numbers
    alarms: Numbers
    above: Numbers
    bots: Array
    humans: Array


def divide(part: Array, whole: Array) -> Array:
    """part / whole, NaN for a division by zero.

    >>> divide(np.array([1.0, 0.0]), np.array([2.0, 0.0])).tolist()
    [0.5, nan]
    """
    if whole.all():
        return np.asarray(part / whole)
    value: Array = np.full(np.broadcast(part, whole).shape, np.nan)
    np.divide(part, whole, out=value, where=whole != 0)
    return value


Sums: TypeAlias = dict[str, Array]
"""Weighted sums of columns, float64[b, k], by the name that metrics ask under."""


class ScoredAccounts:
    """n accounts with label y (1 = bot), score p and answer hat; ValueError if they do not fit.

    `fold` [n] is the fold that scored each account: scores of two folds come from two fits, whose
    scales can differ. `facts` [n] each are other facts on the accounts, such as `seconds` or
    membership in a group (NaN: unknown). What does not depend on weights (order of scores, ties) is
    computed once, on first use; `asked` and `kept` are for what metrics compute of it, by name.
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
        self.kept: dict[str, Any] = {}
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

    def under(
        self, weight: npt.ArrayLike | Weightings | None = None, sums: Sums | None = None
    ) -> Weighted:
        """These accounts under weights [n] or [b, n] (ones by default).

        `sums` are what `added_up` found under them.
        """
        if weight is None:
            return self.once
        own = weight if isinstance(weight, Weightings) else Weightings.of(weight)
        if len(own.by_account) != len(self.y):
            raise ValueError(f"{len(own.by_account)} weights for {len(self.y)} accounts")
        return Weighted(self, own, None, sums)

    @cached_property
    def once(self) -> Weighted:
        """Each account once."""
        return Weighted(self, Weightings(np.ones((len(self.y), 1))))

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


def added_up(judged: Sequence[ScoredAccounts], weights: Weightings) -> list[Sums]:
    """What metrics asked of each, under weightings of all their accounts; float64[b, k] by name.

    One product of matrices for all: alone, each would read all weights again.
    """
    rows = [(own, name) for own in judged for name in own.asked]
    if not rows:
        return [{} for _ in judged]
    parts = [own.asked[name] for own, name in rows]
    ends = np.cumsum([len(part) for part in parts])[:-1]
    found = np.split(np.concatenate(parts) @ weights.by_account, ends)
    sums: dict[ScoredAccounts, Sums] = {own: {} for own in judged}
    for (own, name), part in zip(rows, found, strict=True):
        sums[own][name] = part.T
    return [sums[own] for own in judged]


class Weighted:
    """Accounts under b weightings, the input of a metric.

    With `rows` [n], the accounts are those rows of the weightings. `sums` are known already.
    """

    def __init__(
        self,
        judged: ScoredAccounts,
        weightings: Weightings,
        rows: Places | None = None,
        sums: Sums | None = None,
    ) -> None:
        self.judged, self._rows, self._given = judged, rows, weightings
        self.y, self.p, self.hat = judged.y, judged.p, judged.hat
        self._sums: Sums = {} if sums is None else sums

    @cached_property
    def by_account(self) -> Array:
        """The weights by account, float64[n, b]."""
        given = self._given.by_account
        return given if self._rows is None else given[self._rows]

    @cached_property
    def compact(self) -> Numbers:
        """The weights by account [n, b], in the least memory that holds them."""
        given = self._given.compact
        return given if self._rows is None else given[self._rows]

    @property
    def weight(self) -> Array:
        """The weights, float64[b, n]."""
        return self.by_account.T

    def _of(self, places: Places) -> Numbers:
        """The weights of some of the accounts, [places, b], without a copy of all."""
        return self._given.compact[places if self._rows is None else self._rows[places]]

    @cached_property
    def parts(self) -> list[Weighted]:
        """The folds one by one, each under its own accounts' weights."""
        if len(self.judged.by_fold) == 1:
            return [self]
        if self is self.judged.__dict__.get("once"):
            return [judged.once for judged, _ in self.judged.by_fold]
        return [Weighted(judged, self._given, rows) for judged, rows in self.judged.by_fold]

    def sums(self, name: str, columns: Callable[[ScoredAccounts], Array]) -> Array:
        """The weighted sums of columns float64[n, k] of the accounts, float64[b, k].

        Several metrics that ask under one `name` share them. Under many weightings, what was asked
        for under earlier ones is added up together.
        """
        if name not in self._sums:
            asked = self.judged.asked
            if name not in asked:
                own = np.ascontiguousarray(columns(self.judged).T, dtype=np.float64)
                if len(self.y) > KEPT:
                    self._sums[name] = (own @ self.by_account).T
                    return self._sums[name]
                asked[name] = own
            if self._given.many and not self._sums and self._rows is None:
                self._sums.update(added_up([self.judged], self._given)[0])
            else:
                self._sums[name] = (asked[name] @ self.by_account).T
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
        """`cuts` in float64."""
        return Curve(*(np.asarray(part, dtype=np.float64) for part in self.cuts))

    @cached_property
    def cuts(self) -> Curve:
        """What each bot's score cuts off; one pass of running sums over the sorted scores.

        In uint16 where weights are counts (`Weightings.compact`).
        """
        bots, humans, starts, at_least, above = self.judged.places
        people, weight = self._of(humans), self._of(bots)
        false = np.zeros((len(humans) + 1, people.shape[1]), dtype=people.dtype)
        running_sums(people, false[1:])
        if len(starts) < len(bots):
            weight = np.add.reduceat(weight, starts, axis=0, dtype=weight.dtype)
        alarms = false[at_least]
        tied = not np.array_equal(at_least, above)
        found = running_sums(weight, np.empty_like(weight))
        return Curve(
            weight,
            found,
            alarms,
            false[above] if tied else alarms,
            (found if len(found) else false)[-1 if len(found) else 0].astype(np.float64),
            false[-1].astype(np.float64),
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
