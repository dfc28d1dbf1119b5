"""Groups of accounts in a network of ties."""

from __future__ import annotations

import random

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Colours = NDArray[np.uint64]

ROUNDS = 4
"""Rounds in which an account's signature takes in its neighbours'."""
DIGITS = 9


def communities(n: int, a: Ints, b: Ints, weight: Floats, seed: int = 0) -> Ints:
    """The group of each account (int64[n]), by size from 0; -1 where it has no tie.

    Groups maximise modularity over the ties' weights (Leiden algorithm: Traag et al. 2019, Sci.
    Rep. 9:5233). The search visits accounts in an order that comes of the network alone, so that
    other names or rows give the same groups, except where the network itself is symmetric.
    """
    import igraph

    tied = np.unique(np.concatenate([a, b]))
    number = np.full(n, -1, dtype=np.int64)
    if not len(tied):
        return number
    one, two = np.searchsorted(tied, a), np.searchsorted(tied, b)
    order = np.argsort(_signatures(len(tied), one, two, weight), kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    ends = np.sort(np.stack([place[one], place[two]], axis=1), axis=1)
    rows = np.lexsort((ends[:, 1], ends[:, 0]))
    igraph.set_random_number_generator(random.Random(seed))
    found = igraph.Graph(len(tied), ends[rows].tolist()).community_leiden(
        objective_function="modularity", weights=weight[rows].tolist(), n_iterations=-1
    )
    label = np.asarray(found.membership, dtype=np.int64)[place]
    size = np.bincount(label)
    first = np.full(len(size), len(order), dtype=np.int64)
    np.minimum.at(first, label, place)
    by_size = np.lexsort((first, -size))
    rank = np.empty_like(by_size)
    rank[by_size] = np.arange(len(by_size))
    number[tied] = rank[label]
    return number


def _signatures(n: int, a: Ints, b: Ints, weight: Floats) -> Colours:
    """A number for each account that depends on the ties around it, not on names or order.

    Colour refinement (Weisfeiler and Lehman 1968) with the ties' weights.
    """
    heavy = mixed(np.round(weight, DIGITS).view(np.uint64))
    colour: Colours = np.zeros(n, dtype=np.uint64)
    for _ in range(ROUNDS):
        heard = np.zeros(n, dtype=np.uint64)
        np.add.at(heard, a, mixed(colour[b] ^ heavy))
        np.add.at(heard, b, mixed(colour[a] ^ heavy))
        colour = mixed(colour + mixed(heard))
    return colour


def mixed(x: Colours) -> Colours:
    """Every bit of a number depends on all of its bits (splitmix64; Steele et al. 2014)."""
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
