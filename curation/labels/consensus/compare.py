"""Compare methods: on unseen votes, on simulated crowds, and on votes whose truth is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from curation.labels.consensus.crowds import CROWDS, Crowd, draw
from curation.labels.consensus.methods import METHODS, Fit
from curation.labels.consensus.votes import Array, Ballots

CLIP = 1e-4
"""Probabilities are kept this far from 0 and 1, so that one sure mistake costs 9.2 nats and not
infinity.
"""


def log_loss(p: Array, y: Array) -> Array:
    """-log of the probability given to what happened, for each row."""
    p = np.clip(p, CLIP, 1 - CLIP)
    loss: Array = -np.where(y == 1, np.log(p), np.log1p(-p))
    return loss


def calibration(p: Array, y: Array, bins: int = 10) -> float:
    """Expected calibration error: |share of bots - mean p_bot| in ten equal bins of p_bot, weighed
    by their accounts.
    """
    place = np.minimum((p * bins).astype(int), bins - 1)
    n = np.bincount(place, minlength=bins)
    gap = np.abs(np.bincount(place, weights=y - p, minlength=bins))
    return float(gap.sum() / max(n.sum(), 1))


def held_out(
    ballots: Ballots, methods: Sequence[str], *, folds: int = 5, seed: int = 0
) -> list[dict[str, Any]]:
    """How well each method predicts votes it has not seen: mean log loss with a 95 % interval over
    accounts.

    Votes fall into folds by chance; a held-out vote counts where its account has another vote left.
    `log_loss` is of the chance that this claimant says bot of this account, `log_loss_p_bot` of
    p_bot alone.
    """
    fold = np.random.default_rng(seed).integers(folds, size=len(ballots.account))
    chances: dict[str, list[Array]] = {name: [] for name in methods}
    plain: dict[str, list[Array]] = {name: [] for name in methods}
    asked = []
    for f in range(folds):
        rest = ballots.only(fold != f)
        test = np.flatnonzero((fold == f) & (rest.n[ballots.account] > 0))
        asked.append(test)
        for name in methods:
            fit = METHODS.get(name)(rest)
            chances[name].append(fit.votes(ballots.account[test], ballots.claimant[test]))
            plain[name].append(fit.p_bot[ballots.account[test]])
    votes = np.concatenate(asked)
    says_bot, account = ballots.bot[votes], ballots.account[votes]
    rows = [
        {
            "method": name,
            "votes": len(votes),
            **_mean("log_loss", log_loss(np.concatenate(chances[name]), says_bot), account),
            "log_loss_p_bot": float(log_loss(np.concatenate(plain[name]), says_bot).mean()),
        }
        for name in methods
    ]
    return sorted(rows, key=lambda row: float(row["log_loss"]))


def _mean(name: str, loss: Array, account: Array, repeats: int = 1000) -> dict[str, float]:
    """The mean loss and its bootstrap interval over accounts."""
    _, place = np.unique(account, return_inverse=True)
    total, n = np.bincount(place, weights=loss), np.bincount(place)
    drawn = np.random.default_rng(0).integers(len(n), size=(repeats, len(n)))
    low, high = np.percentile(total[drawn].sum(axis=1) / n[drawn].sum(axis=1), [2.5, 97.5])
    return {name: float(loss.mean()), f"{name}_low": float(low), f"{name}_high": float(high)}


def on_crowds(
    methods: Sequence[str], *, crowds: Sequence[Crowd] = CROWDS, repeats: int = 3, seed: int = 0
) -> list[dict[str, Any]]:
    """Each method on each simulated crowd, averaged over `repeats` draws: accuracy, log loss,
    calibration; where a method has intervals, the share of people whose true sensitivity and
    specificity they cover."""
    figures = []
    for crowd in crowds:
        drawn = [draw(crowd, seed + i) for i in range(repeats)]
        for name in methods:
            rows = []
            for ballots, bot, sensitivity, specificity in drawn:
                fit = METHODS.get(name)(ballots)
                rows.append(
                    {**against_truth(fit.p_bot, bot), **_covered(fit, sensitivity, specificity)}
                )
            figures.append(
                {
                    "crowd": crowd.name,
                    "method": name,
                    **{k: float(np.mean([r[k] for r in rows])) for k in rows[0]},
                }
            )
    return figures


def against_truth(p: Array, bot: Array) -> dict[str, float]:
    """Accuracy (a tie is half right), log loss and calibration of p_bot."""
    right = np.where(p == 0.5, 0.5, (p > 0.5) == (bot == 1))
    return {
        "accuracy": float(right.mean()),
        "log_loss": float(log_loss(p, bot).mean()),
        "calibration": calibration(p, bot),
    }


def _covered(fit: Fit, sensitivity: Array, specificity: Array) -> dict[str, float]:
    if fit.sensitivity is None or fit.specificity is None or np.isnan(fit.sensitivity[:, 1:]).any():
        return {}
    inside = [
        (f[:, 1] <= t) & (t <= f[:, 2])
        for f, t in ((fit.sensitivity, sensitivity), (fit.specificity, specificity))
    ]
    return {"coverage": float(np.mean(inside))}


def on_truth(
    ballots: Ballots, bot: Array, methods: Sequence[str], *, least: int = 5
) -> list[dict[str, Any]]:
    """Methods on real votes whose truth is known: the accounts, and how far off they are about the
    annotators.

    `skill_error` is the mean distance of sensitivity and of specificity from the share right on the
    truth, over annotators with at least `least` such votes; accounts without truth (NaN) or votes
    are left out.
    """
    judged = ~np.isnan(bot) & (ballots.n > 0)
    figures = []
    for name in methods:
        fit = METHODS.get(name)(ballots)
        row = {
            "method": name,
            "accounts": int(judged.sum()),
            **against_truth(fit.p_bot[judged], bot[judged]),
        }
        if fit.sensitivity is not None and fit.specificity is not None:
            errors = [
                _distance(ballots, bot == value, answer, rates[:, 0], least)
                for value, answer, rates in ((1, 1, fit.sensitivity), (0, 0, fit.specificity))
            ]
            row |= {
                "skill_error": float(np.mean(np.concatenate(errors))),
                "annotators": len(errors[0]),
            }
        figures.append(row)
    return sorted(figures, key=lambda row: float(row["log_loss"]))


def _distance(ballots: Ballots, of_class: Array, right: int, rates: Array, least: int) -> Array:
    mine = of_class[ballots.account]
    n = np.bincount(ballots.claimant[mine], minlength=len(rates))
    hits = np.bincount(
        ballots.claimant[mine], weights=ballots.bot[mine] == right, minlength=len(rates)
    )
    enough = n >= least
    distance: Array = np.abs(rates[enough] - hits[enough] / n[enough])
    return distance
