"""Whether two annotators answer alike more often than their error rates explain.

The model of the consensus takes answers as independent given what the account is (Dawid and Skene
1979, J. R. Stat. Soc. C 28:20). Two people who look over each other's shoulder, or misread the same
thing, break that, and the interval is too narrow. What the model leaves between two people (their
residual covariance; Qu, Tan and Kutner 1996, Biometrics 52:797) is compared with simulated answers
of independent people with the same error rates.

Three people who all answer the same accounts leave nothing to see, because the model can explain
any agreement between them. A detector's scores can tell more (Hui and Walter 1980, Biometrics
36:167: each independent test more identifies the errors of the others): two people who both call a
bot what scores near 0 do so by chance less often than one by one. Accounts of which the truth is
known (gold) tell most. With more people, and neither, the answers show that somebody answers alike,
but not who: the model takes two people who copy each other for two good ones, and is then surprised
that the others agree.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from botbench.stats.design_based import Floats

ROUNDS, REPEATS, LEVEL = 25, 99, 0.05
"""Of expectation maximisation; simulated sets of answers; the p below which a warning is given."""
RIGHT, WRONG = 2.0, 1.0
"""The prior on each error rate: as if two answers had been seen right and one wrong."""
SURE, PRIOR = 1e-3, 0.1
"""Chances are kept so far from 0 and 1; the weight of the prior on the line through the scores."""
SAME = 1e-9
"""Log odds that differ by no more than this are the same."""


@dataclass(frozen=True)
class Alike:
    """The pair of annotators (columns) that answers most alike, and the chance of that.

    `p` is of the largest residual of all pairs, above or below, if answers were independent.
    """

    first: int
    second: int
    p: float
    accounts: int
    """Accounts that both answered."""


@dataclass(frozen=True)
class _Model:
    share: Floats
    """Each account's chance of being a bot before anybody answered."""
    sensitivity: Floats
    false_alarms: Floats
    bot: Floats
    """Each account's chance of being a bot after that; 1 or 0 for gold."""


def most_alike(
    votes: Floats, known: Floats, seed: int = 0, score: Floats | None = None
) -> Alike | None:
    """The pair that answers most alike; None if no two people share an account. Its p is that of
    the largest of both figures of any pair, too much or too little.

    `votes` is float64[accounts, annotators]: 1 for bot, 0 for person, NaN without an answer.
    `known` is float64[accounts]: 1 or 0 for gold, NaN else. `score` is float64[accounts]: what a
    detector says that did not learn from these people, from 0 to 1 (NaN without). Each pair's
    figure is measured by its mean and spread in the simulated answers, because rates differ.
    """
    both = (~np.isnan(votes)).astype(np.float64)
    together = np.triu(both.T @ both, 1)
    pairs = together > 0
    if not pairs.any():
        return None
    said = _standardised(score, len(known))
    model = _fit(votes, known, said)
    observed = _figures(model, votes, known)[:, pairs]
    random = np.random.default_rng(seed)
    drawn = np.empty((REPEATS, *observed.shape))
    for i in range(REPEATS):
        again = _simulated(random, model, votes, known)
        drawn[i] = _figures(_fit(again, known, said), again, known)[:, pairs]
    middle, spread = drawn.mean(axis=0), np.maximum(drawn.std(axis=0), 1e-9)
    by_chance = np.abs((drawn - middle) / spread).max(axis=(1, 2))
    found = (observed - middle) / spread
    # Where the model takes two who copy for two good ones, they agree too little with the others.
    first, second = np.argwhere(pairs)[int(np.argmax(found.max(axis=0)))]
    p = (1 + int((by_chance >= np.abs(found).max()).sum())) / (1 + REPEATS)
    return Alike(int(first), int(second), p, int(together[first, second]))


def _standardised(score: Floats | None, accounts: int) -> Floats | None:
    """Log odds of the scores with mean 0 and spread 1; 0 without a score, None without any."""
    if score is None or not (there := ~np.isnan(score)).any():
        return None
    odds = np.zeros(accounts)
    kept = np.clip(score[there], SURE, 1 - SURE)
    raw = np.log(kept / (1 - kept))
    spread = float(raw.std())
    if not spread > SAME:
        return None
    odds[there] = (raw - raw.mean()) / spread
    return odds


