"""Whether two annotators answer alike more often than their error rates explain.

The model of the consensus takes answers as independent given what the account is (Dawid and Skene
1979, J. R. Stat. Soc. C 28:20). Two people who look over each other's shoulder, or misread the same
thing, break that, and the interval is too narrow. What the model leaves between two people (their
residual covariance; Qu, Tan and Kutner 1996, Biometrics 52:797) is compared with simulated answers
of independent people with the same error rates.

Three people who all answer the same accounts leave nothing to see, because the model can explain
any agreement between them: then only accounts of which the truth is known (gold) show it. With more
people the answers show that somebody answers alike, but not who: the model takes two people who
copy each other for two good ones, and is then surprised that the others agree.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from botbench.stats.design_based import Floats

ROUNDS, REPEATS, LEVEL = 25, 99, 0.01
"""Of expectation maximisation; simulated sets of answers; the p below which a warning is given."""
RIGHT, WRONG = 2.0, 1.0
"""The prior on each error rate: as if two answers had been seen right and one wrong."""


@dataclass(frozen=True)
class Alike:
    """The pair of annotators (columns) that answers most alike, and the chance of that.

    `p` is of the largest residual of all pairs, if answers were independent.
    """

    first: int
    second: int
    p: float
    accounts: int
    """Accounts that both answered."""


@dataclass(frozen=True)
class _Model:
    share: float
    sensitivity: Floats
    false_alarms: Floats


def most_alike(votes: Floats, known: Floats, seed: int = 0) -> Alike | None:
    """The pair with the largest residual covariance; None if no two people share an account.

    `votes` is float64[accounts, annotators]: 1 for bot, 0 for person, NaN without an answer.
    `known` is float64[accounts]: 1 or 0 for gold, NaN else.
    """
    both = (~np.isnan(votes)).astype(np.float64)
    together = np.triu(both.T @ both, 1)
    if not (together > 0).any():
        return None
    observed = _residuals(votes, known, together)
    first, second = np.unravel_index(int(np.argmax(observed)), observed.shape)
    random = np.random.default_rng(seed)
    model = _fit(votes, known)
    larger = 0
    for _ in range(REPEATS):
        again = _simulated(random, model, votes, known)
        larger += float(_residuals(again, known, together).max()) >= float(observed.max())
    p = (1 + larger) / (1 + REPEATS)
    return Alike(int(first), int(second), p, int(together[first, second]))


def _fit(votes: Floats, known: Floats) -> _Model:
    """Error rates and share by expectation maximisation, from the majority on."""
    there = (~np.isnan(votes)).astype(np.float64)
    says_bot = np.nan_to_num(votes)
    asked = there.sum(axis=1)
    bot = np.clip(says_bot.sum(axis=1) / np.maximum(asked, 1), 0.02, 0.98)
    for _ in range(ROUNDS):
        bot = np.where(np.isnan(known), bot, known)
        se = (bot @ says_bot + RIGHT) / (bot @ there + RIGHT + WRONG)
        fp = ((1 - bot) @ says_bot + WRONG) / ((1 - bot) @ there + RIGHT + WRONG)
        share = float(np.clip(bot[np.isnan(known)].mean(), 1e-3, 1 - 1e-3)) if _open(known) else 0.5
        odds = np.log(share / (1 - share)) + says_bot @ np.log(se / fp)
        odds += (there - says_bot) @ np.log((1 - se) / (1 - fp))
        bot = 1 / (1 + np.exp(-odds))
    return _Model(share, np.asarray(se), np.asarray(fp))


def _open(known: Floats) -> bool:
    return bool(np.isnan(known).any())


def _residuals(votes: Floats, known: Floats, together: Floats) -> Floats:
    """The residual covariance of each pair in standard errors, float64[annotators, annotators]."""
    model = _fit(votes, known)
    unknown = np.isnan(known)
    share = np.where(unknown, model.share, known)[:, None]
    mean = share * model.sensitivity + (1 - share) * model.false_alarms
    there = ~np.isnan(votes)
    residual = np.where(there, np.nan_to_num(votes) - mean, 0.0)
    gain = model.sensitivity - model.false_alarms
    seen = (there & unknown[:, None]).astype(np.float64)
    explained = (seen.T @ seen) * model.share * (1 - model.share) * np.outer(gain, gain)
    spread = np.where(there, mean * (1 - mean), 0.0)
    left = (residual.T @ residual - explained) / np.sqrt(np.maximum(spread.T @ spread, 1e-12))
    return np.where(together > 0, left, -np.inf)


def _simulated(random: np.random.Generator, model: _Model, votes: Floats, known: Floats) -> Floats:
    """Answers of independent people with the model's error rates, where there were answers."""
    drawn = random.random(len(known)) < model.share
    bot = np.where(np.isnan(known), drawn, known == 1)[:, None]
    rate = np.where(bot, model.sensitivity, model.false_alarms)
    return np.where(np.isnan(votes), np.nan, (random.random(votes.shape) < rate).astype(np.float64))
