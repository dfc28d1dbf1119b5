"""Ours, the second: the ensemble on values and ranks, adapted to the unlabelled batch it scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.data.accounts import Accounts, Floats, Rows
from benchmarks.data.folds import few
from benchmarks.data.thresholds import balanced_accuracy
from benchmarks.detectors import HALF, Labels, detector, varies
from benchmarks.detectors.tuning import BUDGET, level, splits, worth
from benchmarks.detectors.value_rank_ensemble import (
    BATCH,
    MEMBERS,
    MOST,
    Member,
    ValueRankEnsemble,
    fitted_members,
    logit,
    member_logits,
    model,
    probability,
    ranked,
)


class Adaptation(NamedTuple):
    """What is done with a batch beside scoring it."""

    experts: bool
    otsu: bool
    self_trained: bool

    def __str__(self) -> str:
        told = [name for name, used in zip(NAMES, self, strict=True) if used]
        return " + ".join(told) or "no adaptation"


NAMES = ("experts of each data set", "Otsu's threshold", "self-training")
ADAPTATIONS = (
    Adaptation(False, False, False),
    Adaptation(False, True, True),
    Adaptation(True, False, True),
    Adaptation(True, True, True),
)
"""What is chosen from: as many as every tuned detector may try."""
EXPERT = ("ranked forest", "ranked regression")
"""The members that are fitted to each training data set alone."""
INNER = 200
"""Accounts of each data set and class that inner splits see."""
SIZES, DRAWS = (30, 100, 300), 20
"""Sizes of batches on which Otsu's threshold is tried, and how many are drawn of each."""
ADAPTED = 100
"""The fewest accounts of a batch that is self-trained on."""
FOLDS, PSEUDO = 5, 10
"""Folds of self-training, and the least distinct accounts that each pseudo-label must have."""
TARGET = 0.75
"""Balanced accuracy that decided accounts of left-out training data sets must reach."""
LEFT = np.linspace(0, 0.9, 10)
"""Shares of the accounts nearest to the threshold that may be abstained on."""


def otsu(scores: Floats) -> float:
    """Otsu's threshold: midway between the two groups of most variance between them.

    It needs no label. Equal scores stay together; with one distinct score it is that score.

    >>> otsu(np.array([0.0, 1.0, 8.0, 9.0]))
    4.5
    """
    ordered = np.sort(scores)
    cuts = np.flatnonzero(np.diff(ordered)) + 1
    if not len(cuts):
        return float(ordered[0])
    n, total = len(ordered), np.cumsum(ordered)
    below = total[cuts - 1]
    gap = (total[-1] - below) / (n - cuts) - below / cuts
    cut = cuts[np.argmax(cuts * (n - cuts) * gap**2)]
    return float((ordered[cut - 1] + ordered[cut]) / 2)


def separability(scores: Floats) -> float:
    """The share of the scores' variance that lies between Otsu's two groups, 0 to 1 (Otsu 1979).

    >>> separability(np.array([0.0, 0.0, 1.0, 1.0]))
    1.0
    """
    above, total = scores >= otsu(scores), scores.var()
    if above.all() or not total:
        return 0.0
    gap = scores[above].mean() - scores[~above].mean()
    return float(above.mean() * (1 - above.mean()) * gap**2 / total)


