"""Simulated crowds with known truth, to try methods on; no answer is a real person's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from botbench.stats import simulation
from curation.labels.consensus.votes import Array, Ballots


@dataclass(frozen=True)
class Crowd:
    """A simulated crowd. Shares of `people` are spammers (say bot with chance .5), biased (say
    human of nearly all), or adversarial (mostly the opposite); `hard` is the share of bots on which
    everybody is wrong more often than right.
    """

    name: str
    answers: int = 5
    prevalence: float = 0.2
    accounts: int = 400
    people: int = 30
    spammers: float = 0.0
    biased: float = 0.0
    adversarial: float = 0.0
    hard: float = 0.0


CROWDS = (
    Crowd("honest, 3 answers", answers=3),
    Crowd("honest, 5 answers"),
    Crowd("honest, 10 answers", answers=10),
    Crowd("honest, 30 answers", answers=30),
    Crowd("1 % bots", prevalence=0.01),
    Crowd("5 % bots", prevalence=0.05),
    Crowd("50 % bots", prevalence=0.5),
    Crowd("30 % spammers", spammers=0.3),
    Crowd("40 % biased to human", biased=0.4),
    Crowd("15 % adversarial", adversarial=0.15),
    Crowd("40 % of bots hard", hard=0.4),
    Crowd("40 % of bots hard, 30 answers", hard=0.4, answers=30),
    Crowd(
        "all at once, 3 answers",
        answers=3,
        prevalence=0.1,
        spammers=0.2,
        biased=0.2,
        adversarial=0.1,
        hard=0.3,
    ),
)


def draw(crowd: Crowd, seed: int) -> tuple[Ballots, Array, Array, Array]:
    """Ballots, the truth by account (1 bot), and each person's true sensitivity and specificity on
    bots that are not hard.

    An honest person's sensitivity is Beta(8, 2.5), specificity Beta(18, 2); `answers` different
    people see each account. On a hard bot an honest person says bot with chance .25.
    """
    import pyarrow as pa

    rng = np.random.default_rng([seed, len(crowd.name), crowd.answers])
    bot = simulation.bots(rng, crowd.accounts, crowd.prevalence).astype(int)
    hard = (rng.random(crowd.accounts) < crowd.hard) & (bot == 1)
    sensitivity, specificity = rng.beta(8, 2.5, crowd.people), rng.beta(18, 2, crowd.people)
    ends = np.cumsum([crowd.spammers, crowd.biased, crowd.adversarial]) * crowd.people
    place = np.arange(crowd.people)
    spam, biased, against = (
        place < ends[0],
        (place >= ends[0]) & (place < ends[1]),
        (place >= ends[1]) & (place < ends[2]),
    )
    sensitivity = np.select([spam, biased, against], [0.5, 0.15, 0.2], sensitivity)
    specificity = np.select([spam, biased, against], [0.5, 0.97, 0.2], specificity)
    seen = np.argsort(rng.random((crowd.accounts, crowd.people)), axis=1)[:, : crowd.answers]
    account = np.repeat(np.arange(crowd.accounts), crowd.answers)
    claimant = seen.ravel()
    of_hard = hard[account] & ~(spam | against)[claimant]
    chance = np.where(of_hard, np.minimum(sensitivity[claimant], 0.25), sensitivity[claimant])
    says = simulation.votes(rng, bot[account] == 1, chance, specificity[claimant])
    names = tuple(("person", f"simulated {i}") for i in range(crowd.people))
    nobody = np.zeros(crowd.accounts, dtype=np.int64)
    ballots = Ballots(
        account,
        claimant,
        says.astype(np.int64),
        pa.array([str(i) for i in range(crowd.accounts)]),
        names,
        np.full(crowd.accounts, np.nan),
        nobody,
        nobody + crowd.answers,
    )
    return ballots, bot, sensitivity, specificity
