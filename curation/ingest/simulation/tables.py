"""Simulated accounts as rows of the tables accounts and claims, in Arrow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.ingest.simulation import phrases
from curation.ingest.simulation.draws import Draws, Integers, exp
from curation.ingest.simulation.people import KINDS, People

UTC = pa.timestamp("us", tz="UTC")
LANGUAGE = "en"


def join(*parts: Any) -> pa.Array:
    """Text arrays and constants put together, element by element."""
    return pc.binary_join_element_wise(*parts, "")


def numbers(values: Integers) -> pa.Array:
    """Whole numbers as text."""
    return pa.array(values).cast(pa.string())


def words(choice: tuple[str, ...], at: Integers) -> pa.Array:
    """One word of a list for each index."""
    return pa.array(choice).take(pa.array(at))


def times(seconds: Integers) -> pa.Array:
    """Seconds since 1970 as times in UTC."""
    return pa.array(seconds * 1_000_000).cast(UTC)


def account_ids(dataset: str, index: Integers) -> pa.Array:
    """`<dataset>-<index>`: the index does not depend on the account's kind."""
    return join(f"{dataset}-", numbers(index))


def handles(draws: Draws, index: Integers, digits: Any) -> pa.Array:
    """`simulated_river_17`, or with a tail of digits where the account has the habit."""
    name = join(
        "simulated_",
        words(phrases.NAMES, draws.pick("name", len(phrases.NAMES), index)),
        "_",
        numbers(index),
    )
    tail = join(name, numbers(10_000 + draws.pick("tail", 90_000, index)))
    return pc.if_else(pa.array(digits), tail, name)


def has_digits(draws: Draws, index: Integers, habit: Any) -> Any:
    """Whether a handle has a tail of digits."""
    return draws.uniform("has digits", index) < habit


def accounts(draws: Draws, dataset: str, end: int, run: People) -> pa.Table:
    """One observation for each account, at the end of the simulated time."""
    index, habits = run.index, run.habits

    def count(name: str) -> pa.Array:
        return pa.array(np.floor(exp(np.minimum(habits[name], 16.0))).astype(np.int64))

    def flag(name: str) -> Any:
        return draws.uniform(f"has {name}", index) < habits[name]

    places = words(phrases.PLACES, draws.pick("which place", len(phrases.PLACES), index))
    nothing = pa.scalar("", pa.string())
    return pa.table(
        {
            "account_id": account_ids(dataset, index),
            "observed_at": times(np.full(len(index), end)),
            "handle": handles(draws, index, has_digits(draws, index, habits["digits"])),
            "display_name": join("simulated ", numbers(index)),
            "bio": _bios(draws, run),
            "location": pc.if_else(pa.array(flag("place")), places, nothing),
            "url": pc.if_else(
                pa.array(flag("link")), join("https://simulated.example/", numbers(index)), nothing
            ),
            "created_at": times(run.created),
            "followers": count("followers"),
            "following": count("following"),
            "likes_total": count("likes"),
            "posts_total": pa.array(habits["total"].astype(np.int64)),
            "listed": pa.array(
                np.floor(exp(np.minimum(habits["followers"] - 4.5, 12.0))).astype(np.int64)
            ),
            "verified": pa.array((run.kind == 0) & (draws.uniform("verified", index) < 0.01)),
            "protected": pa.array(np.zeros(len(index), dtype=bool)),
            "default_profile": pa.array(
                draws.uniform("plain", index) < 0.3 + habits["default avatar"]
            ),
            "default_avatar": pa.array(flag("default avatar")),
            "lang": pa.array([LANGUAGE]).take(pa.array(np.zeros(len(index), dtype=np.int64))),
            "_row": pa.array(index + 1),
        }
    )


def _bios(draws: Draws, run: People) -> pa.Array:
    """From none to four phrases."""
    wanted = np.clip(np.floor(run.habits["bio"] + 0.5), 0, 4).astype(np.int64)
    bio = pa.array([""]).take(pa.array(np.zeros(len(wanted), dtype=np.int64)))
    for i in range(4):
        phrase = words(phrases.BIO, draws.pick("phrase", len(phrases.BIO), run.index, i))
        bio = pc.if_else(pa.array(wanted > i), join(bio, " | " if i else "", phrase), bio)
    return bio


def truth(dataset: str, run: People) -> pa.Table:
    """Claims of the kind that each account was made as."""
    kinds = pa.array([[], *([k] for k in KINDS[1:])], pa.list_(pa.string()))
    return pa.table(
        {
            "account_id": account_ids(dataset, run.index),
            "answer": pa.array(["human", "bot"]).take(pa.array((run.kind > 0).astype(np.int64))),
            "kinds": kinds.take(pa.array(run.kind.astype(np.int64))),
            "_row": pa.array(run.index + 1),
        }
    )