def self_trained(log_odds: Floats, values: Floats, seed: int | None) -> Floats:
    """The log odds that forests give which have learnt the batch's own answers as labels.

    They learn the surer half of each answer. Each account is scored by a forest that has not seen
    its own answer (five folds, dealt out in the order of scores; equal accounts share a fold). The
    order of rows does not matter. Without ten distinct accounts of each answer to learn from, the
    log odds are returned as they are.
    """
    known = np.column_stack([log_odds.round(9), np.where(np.isnan(values), -np.inf, values)])
    rows, first, place, count = np.unique(
        known, axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    answer, sure = (rows[:, 0] >= 0).astype(np.int8), np.abs(rows[:, 0])
    half = [np.median(sure[answer == a]) if (answer == a).any() else np.inf for a in (0, 1)]
    sure_rows = sure >= np.array(half)[answer]
    if np.bincount(answer[sure_rows], minlength=2).min() < PSEUDO:
        return log_odds
    seen = ranked(values, np.zeros(len(values), dtype=np.int64))[first]
    seen = seen[:, varies(seen)]
    one = np.zeros(len(rows), dtype=np.int64)
    fold, scored = np.arange(len(rows)) % FOLDS, np.empty(len(rows))
    for k in range(FOLDS):
        learn = np.flatnonzero((fold != k) & sure_rows)
        learn = learn[few(one[learn], answer[learn], MOST, seed)]
        weights = level(one[learn], answer[learn]) * count[learn]
        forest = model("forest", seed).fit(seen[learn], answer[learn], sample_weight=weights)
        scored[fold == k] = logit(forest.predict_proba(seen[fold == k])[:, 1])
    return np.asarray(scored[place.ravel()], dtype=np.float64)


def fitted_experts(
    values: Floats, domains: Rows, y: Labels, seed: int | None
) -> dict[int, dict[str, Member]]:
    """For each data set with both classes, the members that have learnt its ranks alone."""
    return {
        int(d): fitted_members(EXPERT, values[own], domains[own], y[own], seed)
        for d in np.unique(domains)
        for own in [domains == d]
        if len(np.unique(y[own])) == 2 and varies(values[own]).any()
    }


@detector(
    "self-training",
    uses=("profile", "timing", "text", "content", "network", "domains"),
    threshold=HALF,
    transductive=True,
    cites=(
        "botbench; self-training after Yarowsky 1995, Unsupervised Word Sense Disambiguation"
        " Rivaling Supervised Methods (ACL); Otsu 1979, A Threshold Selection Method from"
        " Gray-Level Histograms (IEEE Trans. SMC 9); abstention after Geifman & El-Yaniv 2017,"
        " Selective Classification for Deep Neural Networks (NeurIPS)"
    ),
    about=(
        "Ours: the ensemble on values and ranks, adapted to the unlabelled batch by Otsu's"
        " threshold and cross-fitted self-training; it can abstain."
    ),
    revision=2,
)
class SelfTraining(ValueRankEnsemble):
    """All members of `raw-and-rank`, and then what the batch tells without a label.

    Everything is chosen by leaving training data sets out in turn: which adaptation is worth most,
    from which size of a batch on Otsu's threshold is at least as good as 0.5, how well a batch must
    fall into two groups, and how near to the threshold an account must be to be abstained on. It
    abstains on everybody where a batch does not, in batches under 30, and on accounts that lack
    half of what the ensemble reads.
    """

    def choose(self, values: Floats, domains: Rows, y: Labels) -> Sequence[str]:
        """All members; the adaptation, the least batch and the margin are chosen."""
        assert len(ADAPTATIONS) <= BUDGET
        rows = few(domains, y, INNER, self.random_state)
        self.chosen_, self.least_ = 0, float("inf")
        self.separable_, self.margin_ = float("inf"), float("inf")
        self._choose(values[rows], domains[rows], y[rows])
        self.experts_: list[dict[str, Member]] = (
            list(fitted_experts(values, domains, y, self.random_state).values())
            if ADAPTATIONS[self.chosen_].experts
            else []
        )
        return tuple(MEMBERS)

    def _choose(self, values: Floats, domains: Rows, y: Labels) -> None:
        held = list(splits(domains, y, self.random_state))
        if not held:
            return
        whole = not any(np.isin(domains[a], domains[b]).any() for a, b in held)
        # An expert of one data set is the same whichever other is left out: it is fitted once.
        known = fitted_experts(values, domains, y, self.random_state) if whole else {}
        plain, mixed, truth, batches = [], [], [], []
        for a, b in held:
            members = fitted_members(tuple(MEMBERS), values[a], domains[a], y[a], self.random_state)
            places = ranked(values[b], np.zeros(len(b), dtype=np.int64))
            log_odds = member_logits(members, values[b], places).mean(axis=0)
            experts = (
                [e for d, e in known.items() if d in domains[a]]
                if whole
                else list(fitted_experts(values[a], domains[a], y[a], self.random_state).values())
            )
            plain.append(log_odds)
            mixed.append(_mixed(log_odds, experts, values[b], places))
            truth.append(y[b])
            batches.append(values[b])
        self.least_ = least_batch(plain, truth, self.random_state)
        adapted = [
            [
                self._adapted(z, batch, choice)
                for z, batch in zip(mixed if choice.experts else plain, batches, strict=True)
            ]
            for choice in ADAPTATIONS
        ]
        tried = [
            np.mean([worth(t, probability(z)) for z, t in zip(own, truth, strict=True)])
            for own in adapted
        ]
        self.chosen_ = int(np.argmax(tried))
        told = adapted[self.chosen_]
        apart = [separability(z) for z in plain]
        self.separable_ = least_separable(apart, told, truth)
        kept = [i for i, own in enumerate(apart) if own >= self.separable_]
        self.margin_ = margin([told[i] for i in kept], [truth[i] for i in kept])

    def adapt(self, log_odds: Floats, values: Floats, places: Floats) -> Floats:
        """The chosen adaptation."""
        mixed = _mixed(log_odds, self.experts_, values, places)
        return self._adapted(mixed, values, ADAPTATIONS[self.chosen_])

    def _adapted(self, log_odds: Floats, values: Floats, chosen: Adaptation) -> Floats:
        if chosen.otsu and len(log_odds) >= self.least_:
            log_odds = log_odds - otsu(log_odds)
        if chosen.self_trained and len(log_odds) >= ADAPTED:
            log_odds = (log_odds + self_trained(log_odds, values, self.random_state)) / 2
        return log_odds

    def abstains(self, accounts: Accounts) -> NDArray[np.bool_]:
        """Whom it cannot tell, bool[n]: too near to the threshold, too thin, too few, too alike."""
        known = self.known(accounts)
        unsure = np.ones(len(accounts), dtype=np.bool_)
        if known.sum() < BATCH:
            return unsure
        log_odds, values, places = self.plain(accounts)
        if separability(log_odds) >= self.separable_:
            thin = np.isnan(accounts.values[:, self.features_]).mean(axis=1) > 0.5
            unsure[known] = np.abs(self.adapt(log_odds, values, places)) < self.margin_
            unsure |= thin
        return unsure

    def explain(self) -> str | None:
        """What was chosen."""
        return str(ADAPTATIONS[self.chosen_]) if self.models_ else None


def _mixed(
    log_odds: Floats, experts: Sequence[Mapping[str, Member]], values: Floats, places: Floats
) -> Floats:
    """The mean of the ensemble and its experts; the ensemble itself without experts."""
    if not experts:
        return log_odds
    told = [member_logits(expert, values, places).mean(axis=0) for expert in experts]
    return np.asarray((log_odds + np.mean(told, axis=0)) / 2, dtype=np.float64)


def least_batch(scores: Sequence[Floats], truth: Sequence[Labels], seed: int | None) -> float:
    """From which size of a batch on Otsu's threshold is at least as good as 0; inf if from none.

    `scores` are log odds of each left-out data set. Batches of each size are drawn from them.
    """
    random, least = np.random.default_rng(seed), np.inf
    for size in reversed(SIZES):
        gains = [
            balanced_accuracy(own[drawn] >= otsu(own[drawn]), y[drawn])
            - balanced_accuracy(own[drawn] >= 0, y[drawn])
            for own, y in zip(scores, truth, strict=True)
            for drawn in (random.permutation(len(y))[:size] for _ in range(DRAWS))
        ]
        if not np.nanmean(gains) >= 0:
            break
        least = size
    return float(least)


def least_separable(
    apart: Sequence[float], scores: Sequence[Floats], truth: Sequence[Labels]
) -> float:
    """The least separability of a batch that is decided: above that of every failure.

    A failure is a left-out data set on which balanced accuracy is under `TARGET`. 0 if none failed,
    inf if none that reached it is more separable than the failures.
    """
    reached = [
        balanced_accuracy(own >= 0, y) >= TARGET for own, y in zip(scores, truth, strict=True)
    ]
    failed = max((a for a, well in zip(apart, reached, strict=True) if not well), default=-1.0)
    if failed < 0:
        return 0.0
    return min((a for a in apart if a > failed), default=float("inf"))


def margin(scores: Sequence[Floats], truth: Sequence[Labels]) -> float:
    """The distance from the threshold from which on accounts are decided; inf to decide nobody.

    It is the smallest under which the decided accounts of left-out data sets reach `TARGET` in the
    mean.
    """
    if not scores:
        return float("inf")
    for distance in np.quantile(np.abs(np.concatenate(scores)), LEFT) * (LEFT > 0):
        decided = [np.abs(own) >= distance for own in scores]
        reached = [
            balanced_accuracy(own[kept] >= 0, y[kept])
            for own, y, kept in zip(scores, truth, decided, strict=True)
        ]
        if not np.isnan(reached).all() and np.nanmean(reached) >= TARGET:
            return float(distance)
    return float("inf")