def _fit(votes: Floats, known: Floats, said: Floats | None) -> _Model:
    """Error rates and shares by expectation maximisation, from the majority on.

    With scores an account's share is logistic in them (a latent class with a covariate; Bandeen-
    Roche et al. 1997, J. Am. Stat. Assoc. 92:1375); each round takes one step of Newton's.
    """
    there = (~np.isnan(votes)).astype(np.float64)
    says_bot = np.nan_to_num(votes)
    asked = there.sum(axis=1)
    bot = np.clip(says_bot.sum(axis=1) / np.maximum(asked, 1), 0.02, 0.98)
    unknown = np.isnan(known)
    columns = None if said is None else np.column_stack([np.ones(len(said)), said])
    line: Floats = np.zeros(2)
    share: Floats = np.full(len(known), 0.5)
    for _ in range(ROUNDS):
        bot = np.where(unknown, bot, known)
        se = (bot @ says_bot + RIGHT) / (bot @ there + RIGHT + WRONG)
        fp = ((1 - bot) @ says_bot + WRONG) / ((1 - bot) @ there + RIGHT + WRONG)
        if columns is not None:
            line = _towards(line, columns[unknown], bot[unknown])
            share = np.clip(1 / (1 + np.exp(-np.clip(columns @ line, -30, 30))), SURE, 1 - SURE)
        elif unknown.any():
            share = np.full(len(known), np.clip(bot[unknown].mean(), SURE, 1 - SURE))
        odds = np.log(share / (1 - share)) + says_bot @ np.log(se / fp)
        odds += (there - says_bot) @ np.log((1 - se) / (1 - fp))
        bot = 1 / (1 + np.exp(-odds))
    return _Model(share, np.asarray(se), np.asarray(fp), np.where(unknown, bot, known))


def _towards(line: Floats, columns: Floats, bot: Floats) -> Floats:
    """Two steps of Newton's method for a logistic line through `bot`, with a weak prior on it."""
    for _ in range(2 if len(bot) else 0):
        p = 1 / (1 + np.exp(-np.clip(columns @ line, -30, 30)))
        slope = columns.T @ (bot - p) - PRIOR * line
        bend = (columns.T * np.maximum(p * (1 - p), 1e-3)) @ columns + PRIOR * np.eye(len(line))
        line = line + np.clip(np.linalg.solve(bend, slope), -2, 2)
    return line


def _figures(model: _Model, votes: Floats, known: Floats) -> Floats:
    """Both figures of each pair, float64[2, annotators, annotators]."""
    return np.stack([_residuals(model, votes, known), _copying(model, votes)])


def _copying(model: _Model, votes: Floats) -> Floats:
    """The score of each pair for one copying the other, in either direction.

    The chance of an answer is then 1 or 0 instead of its rate p, so each answer both give counts
    1 / p, and each shared account takes 1 away.
    """
    bot, person = model.bot[:, None], 1 - model.bot[:, None]
    there = (~np.isnan(votes)).astype(np.float64)
    yes = np.nan_to_num(votes)
    no = there - yes
    for_yes = yes * (bot / model.sensitivity + person / model.false_alarms)
    for_no = no * (bot / (1 - model.sensitivity) + person / (1 - model.false_alarms))
    score = for_yes.T @ yes + for_no.T @ no - there.T @ there
    return np.asarray(score + score.T)


def _residuals(model: _Model, votes: Floats, known: Floats) -> Floats:
    """The residual covariance of each pair in standard errors, float64[annotators, annotators]."""
    unknown = np.isnan(known)
    share = np.where(unknown, model.share, known)[:, None]
    mean = share * model.sensitivity + (1 - share) * model.false_alarms
    there = ~np.isnan(votes)
    residual = np.where(there, np.nan_to_num(votes) - mean, 0.0)
    gain = model.sensitivity - model.false_alarms
    seen = (there & unknown[:, None]).astype(np.float64)
    explained = ((seen.T * (model.share * (1 - model.share))) @ seen) * np.outer(gain, gain)
    spread = np.where(there, mean * (1 - mean), 0.0)
    left = residual.T @ residual - explained
    return np.asarray(left / np.sqrt(np.maximum(spread.T @ spread, 1e-12)))


def _simulated(random: np.random.Generator, model: _Model, votes: Floats, known: Floats) -> Floats:
    """Answers of independent people with the model's error rates, where there were answers."""
    drawn = random.random(len(known)) < model.share
    bot = np.where(np.isnan(known), drawn, known == 1)[:, None]
    rate = np.where(bot, model.sensitivity, model.false_alarms)
    return np.where(np.isnan(votes), np.nan, (random.random(votes.shape) < rate).astype(np.float64))
