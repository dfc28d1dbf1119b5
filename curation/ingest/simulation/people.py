"""Simulated accounts: people and four kinds of bots with different habits and disguise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from curation.ingest.simulation.draws import Draws, Floats, Integers, exp

if TYPE_CHECKING:
    from curation.ingest.sources.simulator import Options

Habit = NDArray[np.float32]

KINDS = ("person", "spam", "amplifier", "fake follower", "generated")

# What each kind is like: person, spam, amplifier, fake follower, generated; and how much accounts
# of a kind vary. Counts and rates are natural logarithms; shares are between 0 and 1.
HABITS: dict[str, tuple[float, float, float, float, float, float]] = {
    "followers": (5.2, 3.8, 4.6, 2.8, 4.9, 1.5),
    "following": (5.6, 6.2, 6.2, 6.5, 5.9, 1.0),
    "rate": (-0.2, 1.2, 2.2, -2.2, 0.9, 1.2),
    "age": (7.3, 5.5, 5.9, 5.3, 5.7, 0.75),
    "likes": (6.2, 4.0, 6.0, 3.0, 5.4, 1.7),
    "bio": (1.7, 0.8, 1.2, 0.3, 1.8, 0.9),
    "default avatar": (0.05, 0.16, 0.15, 0.48, 0.06, 0.0),
    "place": (0.60, 0.35, 0.42, 0.18, 0.55, 0.0),
    "link": (0.30, 0.48, 0.16, 0.08, 0.34, 0.0),
    "digits": (0.25, 0.60, 0.58, 0.68, 0.42, 0.0),
    "reposts": (0.27, 0.12, 0.78, 0.32, 0.15, 0.14),
    "links": (0.22, 0.62, 0.20, 0.22, 0.30, 0.14),
    "hashtags": (0.25, 0.55, 0.62, 0.28, 0.42, 0.14),
    "campaign": (0.07, 0.65, 0.62, 0.28, 0.48, 0.09),
    "template": (0.02, 0.55, 0.25, 0.22, 0.06, 0.06),
    "flat hours": (0.08, 0.62, 0.52, 0.38, 0.52, 0.14),
    "on the minute": (0.03, 0.38, 0.20, 0.12, 0.32, 0.06),
    "second sentence": (0.04, 0.06, 0.03, 0.04, 0.60, 0.06),
}
TRAITS = tuple(HABITS)
MEANS = np.array([HABITS[t][:5] for t in TRAITS])
SPREAD = np.array([HABITS[t][5] for t in TRAITS])
SHARES = np.array([abs(m[0]) <= 1 and 0 < m[0] < 1 for m in MEANS])

DISGUISE_SPREAD = 0.25
ODD_PEOPLE = 0.08
"""The share of people who behave like a kind of bot: shops, fan clubs, news desks."""

WORLD = 1 << 40
"""The first index of draws for the whole world, beyond any account's."""


@dataclass(frozen=True)
class People:
    """A range of accounts: their indices, kinds, and habits by name."""

    index: Integers
    kind: NDArray[np.int8]
    habits: dict[str, Habit]
    posts: Integers
    created: Integers
    start: Integers
    """Seconds since 1970 of the first possible post."""


def world_means(draws: Draws, drift: float) -> Floats:
    """MEANS of this world: drift moves its people, and scales or reverses each kind's marks."""
    number = np.arange(len(TRAITS)) + WORLD
    scale = np.where(SHARES, 0.2, 1.3)
    people = MEANS[:, 0] + drift * scale * draws.normal("world", number)
    kinds = np.arange(1, len(KINDS))
    factor = 1.0 + 1.3 * drift * draws.normal("marks", number[:, None], kinds[None, :])
    bots = people[:, None] + (MEANS[:, 1:] - MEANS[:, :1]) * factor
    return np.concatenate([people[:, None], bots], axis=1)


def people(draws: Draws, options: Options, first: int, last: int) -> People:
    """The accounts from `first` to before `last`; each range can be computed alone."""
    index = np.arange(first, last, dtype=np.int64)
    kind = _kinds(draws, options, index)
    means = world_means(draws, options.drift)
    habits = _habits(draws, options, index, kind, means)
    rate = habits.pop("rate")
    busy = options.spread * draws.normal("busy", index) + 0.35 * (
        rate - means[TRAITS.index("rate"), 0]
    )
    posts = np.minimum(np.floor(options.posts_per_account * exp(busy)), options.most_posts).astype(
        np.int64
    )
    start, end = options.seconds
    age = np.floor(exp(habits.pop("age")) * 86400.0).astype(np.int64)
    created = end - np.maximum(age, 3 * 86400)
    total = posts + np.floor(exp(np.minimum(rate, 5.0)) * (end - created) / 86400.0).astype(
        np.int64
    )
    return People(
        index,
        kind,
        habits | {"total": total.astype(np.float32)},
        posts,
        created,
        np.maximum(created, start),
    )


def _kinds(draws: Draws, options: Options, index: Integers) -> NDArray[np.int8]:
    weights = np.array([options.kinds.get(k, 0.0) for k in KINDS[1:]])
    bounds = np.cumsum(weights / weights.sum())
    kind = 1 + np.minimum(
        np.searchsorted(bounds, draws.uniform("kind", index), side="right"), len(bounds) - 1
    )
    return np.where(draws.uniform("bot", index) < options.share_of_bots, kind, 0).astype(np.int8)


def _habits(
    draws: Draws, options: Options, index: Integers, kind: NDArray[np.int8], means: Floats
) -> dict[str, Habit]:
    """Habits between people's and the kind's by disguise; odd people are partly like a kind."""
    odd = (kind == 0) & (draws.uniform("odd", index) < ODD_PEOPLE)
    like = np.where(odd, 1 + draws.pick("like", len(KINDS) - 1, index), kind)
    disguise = options.difficulty + DISGUISE_SPREAD * draws.normal("disguise", index)
    disguise = np.where(odd, disguise + 0.1, disguise)
    plain = 1.0 - np.clip(disguise, 0.0, 1.0)
    habits: dict[str, Habit] = {}
    for i, name in enumerate(TRAITS):
        centre = means[i, 0] + plain * (means[i, like] - means[i, 0])
        value = centre + SPREAD[i] * draws.normal(name, index)
        # float32 halves the memory of millions of accounts.
        habits[name] = (np.clip(value, 0.0, 0.98) if SHARES[i] else value).astype(np.float32)
    return habits
